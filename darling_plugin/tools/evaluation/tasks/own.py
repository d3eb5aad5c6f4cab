"""Your own prompts: `--prompts FILE.jsonl` with id, prompt and optionally answer, scored by any scorer or none."""

from __future__ import annotations

from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.tasks.base import Source, Task, own_prompts


def read(source: Source) -> list[Prompt]:
    if source.sets or source.data:
        raise InputError("`--sets` and `--data` have no effect on the task own; remove them, and give --prompts")
    return own_prompts(source)


TASK = Task("own", about="--prompts FILE.jsonl: id, prompt, answer", read=read, samples=8, sampling=Sampling())
