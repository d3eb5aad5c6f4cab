"""The field's objectives side by side, and three questions about them: `docs/experiment_objectives.md` has the plan.

    same            the setting of `docs/experiment.md`, all methods that need no model
    transfer        RL prompts that can be solved with × and without; held-out prompts of every kind
    exploration     a weak warm start, more prompts, more responses, more steps
    same_again      the claims of `same` that 8 cells could not decide, in 8 others
    transfer_rate   some of `transfer`, all at the rate of `correct_only`
    same_verl       three of the methods through verl's trainer, a hundred steps; same_short: the same by the loop
    verdicts        DARLING, its representatives and its soft form under false "same" and false "different"

Each of the first three tunes the learning rate on validation prompts, then compares in new cells on test prompts that
nobody has looked at: those after the 300 that `docs/experiment.md` reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from recipes.countdown.experiment.ledger import Result
from recipes.countdown.experiment.search import Search
from recipes.countdown.experiment.settings import METHODS, Cell, Run

FIELD: dict[str, dict[str, Any]] = {
    **{name: METHODS[name] for name in ("grpo", "grpo_std", "ngram", "darling", "correct_only")},
    "poly_epo": {"method": "poly_epo"},
    "uniqueness": {"method": "uniqueness"},
    "uniqueness_positive": {"method": "uniqueness", "options": '{"positive_only": true}'},
    "outcome_batch": {"method": "outcome_batch"},
    "outcome_batch_value": {"method": "outcome_batch", "answer": "value"},
    "outcome_ucb": {"method": "outcome_ucb"},
    "outcome_ucb_con": {"method": "outcome_ucb_con"},
    "pass_at_k": {"method": "pass_at_k"},
    "unlikeliness": {"method": "unlikeliness"},
    "negative_reinforcement": {"method": "negative_reinforcement"},
    "grpo_kl_0.01": {"fusion": "quality", "kl": 0.01},
    "grpo_kl_0.1": {"fusion": "quality", "kl": 0.1},
    "grpo_entropy_0.003": {"fusion": "quality", "entropy": 0.003},
    "grpo_entropy_0.03": {"fusion": "quality", "entropy": 0.03},
}
"""As fields of `Run`. The last four are GRPO with what is usually added against collapse."""

EXPLORERS = ("grpo", "darling", "correct_only")
TUNING_CELLS = (Cell(0, 100), Cell(1, 101))
CELLS = tuple(Cell(seed % 2, 200 + seed) for seed in range(8))
"""New ones: no run of any earlier experiment has these seeds."""
NEXT_CELLS = tuple(Cell(seed % 2, 208 + seed) for seed in range(8))
NOISE_CELLS = CELLS[:4]
WEAK = {"rl_prompts": 512, "n": 16, "steps": 1600, "evaluate_every": 400}

SEARCHES: dict[str, Search] = {
    "same": Search(FIELD, (2e-4, 1e-4, 5e-5), (4e-4, 2.5e-5), TUNING_CELLS),
    "transfer": Search(
        FIELD, (1e-4, 5e-5, 2.5e-5, 1.25e-5), (), TUNING_CELLS, {"rl_kind": "either", "evaluate_every": 200}
    ),
    "exploration150": Search(
        {name: FIELD[name] for name in EXPLORERS},
        (1e-4, 5e-5, 2.5e-5),
        (),
        TUNING_CELLS,
        {**WEAK, "warm_start_steps": 150},
    ),
}
TEST_FROM = {"same": 300, "transfer": 600, "exploration150": 900}
"""Where the test prompts of each question begin; the first 300 are those of `docs/experiment.md`."""
AGAIN = (
    "grpo", "grpo_std", "darling", "poly_epo", "uniqueness", "pass_at_k", "unlikeliness", "negative_reinforcement"
)  # fmt: skip
"""What the claims of `same` that are tested a second time compare."""
AT_ONE_RATE = ("grpo", "darling", "correct_only", "poly_epo", "uniqueness", "outcome_batch", "grpo_kl_0.1")
"""Those of `transfer` that have the highest pass@1 or retain the most, and GRPO."""
THROUGH_VERL = ("poly_epo", "uniqueness", "outcome_batch")
SHORT: dict[str, Any] = {"steps": 100, "evaluate_every": 50}
VERDICTS: dict[str, dict[str, Any]] = {
    "darling": {},
    "representatives": {"representatives": True},
    "soft": {"method": "soft_darling"},
}
NOISE = (0.1, 0.2, 0.3)

Arms = dict[str, dict[str, tuple[Run, ...]]]
"""grid → name → runs."""


def field_arms(results: Mapping[str, Result]) -> Arms:
    """Every arm that can be named now; those at a tuned rate are missing while that tuning is unfinished."""
    arms: Arms = {}
    for question, search in SEARCHES.items():
        tuning = arms.setdefault(f"{question}_tuning", {})
        for method in search.methods:
            for rate in search.rates_to_try(method, results):
                tuning[f"{method} {rate:g}"] = search.runs(method, rate, results)
        arms[question] = _tuned(question, search.methods, CELLS, results)
    arms["verdicts"] = _wrong_verdicts(results)
    arms["same_again"] = _tuned("same", AGAIN, NEXT_CELLS, results)
    arms["transfer_rate"] = _tuned("transfer", AT_ONE_RATE, CELLS, results, rate_of="correct_only")
    arms["same_short"] = _tuned("same", THROUGH_VERL, CELLS[:3], results, **SHORT)
    arms["same_verl"] = _tuned("same", THROUGH_VERL, CELLS[:3], results, engine="verl", **SHORT)
    return arms


def every_tuning_run() -> list[Run]:
    return [run for search in SEARCHES.values() for run in search.every_run()]


def _tuned(
    question: str,
    methods: Iterable[str],
    cells: tuple[Cell, ...],
    results: Mapping[str, Result],
    *,
    rate_of: str | None = None,
    **more: Any,
) -> dict[str, tuple[Run, ...]]:
    """Methods at the rates that a question's tuning has chosen, or all at one's, on the question's test prompts."""
    search, arms = SEARCHES[question], dict[str, tuple[Run, ...]]()
    for method in methods:
        if (rate := search.chosen_rate(rate_of or method, results)) is not None:
            arms[method] = search.at(method, rate, cells, held_out_from=TEST_FROM[question], **more)
    return arms


def _wrong_verdicts(results: Mapping[str, Result]) -> dict[str, tuple[Run, ...]]:
    """All at the rate of `darling`: the exact similarity is transitive, so there the soft form is DARLING itself."""
    rate = SEARCHES["same"].chosen_rate("darling", results)
    if rate is None:
        return {}
    search = Search(VERDICTS, (rate,), (), NOISE_CELLS, {"evaluate_every": Run.steps})
    return {
        f"{method}, {name.replace('_', ' ')} {share:g}": search.at(
            method, rate, NOISE_CELLS, held_out_from=TEST_FROM["same"], **{name: share}
        )
        for method in VERDICTS
        for name in ("false_same", "false_different")
        for share in NOISE
    }
