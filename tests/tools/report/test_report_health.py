"""Rules that say whether a run looks healthy, axes that outliers do not decide, and what stands on top of the page."""

import json

import pytest
from report_folders import sample, step, write_lines, write_run

from darling_plugin.tools.report.about import about
from darling_plugin.tools.report.document import document
from darling_plugin.tools.report.health import health
from darling_plugin.tools.report.limits import robust_limits
from darling_plugin.tools.report.page import render
from darling_plugin.tools.report.read import read_runs


def rows(count=20, **changes):
    """Steps 1 … count in which everything is steady; `changes` maps a key (/ as __) to a function of the step."""
    steady = {"darling/quality/mean": 0.5, "darling/diversity/mean": 0.5, "actor/entropy": 0.5}
    found = []
    for number in range(1, count + 1):
        moved = {key.replace("__", "/"): value(number) for key, value in changes.items()}
        found.append({"step": float(number), "response_length/mean": 100.0} | steady | moved)
    return found


def test_a_steady_run():
    assert health(rows()) == ("healthy", ("quality is steady, and no rule found a problem",))


def test_rising_quality():
    # steps 1 … 10: median 0.055 × 10 … the medians of 1…10 and 11…20 are 5.5 and 15.5
    found = health(rows(darling__quality__mean=lambda number: number / 100))
    assert found == ("healthy", ("quality rises from 0.055 to 0.155",))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"darling__quality__mean": lambda number: 1 - number / 100}, "quality falls from 0.945 to 0.845"),
        ({"darling__diversity__mean": lambda number: 0.01}, "classes collapse"),
        ({"darling__diversity__mean": lambda number: 0.99}, "nearly all responses are distinct"),
        ({"actor__entropy": lambda number: 1.0 if number <= 10 else 0.1}, "entropy falls from 1 to 0.1 nats"),
        ({"response_length__mean": lambda number: 100.0 * number}, "responses go from 550 to 1550 tokens"),
        ({"darling__service__hidden_share": lambda number: 0.25}, "only 25% of the partition"),
        ({"darling__quality_only": lambda number: float(number == 3)}, "in 1 of 20 steps the similarity failed"),
    ],
)
def test_each_rule(changes, said):
    found = health(rows(**changes))
    assert found.status == "look" and said in found.reasons[0]


def test_one_extreme_step_is_no_trend():
    assert health(rows(actor__entropy=lambda number: 40.0 if number == 3 else 0.5)).status == "healthy"


def test_too_few_steps_and_no_quality():
    assert health(rows(9)).status == "unknown"
    assert health([]).status == "unknown"
    assert health([{"step": float(i), "lr": 1.0} for i in range(1, 21)]) == ("unknown", ("quality was not logged",))


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ([35.0, *[4.0, 5.0] * 10], (4.0, 5.0)),  # one slow first step
        ([1.0, 2.0, 100.0], (1.0, 100.0)),  # too few to call one extreme
        ([0.0, 1.0] * 10, (0.0, 1.0)),
        ([1.0] * 20, (1.0, 1.0)),
        ([0.0] * 20, (0.0, 0.0)),
        ([*range(10), *[100.0] * 10], (0, 100.0)),  # half of them are no exception
    ],
)
def test_limits(values, limits):
    assert robust_limits(values) == limits


def test_the_documents_axes(tmp_path):
    lines = [
        step(number) | {"timing_s/step": 35.0 if number == 1 else 5.0, "timing_s/gen": 4.0} for number in range(1, 31)
    ]
    write_lines(tmp_path / "run/metrics.jsonl", lines)
    page = document(read_runs([tmp_path / "run"]))
    # gen 4 + update 3 = 7 s of the 5 s that the step names, so `other` is 0, and 28 in the first step
    assert page["time"][0]["limit"] == 7.0
    panel = next(panel for panel in page["panels"] if panel["title"] == "Response length")
    assert panel["limits"] == (101.0, 130.0)


def test_about(tmp_path):
    run = write_run(tmp_path / "run")
    (run / ".hydra").mkdir()
    (run / ".hydra/overrides.yaml").write_text(
        "- +darling=[base,cpu]\n- data.train_files=/home/alice/train.parquet\n- trainer.wandb_api_key=abcdef\n"
    )
    found = about(run)
    assert found["Command"] == (
        "python -m verl.trainer.main_ppo '+darling=[base,cpu]' 'data.train_files=…/train.parquet' "
        "'trainer.wandb_api_key=(left out)'"
    )
    assert found["Last written"].endswith(" UTC") and found["Drawn by"].startswith("darling-plugin ")
    assert "Command" not in about(write_run(tmp_path / "other/run"))


def test_the_page_is_headed_by_the_runs_name(tmp_path):
    html = render(document(read_runs([write_run(tmp_path / "a<b")])))
    assert "<h1>a&lt;b</h1>" in html


def test_samples_without_class_and_diversity(tmp_path):
    lines = [sample(1, "a", **{"class": None, "diversity": None}), sample(1, "a", **{"class": None, "diversity": None})]
    page = document(read_runs([write_run(tmp_path / "run", samples=lines)]))
    (group,) = page["groups"]
    assert group["classes"] is None and group["responses"][0] == ["an answer", None, 1.0, None, 0.5, 0.0]
    json.dumps(page, allow_nan=False)
