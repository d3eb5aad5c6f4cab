"""The field's objectives in the loop: their runs, ids, prompts, answers, losses and plan."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_up import result, write
from rich.console import Console

from darling_plugin.countdown.task import solutions
from darling_plugin.errors import InputError
from recipes.countdown.experiment import loop as loops
from recipes.countdown.experiment.analysis.field import write_field
from recipes.countdown.experiment.answers import forms, values
from recipes.countdown.experiment.field import CELLS, FIELD, SEARCHES, TEST_FROM, VERDICTS, every_tuning_run, field_arms
from recipes.countdown.experiment.forward import read, read_with_entropy
from recipes.countdown.experiment.ledger import Ledger, read_result
from recipes.countdown.experiment.loop import Loop, train
from recipes.countdown.experiment.loss import kl_loss
from recipes.countdown.experiment.plan import GRIDS
from recipes.countdown.experiment.policy import load_policy, prompt_ids
from recipes.countdown.experiment.prompts import held_out, kind_of, rl_prompts
from recipes.countdown.experiment.rewards import Rewards
from recipes.countdown.experiment.settings import LATER, Run, from_json

METHODS_OF_THE_FIELD = FIELD | {"soft": VERDICTS["soft"] | {"false_same": 0.2}}


@pytest.mark.parametrize("name", METHODS_OF_THE_FIELD)
def test_every_method_takes_a_step(name, tiny, untrained):
    run = tiny(**METHODS_OF_THE_FIELD[name])
    loop = Loop(run, untrained, Rewards(run))
    for _ in range(2):
        loop.train_step()
    assert [row["step"] for row in loop.training] == [1, 2]
    assert np.isfinite([row["gradient_norm"] for row in loop.training]).all()
    assert "classes/mean" in loop.training[0] or run.objective == "ngram"


class Killed(Exception):
    pass


@pytest.mark.parametrize("name", ["outcome_ucb", "grpo_kl_0.1", "grpo_entropy_0.03"])
def test_killed_and_taken_up_again_it_ends_the_same(name, tiny, untrained, tmp_path, monkeypatch):
    """Counts of answers, and the policy that the KL is measured to, survive a kill."""
    monkeypatch.setattr(loops, "SAVE_EVERY", 2)
    run = tiny(**FIELD[name])
    whole = train(run, untrained, tmp_path / "whole")

    def kill(step):
        if step == 5:
            raise Killed

    with pytest.raises(Killed):
        train(run, untrained, tmp_path / "killed", progress=kill)
    again = train(run, untrained, tmp_path / "killed")
    assert again.training == whole.training and again.evaluations == whole.evaluations


def test_what_came_later_is_in_the_id_only_where_it_is_set():
    assert not set(Run().as_json()) & set(LATER)
    changes = {
        "method": "poly_epo",
        "options": "{}",
        "answer": "value",
        "kl": 0.1,
        "entropy": 0.1,
        "rl_kind": "either",
        "held_out_from": 300,
    }
    assert set(changes) == set(LATER)
    for name, value in changes.items():
        run = Run(**{name: value})
        assert (run.id == Run().id) == (name == "options") and from_json(run.as_json()) == run


def test_negative_weights_are_refused():
    with pytest.raises(InputError, match="`kl`, `entropy`"):
        Run(kl=-1.0)


def test_prompts_of_a_kind():
    def sums(form):
        return all(len(factors) == 1 for _, factors in form)

    either = rl_prompts(200, 32, "either")
    assert len(set(either)) == 32 and either == rl_prompts(200, 64, "either")[:32]
    for prompt in either:
        found = [sums(form) for form in solutions(tuple(sorted(prompt.digits)))[prompt.target]]
        assert any(found) and not all(found)
    kinds = [kind_of(prompt) for prompt in held_out("validation", 300)]
    assert 0.25 < kinds.count("times") / 300 < 0.5  # about a third needs ×


def test_test_prompts_of_the_comparisons_are_new_and_apart():
    seen = held_out("test", 300)
    parts = [held_out("test", 300, start) for start in sorted(set(TEST_FROM.values()))]
    assert len({*seen, *(prompt for part in parts for prompt in part)}) == 300 * (1 + len(parts))
    assert held_out("test", 600)[300:] == parts[0]


def test_final_answers():
    assert forms(["3*7-2", "7*3-2", "nonsense"]) == ["((-1, (2,)), (1, (3, 7)))"] * 2 + [None]
    assert values(["3*7-2", "9+9+1", ""]) == ["19", "19", None]


def test_kl_by_hand():
    # d = 0, ln 2: 0 and 2 − ln 2 − 1; the third token does not count.
    log_prob = torch.tensor([[-1.0, -1.0, -1.0]])
    reference = log_prob + torch.tensor([[0.0, np.log(2), 5.0]])
    got = kl_loss(log_prob, reference, torch.tensor([[True, True, False]])).item()
    assert got == pytest.approx((1 - np.log(2)) / 2)


def test_entropy_is_that_of_the_distribution_that_is_read(untrained):
    policy, prompts = load_policy(untrained), prompt_ids(rl_prompts(0, 4))
    rows, responses = torch.arange(4), torch.randint(0, 18, (4, 8), generator=torch.Generator().manual_seed(0))
    log_prob, entropy = read_with_entropy(policy, prompts, rows, responses)
    assert torch.equal(log_prob, read(policy, prompts, rows, responses))
    assert entropy.shape == log_prob.shape and bool((entropy > 0).all()) and bool((entropy < np.log(30)).all())


def test_the_plan_tunes_on_validation_and_compares_on_new_prompts_in_new_cells():
    before = field_arms({})
    assert set(before) <= set(GRIDS)  # else `--only` does not know them
    assert all(run.held_out == "validation" for run in every_tuning_run())
    assert all(name.endswith("_tuning") for name, arms in before.items() if arms)
    search = SEARCHES["transfer"]
    known = {
        run.id: result(run, [(0, 4, 1), (400, 30 if rate == 5e-5 else 20, 2)])
        for rate in search.rates
        for run in search.runs("poly_epo", rate, {})
    }
    arms = field_arms(known)
    assert set(arms["transfer"]) == {"poly_epo"}
    runs = arms["transfer"]["poly_epo"]
    assert {run.cell for run in runs} == set(CELLS) and len(runs) == 8
    assert {(run.learning_rate, run.held_out, run.held_out_from, run.rl_kind) for run in runs} == {
        (5e-5, "test", 600, "either")
    }


def test_a_tuning_run_that_was_measured_in_between_stands():
    search = SEARCHES["same"]
    first, second = search.runs("poly_epo", 1e-4, {})
    assert first.evaluate_every == second.evaluate_every == 400
    often = replace(first, evaluate_every=100)
    known = {run.id: result(run, [(0, 4, 1), (400, 30, 1)]) for run in (often, second)}
    assert search.runs("poly_epo", 1e-4, known) == (often, second)
    assert [one.rate for one in search.tried("poly_epo", known)] == [1e-4]
    assert {often, first} <= set(every_tuning_run())


def test_a_best_rate_at_an_end_asks_for_one_more():
    search = SEARCHES["same"]

    def known(figures):
        runs = ((run, right) for rate, right in figures.items() for run in search.runs("poly_epo", rate, {}))
        return {run.id: result(run, [(0, 4, 1), (400, right, 1)]) for run, right in runs}

    assert search.rates_to_try("poly_epo", known({2e-4: 30, 1e-4: 20, 5e-5: 10})) == [2e-4, 1e-4, 5e-5, 4e-4]
    assert search.chosen_rate("poly_epo", known({2e-4: 30, 1e-4: 20, 5e-5: 10})) is None
    assert search.chosen_rate("poly_epo", known({4e-4: 10, 2e-4: 30, 1e-4: 20, 5e-5: 10})) == 2e-4


def test_the_page_of_the_comparison(tmp_path):
    """Made-up runs: correct_only has 32 of 64 right and GRPO 16, on every prompt."""
    search, ledger = SEARCHES["transfer"], Ledger(tmp_path / "ledger", read_result)
    console = Console(file=io.StringIO())
    with pytest.raises(InputError, match="holds no finished run"):
        write_field(ledger, tmp_path / "page", console)
    for method, right in (("grpo", 16), ("correct_only", 32), ("grpo_kl_0.1", 24), ("grpo_kl_0.01", 20)):
        for rate in search.rates:
            for run in search.runs(method, rate, {}):
                write(ledger, result(run, [(0, 4, 1), (400, right - (rate > 5e-5), 2)], prompts=300))
        rate = search.chosen_rate(method, ledger.results())
        for run in search.at(method, rate, CELLS, held_out_from=TEST_FROM["transfer"]):
            write(ledger, result(run, [(0, 4, 1), (400, right, 2)], prompts=300))
    write_field(ledger, tmp_path / "page", console)
    numbers = json.loads((tmp_path / "page" / "results.json").read_text())
    claims = {one["name"]: one for one in numbers["transfer hypotheses"]}
    assert claims["T1"]["mean"] == pytest.approx(0.25) and claims["T1"]["words"] == "shown to matter"
    assert claims["T2a"]["mean"] == pytest.approx(1 / 8)  # against 0.1, which the tuning prefers to 0.01
    assert claims["T3a"]["mean"] == pytest.approx(0.25) and claims["T3a"]["prompts"] < 150
    assert claims["T3b"]["words"] == "not decided"
    assert claims["T3a"]["p_corrected"] == pytest.approx(3 * claims["T3a"]["p"])  # of T1, T2a and T3a
    text = (tmp_path / "page" / "results.md").read_text()
    assert "| warm start | 0.062 | 0.062 | 0.062 | 0.062 |" in text
    assert "| correct_only | 0.500 (0.500–0.500) |" in text
    for picture in ("transfer.png", "transfer_kinds.png"):
        assert picture in text and (tmp_path / "page" / picture).stat().st_size > 10_000


def tune(ledger, search, method, best=1e-4):
    """Made-up runs by which `best` is the method's best rate."""
    for rate in search.rates_to_try(method, {}):
        for run in search.runs(method, rate, {}):
            write(ledger, result(run, [(0, 4, 1), (400, 20 + 4 * (rate == best), 2)]))


def test_verl_is_compared_with_the_loop(tmp_path):
    """At the tuned rate; the loop is right about 16 of 64 and verl about 18."""
    search, ledger = SEARCHES["same"], Ledger(tmp_path / "ledger", read_result)
    tune(ledger, search, "uniqueness")
    arms = field_arms(ledger.results())
    for grid, right in (("same_short", 16), ("same_verl", 18)):
        assert {(run.learning_rate, run.steps, run.held_out_from) for run in arms[grid]["uniqueness"]} == {
            (1e-4, 100, 300)
        }
        for run in arms[grid]["uniqueness"]:
            write(ledger, result(run, [(0, 4, 1), (100, right, 2)]))
    write_field(ledger, tmp_path / "page", Console(file=io.StringIO()))
    by_metric = {
        one["metric"]: one for one in json.loads((tmp_path / "page" / "results.json").read_text())["agreement"]
    }
    assert by_metric["pass@1"]["mean"] == pytest.approx(2 / 64) and not by_metric["pass@1"]["agrees"]
    assert by_metric["pass@16"]["agrees"]


def test_what_is_tested_again_has_cells_of_its_own(tmp_path):
    search, ledger = SEARCHES["same"], Ledger(tmp_path / "ledger", read_result)
    for method in ("grpo", "pass_at_k"):
        tune(ledger, search, method)
    arms = field_arms(ledger.results())["same_again"]
    for method, right in (("grpo", 16), ("pass_at_k", 12)):
        assert not {run.cell for run in arms[method]} & set(CELLS) and len(arms[method]) == 8
        for run in arms[method]:
            write(ledger, result(run, [(0, 4, 1), (400, right, 2)]))
    write_field(ledger, tmp_path / "page", Console(file=io.StringIO()))
    again = json.loads((tmp_path / "page" / "results.json").read_text())["same again"]
    assert [(one["name"], one["words"]) for one in again] == [("S6a", "against"), ("S6b", "shown to matter")]


def test_a_comparison_at_one_rate_shares_the_runs_that_have_it(tmp_path):
    """GRPO's own rate is 1e-4, the one of `correct_only` 5e-5, at which both are compared."""
    search, ledger = SEARCHES["transfer"], Ledger(tmp_path / "ledger", read_result)
    tune(ledger, search, "grpo")
    tune(ledger, search, "correct_only", best=5e-5)
    arms = field_arms(ledger.results())
    rate, tuned = arms["transfer_rate"], arms["transfer"]
    assert rate["correct_only"] == tuned["correct_only"] and rate["grpo"] != tuned["grpo"]
    for name, right in (("grpo", 16), ("correct_only", 20)):
        assert {run.learning_rate for run in rate[name]} == {5e-5}
        for run in rate[name]:
            write(ledger, result(run, [(0, 4, 1), (400, right, 2)], prompts=300))
    write_field(ledger, tmp_path / "page", Console(file=io.StringIO()))
    numbers = json.loads((tmp_path / "page" / "results.json").read_text())
    assert numbers["transfer_rate"]["correct_only"]["pass@1"]["mean"] == pytest.approx(20 / 64)
    assert "warm start" in numbers["transfer_rate by kind"] and "transfer_rate hypotheses" not in numbers


def test_wrong_verdicts_are_compared_where_they_are_the_same(tmp_path):
    search, ledger = SEARCHES["same"], Ledger(tmp_path / "ledger", read_result)
    tune(ledger, search, "darling")
    arms = field_arms(ledger.results())["verdicts"]
    for name, right in (("darling, false same 0.2", 16), ("soft, false same 0.2", 24), ("soft, false same 0.3", 8)):
        for run in arms[name]:
            write(ledger, result(run, [(0, 4, 1), (400, right, 2)]))
    write_field(ledger, tmp_path / "page", Console(file=io.StringIO()))
    numbers = json.loads((tmp_path / "page" / "results.json").read_text())["verdicts"]
    assert list(numbers) == ["soft, false same 0.2"]
    assert numbers["soft, false same 0.2"]["pass@1"]["mean"] == pytest.approx(1 / 8)
