"""A run, its id, its prompts and its random numbers."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from darling_plugin.countdown.data import prepare, read_prompts, split
from darling_plugin.errors import ConfigError, InputError
from recipes.countdown.experiment.prompts import held_out, rl_prompts
from recipes.countdown.experiment.settings import METHODS, Run, from_json
from recipes.countdown.experiment.streams import numpy_stream, stream_seed, torch_stream


def test_the_id_follows_from_the_content_alone():
    assert Run(seed=1).id == Run(seed=1).id != Run(seed=2).id
    assert Run(floor=0).id == Run(floor=0.0).id  # one setting
    assert from_json(json.loads(json.dumps(Run(std=True).as_json()))) == Run(std=True)
    assert len({Run(**method).id for method in METHODS.values()}) == len(METHODS)


def test_the_id_is_the_same_in_another_process():
    code = "from recipes.countdown.experiment.settings import Run; print(Run(seed=3, among='correct').id)"
    elsewhere = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert elsewhere == Run(seed=3, among="correct").id


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"engine": "trl"}, "loop, verl"),
        ({"among": "wrong"}, "darling.diversity.scope: "),
        ({"false_same": 1.5}, "`false_same`"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"rl_prompts": 100}, "divide"),
        ({"rl_prompts": 33, "step_prompts": 33}, "even"),
    ],
)
def test_what_cannot_be_run_is_refused(settings, says):
    with pytest.raises((InputError, ConfigError), match=says):
        Run(**settings)


def test_settings_of_another_version_are_refused():
    with pytest.raises(InputError, match=r"unknown fields \(momentum\)"):
        from_json(Run().as_json() | {"momentum": 0.9})


def test_methods_differ_from_darling_only_in_what_they_are_named_for():
    assert Run(**METHODS["darling"]) == Run()
    assert Run(**METHODS["grpo"]).objective == "grpo"
    assert Run(**METHODS["grpo_std"]).darling.advantage.normalize_by_std
    assert Run(**METHODS["correct_only"]).darling.diversity.singleton == 0.1  # a lone correct answer gets the floor
    assert Run(**METHODS["flipped"]).noisy and not Run().noisy


def test_nobody_is_measured_on_what_they_learn_from():
    pools = {name: {tuple(sorted(p.digits)) for p in part} for name, part in split()._asdict().items()}
    asked = {
        "train": rl_prompts(0, 1024),
        "validation": held_out("validation", 300),
        "test": held_out("test", 300),
    }
    for name, prompts in asked.items():
        assert {tuple(sorted(p.digits)) for p in prompts} <= pools[name]
        assert len({(tuple(sorted(p.digits)), p.target) for p in prompts}) == len(prompts)  # none twice


def test_the_test_prompts_are_not_those_that_the_quickstart_reports_on(tmp_path):
    reported = read_prompts(prepare(tmp_path, seed=0, eval_prompts=300).test)
    key = lambda prompt: (tuple(sorted(prompt.digits)), prompt.target)  # noqa: E731
    assert len(reported) == 300
    assert not set(map(key, reported)) & set(map(key, held_out("test", 3087)))  # all that are left: 3,387 less 300


def test_fewer_rl_prompts_are_the_first_of_more_and_seeds_choose_others():
    assert rl_prompts(0, 64) == rl_prompts(0, 256)[:64]
    assert rl_prompts(0, 64) != rl_prompts(1, 64)
    with pytest.raises(InputError, match="at most 4096"):
        rl_prompts(0, 5000)
    with pytest.raises(InputError, match="from 1 to"):
        held_out("validation", 2000)


def test_streams_depend_on_their_names_alone():
    assert numpy_stream("order", 1, 2).random() == numpy_stream("order", 1, 2).random()
    seeds = [stream_seed(name, seed, step) for name in ("order", "verdicts") for seed in (0, 1) for step in (0, 1)]
    assert Counter(seeds).most_common(1)[0][1] == 1
    assert stream_seed("a", 12) != stream_seed("a1", 2)
    assert torch_stream("rollouts", 0).initial_seed() == stream_seed("rollouts", 0)
