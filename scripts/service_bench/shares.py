"""Which share of all pairs the exact partition asks about, by how a group falls into classes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from darling_plugin.core import find_partition

SIZES = (8, 16, 64)


def compositions(n: int) -> dict[str, list[int]]:
    """Class sizes of a group of n."""
    return {
        "collapsed: one class": [n],
        "mixed: half in one class": [n // 2] + [1] * (n // 2),
        "mixed: two classes": [n // 2, n // 2],
        "all distinct": [1] * n,
    }


def verdict_shares() -> dict[str, dict[str, float]]:
    """shares[composition][n] = verdicts asked / all pairs."""
    shares: dict[str, dict[str, float]] = {}
    for n in SIZES:
        for name, sizes in compositions(n).items():
            shares.setdefault(name, {})[str(n)] = _asked(sizes) / (n * (n - 1) / 2)
    return shares


def show_shares(console: Console) -> None:
    table = Table("classes", *(f"n = {n}" for n in SIZES), title="Verdicts asked, of all pairs (exact)")
    for name, row in verdict_shares().items():
        table.add_row(name, *(f"{share:.1%}" for share in row.values()))
    console.print(table)


def _asked(sizes: Sequence[int]) -> int:
    texts = [f"{name} {copy}" for name, size in enumerate(sizes) for copy in range(size)]
    return find_partition(
        texts,
        [0] * len(texts),
        lambda pairs: [float(a.split()[0] == b.split()[0]) for a, b in pairs],
        short_text_rule=False,
    ).scored
