import io
import json

import pytest
from rich.console import Console

from darling_plugin.errors import InputError
from recipes.countdown.evaluate import Evaluation
from recipes.countdown.plot import series, smooth
from recipes.countdown.report import read_metrics, write_report


def _evaluation(pass_at_1, pass_at_k, distinct):
    errors = {"pass_at_1": 0.01, "pass_at_k": 0.02, "distinct_correct": 0.05}
    return Evaluation(pass_at_1, pass_at_k, distinct, 16, 64, 300, 1.0, 0, 4.0, errors)


BEFORE, AFTER = _evaluation(0.2, 0.9, 1.9), _evaluation(0.4, 0.88, 1.6)
DARLING = [
    {"step": s, "darling/quality/mean": s / 10, "darling/diversity/mean": 0.8, "darling/classes/mean": 9.0,
     "critic/score/mean": s / 20} for s in range(1, 5)
]  # fmt: skip
GRPO = [{"step": s, "critic/score/mean": s / 10} for s in range(1, 5)]


@pytest.mark.parametrize("rows", [DARLING, GRPO, GRPO[:1], []], ids=["darling", "grpo", "one step", "no steps"])
def test_writes_figure_and_summary(tmp_path, rows):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    screen = Console(file=io.StringIO(), width=100)
    summary = write_report(
        tmp_path / "out",
        before=BEFORE,
        after=AFTER,
        metrics=path,
        title="A run",
        console=screen,
    )
    assert (tmp_path / "out/curves.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "out/summary.json").read_text()) == summary
    assert summary["steps"] == len(rows)
    assert summary["after"]["pass@k"] == 0.88
    assert "pass@16" in screen.file.getvalue()
    assert "-0.020" in screen.file.getvalue()  # 0.88 − 0.90


def test_summary_averages_both_ends():
    # Window of ten: steps 1…10 average 5.5, steps 3…12 average 7.5.
    from recipes.countdown.report import _ends

    rows = [{"step": s, "critic/score/mean": float(s)} for s in range(1, 13)]
    assert _ends(rows) == {"critic/score/mean": {"first": 5.5, "last": 7.5}}


def test_reads_verls_file_logger_too(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "data": {"critic/score/mean": 0.5, "note": "text"}}\n\n{"step": 2, "a": 1}\n')
    assert read_metrics(path) == [{"step": 1, "critic/score/mean": 0.5}, {"step": 2, "a": 1.0}]


@pytest.mark.parametrize("line", ["not json", "[1]", '{"a": 1}'])
def test_bad_metrics(tmp_path, line):
    (tmp_path / "metrics.jsonl").write_text(line)
    with pytest.raises(InputError, match="expected"):
        read_metrics(tmp_path / "metrics.jsonl")


def test_series_takes_the_first_key_that_is_logged():
    assert series(GRPO, ("darling/quality/mean", "critic/score/mean")) == ([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4])
    assert series(GRPO, ("darling/quality/mean",)) == ([], [])


def test_smooth():
    assert smooth([3.0]) == [3.0]
    assert smooth([1.0, 4.0], weight=0.5) == [1.0, 3.0]  # (0.5·1 + 4) / 1.5
    assert smooth([2.0] * 5) == pytest.approx([2.0] * 5)
    assert smooth([]) == []
