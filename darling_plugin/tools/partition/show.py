"""The classes of each group as a table. Model text is data: it is printed without markup and without line breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from darling_plugin.tools.partition.classes import ClassifiedGroup

SHOWN = 160  # characters of a response


def json_lines(groups: Sequence[ClassifiedGroup]) -> Iterator[str]:
    """One object per response: prompt, response, class, diversity; and `p`, one number per sibling, where scored."""
    for group in groups:
        p: dict[int, dict[str, float]] = {}
        for pair in group.pairs:
            p.setdefault(pair.first, {})[str(pair.second)] = pair.p
            p.setdefault(pair.second, {})[str(pair.first)] = pair.p
        for number, response in enumerate(group.responses):
            row = {
                "prompt": group.prompt,
                "response": response,
                "class": group.labels[number],
                "diversity": group.diversity[number],
            }
            if group.pairs:
                row["p"] = p[number]
            yield json.dumps(row, ensure_ascii=True)


def tables(groups: Sequence[ClassifiedGroup]) -> Iterator[RenderableType]:
    """For each prompt: its responses ordered by class, then the scored pairs."""
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
            pairs = Table("pair", "P(equivalent)", "", show_edge=False)
            for pair in sorted(group.pairs, key=lambda pair: -pair.p):
                note = "decided by the rule for short texts" if pair.by_rule else ""
                pairs.add_row(f"{pair.first}, {pair.second}", f"{pair.p:.3f}", note)
            yield pairs


def _text(text: str) -> Text:
    # Control characters could move the cursor or retitle the terminal.
    plain = "".join(c if c.isprintable() else " " for c in text)
    return Text(plain if len(plain) <= SHOWN else plain[: SHOWN - 1] + "…")
