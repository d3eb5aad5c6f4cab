"""Broken jobs, one change each, and what `darling check` says: the key that is wrong, and what to set."""

import re

import pytest

from darling_plugin.errors import ConfigError
from darling_plugin.tools.check.job import Cluster
from darling_plugin.tools.check.run import check_job

MATHS = "+darling=[math,math_size/8gpu]"
WRITING = "+darling=[creative,creative_size/8gpu]"
MEGATRON = "+darling=[math,math_size/8gpu,engine/megatron]"
ONE = "+darling=[math,math_size/1gpu]"
APART = "+darling=[math,mode/separate_async]"
ROLLOUT, ACTOR = "actor_rollout_ref.rollout", "actor_rollout_ref.actor"

# A job, the override that breaks it, the key that is blamed, and what must be said of it.
BROKEN = [
    (MATHS, "data.train_batch_size=250", "data.train_batch_size", r"multiple of .*=64.*Set data.train_batch_size=256"),
    # 64 × 8 = 512 responses; 512 / 7 is no whole number.
    (MATHS, "trainer.n_gpus_per_node=7", f"{ACTOR}.ppo_mini_batch_size", r"are 512 responses, which 7 .* ranks"),
    (MATHS, f"{ROLLOUT}.n=1", f"{ROLLOUT}.n", r"at least two responses per prompt. Set actor_rollout_ref.rollout.n=8"),
    (MATHS, "data.train_batch_size=0", "data.train_batch_size", "whole number of at least 1"),
    (MATHS, f"{ROLLOUT}.max_model_len=8192", f"{ROLLOUT}.max_model_len", "are 9216 tokens.*Set .*max_model_len=9216"),
    (
        MATHS,
        f"{ACTOR}.ppo_max_token_len_per_gpu=8192",
        f"{ACTOR}.ppo_max_token_len_per_gpu",
        r"may have 9216 tokens.*ppo_max_token_len_per_gpu=18432 \(two sequences\), or at least 9216",
    ),
    # Qwen3-4B-Base has 32768 positions; 1024 + 40960 = 41984 are more.
    (
        MATHS,
        "data.max_response_length=40960",
        "data.max_response_length",
        "the policy has only 32768 positions. Shorten prompt or response",
    ),
    (
        MATHS,
        f"{ROLLOUT}.max_num_batched_tokens=128",
        f"{ROLLOUT}.max_num_batched_tokens",
        "must be at least .*max_num_seqs=256 for vLLM. Set .*=256",
    ),
    (
        MATHS,
        f"{ROLLOUT}.tensor_model_parallel_size=3",
        f"{ROLLOUT}.tensor_model_parallel_size",
        "one vLLM takes 3 GPUs, but the pool .* has 8.*divisor of 8",
    ),
    # 0.1 × 80 GiB = 8 GiB; 4.02 G parameters of 2 bytes are 7.5 GiB, and 2 GiB are vLLM's own.
    (
        MATHS,
        f"{ROLLOUT}.gpu_memory_utilization=0.1",
        f"{ROLLOUT}.gpu_memory_utilization",
        "gets 8.0 GiB, of which weights take 7.5, so the cache of one whole sequence does not fit",
    ),
    # 4.02 G parameters × 12 bytes (weights, two moments) on 8 GPUs: 6 GiB kept, beside 0.95 × 80 = 76.
    (
        MATHS,
        f"{ROLLOUT}.gpu_memory_utilization=0.95",
        f"{ROLLOUT}.gpu_memory_utilization",
        r"76 GiB and training's 6 GiB.*Set .*=0.92 or less",
    ),
    # 8.03 G parameters × 16 bytes on one GPU are 120 GiB.
    (
        ONE,
        "actor_rollout_ref.model.path=meta-llama/Llama-3.1-8B-Instruct",
        "actor_rollout_ref.model.path",
        "take 120 GiB on each of 1 GPUs, which have 80 GiB.*adapter/lora",
    ),
    (
        MATHS,
        "trainer.nnodes=2",
        "trainer.nnodes",
        r"asks for 2×8 \(trains and samples\) GPUs, but there are 1 nodes of 8",
    ),
    # Beside 0.8 × 80 = 64 GiB and 6 of training, the classifier: 7.5 of weights, 1.5 of a batch, 0.5 of a context.
    (MATHS, f"{ROLLOUT}.gpu_memory_utilization=0.85", "darling.service.placement", r"9.5 GiB do not fit.*83 GiB while"),
    (
        MATHS,
        "darling.service.replicas=9",
        "darling.service.replicas",
        "one of the 8 GPUs that train.*Set it to 8 or less",
    ),
    (
        MATHS,
        "darling.service.gpus_per_replica=1",
        "darling.service",
        "placement=shared and gpus_per_replica=1 contradict",
    ),
    (MATHS, "darling.service.backend=vllm", "darling.service", "needs GPUs of its own: set .*placement=dedicated"),
    (MATHS, "algorithm.filter_groups.enable=true", "algorithm.filter_groups.metric", "Set .*metric=any_correct"),
    (MATHS, "trainer.v1.trainer_mode=async", "trainer.v1.trainer_mode", "sync, colocate_async, separate_async"),
    (
        APART,
        "trainer.v1.separate_async.parameter_sync_step=3",
        "trainer.v1.separate_async.parameter_sync_step",
        "times .*ppo_mini_batch_size=64 must be data.train_batch_size=256. Set .*parameter_sync_step=4",
    ),
    (
        APART,
        f"{ROLLOUT}.checkpoint_engine.backend=naive",
        f"{ROLLOUT}.checkpoint_engine.backend",
        "needs nccl. Set .*backend=nccl",
    ),
    (MATHS, "reward.reward_manager.name=naive", "darling.quality.verifier", "only the reward manager 'darling'"),
    (
        WRITING,
        "reward.reward_manager.name=darlin",
        "reward.reward_manager.name",
        "verl has no such reward manager; it has dapo, darling,.* Set it to darling",
    ),
    (
        WRITING,
        "reward.reward_model.enable_resource_pool=false",
        "reward.reward_model.enable_resource_pool",
        "only the prompt, .*Set it to true, or reward.custom_reward_function.path=null",
    ),
    (
        WRITING,
        "reward.reward_model.enable=false",
        "reward.reward_model.enable_resource_pool",
        "reserves GPUs for a reward model that is not enabled",
    ),
    (
        WRITING,
        "reward.reward_model.model_path=null",
        "reward.reward_model.model_path",
        "a reward model is enabled, but its path is not set",
    ),
    (
        WRITING,
        "reward.reward_model.rollout.max_model_len=1024",
        "reward.reward_model.rollout.max_model_len",
        "may have 1536 tokens.*Set .*max_model_len=1792",
    ),
    (
        WRITING,
        "reward.custom_reward_function.path=pkg://darling_plugin.quality.nothing",
        "reward.custom_reward_function.path",
        "no such file or module",
    ),
    (
        WRITING,
        "reward.custom_reward_function.name=score",
        "reward.custom_reward_function.name",
        "defines .*compute_score",
    ),
    # Llama has 32 layers.
    (
        "+darling=[creative,creative_size/8gpu,engine/megatron]",
        f"{ACTOR}.megatron.pipeline_model_parallel_size=3",
        f"{ACTOR}.megatron.pipeline_model_parallel_size",
        "must divide the policy's 32 layers",
    ),
    (
        MEGATRON,
        f"{ACTOR}.megatron.context_parallel_size=8",
        f"{ACTOR}.megatron.tensor_model_parallel_size",
        "sizes make 16, which must divide the 8 GPUs that train",
    ),
    (MATHS, f"{ACTOR}.loss_agg_mode=tokens", f"{ACTOR}.loss_agg_mode", "verl says: .*Invalid loss_agg_mode: tokens"),
    (MATHS, f"{ACTOR}.use_dynamic_bsz=false", f"{ACTOR}.ppo_micro_batch_size_per_gpu", "verl says: .*at least one of"),
    (MATHS, f"{ROLLOUT}.name=???", f"{ROLLOUT}.name", "verl says: .*Missing mandatory value"),
    (MATHS, "darling.diversity.floor=2", "darling.diversity.floor", "less than or equal to 1, got 2"),
    (MATHS, "darling.diversity.scope=right", "darling.diversity.scope", "'all' or 'correct', got 'right'"),
]


@pytest.mark.parametrize(("job", "override", "key", "message"), BROKEN, ids=[override for _, override, _, _ in BROKEN])
def test_what_is_wrong_is_named(job, override, key, message):
    cluster = {APART: Cluster(8, 8), ONE: Cluster(1, 1)}.get(job, Cluster(1, 8))
    outcome = check_job([job, override], cluster, offline=True)
    assert not outcome.ready
    said = [finding.text for finding in outcome.of("error") if finding.key == key]
    assert any(re.search(message, text) for text in said), outcome.of("error")


@pytest.mark.parametrize("job", [MATHS, WRITING, MEGATRON])
def test_the_same_jobs_are_ready_unbroken(job):
    assert check_job([job], Cluster(1, 8), offline=True).of("error") == []


WRONG_OVERRIDES = [
    ("data.train_batchsize=8", r"data\.train_batchsize: verl has no such setting"),
    ("+darling=maths", r"overrides: .*Could not find 'darling/maths'"),
    ("actor_rollout_ref.rollout.n", r"overrides: .*EQUAL"),
    ("trainer.project_name=${nowhere}", r"overrides: .*Interpolation key 'nowhere' not found"),
]


@pytest.mark.parametrize(("override", "message"), WRONG_OVERRIDES, ids=[override for override, _ in WRONG_OVERRIDES])
def test_an_override_that_does_not_compose_is_named(override, message):
    with pytest.raises(ConfigError, match=message):
        check_job([override])


WARNED = [
    (MATHS, f"{ROLLOUT}.val_kwargs.do_sample=false", f"{ROLLOUT}.val_kwargs.do_sample", "8 greedy responses"),
    (MATHS, "data.filter_overlong_prompts=false", "data.filter_overlong_prompts", "one prompt that is too long"),
    (MATHS, "actor_rollout_ref.model.path=me/mine", "actor_rollout_ref.model.path", "shape of this model is not known"),
    (MATHS, "darling.service.placement=cpu", "darling.service.placement", "4.0B parameters on CPUs"),
    (MATHS, f"{ACTOR}.ppo_max_token_len_per_gpu=80000", f"{ACTOR}.ppo_max_token_len_per_gpu", r"may take \d+ of 80"),
    (MATHS, "trainer.max_actor_ckpt_to_keep=null", "trainer.max_actor_ckpt_to_keep", "every checkpoint is kept"),
    (MATHS, "algorithm.adv_estimator=grpo", "darling.monitor", "no effect with algorithm.adv_estimator=grpo"),
    (WRITING, "darling.fusion.shift=none", "darling.fusion.shift", "gets less reward. Set darling.fusion.shift=group"),
    (
        WRITING,
        "darling.diversity.scope=correct",
        "darling.diversity.correct_threshold",
        "Choose it from your reward model",
    ),
    (MATHS, f"{ACTOR}.loss_agg_mode=token-sum", f"{ACTOR}.loss_agg_mode", "averages over tokens"),
]


@pytest.mark.parametrize(("job", "override", "key", "message"), WARNED, ids=[override for _, override, _, _ in WARNED])
def test_what_is_doubtful_is_a_warning(job, override, key, message):
    outcome = check_job([job, override], Cluster(1, 8), offline=True)
    assert outcome.ready, outcome.of("error")
    said = {finding.key: finding.text for finding in outcome.of("warning")}
    assert re.search(message, said[key]), said[key]


def test_with_a_network_what_is_missing_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy").mkdir()
    files = ["data.train_files=nowhere.parquet", f"actor_rollout_ref.model.path={tmp_path}/policy"]
    outcome = check_job(["+darling=[math,variant/ngram]", *files])
    said = {finding.key: finding.text for finding in outcome.of("error")}
    assert said["data.train_files"].startswith("data.train_files=nowhere.parquet: there is nothing at this path")
    assert "holds no config.json" in said["actor_rollout_ref.model.path"]
    offline = check_job(["+darling=[math,variant/ngram]", *files], offline=True)
    assert "nowhere.parquet" in {finding.got for finding in offline.of("bring")}
