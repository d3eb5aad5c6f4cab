"""Countdown on digits that training never sees (`countdown/data.py`): what is right, and what is the same, is exact."""

from __future__ import annotations

from tempfile import TemporaryDirectory

from darling_plugin.countdown.data import prepare, read_prompts
from darling_plugin.countdown.task import RESPONSE_LENGTH
from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.tasks.base import Source, Task

PROMPTS = 300


def read(source: Source) -> list[Prompt]:
    """What `countdown/data.prepare` writes to test.parquet for that seed: 300 prompts, or --limit."""
    if source.sets or source.data or source.prompts:
        raise InputError("`--sets`, `--data` and `--prompts` have no effect on countdown, which makes its own prompts")
    with TemporaryDirectory() as folder:
        files = prepare(
            folder, seed=source.seed, train_prompts=1, validation_prompts=1, eval_prompts=source.limit or PROMPTS
        )
        drawn = read_prompts(files.test)
    return [
        Prompt(str(number), prompt.text, {"digits": list(prompt.digits), "target": prompt.target})
        for number, prompt in enumerate(drawn)
    ]


TASK = Task(
    "countdown",
    about="the quickstart's task",
    read=read,
    samples=64,
    sampling=Sampling(temperature=1.0, max_tokens=RESPONSE_LENGTH),
    scorer="countdown",
    similarity="callable",
    options={"function": "darling_plugin.countdown.similarity:equivalent"},
)
