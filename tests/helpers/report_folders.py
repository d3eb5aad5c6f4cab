"""Small run folders for the tests of the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HOSTILE = (
    "</script><script>document.documentElement.dataset.ran = 1; alert(1)</script>"
    '<img src="x" onerror="document.documentElement.dataset.ran = 1">{{script}}<!--'
)


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def step(number: int, **more: Any) -> dict[str, Any]:
    """A training step as a DARLING run logs it."""
    return {
        "step": number,
        "darling/quality/mean": number / 10,
        "darling/diversity/mean": 1 - number / 20,
        "darling/classes/mean": 4.0,
        "darling/reward/mean": number / 20,
        "actor/entropy": 0.5,
        "response_length/mean": 100.0 + number,
        "timing_s/step": 10.0,
        "timing_s/gen": 6.0,
        "timing_s/update_actor": 3.0,
    } | more


def sample(number: int, uid: str, response: str = "an answer", **more: Any) -> dict[str, Any]:
    """One sampled response, as `integrations/verl/samples.py` writes it."""
    return {
        "step": number,
        "uid": uid,
        "prompt": f"prompt {uid}",
        "response": response,
        "class": 0,
        "quality": 1.0,
        "diversity": 0.5,
        "reward": 0.5,
        "advantage": 0.0,
    } | more


def write_run(folder: Path, steps: int = 4, samples: list[dict[str, Any]] | None = None) -> Path:
    """A run with steps, an evaluation before and after, and two groups of step 1 unless others are given."""
    write_lines(folder / "metrics.jsonl", [step(number) for number in range(1, steps + 1)])
    policy = {"pass@1": 0.2, "pass@k": 0.6, "distinct_correct": 1.5, "k": 8}
    errors = {"pass_at_1": 0.01, "pass_at_k": 0.02, "distinct_correct": 0.05}
    summary = {
        "title": "A run",
        "details": {"estimator": "darling", "seconds": 12.5},
        "before": policy | {"standard_error": errors},
        "after": policy | {"pass@1": 0.3, "standard_error": errors},
    }
    (folder / "summary.json").write_text(json.dumps(summary))
    write_lines(folder / "samples/step_000001.jsonl", samples or [sample(1, "a"), sample(1, "b")])
    return folder
