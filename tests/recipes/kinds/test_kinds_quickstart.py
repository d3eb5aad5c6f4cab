import json

import pytest
import torch
from rich.console import Console

from darling_plugin.kinds.data import split
from recipes.countdown.request import Estimator
from recipes.countdown.verl_job import VerlJob
from recipes.kinds.engine import load_model
from recipes.kinds.quickstart import _report, evaluate
from recipes.kinds.trl_train import read_data, settings
from recipes.kinds.warmstart import sharpen


def test_the_policy_is_measured_on_validation_categories(tiny, tiny_llama):
    found = evaluate(tiny_llama, tiny_llama)
    assert (found.prompts, found.samples, found.k) == (len(split().validation), 16, 8)
    assert set(found.as_dict()) >= {"pass@1", "pass@k", "distinct_correct", "standard_error"}


def test_verl_is_asked_for_the_shipped_configuration(tiny, tmp_path):
    from darling_plugin.kinds.data import prepare
    from recipes.kinds.quickstart import command

    data = prepare(tmp_path / "data")
    words = command(Estimator.grpo, 3, tmp_path / "run", data, tmp_path / "policy", ("a.b=1",))
    assert "+darling=[kinds,cpu]" in words and "algorithm.adv_estimator=grpo" in words and words[-1] == "a.b=1"
    assert read_data(data.train)[0]["prompt"].endswith("say something about it.\n")


def test_sharpening_divides_the_logits(tiny_llama):
    model, ids = load_model(tiny_llama), torch.tensor([[2, 3, 4]])
    before = model(ids).logits
    sharpen(model, 0.5)
    torch.testing.assert_close(model(ids).logits, 2 * before, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("objective", "similarity", "expected"),
    [
        ("grpo", "exact", None),
        ("darling", "exact", {"name": "callable", "function": "darling_plugin.kinds.similarity:equivalent"}),
        ("darling", "shipped", {"name": "classifier", "short_text_rule": False}),
        ("soft_darling", "a/folder", {"name": "classifier", "short_text_rule": False, "model": "a/folder"}),
    ],
)
def test_settings_of_trl(objective, similarity, expected):
    assert settings(objective, similarity).get("similarity") == expected


def test_the_end_of_a_run_is_a_summary_and_a_page(tiny, tiny_llama, tmp_path):
    found, job = evaluate(tiny_llama, tiny_llama), VerlJob(tmp_path, 2, [])
    rows = [{"step": step, "darling/quality/mean": 0.25 * step, "darling/classes/mean": 4.0} for step in (1, 2)]
    job.metrics.write_text("".join(json.dumps(row) + "\n" for row in rows))
    seconds = {"total_seconds": 60.0}
    _report(tmp_path, Estimator.darling, 2, found, found, job, seconds, Console(quiet=True))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["steps"] == 2 and summary["training"]["darling/quality/mean"]["last"] == pytest.approx(0.375)
    assert summary["before"]["pass@1"] == summary["after"]["pass@1"]
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
