import json
import math
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from report_folders import sample, step, write_lines, write_run

from darling_plugin.errors import InputError
from darling_plugin.tools.report.groups import read_groups, thinned
from darling_plugin.tools.report.metrics import read_metrics
from darling_plugin.tools.report.read import read_run, read_runs, short_names
from darling_plugin.tools.report.results import read_summary
from darling_plugin.tools.report.runs import Estimate


def test_reads_a_whole_run(tmp_path):
    run = read_run(write_run(tmp_path / "run"), "run")
    assert [row["step"] for row in run.rows] == [1, 2, 3, 4]
    assert (run.title, run.details) == ("A run", {"estimator": "darling", "seconds": 12.5})
    assert run.outcomes[0].name == "pass@1"
    assert (run.outcomes[0].before, run.outcomes[0].after) == (Estimate(0.2, 0.01), Estimate(0.3, 0.01))
    assert [outcome.name for outcome in run.outcomes] == ["pass@1", "pass@8", "right classes@8"]
    assert [group.prompt for group in run.groups] == ["prompt a", "prompt b"]
    assert run.missing == ()


VERLS_LOGGER = """
import math
from verl.utils.tracking import FileLogger
logger = FileLogger("project", "experiment")  # project/experiment.jsonl
logger.log({"critic/score/mean": 0.25, "note": "text"}, step=0)
logger.log({"critic/score/mean": math.nan, "actor/lr": 1e-6}, step=1)
logger.finish()
"""


@pytest.mark.skipif(find_spec("verl") is None, reason="verl is not installed")
def test_reads_what_verls_file_logger_writes(tmp_path):
    # In a process of its own: verl chooses its platform when it is imported, for all tests of a session.
    environment = {key: value for key, value in os.environ.items() if key != "VERL_FILE_LOGGER_PATH"}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", VERLS_LOGGER],
        env=environment | {"VERL_FILE_LOGGER_ROOT": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    assert read_metrics(tmp_path / "project") == [{"step": 0, "critic/score/mean": 0.25}, {"step": 1, "actor/lr": 1e-6}]


def test_reads_tensorboard(tmp_path):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")
    with tensorboard.SummaryWriter(str(tmp_path / "project/experiment")) as writer:
        for number in (1, 2):
            writer.add_scalar("critic/score/mean", number / 4, number)
        writer.add_scalar("actor/entropy", math.nan, 2)
    assert read_metrics(tmp_path) == [{"step": 1, "critic/score/mean": 0.25}, {"step": 2, "critic/score/mean": 0.5}]


def test_tensorboard_of_two_runs_is_ambiguous(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "events.out.tfevents.1.host").touch()
    with pytest.raises(InputError, match="give one of these folders"):
        read_metrics(tmp_path)


def test_a_repeated_step_is_as_logged_last(tmp_path):
    write_lines(tmp_path / "metrics.jsonl", [{"step": 2, "a": 1}, {"step": 1, "a": 1}, {"step": 2, "a": 3, "b": 4}])
    assert read_metrics(tmp_path) == [{"step": 1, "a": 1}, {"step": 2, "a": 3, "b": 4}]


def test_a_line_that_is_being_written_is_left_out(tmp_path):
    path = write_lines(tmp_path / "metrics.jsonl", [step(1)])
    path.write_text(path.read_text() + '{"step": 2, "crit')
    assert [row["step"] for row in read_metrics(tmp_path)] == [1]


@pytest.mark.parametrize("line", ["no json", "[1]", '{"a": 1}'])
def test_a_bad_line_is_named(tmp_path, line):
    (tmp_path / "metrics.jsonl").write_text(f'{{"step": 1}}\n{line}\n')
    with pytest.raises(InputError, match=r"metrics\.jsonl, line 2: .*got .* expected"):
        read_metrics(tmp_path)


def test_metrics_jsonl_goes_before_other_files(tmp_path):
    write_lines(tmp_path / "other.jsonl", [{"step": 1}])
    write_lines(tmp_path / "another.jsonl", [{"step": 1}])
    with pytest.raises(InputError, match=r"another\.jsonl, other\.jsonl, expected one of them to be metrics\.jsonl"):
        read_metrics(tmp_path)
    write_lines(tmp_path / "metrics.jsonl", [{"step": 7}])
    assert read_metrics(tmp_path) == [{"step": 7}]


def test_groups_by_step_and_uid(tmp_path):
    rows = [sample(20, "a"), sample(10, "a", "first", **{"class": 3}), sample(10, "b"), sample(10, "a", "second")]
    write_lines(tmp_path / "darling_samples/step_000010.jsonl", rows)
    groups = read_groups(tmp_path)
    assert [(group.step, group.uid) for group in groups] == [(10, "a"), (10, "b"), (20, "a")]
    assert [(each.text, each.label) for each in groups[0].responses] == [("first", 3), ("second", 0)]


@pytest.mark.parametrize(
    ("labels", "qualities", "classes", "correct"),
    [
        ([0, 0, 1], [1.0, 0.0, 0.7], 2, 2),
        ([0, -1, -1], [1.0, 0.0, 0.0], 1, 1),  # −1: left out of the partition, no class
        ([None, None, None], [1.0, 0.0, 0.5], None, 1),  # no partition; 0.5 is not above 0.5
        ([0, 1, 2], [-3.2, 1.0, 0.0], 3, None),  # a reward model's score is no grade
        ([0, 1, 2], [None, 1.0, 0.0], 3, None),
    ],
)
def test_classes_and_correct_ones_of_a_group(tmp_path, labels, qualities, classes, correct):
    rows = [sample(1, "a", **{"class": label, "quality": q}) for label, q in zip(labels, qualities, strict=True)]
    write_lines(tmp_path / "samples/a.jsonl", rows)
    (group,) = read_groups(tmp_path)
    assert (group.classes, group.correct) == (classes, correct)


def test_a_sample_without_a_response_is_named(tmp_path):
    write_lines(tmp_path / "samples/a.jsonl", [{"step": 1, "prompt": "p"}])
    with pytest.raises(InputError, match=r"a\.jsonl, line 1: got the fields \['prompt', 'step'\], expected"):
        read_groups(tmp_path)


def test_thinned_keeps_every_sth_group(tmp_path):
    # Six groups of 8 ("prompt a") + 9 ("an answer") = 17 characters; 60 hold three of them: each second one.
    write_lines(tmp_path / "samples/a.jsonl", [sample(1, uid) for uid in "abcdef"])
    groups = read_groups(tmp_path)
    assert [group.uid for group in thinned(groups, 60)] == ["a", "c", "e"]
    assert thinned(groups, 6 * 17) == groups
    assert [group.uid for group in thinned(groups, 1)] == ["a"]
    assert thinned([], 1) == []
    run = read_run(tmp_path, "run", characters=60)
    assert "3 of 6 sampled groups: the page would be too large" in run.missing


def test_a_summary_with_a_whole_curve(tmp_path):
    curve = [{"k": 4, "mean": 0.5, "low": 0.4, "high": 0.6}, {"k": 1, "mean": 0.2}]
    (tmp_path / "summary.json").write_text(json.dumps({"after": {"pass@1": 0.2, "pass_at_k_curve": curve}}))
    (found,) = read_summary(tmp_path).pass_at_k
    assert (found.label, found.points) == ("after", ((1, 0.2, None, None), (4, 0.5, 0.4, 0.6)))


@pytest.mark.parametrize("point", [0.5, {"mean": 0.5}, {"k": 0, "mean": 0.5}, {"k": 4, "mean": None}])
def test_a_bad_point_of_a_curve_is_named(tmp_path, point):
    (tmp_path / "summary.json").write_text(json.dumps({"after": {"pass_at_k_curve": [point]}}))
    with pytest.raises(InputError, match=r"summary\.json, after, pass_at_k_curve: got .* expected"):
        read_summary(tmp_path)


def test_a_summary_gives_two_points_of_the_curve(tmp_path):
    before, after = read_summary(write_run(tmp_path)).pass_at_k
    assert before.points == ((1, 0.2, pytest.approx(0.19), pytest.approx(0.21)), (8, 0.6, 0.58, 0.62))
    assert after.label == "after"


def test_the_classes_among_right_ones_are_an_outcome(tmp_path):
    policy = {"pass@1": 0.1, "k": 8, "cov@k": 2.5, "standard_error": {"cov_at_k": 0.1}}
    (tmp_path / "summary.json").write_text(json.dumps({"before": policy}))
    found = {outcome.name: outcome.before for outcome in read_summary(tmp_path).outcomes}
    assert (found["cov@8"].mean, found["cov@8"].error) == (2.5, 0.1)


def test_what_a_summary_may_hold(tmp_path):
    # Two k's cannot be compared; NaN and nested details are no plain values.
    before, after = {"pass@1": 0.1, "pass@k": 0.2, "k": 4}, {"pass@1": 0.1, "pass@k": 0.2, "k": 8}
    details = {"seed": 0, "loss": math.nan, "nested": {}}
    (tmp_path / "summary.json").write_text(json.dumps({"before": before, "after": after, "details": details}))
    summary = read_summary(tmp_path)
    assert [outcome.name for outcome in summary.outcomes] == ["pass@1"]
    assert summary.details == {"seed": 0}
    (tmp_path / "summary.json").write_text("{")
    with pytest.raises(InputError, match=r"summary\.json: not JSON"):
        read_summary(tmp_path)


def test_missing_parts_are_said(tmp_path):
    write_lines(tmp_path / "metrics.jsonl", [{"step": 1, "critic/score/mean": 0.5}])
    said = " ".join(read_run(tmp_path, "run").missing)
    for part in ("summary.json", "darling_samples/", "Diversity (darling/diversity/mean)", "Entropy (actor/entropy)"):
        assert part in said
    assert "Quality (" not in said  # critic/score/mean stands for it


def test_folders_that_are_no_run(tmp_path):
    with pytest.raises(InputError, match=r"has nothing to report: expected metrics\.jsonl"):
        read_runs([tmp_path])
    with pytest.raises(InputError, match="is not a folder"):
        read_runs([tmp_path / "absent"])
    with pytest.raises(InputError, match="twice"):
        read_runs([tmp_path, tmp_path / "."])
    with pytest.raises(InputError, match="got none"):
        read_runs([])


def test_names_are_as_short_as_they_can_be(tmp_path):
    paths = [tmp_path / "a/run", tmp_path / "b/run", tmp_path / "other"]
    assert short_names(paths) == ["a/run", "b/run", "other"]
