"""The recipes as they ship: every combination passes verl's validation and the check, and variants differ rightly."""

import pytest
from composed_once import compose_once
from recipe_jobs import OBJECTIVES, RECIPES, SIZES, VARIANTS, cases, flat, override

from darling_plugin.objectives import OBJECTIVES as ALL_OBJECTIVES
from darling_plugin.packages import configs_folder
from darling_plugin.tools.check.job import Cluster, Job
from darling_plugin.tools.check.run import check_job


@pytest.mark.parametrize(("recipe", "variant", "engine", "size"), cases(), ids="-".join)
def test_every_combination_is_ready(recipe, variant, engine, size, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where no data is
    outcome = check_job([override(recipe, variant, engine, size)], Cluster(*SIZES[size]), offline=True)
    assert outcome.of("error") == []
    assert outcome.job.megatron == (engine == "megatron")
    assert outcome.job["trainer.experiment_name"] == variant
    # What is not on this machine is listed, never passed over.
    assert outcome.of("bring")


WORDS = [
    ("math", "64gpu", "mode/colocate_async"),
    ("math", "64gpu", "mode/separate_async"),
    ("math", "8gpu", "adapter/lora"),
    ("math", "1gpu", "mode/colocate_async,adapter/lora"),
    ("creative", "64gpu", "mode/colocate_async"),
    ("creative", "64gpu", "mode/separate_async_reward_model"),
    ("creative", "8gpu", "adapter/lora"),
]


@pytest.mark.parametrize(("recipe", "size", "words"), WORDS, ids=["-".join(words) for words in WORDS])
@pytest.mark.parametrize("engine", ["dp", "megatron"])
def test_modes_and_adapters_are_ready(recipe, size, words, engine):
    outcome = check_job([override(recipe, "darling", engine, size, words)], Cluster(*SIZES[size]), offline=True)
    assert outcome.of("error") == []
    assert outcome.job.lora_rank == (32 if "lora" in words else 0)
    assert outcome.job.mode in words or outcome.job.mode == "sync"


def test_the_papers_layout_has_a_ninth_node():
    outcome = check_job(["+darling=[math,math_size/72gpu]"], Cluster(9, 8), offline=True)
    assert outcome.of("error") == []
    assert (outcome.job.training_gpus, outcome.job["darling.service.replicas"]) == (64, 8)


# Variant → the keys that make it, beside the run's name.
DIFFERENT = {
    "darling_correct_only": {"darling.diversity.scope": "correct", "darling.diversity.singleton": 0.1},
    "additive": {"darling.fusion.mode": "additive"},
    "ngram": {"darling.objective": "ngram"},
    "grpo": {
        "algorithm.adv_estimator": "grpo",
        "darling.monitor": True,
    },
    "grpo_no_std": {
        "algorithm.adv_estimator": "grpo",
        "algorithm.norm_adv_by_std_in_grpo": False,
        "darling.monitor": True,
    },
    **{name: {"darling.objective": name} for name in OBJECTIVES},
}
ENCODED = {"darling.similarity.model": None}  # by the shipped encoder, in place of the recipe's classifier of pairs
DIFFERENT["dqo"] |= ENCODED
DIFFERENT["dra"] |= ENCODED
DIFFERENT["rep_exp"] |= ENCODED | {"darling.advantage.normalize_by_std": True}


def test_every_variant_is_listed():
    files = {path.name.removesuffix(".yaml") for path in (configs_folder() / "darling" / "variant").iterdir()}
    assert {*DIFFERENT, "darling"} == {*VARIANTS, *OBJECTIVES} == files


def test_every_objective_has_a_variant():
    composed = {flat("math", variant)["darling.objective"] for variant in (*VARIANTS, *OBJECTIVES)}
    assert {*composed, "grpo"} == set(ALL_OBJECTIVES)  # GRPO's variant is verl's own estimator


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("variant", DIFFERENT)
def test_a_variant_differs_from_darling_in_its_own_keys_only(recipe, variant):
    darling, other = flat(recipe, "darling"), flat(recipe, variant)
    assert darling.keys() == other.keys()
    changed = {key: value for key, value in other.items() if value != darling[key]}
    assert changed == {**DIFFERENT[variant], "trainer.experiment_name": variant}


def test_grpo_divides_by_the_standard_deviation():
    assert flat("math", "grpo")["algorithm.norm_adv_by_std_in_grpo"] is True


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_bare_recipe_is_its_64gpu_darling(recipe):
    assert compose_once([f"+darling={recipe}"]) == compose_once(
        [f"+darling=[{recipe},{recipe}_size/64gpu,variant/darling]"]
    )


def test_the_papers_maths_settings():
    job = flat("math", "darling", size="64gpu")
    assert {
        key: job[key]
        for key in (
            "data.train_batch_size",
            "data.max_prompt_length",
            "data.max_response_length",
            "actor_rollout_ref.rollout.n",
            "actor_rollout_ref.actor.ppo_mini_batch_size",
            "actor_rollout_ref.actor.optim.lr",
            "actor_rollout_ref.actor.use_kl_loss",
            "algorithm.use_kl_in_reward",
            "actor_rollout_ref.actor.loss_agg_mode",
            "actor_rollout_ref.rollout.val_kwargs.n",
            "actor_rollout_ref.rollout.val_kwargs.temperature",
            "actor_rollout_ref.rollout.val_kwargs.top_p",
            "darling.quality.verifier",
            "darling.diversity.scope",
            "darling.similarity.threshold",
        )
    } == {
        "data.train_batch_size": 256,
        "data.max_prompt_length": 1024,
        "data.max_response_length": 8192,
        "actor_rollout_ref.rollout.n": 8,
        "actor_rollout_ref.actor.ppo_mini_batch_size": 64,
        "actor_rollout_ref.actor.optim.lr": 1e-6,
        "actor_rollout_ref.actor.use_kl_loss": False,
        "algorithm.use_kl_in_reward": False,
        "actor_rollout_ref.actor.loss_agg_mode": "token-mean",
        "actor_rollout_ref.rollout.val_kwargs.n": 8,
        "actor_rollout_ref.rollout.val_kwargs.temperature": 0.6,
        "actor_rollout_ref.rollout.val_kwargs.top_p": 0.95,
        "darling.quality.verifier": "math_verify",
        "darling.diversity.scope": "all",
        "darling.similarity.threshold": None,  # the classifier's own, 0.5
    }


def test_the_check_of_maths_with_megatron_on_64_gpus():
    outcome = check_job(["+darling=math", "model_engine=megatron"], Cluster(8, 8), offline=True)
    assert outcome.ready
    assert outcome.job.megatron
    assert outcome.placed == []  # 4 nodes train, 4 are of the similarity


def test_the_reward_function_of_creative_writing_can_be_loaded():
    from inspect import iscoroutinefunction

    from verl.trainer.ppo.reward import get_custom_reward_fn

    job = Job(check_job(["+darling=creative"], Cluster(8, 8), offline=True).job.config)
    function = get_custom_reward_fn(job.config)
    assert iscoroutinefunction(function)
    assert function.args[1] == {"model": "./models/Athene-RM-8B"}  # the name that verl serves it under
