"""Programs: `--prompts FILE.jsonl` with id, prompt and tests, in one of the forms that `scoring/code.py` runs."""

from __future__ import annotations

from darling_plugin.errors import InputError
from darling_plugin.json_lines import read_objects
from darling_plugin.tools.evaluation.prompts import Prompt, parse, unique
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.scoring.code import check_tests
from darling_plugin.tools.evaluation.tasks.base import Source, Task


def read(source: Source) -> list[Prompt]:
    """The prompts of the user's file, whose `tests` are checked before anything is sampled."""
    if source.sets or source.data:
        raise InputError("`--sets` and `--data` have no effect on the task code; remove them, and give --prompts")
    if source.prompts is None:
        raise InputError("`--prompts` must name a file of JSON lines with id, prompt and tests")
    found: list[Prompt] = []
    for where, fields in read_objects(source.prompts):
        if len(found) == source.limit:
            break
        check_tests(fields.get("tests"), where)
        found.append(parse({**fields, "answer": fields["tests"]}, where, source=str(fields.get("source", ""))))
    return unique(found, str(source.prompts))


TASK = Task(
    "code",
    about="--prompts FILE.jsonl: id, prompt, tests",
    read=read,
    samples=16,
    sampling=Sampling(temperature=0.6, top_p=0.95, max_tokens=8192),
    scorer="code",
)
