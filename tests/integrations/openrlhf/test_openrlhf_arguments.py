"""The command's arguments, without OpenRLHF."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from darling_plugin.config import parse_settings
from darling_plugin.errors import ConfigError, DarlingError
from darling_plugin.integrations import versions
from darling_plugin.integrations.command_line import parse_node, split_arguments
from darling_plugin.integrations.openrlhf import arguments
from darling_plugin.integrations.openrlhf.__main__ import main

JOB = ["--algo.advantage.estimator", "dr_grpo", "--rollout.n_samples_per_prompt", "8", "--algo.kl.init_coef", "0"]
LEXICAL = {"similarity": {"name": "lexical"}}
STD = LEXICAL | {"advantage": {"normalize_by_std": True}}
SOURCE = Path(sys.prefix) / "openrlhf/openrlhf/cli/train_ppo_ray.py"


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    monkeypatch.setattr(versions, "installed", lambda name: "0.11.2")


def test_settings_and_the_rest():
    text = """--a.b 1 --darling.similarity.name lexical --c --darling.diversity.floor=0.2 --darling.options.k [1,2]
        --darling.fusion.shift -1 --darling.similarity.threshold null --darling.fusion.weight 1e-1 --d -2"""
    given, rest = split_arguments(text.split())
    assert " ".join(rest) == "--a.b 1 --c --d -2"
    node = parse_node(given)
    assert node == {
        "similarity": {"name": "lexical", "threshold": None},
        "diversity": {"floor": 0.2},
        "options": {"k": [1, 2]},
        "fusion": {"shift": -1, "weight": "1e-1"},  # YAML 1.1 reads a text here; the schema makes it a number
    }
    assert parse_settings({"fusion": node["fusion"]}).fusion.weight == 0.1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("--darling.monitor", "--darling.monitor: got no value, expected --darling.monitor VALUE"),
        ("--darling.monitor --a 1", "--darling.monitor: got no value"),
        ("--darling.similarity lexical --darling.similarity.name x", "--darling.similarity already has the value"),
        ("--darling.options.k [1", r"--darling.options.k: got '\[1', expected a value in YAML"),
    ],
)
def test_an_argument_that_cannot_be_read(given, message):
    with pytest.raises(ConfigError, match=message):
        parse_node(split_arguments(given.split())[0])


@pytest.mark.parametrize(
    ("node", "changes", "message"),
    [
        ({"diversity": {"flor": 0}}, "", r"darling.diversity.flor: unknown setting. Did you mean 'floor'\?"),
        ({"objective": "none"}, "", "darling.objective=none: must be one of"),
        ({"similarity": {"name": "judge"}}, "", "must be set for 'judge'"),
        ({"quality": {"verifier": "math_verify"}}, "", "darling.quality.verifier: has no effect in OpenRLHF"),
        ({"service": {"backend": "vllm"}}, "", "darling.service.backend=vllm: only verl launches"),
        ({"service": {"replicas": 2}}, "", "darling.service.replicas: has no effect, .*backend=ray"),
        (
            LEXICAL | {"service": {"urls": ["http://a"], "backend": "urls"}},
            "",
            "its servers can only run a classifier that reads pairs",
        ),
        (LEXICAL, "--algo.advantage.estimator gae", "--algo.advantage.estimator gae: .* Set .* dr_grpo"),
        (LEXICAL, "--algo.advantage.estimator=group_norm", "--algo.advantage.estimator group_norm: "),
        (LEXICAL, "--rollout.n_samples_per_prompt 1", "--rollout.n_samples_per_prompt 1: .* 8"),
        (STD, "--algo.advantage.estimator rloo", "rloo: darling.objective=darling: .* dr_grpo"),
        (STD, "--algo.kl.init_coef 0.01", "--algo.kl.init_coef 0.01: .* --algo.kl.use_loss"),
        (STD, "--reward.overlong_buffer_len 9", "--reward.overlong_buffer_len 9: "),
        (STD, "--reward.stop_properly_penalty_coef 0.5", "--reward.stop_properly_penalty_coef 0.5: "),
    ],
)
def test_what_stops_a_job_before_ray_starts(node, changes, message):
    with pytest.raises(ConfigError, match=message):
        arguments.check_job(node, [*JOB, *changes.split()])


def test_openrlhfs_defaults_are_not_darling():
    with pytest.raises(ConfigError, match="n_samples_per_prompt 1"):
        arguments.check_job(LEXICAL, [])
    with pytest.raises(ConfigError, match=r"--algo\.advantage\.estimator gae"):
        arguments.check_job(LEXICAL, ["--rollout.n_samples_per_prompt", "8"])


@pytest.mark.parametrize(
    ("node", "changes", "notes"),
    [
        (LEXICAL, "", ["clip_range -10 10"]),
        (STD, "--algo.kl.init_coef 0.01 --algo.kl.use_loss", ["clip_range -10 10", "part of the loss"]),
        (LEXICAL, "--reward.clip_range -1 1 --algo.kl.init_coef 0.01", ["clip_range -1 1", "part of the advantages"]),
        (LEXICAL, "--algo.advantage.estimator rloo", ["clip_range", "= 1.143 times"]),
        (LEXICAL, "--reward.overlong_buffer_len 9", ["clip_range", "after quality was multiplied by diversity"]),
        (LEXICAL | {"monitor": True}, "--algo.advantage.estimator group_norm", ["rewards and advantages are OpenRLHF"]),
    ],
)
def test_what_a_job_is_told(node, changes, notes):
    told = arguments.check_job(node, [*JOB, *changes.split()])
    assert len(told) == len(notes)
    assert all(note in sentence for note, sentence in zip(notes, told, strict=True))


@pytest.mark.parametrize(
    ("found", "message"),
    [(None, "openrlhf is not installed. .*'openrlhf>=0.11,<0.12'"), ("0.12.0", "openrlhf 0.12.0 is not supported")],
)
def test_another_openrlhf(monkeypatch, found, message):
    monkeypatch.setattr(versions, "installed", lambda name: found)
    with pytest.raises(DarlingError, match=message):
        arguments.check_job(LEXICAL, JOB)


def test_an_error_is_one_message(capsys):
    assert main([*JOB, "--darling.flor", "1"]) == 1
    assert capsys.readouterr().err.startswith("Error: darling.flor: unknown setting")


def test_help_is_light_and_lists_the_settings():
    code = (
        "import sys, runpy; sys.argv = ['x', '--help']\n"
        "try: runpy.run_module('darling_plugin.integrations.openrlhf', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert not {'ray', 'torch', 'openrlhf', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for setting in ("similarity.name classifier", "diversity.floor 0.1", "monitor false", "options.NAME"):
        assert f"--darling.{setting}" in done.stdout
    assert "quality.verifier" not in done.stdout


@pytest.mark.skipif(not SOURCE.is_file(), reason="OpenRLHF is not installed; scripts/install.sh does")
def test_openrlhfs_own_arguments_have_these_defaults():
    theirs = {}
    for call in ast.walk(ast.parse(SOURCE.read_text())):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "add_argument":
            name, default = call.args[0], [word.value for word in call.keywords if word.arg == "default"]
            if isinstance(name, ast.Constant):
                theirs[name.value] = ast.unparse(default[0]) if default else "None"
    for action in arguments.openrlhf_parser()._actions:
        (name,) = action.option_strings
        assert theirs[name] == repr(action.default), name
        # Nothing of OpenRLHF's is taken for a short form of this one.
        assert [other for other in theirs if name.startswith(other) and other != name] == []
