"""A policy that was never trained, and runs small enough to be done in a test."""

from pathlib import Path

import pytest

from recipes.countdown import model
from recipes.countdown.experiment.settings import Run
from recipes.countdown.threads import torch_threads

TINY = {
    "rl_prompts": 8,
    "step_prompts": 4,
    "n": 3,
    "steps": 6,
    "evaluate_every": 4,
    "held_out_prompts": 3,
    "rl_measured": 2,
    "samples": 4,
    "held_out": "validation",  # nothing but the experiment looks at the test prompts
    "learning_rate": 1e-2,
}


@pytest.fixture(autouse=True)
def _one_thread():
    """As the loop itself: on a busy machine several wait for each other."""
    with torch_threads(1):
        yield


@pytest.fixture
def tiny():
    """tiny(**settings) -> a run of six steps on eight prompts."""
    return lambda **settings: Run(**TINY | settings)


@pytest.fixture(scope="session")
def untrained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("untrained")
    model.build_model().save_pretrained(folder)
    model.build_tokenizer().save_pretrained(folder)
    return folder
