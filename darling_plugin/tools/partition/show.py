"""The classes of each group as a table. Model text is data: it is printed without markup and without line breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from darling_plugin.tools.partition.classes import ClassifiedGroup, ScoredPair

SHOWN = 160  # characters of a response
RULES = {
    "form": "texts that differ only in case, Markdown or punctuation are equivalent. So are two short texts with "
    "the same words; with other numbers, or a negation, they are distinct.",
    "authors": "two texts of at most five words are equivalent if they share half of them.",
    "math": "responses with different final answers are distinct.",
    "code": "programs that are the same up to names and comments are equivalent.",
    "answers": "the same stated answer is equivalent; another number, or the opposite, is distinct.",
}
"""Rule → what it decides; it comes before P."""


def json_lines(groups: Sequence[ClassifiedGroup], *, explain: bool = False) -> Iterator[str]:
    """One object per response: prompt, response, class, diversity; and `p`, one number per sibling, where scored.

    explain: also `read`, the share of the compared characters that is read, and `compared_characters`; `by_characters`,
    whether its script is one that the encoder lacks; `threshold`;
    `verdicts`, per sibling whether the two are equivalent and what decided it; and `nearest`, the group's pairs that
    are closest to the threshold.
    """
    for group in groups:
        of: dict[int, dict[str, ScoredPair]] = {}
        for pair in group.pairs:
            of.setdefault(pair.first, {})[str(pair.second)] = pair
            of.setdefault(pair.second, {})[str(pair.first)] = pair
        for number, response in enumerate(group.responses):
            row: dict[str, Any] = {
                "prompt": group.prompt,
                "response": response,
                "class": group.labels[number],
                "diversity": group.diversity[number],
            }
            own = of.get(number, {})
            if group.pairs:
                row["p"] = {other: pair.p for other, pair in own.items()}
            if explain:
                row |= {
                    "read": group.read[number],
                    "compared_characters": len(group.compared[number]),
                    "by_characters": group.by_characters[number],
                    "threshold": group.threshold,
                    "verdicts": {
                        other: {"equivalent": pair.equivalent, "decided_by": pair.decided_by}
                        for other, pair in own.items()
                    },
                    "nearest": {name: _as_json(pair) for name, pair in _nearest(group).items()},
                }
            yield json.dumps(row, ensure_ascii=True)


def tables(groups: Sequence[ClassifiedGroup], *, explain: bool = False) -> Iterator[RenderableType]:
    """For each prompt: its responses ordered by class, then the scored pairs, and what explains them."""
    for group in groups:
        table = Table(
            "#", "class", "diversity", "response", title=_text(group.prompt), title_justify="left", show_edge=False
        )
        for number in sorted(range(len(group.responses)), key=lambda n: (group.labels[n], n)):
            table.add_row(
                str(number), str(group.labels[number]), f"{group.diversity[number]:.2f}", _text(group.responses[number])
            )
        yield table
        classes = len(set(group.labels))
        yield Text(f"{classes} {'class' if classes == 1 else 'classes'} among {len(group.responses)} responses\n")
        if group.pairs:
            pairs = Table("pair", "P(equivalent)", "verdict", "decided by", show_edge=False)
            for pair in sorted(group.pairs, key=lambda pair: -pair.p):
                pairs.add_row(
                    f"{pair.first}, {pair.second}", f"{pair.p:.3f}", _verdict(group, pair), _reason(group, pair)
                )
            yield pairs
        if explain:
            yield Text("\n".join(["", *_closest(group), *_what_is_read(group), *_by_characters(group)]) + "\n")
    if explain and groups:
        yield Text("\n".join(_legend(groups)))


def _verdict(group: ClassifiedGroup, pair: ScoredPair) -> str:
    if group.joined(pair):
        return "distinct, joined by others"
    return "equivalent" if pair.equivalent else "distinct"


def _reason(group: ClassifiedGroup, pair: ScoredPair) -> str:
    if pair.by_rule:
        return f"rule `{pair.decided_by}`, not P"
    return f"P {'>' if pair.equivalent else '≤'} {group.threshold:.3g}"


def _closest(group: ClassifiedGroup) -> Iterator[str]:
    for name, pair in _nearest(group).items():
        if pair is not None:
            yield (
                f"Closest to the threshold {group.threshold:.3g} among the {name} pairs: {pair.first}, {pair.second} "
                f"with P = {pair.p:.3f}."
            )


def _what_is_read(group: ClassifiedGroup) -> Iterator[str]:
    if any(share is None for share in group.read):
        yield "How much of each response is read is not known for this similarity."
        return
    cut = {number: share for number, share in enumerate(group.read) if share is not None and share < 1}
    if not cut:
        yield "Every response is read to its end."
        return
    yield "Not read to the end: " + ", ".join(
        f"response {number} (the first {share:.0%} of {len(group.compared[number]):,} characters is read)"
        for number, share in cut.items()
    )


def _by_characters(group: ClassifiedGroup) -> Iterator[str]:
    if numbers := [str(number) for number, own in enumerate(group.by_characters) if own]:
        yield (
            f"Compared by characters, because the model does not know the script: response {', '.join(numbers)}. This "
            "finds near copies but not paraphrases."
        )


def _legend(groups: Sequence[ClassifiedGroup]) -> Iterator[str]:
    """What the tables' columns mean; a rule is explained where it decided a pair."""
    yield "Diversity: the share of the other responses that are in other classes, at least 0.1. Training rewards it."
    yield "Class: responses that are equivalent, directly or through others."
    used = {pair.decided_by for group in groups for pair in group.pairs if pair.by_rule}
    for name in sorted(used):
        yield f"Rule `{name}`: {RULES[name]}"


def _nearest(group: ClassifiedGroup) -> dict[str, ScoredPair | None]:
    return {"equivalent": group.nearest(equivalent=True), "distinct": group.nearest(equivalent=False)}


def _as_json(pair: ScoredPair | None) -> dict[str, Any] | None:
    return None if pair is None else {"pair": [pair.first, pair.second], "p": pair.p}


def _text(text: str) -> Text:
    # Control characters could move the cursor or retitle the terminal.
    plain = "".join(c if c.isprintable() else " " for c in text)
    return Text(plain if len(plain) <= SHOWN else plain[: SHOWN - 1] + "…")
