import json

import pytest
from rich.console import Console

from darling_plugin.errors import InputError
from recipes.countdown.experiment.ledger import Ledger
from recipes.kinds.experiment.analysis import agreement, write_all
from recipes.kinds.experiment.estimates import change, estimate
from recipes.kinds.experiment.plan import (
    COMPARED,
    RATES,
    SEEDS,
    TUNED,
    chosen_rate,
    in_order,
    main_run,
    plan,
    quickstart_run,
    tuning_run,
)
from recipes.kinds.experiment.results import read_result
from recipes.kinds.experiment.settings import METHODS, Run, from_json


def measured(right, samples=32):
    """Two categories; `right` of the first one's responses name one kind, in as many wordings."""
    return {"solved": [[right], []], "worded": [[1] * right, []], "samples": samples, "entropy": 1.0, "words": 9.0}


def put(ledger, run, right, start=None):
    shown = {0: right if start is None else start, run.steps: right}
    evaluations = [{"step": step, "held_out": measured(own, run.samples)} for step, own in shown.items()]
    evaluations[-1]["temperatures"] = {"0.5": measured(right, run.samples)} if run.sweep else {}
    words = [{"text": "A trout is a `fish`.", "kind": "1"}, {"text": "", "kind": None}]
    evaluations[-1]["groups"] = [{"category": "fish", "responses": words, "kinds": 1}]
    ledger.write(run, policy="weights", seconds=1.0, training=[], evaluations=evaluations)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger", read_result)


def test_a_run_comes_back_and_every_setting_changes_its_id():
    run = Run(objective="ngram", seed=3)
    assert from_json(run.as_json()) == run and Run(seed=4).id != Run(seed=5).id
    with pytest.raises(InputError, match=r"unknown fields \(lucky\)"):
        from_json({"lucky": 1})
    with pytest.raises(ValueError, match="similarity"):
        Run(similarity="guess")


def test_the_comparison_waits_for_the_tuning(ledger):
    assert [arm.path for arm in plan({}) if arm.grid not in ("agreement", "trl")] == [
        f"tuning/{method}" for method in TUNED
    ]
    for number, rate in enumerate(RATES):
        put(ledger, tuning_run("darling", rate), right=8 - 4 * number)
    results = ledger.results()
    assert chosen_rate("darling", results) == chosen_rate("learned", results) == RATES[0]
    assert chosen_rate("grpo", results) is None
    paths = [arm.path for arm in plan(results) if arm.grid == "main"]
    assert paths == ["main/darling", "main/learned", "main/shipped", "main/soft_darling"]


def test_rates_that_are_nearly_equal_are_decided_by_kinds(ledger):
    for rate, right in zip(RATES, (8, 8), strict=True):
        put(ledger, tuning_run("grpo", rate), right)
    # One kind each; the first of equals is taken.
    assert chosen_rate("grpo", ledger.results()) == RATES[0]


def test_order_is_tuning_then_seed_by_seed(ledger):
    for method in TUNED:
        for rate in RATES:
            put(ledger, tuning_run(method, rate), 8)
    runs = in_order(plan(ledger.results()))
    others = 2 * len(COMPARED) + len(METHODS) * len(SEEDS)  # the last ones
    assert len(runs) == len(TUNED) * len(RATES) + len(METHODS) * len(SEEDS) + others
    assert [run.seed for run in runs[6:-others]] == [seed for seed in SEEDS for _ in METHODS]


def test_everything_is_written(ledger, tmp_path):
    for rate in RATES:
        for method in TUNED:
            put(ledger, tuning_run(method, rate), 8)
    with pytest.raises(InputError, match="no run of main"):
        write_all(ledger.results(), tmp_path / "docs", Console(quiet=True))
    for seed in SEEDS:
        put(ledger, main_run("grpo", RATES[0], seed), 8)
        put(ledger, main_run("darling", RATES[0], seed), 16)
    write_all(ledger.results(), tmp_path / "docs", Console(quiet=True))
    found = json.loads((tmp_path / "docs" / "results.json").read_text())
    # All 16 right in one of two categories: (1 + 0) / 2. One kind in 16 wordings.
    assert found["darling"]["pass@1"]["mean"] == pytest.approx(0.5) and found["darling"]["pass@1"]["cells"] == 3
    assert found["darling"]["kinds_per_wording"]["mean"] == pytest.approx(1 / 16)
    for name in ("plane.png", "curves.png", "temperature.png", "results.md", "groups.md"):
        assert (tmp_path / "docs" / name).stat().st_size
    text = (tmp_path / "docs" / "groups.md").read_text()
    assert "- ✓ `A trout is a 'fish'.`\n- (empty)" in text


def test_a_ratio_is_of_sums_and_its_interval_is_over_runs_and_categories(ledger):
    for seed, right in zip(SEEDS, (4, 8, 8), strict=True):
        put(ledger, main_run("grpo", RATES[0], seed), right, start=2)
    arms = {"grpo": {run.run.cell: run for run in ledger.results().values()}}
    found = estimate({"grpo": 1.0}, arms, "kinds_per_wording")
    # One kind in 4, 8 and 8 wordings; the second category has neither. Resampled runs: all of 1/4, or all of 1/8.
    assert found.mean == pytest.approx((1 / 4 + 1 / 8 + 1 / 8) / 3)
    assert (found.low, found.high) == (pytest.approx(1 / 8), pytest.approx(1 / 4))
    assert change(arms, "grpo", "kinds_per_wording").mean == pytest.approx(found.mean - 1 / 2)


def test_the_loop_and_verl_are_compared_where_both_are_done(ledger):
    put(ledger, quickstart_run("grpo", "loop"), 4)
    put(ledger, quickstart_run("darling", "loop"), 4)
    put(ledger, quickstart_run("darling", "verl"), 8)
    rows = [row for row in agreement(ledger.results()).splitlines() if "pass@1 " in row]
    # One of two categories has 4, or 8, right of 16: means 0.125 and 0.25; differences 0.25 and 0.
    assert len(rows) == 1 and all(each in rows[0] for each in ("darling", "0.125", "0.250", "+0.125 ± 0.125"))


def test_a_result_under_a_wrong_name_is_refused(ledger):
    run = Run()
    put(ledger, run, 8)
    file = ledger.folder / f"{run.id}.json.gz"
    file.rename(ledger.folder / "000000000000.json.gz")
    with pytest.raises(InputError, match="another version of this package"):
        Ledger(ledger.folder, read_result).results()
