"""Which runs are planned, in which order, and how a learning rate is chosen."""

from collections import Counter

import pytest
from made_up import result

from darling_plugin.errors import InputError
from recipes.countdown.experiment import tuning
from recipes.countdown.experiment.analysis.ablations import FROM_MAIN, QUESTIONS
from recipes.countdown.experiment.plan import GRIDS, in_order, plan, select
from recipes.countdown.experiment.settings import METHODS


def tuned(method, figures):
    """figures[rate] = (right of 64, classes): results of both tuning runs."""
    made = [result(run, [(0, 4, 1), (100, right, classes), (400, right, classes)])
            for rate, (right, classes) in figures.items() for run in tuning.tuning_runs(method, rate)]  # fmt: skip
    return {one.run.id: one for one in made}


def all_tuned(middle=20):
    """Every method is best at 1e-4, so that no further rate is asked for."""
    results = {}
    for method in tuning.TUNED:
        results |= tuned(method, {2e-4: (10, 1), 1e-4: (middle, 2), 5e-5: (10, 1)})
    return results


def test_the_rate_with_the_highest_pass_at_1_is_taken():
    # 20, 26 and 22 of 64; the tie is 0.01 · 64 = 0.64 of them.
    results = tuned("grpo", {2e-4: (20, 4), 1e-4: (26, 1), 5e-5: (22, 4)})
    assert tuning.chosen_rate("grpo", results) == 1e-4
    assert tuning.rates_to_try("grpo", results) == [2e-4, 1e-4, 5e-5]
    assert tuning.chosen_rate("darling", results) is None


def test_of_equal_rates_the_one_with_more_classes_is_taken():
    results = tuned("grpo", {2e-4: (24, 1), 1e-4: (24, 4), 5e-5: (12, 6)})
    assert tuning.chosen_rate("grpo", results) == 1e-4


def test_beyond_an_end_one_more_rate_is_tried():
    results = tuned("grpo", {2e-4: (20, 1), 1e-4: (22, 1), 5e-5: (26, 1)})
    assert tuning.rates_to_try("grpo", results) == [2e-4, 1e-4, 5e-5, 2.5e-5]
    assert tuning.chosen_rate("grpo", results) is None  # not yet
    worse, better = (results | tuned("grpo", {2.5e-5: (right, 1)}) for right in (24, 28))
    assert tuning.chosen_rate("grpo", worse) == 5e-5
    assert tuning.chosen_rate("grpo", better) == 2.5e-5  # and nothing beyond
    high = tuned("grpo", {2e-4: (26, 1), 1e-4: (22, 1), 5e-5: (20, 1)})
    assert tuning.rates_to_try("grpo", high) == [2e-4, 1e-4, 5e-5, 4e-4]


def test_before_tuning_only_what_needs_no_rate_is_planned():
    arms = plan({})
    assert Counter(arm.grid for arm in arms) == {"tuning": 18, "quick": 2}  # six methods, three rates
    assert sum(len(arm.runs) for arm in arms if arm.grid == "tuning") == 36
    assert {run.held_out for arm in arms if arm.grid == "tuning" for run in arm.runs} == {"validation"}


def test_a_method_is_planned_once_its_rate_is_known():
    results = tuned("darling", {2e-4: (10, 1), 1e-4: (20, 2), 5e-5: (10, 1)})
    names = {arm.name for arm in plan(results) if arm.grid == "main"}
    assert names == {"darling", "learned", "flipped"}  # those that take its rate
    assert not any(arm.name.startswith("grpo") for arm in plan(results) if arm.grid == "ablations")


def test_the_whole_plan():
    arms = plan(all_tuned())
    counts = {grid: sum(len(arm.runs) for arm in arms if arm.grid == grid) for grid in GRIDS}
    assert counts["main"] == 4 * 10 + 4 * 8
    assert counts["verl"] == counts["short"] == 4 * 5 + 4 * 3
    assert counts["tuning"] == 36 and counts["quick"] == 2
    # floor 2, lone 1, std 1, n 4, prompts 4, wrong judge 1 + 3 · 2 · 2
    assert counts["ablations"] == 3 * (2 + 1 + 1 + 4 + 4 + 13)
    assert {arm.name for arm in arms if arm.grid == "main"} == set(METHODS)
    for grid in GRIDS:
        ids = [run.id for arm in arms if arm.grid == grid for run in arm.runs]
        assert len(ids) == len(set(ids)), grid
    seeds = {run.seed for arm in arms if arm.grid == "tuning" for run in arm.runs}
    assert not seeds & {run.seed for arm in arms if arm.grid != "tuning" for run in arm.runs}


def test_every_ablation_has_the_main_comparisons_run_of_its_cell():
    arms = {arm.path: {run.cell for run in arm.runs} for arm in plan(all_tuned())}
    for path, cells in arms.items():
        if path.startswith("ablations/"):
            assert all(cells <= arms[f"main/{base}"] for base in METHODS), path


def test_every_ablation_answers_a_question():
    asked = {name for pairs in QUESTIONS.values() for pair in pairs for name in pair}
    ablations = {arm.name for arm in plan(all_tuned()) if arm.grid == "ablations"}
    assert ablations <= asked <= ablations | set(FROM_MAIN)


def test_verl_and_loop_differ_in_the_engine_alone():
    arms = {arm.path: {run.cell: run.as_json() for run in arm.runs} for arm in plan(all_tuned())}
    for method in METHODS:
        loop, verl = arms[f"short/{method}"], arms[f"verl/{method}"]
        assert {cell.warm_start for cell in verl} == {0, 1} and len({cell.seed for cell in verl}) == len(verl)
        assert {cell: run | {"engine": "verl"} for cell, run in loop.items()} == verl
        assert verl.keys() <= arms[f"main/{method}"].keys()


def test_short_runs_take_the_rate_that_is_best_for_so_many_steps():
    # At step 100 the highest rate is ahead, at step 400 the middle one.
    figures = {2e-4: (24, 10), 1e-4: (16, 20), 5e-5: (10, 12)}
    results = {
        one.run.id: one
        for rate, (early, late) in figures.items()
        for one in (
            result(run, [(0, 4, 1), (100, early, 1), (400, late, 1)]) for run in tuning.tuning_runs("grpo", rate)
        )
    }
    rates = {arm.grid: {run.learning_rate for run in arm.runs} for arm in plan(results) if arm.name == "grpo"}
    assert rates == {"main": {1e-4}, "short": {2e-4}, "verl": {2e-4}, "quick": {1e-4}}


def test_a_whole_comparison_comes_before_the_next_cell():
    order = in_order(select(plan(all_tuned()), ["tuning/*", "main/*"]))
    assert [run.held_out for run in order] == ["validation"] * 36 + ["test"] * 72
    main = order[36:]
    assert len({run.cell for run in main[:8]}) == 1 and main[8].cell != main[7].cell
    assert [run.fusion for run in main[:2]] == ["quality", "multiplicative"]  # GRPO and DARLING first


def test_choosing_runs():
    arms = plan(all_tuned())
    assert {arm.grid for arm in select(arms)} == {"tuning", "main", "short", "ablations"}  # verl only when asked for
    assert [arm.path for arm in select(arms, ["verl/darling", "main/grpo*"])] == [
        "main/grpo",
        "main/grpo_std",
        "verl/darling",
    ]
    for pattern in ("main", "mian/*"):
        with pytest.raises(InputError, match="expected grid/arm"):
            select(arms, [pattern])
