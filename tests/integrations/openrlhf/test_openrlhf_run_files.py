"""What a run writes, as `darling report` reads it."""

from darling_plugin.config import SampleSettings, parse_settings
from darling_plugin.integrations.openrlhf.run_files import RunFiles
from darling_plugin.rollouts import Rollouts
from darling_plugin.step import Step
from darling_plugin.tools.report import curves
from darling_plugin.tools.report.read import read_run


def test_the_report_reads_what_was_written(tmp_path):
    files = RunFiles(SampleSettings(every=2, groups=1), str(tmp_path))
    step = Step(parse_settings({"similarity": {"name": "lexical"}}))
    rollouts = Rollouts(["a b", "c d", "x", "y"], [0, 1, 0, 1], [1.0, 0.0, 0.5, 1.0])
    timing = {"timing/generation": 2.0, "timing/ppo_train": 1.0, "timing/step_total": 4.0}
    for number in (1, 2, 3):
        result = step(rollouts)
        files.write_samples(number, rollouts, ["p", "q", "p", "q"], result)
        files.write_metrics(number, {"generated_samples": ["text", 1.0], "entropy_loss": 0.7} | timing | step.metrics())
    run = read_run(tmp_path, "run")
    assert [(row["step"], row["darling/quality/mean"], row["actor/entropy"]) for row in run.rows] == [
        (1, 0.625, 0.7),
        (2, 0.625, 0.7),
        (3, 0.625, 0.7),
    ]
    assert curves.time_split(run.rows) == {
        "generation": [(1, 2.0), (2, 2.0), (3, 2.0)],
        "ppo_train": [(1, 1.0), (2, 1.0), (3, 1.0)],
        "other": [(1, 1.0), (2, 1.0), (3, 1.0)],
    }
    # The first step, and each second one.
    assert [(group.step, group.uid, group.prompt) for group in run.groups] == [(1, "0", "p"), (2, "0", "p")]
    assert [response.text for response in run.groups[0].responses] == ["a b", "x"]


def test_a_restarted_job_writes_a_file_of_its_own_and_repeats_a_step(tmp_path):
    first, second = (RunFiles(SampleSettings(), str(tmp_path)) for _ in range(2))
    first.write_metrics(1, {"score": 1.0})
    second._metrics = second._metrics.with_name("9.jsonl")  # started later
    second.write_metrics(1, {"score": 2.0})
    assert [row["score"] for row in read_run(tmp_path, "run").rows] == [2.0]
