"""One page for a user's own shape: counts, costs and advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from darling_plugin.tools.plan import setups
from darling_plugin.tools.plan.advise import Advice, Sized, advise, size
from darling_plugin.tools.plan.machines import Stated, Training, all_assumptions
from darling_plugin.tools.plan.request import PlanRequest
from darling_plugin.tools.plan.results import Outcome, Setup, Spread, Step, relabeled, run, spread, step_without
from darling_plugin.tools.plan.setups import SetupOf
from darling_plugin.tools.plan.shapes import COMPOSITIONS, Composition, Job, exact_verdicts

MEASURES = ("tokens", "replica_seconds", "gpu_seconds", "hidden", "wait", "overhead", "cost", "step")


@dataclass(frozen=True)
class Row:
    """One composition on the replicas that were asked for or advised; median, least and most over the seeds."""

    composition: Composition
    passes: dict[str, int]
    """Forward passes of each classifier, at the median seed by tokens."""
    exact_verdicts: int
    """What the exact partition of the whole step asks a pair classifier that has all responses at once."""
    measures: dict[str, Spread]


@dataclass(frozen=True)
class Answer:
    """What `darling plan` says."""

    request: PlanRequest
    setup: Setup
    rows: list[Row]
    candidates: list[Sized]
    advice: Advice

    def as_json(self) -> dict[str, Any]:
        return {
            "request": self.request.model_dump(),
            "system": self.setup.name,
            "replicas": self.setup.replicas,
            "compositions": {
                row.composition: {
                    "passes": row.passes,
                    "exact_verdicts": row.exact_verdicts,
                    **{name: asdict(value) for name, value in row.measures.items()},
                }
                for row in self.rows
            },
            "candidates": [candidate_json(each) for each in self.candidates],
            "advice": asdict(self.advice),
            "assumptions": [stated._asdict() for stated in self.assumptions()],
        }

    def assumptions(self) -> list[Stated]:
        """All that the numbers rest on."""
        return all_assumptions(self.request.training(), self.setup.classifiers)


def candidate_json(sized: Sized) -> dict[str, Any]:
    return {
        "system": sized.setup.name,
        "replicas": sized.setup.replicas,
        "gpus": sized.setup.gpus,
        "enough": sized.enough,
        "overhead": asdict(spread(sized.outcomes, "overhead")),
        "hidden": asdict(spread(sized.outcomes, "hidden")),
    }


def answer(request: PlanRequest) -> Answer:
    """Size the requested similarity and cheaper ones; simulate each composition; advise."""
    job, training = request.job(), request.training()
    steps = [step_without(job, training, "distinct", seed) for seed in range(request.seeds)]
    systems = _systems(request)
    candidates = [size(steps, setup_of, training) for setup_of in systems]
    setup = systems[0](request.replicas or candidates[0].setup.replicas)
    rows = [summary(each, job, played(steps, each, setup, training)) for each in COMPOSITIONS]
    return Answer(request, setup, rows, candidates, advise(candidates, training))


def played(steps: Sequence[Step], composition: Composition, setup: Setup, training: Training) -> list[Outcome]:
    """Each step with groups of this composition; steps[i] is of seed i."""
    return [run(relabeled(step, composition, seed), setup, training, seed) for seed, step in enumerate(steps)]


def summary(composition: Composition, job: Job, outcomes: Sequence[Outcome]) -> Row:
    middle = sorted(outcomes, key=lambda outcome: outcome.tokens)[len(outcomes) // 2]
    asked = job.prompts * exact_verdicts(composition, job.responses)
    return Row(composition, middle.passes, asked, {name: spread(outcomes, name) for name in MEASURES})


def _systems(request: PlanRequest) -> list[SetupOf]:
    """What was asked for, then what costs less."""
    main = request.main_classifier()
    if request.classifier == "bi-encoder":
        return [setups.encode_each(main)]
    small = setups.small_encoder()
    cheaper: list[SetupOf] = [
        setups.cascade(small, main, request.doubtful),
        setups.encode_each(setups.medium_encoder()),
    ]
    return [setups.exact(main), *cheaper] if request.classifier == "cross-encoder" else cheaper
