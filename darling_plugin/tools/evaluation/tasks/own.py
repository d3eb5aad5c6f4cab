"""A file of yours: `--prompts FILE.jsonl` with id, prompt and, where there is one, answer; and a scorer, if any."""

from __future__ import annotations

from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.tasks.base import Source, Task, own_prompts


def read(source: Source) -> list[Prompt]:
    if source.sets or source.data:
        raise InputError("`--sets` and `--data` mean nothing to the task own; give --prompts")
    return own_prompts(source)


TASK = Task("own", about="--prompts FILE.jsonl: id, prompt, answer", read=read, samples=8, sampling=Sampling())
