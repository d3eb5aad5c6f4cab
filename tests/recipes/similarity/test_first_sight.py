"""The first-sight set: what every similarity is measured on, kinds and halves balanced."""

import json
from collections import Counter

from places import ROOT

PAIRS = [json.loads(line) for line in (ROOT / "recipes/similarity/firstsight/pairs.jsonl").read_text().splitlines()]


def test_ten_kinds_each_in_both_halves_with_both_labels():
    assert len(PAIRS) >= 150 and len({pair["kind"] for pair in PAIRS}) == 10
    counts = Counter((pair["kind"], pair["half"], bool(pair["equivalent"])) for pair in PAIRS)
    for kind in {pair["kind"] for pair in PAIRS}:
        for half in ("dev", "report"):
            assert counts[kind, half, True] + counts[kind, half, False] >= 9


def test_no_pair_is_there_twice():
    keys = [frozenset((pair["a"], pair["b"])) for pair in PAIRS]
    assert len(set(keys)) == len(keys)
