"""What the tests read of an evaluation's folder."""

import json
from pathlib import Path
from typing import Any


def rows(folder: Path, stage: str) -> dict[tuple[str, int], dict[str, Any]]:
    """Every row of a stage, of all shards, by prompt and sample."""
    found = {}
    for path in folder.glob(f"{stage}*.jsonl"):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            found[row["id"], row.get("sample", -1)] = row
    return found


def summary(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text())


def same_result(a: Path, b: Path) -> None:
    """The two folders hold one result: all rows, whatever their order, and the summary, byte by byte."""
    for stage in ("samples", "scores", "classes", "pairwise"):
        assert rows(a, stage) == rows(b, stage)
    for name in ("summary.json", "values.jsonl", "prompts.jsonl"):
        assert (a / name).read_bytes() == (b / name).read_bytes()
