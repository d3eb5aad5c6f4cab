"""One file's rows through its filters, in order. `training` is the long way, `evaluation` the short one.

An evaluation set stays whole: only what cannot be asked or scored at all leaves it, and all of that is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from darling_plugin.progress import progress
from darling_plugin.tools.data import checks, duplicates, tokens, verifiable
from darling_plugin.tools.data.checks import Check
from darling_plugin.tools.data.funnel import Step, shortened, sift
from darling_plugin.tools.data.hub import Found
from darling_plugin.tools.data.item import Item, Unusable, rank
from darling_plugin.tools.data.overlap import Overlap
from darling_plugin.tools.data.read import read_rows
from darling_plugin.tools.data.tasks import Task
from darling_plugin.tools.data.verifiable import AnswerCheck
from darling_plugin.tools.data.verl_rows import message

MEGABYTE = 1 << 20


class Filters(NamedTuple):
    """The settings of `training`. `tokenizer` is a loaded one, or None: then length is counted in characters only."""

    shortest: int
    longest: int
    tokenizer: Any
    most_tokens: int
    overlap_words: int
    overlap_share: float
    instruction: str


def items_of(found: Found, name: str, steps: list[Step], passing: Sequence[Check]) -> list[Item]:
    """The items of a source that pass every check, in its order; one step for reading and one for each check."""
    steps += [Step("usable rows"), *(Step(check.name) for check in passing)]
    own = steps[-len(passing) - 1 :]
    kept = []
    total = sum(file.stat().st_size for file in found.files)
    with progress(f"Reading {name}", total // MEGABYTE + 1) as advance:
        moved = _in_megabytes(advance)
        for file in found.files:
            for row in read_rows(file, moved):
                item = _item(row, found, name, own[0])
                if item is not None and _passes(item, passing, own[1:]):
                    kept.append(item)
    return kept


def evaluation(found: Found, task: Task, read_answers: AnswerCheck) -> tuple[list[Item], list[Step]]:
    """The items of an evaluation set, in its order."""
    name = found.source.name
    steps: list[Step] = []
    items = items_of(found, name, steps, [Check("text", checks.text)])
    if task.math:
        why = read_answers([item.answer for item in items], f"{name}: reading the answers")
        steps.append(Step("answer"))
        # A reference that is not read stops a run. With others a right answer may be called wrong: that is counted.
        steps[-1].noted.update(one for item in items if (one := why[item.answer]) not in (None, verifiable.NOTHING))
        why = {answer: one if one == verifiable.NOTHING else None for answer, one in why.items()}
        items = sift(items, steps[-1], lambda item: why[item.answer], _question_and_answer)
    return items, steps


def training(
    found: Found,
    name: str,
    task: Task,
    known: Iterable[tuple[str, Item]],
    filters: Filters,
    read_answers: AnswerCheck,
    *,
    size: int,
    seed: int,
) -> tuple[list[Item], list[Step]]:
    """`size` items (0: all), in an order that depends only on the seed.

    `known` are the evaluation items, with the names of their sets. The last step's `kept` may be less than `size`.
    """
    steps: list[Step] = []
    items = items_of(found, name, steps, _passing(task, filters))
    items.sort(key=lambda item: rank(item, seed))
    steps.append(Step("exact duplicates"))
    items = duplicates.without_exact(items, steps[-1])
    steps.append(Step("near duplicates"))
    with progress("Near duplicates", len(items)) as advance:
        items = duplicates.without_near(items, steps[-1], advance)
    index = Overlap(known, filters.overlap_words, filters.overlap_share)
    if not index.empty:
        steps.append(Step("overlap with evaluation"))
        with progress("Overlap with the evaluation sets", len(items)) as advance:
            items = _without_overlap(items, index, steps[-1], advance)
    drawn = items[:size] if size else items
    if task.math:
        steps.append(Step("answer"))
        drawn = _answerable(items, size or len(items), read_answers, steps[-1])
    left = steps[-1].kept
    steps.append(Step("sample", kept=len(drawn)))
    if left > len(drawn):
        steps[-1].dropped["not drawn"] = left - len(drawn)
    return drawn, steps


def _answerable(items: Sequence[Item], size: int, read_answers: AnswerCheck, step: Step) -> list[Item]:
    """The first `size` items whose answer can be verified. Reading answers is slow: those after them are not read."""
    kept: list[Item] = []
    seen = 0
    while len(kept) < size and seen < len(items):
        part = items[seen : seen + size - len(kept)]
        why = read_answers([item.answer for item in part], f"Reading {len(part):,} answers")
        kept += sift(part, step, lambda item, why=why: why[item.answer], _question_and_answer)  # type: ignore[misc]
        seen += len(part)
    if seen < len(items):
        step.noted["not read, enough were found"] = len(items) - seen
    step.kept = len(items) - step.dropped.total()
    return kept


def _passing(task: Task, filters: Filters) -> list[Check]:
    found = [Check("text", checks.text)]
    if not task.math:
        found.append(Check("flags", checks.flags))
    found += [
        Check("length", checks.length(filters.shortest, filters.longest)),
        Check("language", checks.language),
    ]
    if task.math:
        found.append(Check("figures", checks.figures))
    if filters.tokenizer is not None:

        def sent(item: Item) -> str:
            return message(item, filters.instruction)

        found.append(Check("tokens", tokens.check(filters.tokenizer, filters.most_tokens, sent)))
    return found


def _item(row: Mapping[str, Any], found: Found, name: str, step: Step) -> Item | None:
    try:
        item = found.source.item(row, name)
    except Unusable as why:
        step.drop(str(why), repr(row))
        return None
    step.kept += 1
    if item.repaired:
        step.noted[item.repaired] += 1
    return item


def _passes(item: Item, passing: Sequence[Check], steps: Sequence[Step]) -> bool:
    for check, step in zip(passing, steps, strict=True):
        why = check.why_not(item)
        if why is not None:
            step.drop(why, item.text)
            return False
        step.kept += 1
    return True


def _without_overlap(items: Sequence[Item], index: Overlap, step: Step, advance: Callable[[], None]) -> list[Item]:
    kept = []
    for item in items:
        match = index.match(item)
        advance()
        if match is None:
            kept.append(item)
        else:
            found = {"overlaps": match.id, "share": round(match.share, 2), "evaluation": shortened(match.text)}
            step.drop(match.source, item.text, **found)
    step.kept = len(kept)
    return kept


def _question_and_answer(item: Item) -> str:
    return f"{item.answer} | {item.text}"


def _in_megabytes(advance: Callable[[int], None]) -> Callable[[int], None]:
    """`advance`, for counts of bytes: a bar counts in megabytes, and is drawn once for each."""
    waiting = 0

    def moved(size: int) -> None:
        nonlocal waiting
        waiting += size
        if waiting >= MEGABYTE:
            advance(waiting // MEGABYTE)
            waiting %= MEGABYTE

    return moved
