"""The arithmetic behind the check: shapes, bytes, pools, placements, verdicts."""

import json

import pytest
from composed_once import compose_once
from omegaconf import OmegaConf

from darling_plugin.config import DarlingSettings
from darling_plugin.tools.check import memory, models
from darling_plugin.tools.check.finding import Finding
from darling_plugin.tools.check.job import Cluster, Job
from darling_plugin.tools.check.place import placement
from darling_plugin.tools.check.pools import Pool, find_pools, free_gpus, similarity_replicas
from darling_plugin.tools.check.workload import similarity_work

SMALL = models.Shape(
    layers=2, hidden=8, mlp=16, heads=4, kv_heads=2, head_size=2, vocabulary=10, tied=True, positions=64
)


def test_parameters_of_a_small_model():
    # Embeddings 10·8 = 80. A layer: q and o 2·8·8 = 128, k and v 2·8·4 = 64, MLP 3·8·16 = 384, norms 16: 592.
    # 80 + 2·592 + last norm 8 = 1272.
    assert SMALL.parameters == 1272
    # LoRA of rank 1: q, o 2·(8+8) = 32, k, v 2·(8+4) = 24, MLP 3·(8+16) = 72: 128 a layer, two layers.
    assert SMALL.adapter_parameters(1) == 256
    assert SMALL.cache_bytes_per_token == 2 * 2 * 2 * 2 * 2  # k and v, layers, heads, size, bytes


@pytest.mark.parametrize(
    ("name", "billions"),
    [("Qwen/Qwen3-4B-Base", 4.02), ("meta-llama/Llama-3.1-8B-Instruct", 8.03), ("Qwen/Qwen3-0.6B-Base", 0.596)],
)
def test_known_models_have_the_size_that_they_are_known_for(name, billions):
    assert models.KNOWN[name].parameters / 1e9 == pytest.approx(billions, rel=0.005)


def test_a_shape_from_a_folder(tmp_path):
    config = {
        "num_hidden_layers": 2,
        "hidden_size": 8,
        "intermediate_size": 16,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 10,
        "tie_word_embeddings": True,
        "max_position_embeddings": 64,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert models.find_shape(str(tmp_path)) == SMALL
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_experts": 8}))
    assert models.find_shape(str(tmp_path)) is None
    (tmp_path / "config.json").write_text("{")
    assert models.find_shape(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("path", "hub"),
    [
        ("Qwen/Qwen3-4B-Base", True),
        ("./models/mine", False),
        ("/models/mine", False),
        ("a/b/c", False),
        ("mine", False),
    ],
)
def test_names_on_the_hub(path, hub):
    assert models.is_hub_name(path) is hub


def test_bundles_on_nodes():
    train, score, compare = Pool("a", "a", 1, 4), Pool("b", "b", 1, 2), Pool("c", "c", 4, 0.5)
    assert free_gpus([train, score, compare], 1, 8) == 0
    assert free_gpus([train, score], 2, 4) == 2  # 4 on one node, 2 on the other
    assert free_gpus([Pool("a", "a", 2, 3)], 1, 5) is None  # 6 of 5
    assert free_gpus([Pool("a", "a", 1, 6)], 2, 4) is None  # a bundle is on one node
    assert free_gpus([Pool("a", "a", 1, 3), Pool("b", "b", 2, 2)], 2, 4) == 1  # 2 + 2 on one node, 3 on the other


def test_bundles_go_where_ray_puts_them():
    # Emptiest node first: the halves of `train` go to both nodes, and no whole node is left for `score`.
    train, score = Pool("train", "a", 2, 4), Pool("score", "b", 1, 8)
    assert free_gpus([train, score], 2, 8) is None
    assert free_gpus([score, train], 2, 8) == 0
    # Replicas come last, after verl's whole nodes.
    assert free_gpus([Pool("train", "a", 2, 8), Pool("similarity", "c", 8, 1.0)], 3, 8) == 0
    # Three times 0.6 of a GPU need three GPUs: 0.4 + 0.4 of two are no 0.6.
    assert free_gpus([Pool("similarity", "c", 3, 0.6)], 1, 2) is None
    # Each vLLM that samples apart asks for its own GPUs: 8 × 2 on two nodes of 8, whatever the nodes are called.
    assert Pool("samples", "d", 2, 8, unit=2).requests == [2] * 8


def test_replicas_beside_the_policy_take_no_gpu():
    config = compose_once(["+darling=[math,math_size/64gpu]"])
    (only,) = find_pools(Job(config, Cluster(8, 8)))
    assert (only.bundles, only.size) == (8, 8)
    replicas = similarity_replicas(Job(config, Cluster(8, 8)))
    assert (replicas.bundles, replicas.size) == (64, 0)  # null: one on each GPU that trains
    dedicated = compose_once(["+darling=[math,math_size/72gpu]"])
    assert [(pool.bundles, pool.size) for pool in find_pools(Job(dedicated, Cluster(9, 8)))] == [(8, 8), (8, 1)]


@pytest.fixture(scope="module")
def maths():
    return compose_once(["+darling=[math,math_size/8gpu]"])


def job(config, *overrides):
    return Job(OmegaConf.merge(config, OmegaConf.from_dotlist(list(overrides))), Cluster(1, 8))


def test_bytes_of_fsdp(maths):
    shape = models.KNOWN["Qwen/Qwen3-4B-Base"]
    p = shape.parameters
    # fp32 on 8 GPUs: weights 4p, gradients 4p, two moments 8p. Kept while sampling: weights and moments.
    cost = memory.training(job(maths), shape)
    assert (cost.state, cost.kept) == (pytest.approx(16 * p / 8), pytest.approx(12 * p / 8))
    offloaded = job(
        maths,
        "actor_rollout_ref.actor.fsdp_config.param_offload=true",
        "actor_rollout_ref.actor.fsdp_config.optimizer_offload=true",
    )
    assert memory.training(offloaded, shape).kept == 0
    # A reference policy is 4p more, split in eight, and stays.
    reference = memory.training(job(maths, "actor_rollout_ref.actor.use_kl_loss=true"), shape)
    assert (reference.state, reference.kept) == (pytest.approx(20 * p / 8), pytest.approx(16 * p / 8))


def test_bytes_of_megatron():
    config = compose_once(["+darling=[math,math_size/8gpu,engine/megatron]"])
    shape = models.KNOWN["Qwen/Qwen3-4B-Base"]
    # Tensor parallel 2 of 8 GPUs: weights 2p/2, gradients 4p/2, optimizer 12p/2 split between 4 replicas.
    cost = memory.training(job(config), shape)
    assert (cost.state, cost.kept) == (pytest.approx(shape.parameters * (1 + 2 + 1.5)), 0)


def test_the_cache_of_a_server(maths):
    # 0.55 × 80 GiB, less 7.5 GiB of weights and 2 of vLLM's own, over 9216 tokens of 2·36·8·128·2 = 147,456 bytes.
    served = memory.serving(job(maths), models.KNOWN["Qwen/Qwen3-4B-Base"])
    assert served.sequences == pytest.approx((0.55 * 80 * 2**30 - served.weights - 2 * 2**30) / (9216 * 147456))


def test_what_the_similarity_reads_of_a_group(maths):
    # n = 8: seven pairs where all are the same, 28 where all are distinct.
    by_pairs = DarlingSettings.model_validate({"similarity": {"model": "a/b"}})
    assert similarity_work(job(maths), by_pairs).per_prompt == (7, 28)
    shipped = similarity_work(job(maths), DarlingSettings())
    assert (shipped.reads, shipped.per_prompt) == ("texts", (8, 8))
    assert similarity_work(job(maths), DarlingSettings.model_validate({"objective": "ngram"})) is None
    # 22.7 M parameters × 2 × 762 tokens × 8 texts × 256 prompts
    assert shipped.petaflop(256, 8192) == pytest.approx(2 * 22.7e6 * 762 * 8 * 256 / 1e15)
    assert shipped.petaflop(256, 100) == pytest.approx(2 * 22.7e6 * 100 * 8 * 256 / 1e15)


PLACED = [
    # The classifier is beside the policy, so training has all nodes.
    ("math", (4, 8), {"trainer.nnodes": 4, "trainer.n_gpus_per_node": 8}),
    ("math", (1, 8), {"trainer.nnodes": 1, "trainer.n_gpus_per_node": 8}),
    ("math", (8, 8), {}),  # as it comes
    ("math", (1, 1), {"trainer.nnodes": 1, "trainer.n_gpus_per_node": 1}),
    (
        "creative",
        (8, 4),
        {
            "trainer.nnodes": 4,
            "trainer.n_gpus_per_node": 4,
            "reward.reward_model.nnodes": 1,
            "reward.reward_model.n_gpus_per_node": 4,
            "darling.service.replicas": 8,
        },
    ),
    (
        "creative",
        (1, 8),
        {
            "trainer.nnodes": 1,
            "trainer.n_gpus_per_node": 4,
            "reward.reward_model.nnodes": 1,
            "reward.reward_model.n_gpus_per_node": 2,
            "darling.service.replicas": 2,
        },
    ),
]


@pytest.mark.parametrize(("recipe", "cluster", "expected"), PLACED, ids=[f"{r}-{n}x{g}" for r, (n, g), _ in PLACED])
def test_placements(recipe, cluster, expected):
    composed = Job(compose_once([f"+darling={recipe}"]), Cluster(*cluster))
    placed = dict(override.split("=") for override in placement(composed, composed.cluster, ()))
    assert {key: int(value) for key, value in placed.items()} == expected
    assert placement(composed, composed.cluster, {"trainer.nnodes"}) == []  # the user has said it


def test_one_pool_takes_all_nodes():
    composed = Job(compose_once(["+darling=[math,variant/ngram]"]), Cluster(2, 4))
    assert placement(composed, composed.cluster, ()) == ["trainer.nnodes=2", "trainer.n_gpus_per_node=4"]


def test_the_text_of_a_finding():
    assert Finding("a.b", 3, "must be 4.", "Set a.b=4.").text == "a.b=3: must be 4. Set a.b=4."
    assert Finding("a.b", 3, "a.b: unknown.").text == "a.b: unknown."
