"""What the analysis says of results whose answers are known."""

import json
import math
from io import StringIO

import pytest
from made_up import measured, result, write
from rich.console import Console
from test_experiment_plan import all_tuned

from darling_plugin.errors import InputError
from recipes.countdown.experiment.analysis.contrast import contrast, holm
from recipes.countdown.experiment.analysis.engines import agreements, same_sign
from recipes.countdown.experiment.analysis.equal_quality import at_equal_quality, at_level
from recipes.countdown.experiment.analysis.hypotheses import outcomes
from recipes.countdown.experiment.analysis.write import write_all
from recipes.countdown.experiment.ledger import Evaluation, Ledger, Result, read_result
from recipes.countdown.experiment.plan import MANY, plan, quick_arms
from recipes.countdown.experiment.settings import METHODS, Cell, Run


def arm(method, right, classes=2, cells=MANY, wobble=0, **settings):
    """One run for each cell; `wobble` is added to the right ones in every other cell, and taken off in the rest."""
    return {
        cell: result(
            Run(warm_start=cell.warm_start, seed=cell.seed, **METHODS[method] | settings),
            [(0, 8, 2), (100, right - 4, classes), (400, right + (wobble if i % 2 else -wobble), classes)],
        )
        for i, cell in enumerate(cells)
    }


def test_a_constant_difference_has_an_interval_of_no_width():
    found = contrast({"a": 1.0, "b": -1.0}, {"a": arm("darling", 32), "b": arm("grpo", 24)}, "pass@1", test=True)
    assert (found.mean, found.low, found.high) == pytest.approx((0.125, 0.125, 0.125))
    assert (found.cells, found.prompts) == (10, 4)
    assert found.p == pytest.approx(2 / 2**10)  # ten of one sign


def test_a_difference_that_cells_do_not_agree_on():
    # +8/64 and −8/64, five times each.
    arms = {"a": arm("darling", 24, wobble=8), "b": arm("grpo", 24)}
    found = contrast({"a": 1.0, "b": -1.0}, arms, "pass@1", test=True)
    assert found.mean == 0
    assert found.low == pytest.approx(-found.high, abs=0.02)
    # A mean of ten of ±0.125 has the standard error 0.125/√10; 95 % lie within 1.96 of them.
    assert found.high == pytest.approx(1.96 * 0.125 / math.sqrt(10), rel=0.15)
    assert found.p == 1.0


def test_prompts_are_resampled_too():
    def one(policy, right):
        run = Run(**METHODS[policy])
        return {run.cell: Result(run, "", 0.0, [], [Evaluation(400, measured(right), measured(right))])}

    # Two cells that agree, and two prompts that do not: the mean of two prompts drawn from 0 and 1 is 0, 1/2 or 1.
    a = one("darling", [64, 0])
    b = {Cell(1, 1): a[Cell(0, 0)]}
    found = contrast({"a": 1.0}, {"a": a | b}, "pass@1")
    assert (found.mean, found.low, found.high) == (0.5, 0.0, 1.0)


def test_a_run_without_its_partner_is_left_out_and_one_cell_has_no_interval():
    arms = {"a": arm("darling", 32, cells=MANY[:3]), "b": arm("grpo", 24, cells=MANY[2:])}
    found = contrast({"a": 1.0, "b": -1.0}, arms, "pass@1")
    assert (found.cells, found.mean, found.low, found.p) == (1, 0.125, None, None)
    assert contrast({"a": 1.0, "c": -1.0}, arms, "pass@1") is None


def test_gap_and_entropy_are_one_number_a_run():
    arms = {"a": arm("darling", 32)}
    assert contrast({"a": 1.0}, arms, "gap").mean == pytest.approx(10 / 64)  # as made up
    assert contrast({"a": 1.0}, arms, "entropy").prompts == 1


def test_runs_that_began_otherwise_are_not_compared():
    other = {cell: Result(r.run, "another", 0.0, [], r.evaluations) for cell, r in arm("grpo", 24).items()}
    with pytest.raises(InputError, match="started from different weights"):
        contrast({"a": 1.0, "b": -1.0}, {"a": arm("darling", 32), "b": other}, "pass@1")
    elsewhere = arm("grpo", 24, held_out="validation")
    with pytest.raises(InputError, match="other prompts"):
        contrast({"a": 1.0, "b": -1.0}, {"a": arm("darling", 32), "b": elsewhere}, "pass@1")


def test_holm_by_hand():
    # Sorted .01, .02, .03, .04 times 4, 3, 2, 1: .04, .06, .06 (never falling), .06.
    found = holm({"c": 0.03, "a": 0.01, "d": 0.04, "b": 0.02})
    assert found == pytest.approx({"c": 0.06, "a": 0.04, "d": 0.06, "b": 0.06})
    assert holm({"a": 0.7, "b": 0.6}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def words(**arms):
    return {outcome.hypothesis.name: outcome.words for outcome in outcomes(arms)}


def test_words_of_a_clear_result():
    # 32 of 64 right in four ways against 24 in one: classes@16 3.6 against 1.0, pass@1 higher by 0.125.
    found = words(darling=arm("darling", 32, 4), grpo=arm("grpo", 24, 1))
    assert found["H1"] == found["H4"] == "shown to matter"
    assert found["H3"] == "shown"  # what matters is in the claim already
    # pass@16 is 1 − C(32, 16)/C(64, 16) ≈ 1 against ≈ 1: both are right in sixteen almost surely.
    assert found["H2"] == "shown, and smaller than what matters"
    assert "H5a" not in found  # its arm has no run


def test_words_of_no_difference_and_of_the_contrary():
    assert words(darling=arm("darling", 24), grpo=arm("grpo", 24))["H1"] == "no effect"
    contrary = words(darling=arm("darling", 16, 1), grpo=arm("grpo", 24, 4))
    assert contrary["H1"] == contrary["H4"] == contrary["H3"] == "against"
    noisy = words(darling=arm("darling", 24, wobble=8), grpo=arm("grpo", 24))
    assert noisy["H4"] == "not decided"


def test_words_of_equality():
    arms = {"darling": arm("darling", 24), "learned": arm("learned", 24, cells=MANY[:6])}
    assert words(**arms)["H8a"] == "equal"
    assert words(**arms | {"learned": arm("learned", 32, cells=MANY[:6])})["H8a"] == "not decided"


def test_few_cells_cannot_show_anything():
    few = MANY[:4]
    assert words(darling=arm("darling", 32, 4, few), grpo=arm("grpo", 24, 1, few))["H1"] == "not decided"


def test_at_equal_quality_by_hand():
    path = [(0.1, 2.0), (0.2, 1.0), (0.4, 3.0)]
    assert at_level(path, 0.05) == 2.0  # it starts above
    assert at_level(path, 0.15) == pytest.approx(1.5)
    assert at_level(path, 0.3) == pytest.approx(2.0)  # half way from 1 to 3
    with pytest.raises(ValueError, match="never reaches"):
        at_level(path, 0.5)


def test_the_more_diverse_of_two_equally_good_ones():
    # The level is 24/64, which both end at; there one has 4 classes of 6 right each, the other 1 of 24.
    found = at_equal_quality(arm("darling", 24, 4), arm("ngram", 24, 1))
    one_of_six, one_of_24 = (1 - math.comb(64 - x, 16) / math.comb(64, 16) for x in (6, 24))
    assert found.mean == pytest.approx(4 * one_of_six - one_of_24)
    assert (found.cells, found.p) == (10, pytest.approx(2 / 2**10))
    assert at_equal_quality(arm("darling", 24), {}) is None


def test_engines_agree_or_do_not():
    cells = MANY[:4]
    loop = {"darling": arm("darling", 32), "grpo": arm("grpo", 24)}
    verl = {name: arm(name, right, cells=cells, engine="verl") for name, right in (("darling", 32), ("grpo", 32))}
    found = {(one.method, one.metric): one for one in agreements(loop, verl)}
    assert found["darling", "pass@1"].agrees
    assert found["grpo", "pass@1"].difference.mean == pytest.approx(8 / 64)  # step 100: 28 against 20
    assert not found["grpo", "pass@1"].agrees
    h12 = {row["metric"]: row for row in same_sign(loop, verl)}
    assert h12["pass@1"]["loop"]["mean"] == pytest.approx(0.125)
    assert h12["pass@1"]["verl"]["mean"] == pytest.approx(0)
    assert same_sign(loop, {"darling": verl["darling"]}) == []


def test_the_whole_page(tmp_path):
    """From a ledger with every run of the plan; pictures are drawn for each question, and are light."""
    ledger = Ledger(tmp_path / "ledger", read_result)
    results = all_tuned()
    for made in results.values():
        write(ledger, made)
    for planned in plan(results):
        for run in planned.runs:
            if planned.grid != "tuning":
                right = 20 + run.seed + (4 if run.fusion != "quality" else 0)
                steps = range(0, run.steps + 1, run.evaluate_every)
                write(ledger, result(run, [(step, right + step // 100, 2) for step in steps]))
    write_all(ledger, tmp_path / "page", Console(file=StringIO(), width=200))
    page = (tmp_path / "page" / "results.md").read_text()
    numbers = json.loads((tmp_path / "page" / "results.json").read_text())
    assert numbers["runs"] == {"tuning": 18 * 2, "main": 72, "short": 32, "ablations": 75, "verl": 32, "quick": 2}
    assert {row["name"]: row["words"] for row in numbers["hypotheses"]}["H4"] == "shown to matter"
    assert numbers["main"]["darling"]["gap"]["mean"] == pytest.approx(10 / 64)
    pictures = sorted(path.name for path in (tmp_path / "page").glob("*.png"))
    assert pictures == [
        "ablation_a_lone_correct_answer_at_1_or_at_the_floor.png",
        "ablation_a_wrong_judge.png",
        "ablation_among_all_responses_or_the_correct_ones.png",
        "ablation_floor_0_1_or_0.png",
        "ablation_representatives_or_the_closure.png",
        "ablation_responses_to_a_prompt.png",
        "ablation_rl_prompts.png",
        "ablation_standard_deviation.png",
        "curves.png",
        "engines.png",
        "equal_quality.png",
        "plane.png",
    ]
    for picture in pictures:
        assert f"({picture})" in page
        content = (tmp_path / "page" / picture).read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) < 150_000, picture


def test_a_page_of_few_runs(tmp_path):
    """One cell of two methods: no interval, no test, no ablation, and still a page."""
    ledger = Ledger(tmp_path / "ledger", read_result)
    for arm in quick_arms():
        for run in arm.runs:
            write(ledger, result(run, [(0, 8, 2), (run.evaluate_every, 10, 2), (run.steps, 12, 2)]))
    console = Console(file=StringIO(), width=200)
    write_all(ledger, tmp_path / "page", console, ["quick"])
    assert "| darling | 0.0001 | 1 | 0.188 |" in (tmp_path / "page" / "results.md").read_text()  # 12/64
    with pytest.raises(InputError, match="no finished run of main"):
        write_all(ledger, tmp_path / "page", console, ["main"])
