"""The grid of docs/service_plan.md: two jobs, three clusters, four systems, three compositions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from darling_plugin.tools.plan import setups
from darling_plugin.tools.plan.advise import Sized, size
from darling_plugin.tools.plan.machines import Training
from darling_plugin.tools.plan.report import Row, played, summary
from darling_plugin.tools.plan.results import step_without
from darling_plugin.tools.plan.setups import SetupOf
from darling_plugin.tools.plan.shapes import COMPOSITIONS, Composition, Job

CLUSTERS = (8, 64, 512)
DOUBTFUL = 0.15


@dataclass(frozen=True)
class Shape:
    """A job, and over how many seeds it is played. Advice takes the first seed alone for a job of over 10,000."""

    name: str
    job: Job
    seeds: int

    @property
    def advice_seeds(self) -> int:
        return self.seeds if self.job.prompts * self.job.responses <= 10_000 else 1


SHAPES = (Shape("math recipe", Job(), 5), Shape("1024 × 64", Job(prompts=1024, responses=64), 2))


@dataclass(frozen=True)
class System:
    """A column of the figure."""

    letter: str
    setup_of: SetupOf
    replicas: int
    by_composition: bool
    """Whether what it reads depends on which responses are equivalent."""


def systems() -> list[System]:
    """The authors' eight GPUs, the same eight for what reads pairs, one for an encoder, and eight cores."""
    pairs, small = setups.cross_encoder(), setups.small_encoder()
    return [
        System("a", setups.all_pairs(pairs), 8, False),
        System("b", setups.exact(pairs), 8, True),
        System("c", setups.cascade(small, pairs, DOUBTFUL), 8, True),
        System("d, 150M", setups.encode_each(setups.medium_encoder()), 1, False),
        System("d, 22M", setups.encode_each(setups.small_encoder_on_cpu()), 8, False),
    ]


@dataclass(frozen=True)
class Cell:
    """One system on one cluster with one composition (None: any)."""

    shape: Shape
    gpus: int
    system: System
    composition: Composition | None
    row: Row


@dataclass(frozen=True)
class Need:
    """The replicas that a system needs on a cluster when all responses are distinct."""

    shape: Shape
    gpus: int
    system: System
    sized: Sized


@dataclass(frozen=True)
class Study:
    """All numbers of the document."""

    cells: list[Cell]
    needs: list[Need]


def study(progress: Callable[[str], None] = lambda done: None) -> Study:
    """Play everything. About four minutes of one core; the same numbers each time."""
    cells: list[Cell] = []
    needs: list[Need] = []
    for shape in SHAPES:
        for gpus in CLUSTERS:
            training = Training(gpus=gpus)
            steps = [step_without(shape.job, training, "distinct", seed) for seed in range(shape.seeds)]
            for system in systems():
                progress(f"{shape.name}, {gpus} GPUs, {system.letter}")
                setup = system.setup_of(system.replicas)
                for composition in COMPOSITIONS if system.by_composition else (None,):
                    outcomes = played(steps, composition or "distinct", setup, training)
                    row = summary(composition or "distinct", shape.job, outcomes)
                    cells.append(Cell(shape, gpus, system, composition, row))
                if system.letter != "a":  # no number of GPUs hides what starts when the trainer waits for it
                    few = shape.advice_seeds  # `outcomes` are now of distinct responses, the last composition
                    sized = size(steps[:few], system.setup_of, training, known=outcomes[:few])
                    needs.append(Need(shape, gpus, system, sized))
    return Study(cells, needs)
