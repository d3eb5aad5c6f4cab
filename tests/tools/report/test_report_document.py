import json

import pytest
from report_folders import step, write_lines, write_run

from darling_plugin.tools.report import curves
from darling_plugin.tools.report.document import document, numbers
from darling_plugin.tools.report.read import read_run, read_runs


def test_series_takes_the_first_key_that_is_logged():
    rows = [{"step": 1, "b": 0.5}, {"step": 2, "a": 1.0, "b": 0.6}]
    assert curves.series(rows, ("a", "b")) == [(2, 1.0)]
    assert curves.series(rows, ("c", "b")) == [(1, 0.5), (2, 0.6)]
    assert curves.series(rows, ("c",)) == []


def test_the_plane_needs_both(tmp_path):
    rows = [step(1), {"step": 2, "darling/diversity/mean": 0.5}, step(3)]
    assert curves.plane(rows) == [(1, 0.95, 0.1), (3, 0.85, 0.3)]


def test_time_adds_up():
    # 10 s of a step are 6 + 3 + 1 of nothing named; 4 s of validation come after it; gen's own parts count once.
    split = curves.time_split([step(1, **{"timing_s/testing": 4.0, "timing_s/gen/tools": 5.0}), step(2)])
    assert split == {
        "gen": [(1, 6.0), (2, 6.0)],
        "update_actor": [(1, 3.0), (2, 3.0)],
        "testing": [(1, 4.0), (2, 0.0)],
        "other": [(1, 1.0), (2, 1.0)],
    }
    assert curves.time_split([{"step": 1, "timing_s/gen": 1.0}]) == {}


def test_time_names_the_longest_parts():
    parts = {f"timing_s/part_{i}": float(i) for i in range(1, 9)}  # 1 … 8: 36 s; 1 and 2 are not named
    split = curves.time_split([{"step": 1, "timing_s/step": 40.0} | parts])
    assert list(split) == ["part_8", "part_7", "part_6", "part_5", "part_4", "part_3", "other"]
    assert split["other"] == [(1, 7.0)]  # 40 − 33


def test_validation():
    rows = [
        {"step": 0, "val-core/gsm8k/acc/mean@4": 0.2, "val-core/gsm8k/acc/best@4/mean": 0.5,
         "val-aux/gsm8k/acc/best@2/mean": 0.3, "val-aux/gsm8k/acc/best@2/std": 0.1, "val-aux/gsm8k/score/mean@4": 9.0},
        {"step": 5, "val-core/gsm8k/acc/mean@4": 0.3, "val-core/gsm8k/acc/best@4/mean": 0.6},
        {"step": 9, "val-core/gsm8k/acc/mean@4": 0.4, "val-core/gsm8k/acc/best@4/mean": 0.7},
    ]  # fmt: skip
    assert [(panel.title, panel.note) for panel in curves.validations(rows)] == [
        ("Validation best@4", "gsm8k, acc"),
        ("Validation mean@4", "gsm8k, acc"),
    ]
    first, last = curves.validation_pass_at_k(rows)
    assert (first.label, last.label) == ("gsm8k, step 0", "gsm8k, step 9")
    assert first.points == ((1, 0.2, None, None), (2, 0.3, None, None), (4, 0.5, None, None))
    assert curves.validation_pass_at_k([{"step": 0, "val-core/gsm8k/acc/mean@1": 0.2}]) == ()  # one point is no curve


def test_document_of_two_runs(tmp_path):
    page = document(read_runs([write_run(tmp_path / "a"), write_run(tmp_path / "b", steps=2)]))
    assert [run["name"] for run in page["runs"]] == ["a", "b"]
    assert [panel["title"] for panel in page["panels"]] == [curve.title for curve in curves.CURVES]
    quality = page["panels"][0]["lines"]
    assert [(line["run"], len(line["points"]), line["smooth"]) for line in quality] == [(0, 4, None), (1, 2, None)]
    assert [group["run"] for group in page["groups"]] == [0, 0, 1, 1]
    # Half of four steps: (0.1 + 0.2)/2 and (0.3 + 0.4)/2.
    ends = page["runs"][0]["ends"][0]
    assert (ends["first"], ends["last"]) == (pytest.approx(0.15), pytest.approx(0.35))
    assert "groups" not in numbers(page)
    json.dumps(page, allow_nan=False)


def test_one_step_has_no_change(tmp_path):
    page = document(read_runs([write_run(tmp_path, steps=1)]))
    assert page["runs"][0]["ends"] == []


def test_a_long_line_is_smoothed(tmp_path):
    rows = [{"step": 0, "val-core/a/acc/mean@1": 0.5}, *(step(number) for number in range(1, 31))]
    write_lines(tmp_path / "metrics.jsonl", rows)
    page = document([read_run(tmp_path, "run")])
    assert len(page["panels"][0]["lines"][0]["smooth"]) == 30
    assert len(page["plane"][0]["smooth"]) == 30
    assert page["runs"][0]["steps"] == 30  # step 0 is a validation
