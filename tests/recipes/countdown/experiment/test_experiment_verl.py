"""The job that a run becomes in verl, composed by Hydra and checked as verl checks it. verl itself is not run here."""

import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest
from places import ROOT

from darling_plugin.countdown.data import read_prompts
from darling_plugin.errors import InputError
from recipes.countdown.experiment.field import FIELD, THROUGH_VERL
from recipes.countdown.experiment.plan import QUICK_STEPS, quick_arms
from recipes.countdown.experiment.prompts import held_out, rl_prompts
from recipes.countdown.experiment.settings import METHODS, Run
from recipes.countdown.experiment.verl_run import Files, checkpoint, command, write_prompts

FILES = Files(Path("/data/train.parquet"), Path("/data/held_out.parquet"))
JOBS = METHODS | {name: FIELD[name] for name in (*THROUGH_VERL, "uniqueness_positive", "outcome_batch_value")}
JUDGE = ROOT / "scripts/service_bench/models/countdown_pairs"  # any pair classifier


def line(**settings):
    return command(Run(engine="verl", **settings), FILES, Path("policy"), Path("work"), JUDGE)


def test_verl_reads_the_prompts_that_the_loop_learns_from(tmp_path):
    files = write_prompts(Run(engine="verl", seed=3, held_out="validation"), tmp_path)
    assert tuple(read_prompts(files.train)) == rl_prompts(3, 128)
    assert tuple(read_prompts(files.held_out)) == held_out("validation", 300)
    files = write_prompts(Run(engine="verl", rl_kind="either", held_out_from=300), tmp_path)
    assert tuple(read_prompts(files.train)) == rl_prompts(0, 128, "either")
    assert tuple(read_prompts(files.held_out)) == held_out("test", 300, 300)


def test_what_verl_cannot_do_is_refused():
    for settings in ({"representatives": True}, {"false_same": 0.2}, {"kl": 0.1}, {"entropy": 0.1}):
        with pytest.raises(InputError, match="set engine=loop"):
            line(**settings)


def test_the_quick_version_is_measured_where_verl_saves():
    for arm in quick_arms():
        words = dict(word.split("=", 1) for word in command(arm.runs[0], FILES, Path("/p"), Path("/w"))[3:])
        assert (words["trainer.total_training_steps"], words["trainer.save_freq"]) == (str(QUICK_STEPS), "50")
    assert checkpoint(Path("/w"), 30) == Path("/w/checkpoints/global_step_30/actor/huggingface")


@pytest.mark.skipif(find_spec("verl") is None, reason="verl is not installed")
@pytest.mark.parametrize("method", JOBS)
def test_every_method_is_a_job_that_verl_accepts(method, monkeypatch):
    monkeypatch.setenv("VERL_PLATFORM", "cpu")
    monkeypatch.setenv("VERL_ENGINE_DEVICE", "cuda")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # verl names each engine whose package is absent
        import verl.trainer.ppo.v1  # noqa: F401
        from verl.trainer.ppo.reward import get_custom_reward_fn
        from verl.utils.config import omega_conf_to_dataclass, validate_config

        from darling_plugin.integrations.verl.validate import read_settings, uses_darling
        from darling_plugin.tools.check.compose import compose_job

        run = Run(engine="verl", seed=5, steps=100, learning_rate=2e-4, **JOBS[method])
        overrides = command(run, FILES, Path("policy"), Path("work"), JUDGE)[3:]
        config = compose_job([*overrides, "critic.enable=false"])
        validate_config(config, use_reference_policy=False, use_critic=False)
        actor = omega_conf_to_dataclass(config.actor_rollout_ref.actor)
        settings = read_settings(config)
        reward = get_custom_reward_fn(config)
    # What the loop has in its own lines.
    assert (actor.clip_ratio, actor.clip_ratio_c, actor.loss_agg_mode) == (0.2, 3.0, "token-mean")
    assert (actor.optim.lr, actor.optim.weight_decay, actor.optim.clip_grad) == (2e-4, 0.0, 1.0)
    assert list(actor.optim.betas) == [0.9, 0.999] and actor.optim.lr_warmup_steps == 5
    assert (actor.shuffle, actor.use_kl_loss, actor.entropy_coeff, actor.ppo_epochs) == (True, False, 0, 1)
    assert actor.fsdp_config.mixed_precision["param_dtype"] == "fp32"
    assert (config.data.train_batch_size, actor.ppo_mini_batch_size, config.data.seed) == (16, 8, 5)
    assert (config.actor_rollout_ref.rollout.n, config.actor_rollout_ref.rollout.temperature) == (8, 1.0)
    # And the method is the one that was asked for.
    assert uses_darling(config) == (run.fusion != "quality")
    if not uses_darling(config):
        assert config.algorithm.norm_adv_by_std_in_grpo == run.std and settings.monitor
    else:
        # `representatives` and the short-text rule are the loop's to set; what trains is the same objective.
        assert vars(settings.build_objective()) == vars(run.darling.build_objective())
        assert settings.quality.answer == run.darling.quality.answer
    if method == "learned":
        assert (settings.similarity.name, settings.similarity.model) == ("classifier", str(JUDGE))
    elif method == "flipped":
        assert sum(settings.similarity.build()([("1+2", "3")] * 1000)) > 0  # some are wrong
    elif method == "ngram":
        truth = {"digits": [3, 8, 1, 7, 2], "target": 19}
        assert reward("countdown", "3 * 7 - 2 .", truth)["score"] == 1.0
    else:
        assert settings.similarity.function == "darling_plugin.countdown.similarity:equivalent"
