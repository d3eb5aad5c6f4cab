"""What each task asks, and its defaults; every default can be overridden.

    math.py         AIME 24 and 25, AMC, HMMT, BRUMO, OlympiadBench, GSM8K
    novelty.py      NoveltyBench: curated prompts and WildChat's
    creative.py     writing, against a baseline's answers and by a rubric
    code.py         programs, run against tests
    countdown.py    the task of the quickstart
    hard.py         hard prompts, against a baseline's answers
    own.py          your own file of prompts
    base.py         what a task is

A new task is a file with a `TASK`, and its line in the table below.
"""

from __future__ import annotations

from darling_plugin.errors import ConfigError
from darling_plugin.tools.evaluation.tasks import code, countdown, creative, hard, math, novelty, own
from darling_plugin.tools.evaluation.tasks.base import Task

TASKS: dict[str, Task] = {
    task.name: task for task in (math.TASK, novelty.TASK, creative.TASK, hard.TASK, code.TASK, countdown.TASK, own.TASK)
}


def task_called(name: str) -> Task:
    if name not in TASKS:
        raise ConfigError(f"TASK must be one of {', '.join(TASKS)}; got {name!r}")
    return TASKS[name]
