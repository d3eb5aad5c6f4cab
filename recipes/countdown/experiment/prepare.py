"""What runs begin with, made once and shared: the warm starts, and the learned similarities.

Deterministic by seed on one kind of processor, so the first who needs one makes it and the others wait. The result of
a run holds the digest of its policy: methods are compared within a cell only where those are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from darling_plugin.files import file_digest
from recipes.countdown.experiment import locks as claims
from recipes.countdown.experiment.prompts import rl_prompts
from recipes.countdown.experiment.settings import Run
from recipes.countdown.warmstart import Settings, WarmStart, warm_start

SIMILARITY_PROMPTS = 600  # training prompts on whose responses a similarity is trained, as in the quickstart
SIMILARITY_SEED = 1000  # of those prompts: no run's


@dataclass(frozen=True)
class Start:
    """policy: the warm start's folder; digest: sha256 of its weights. learned: the similarity's folder, or None."""

    policy: Path
    digest: str
    learned: Path | None


def prepare(run: Run, shared: Path) -> Start:
    """Make what `run` begins with, or find it in `shared`.

    The first time takes a minute or two, and twice that with a learned similarity.
    """
    name = f"{run.warm_start}_{run.warm_start_steps}"
    with claims.waited_for(shared / f"warm_start_{name}.claim"):
        start = warm_start(
            shared / f"warm_start_{name}", seed=run.warm_start, settings=Settings(steps=run.warm_start_steps)
        )
    learned = _learn_similarity(run, start, shared, name) if run.judge == "learned" else None
    return Start(start.folder, file_digest(start.folder / "model.safetensors"), learned)


def _learn_similarity(run: Run, start: WarmStart, shared: Path, name: str) -> Path:
    from recipes.countdown.learned_similarity import learn_similarity
    from recipes.countdown.pairs import labelled_pairs

    with claims.waited_for(shared / f"judge_{name}.claim"):
        prompts = rl_prompts(SIMILARITY_SEED, SIMILARITY_PROMPTS)
        pairs = labelled_pairs(shared / f"pairs_{name}.jsonl", start, prompts, seed=run.warm_start)
        return learn_similarity(shared / f"judge_{name}", pairs.pairs, seed=run.warm_start).folder
