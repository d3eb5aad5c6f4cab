"""Training on one core: a step is sampling, the plugin's rewards and advantages, and one update.

Everything random depends on the run's seed and the step alone, so a run that is killed and started again ends as if it
had not been. Responses whose advantage is 0 teach nothing and are not read again. The loss is the mean over all tokens
of the step, with the policy that sampled: one update a step, so there is no ratio to clip.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from darling_plugin.kinds.data import split
from darling_plugin.kinds.task import Category, verify
from recipes.countdown.experiment import state as states
from recipes.countdown.experiment.loop import Progress, Trained, drive
from recipes.countdown.experiment.streams import numpy_stream, torch_stream
from recipes.kinds.experiment.measure import count, measure, sample_all
from recipes.kinds.experiment.rewards import Rewards
from recipes.kinds.experiment.settings import Run
from recipes.kinds.policy import Policy, load_policy
from recipes.kinds.warmstart import LONGEST

if TYPE_CHECKING:
    import torch

    from recipes.kinds.engine import Prompts, Sampled

BETAS, CLIP_GRADIENT, WARMUP_STEPS = (0.9, 0.999), 1.0, 5
SAVE_EVERY = 10  # steps: about a minute of work that a kill can cost
LOGGED = ("quality/mean", "diversity/mean", "reward/mean", "classes/mean")
GROUPS, GROUP = 10, 8  # whole groups of the final policy that are kept in words


def train(
    run: Run,
    warm_start: Path,
    work: Path,
    *,
    learned: Path | None = None,
    progress: Progress = lambda step: None,
    deadline: float = float("inf"),
) -> Trained:
    """Train and measure `run` on one thread; continues from the state in `work`, if there is one.

    Args:
        warm_start: the folder of the policy to begin with.
        work: where the state is kept. It is the caller's to remove.
        learned: the learned classifier's folder.
        deadline: on `time.monotonic`'s clock; once it has passed, the state is saved and `OutOfTime` raised.
    """

    def make() -> Loop:
        return Loop(run, load_policy(warm_start, run.trained), Rewards(run, learned))

    return drive(make, run, work, SAVE_EVERY, progress, deadline)


def held_out(run: Run) -> tuple[Category, ...]:
    return getattr(split(), run.held_out)


class Loop:
    """A policy, its optimizer, and how far they are. `step` steps are done."""

    def __init__(self, run: Run, policy: Policy, rewards: Rewards) -> None:
        import torch

        self.step = 0
        self.training: list[dict[str, float]] = []
        self.evaluations: list[dict[str, Any]] = []
        self.policy = policy
        self._run, self._rewards, self._categories = run, rewards, split().train
        self._optimizer = torch.optim.AdamW(policy.engine.parameters(), lr=0.0, betas=BETAS, weight_decay=0.0)

    def train_step(self) -> None:
        """Sample, score and update; adds one row to `training`."""
        import torch

        run, policy = self._run, self.policy
        chosen = batch_of(run, self.step, len(self._categories))
        categories = [self._categories[number] for number in chosen]
        prompts = policy.prompts(categories)
        sampled = policy.engine.sample(prompts, run.n, LONGEST, torch_stream("kinds rollouts", run.seed, self.step))
        texts = policy.decode(sampled.tokens)
        uid = [number for number in range(len(categories)) for _ in range(run.n)]
        quality = np.array([float(verify(categories[u], text) is not None) for u, text in zip(uid, texts, strict=True)])
        result = self._rewards(texts, uid, quality)
        noted = self._update(prompts, sampled, torch.tensor(result.advantages, dtype=torch.float32))
        metrics = self._rewards.metrics()
        noted |= {name: metrics[name] for name in LOGGED if name in metrics}
        self.step += 1
        self.training.append({"step": self.step, **{name: round(value, 5) for name, value in noted.items()}})

    def evaluate(self) -> dict[str, Any]:
        """{"step", "held_out"}; after the last step also the sweep over temperatures, and groups in words."""
        run, categories = self._run, held_out(self._run)
        found: dict[str, Any] = {"step": self.step}
        found["held_out"] = measure(self.policy, categories, run.samples, run.held_out).as_json()
        if self.step == run.steps:
            found["temperatures"] = {
                f"{each:g}": measure(self.policy, categories, run.samples, run.held_out, each).as_json()
                for each in run.sweep
            }
            found["groups"] = self._groups(categories)
        return found

    def _groups(self, categories: tuple[Category, ...]) -> list[dict[str, Any]]:
        """Whole groups of the final policy; which categories is chosen by the run's seed."""
        rows = numpy_stream("kinds groups", self._run.seed).permutation(len(categories))[:GROUPS]
        chosen = [categories[row] for row in rows]
        responses, _, _ = sample_all(self.policy, chosen, GROUP, f"groups {self._run.seed}")
        return [
            {
                "category": category.word,
                "responses": [{"text": text, "kind": verify(category, text)} for text in own],
                "kinds": len(count(category, own)[0]),
            }
            for category, own in zip(chosen, responses, strict=True)
        ]

    def _update(self, prompts: Prompts, sampled: Sampled, advantages: torch.Tensor) -> dict[str, float]:
        import torch

        engine, mask = self.policy.engine, self.policy.written(sampled.tokens)
        rows = advantages.abs().gt(1e-9).nonzero()[:, 0]
        norm = 0.0
        if len(rows):
            log_prob = engine.read(prompts, sampled, rows, rows // self._run.n)
            # The policy is the one that sampled: the ratio to it is 1, and its gradient that of the log-probability.
            own = mask[rows]
            loss = -(log_prob * own * advantages[rows, None]).sum() / mask.sum()
            self._optimizer.zero_grad()
            loss.backward()
            norm = float(torch.nn.utils.clip_grad_norm_(engine.parameters(), CLIP_GRADIENT))
            self._optimizer.param_groups[0]["lr"] = learning_rate(self._run, self.step)
            self._optimizer.step()
            engine.refresh()
        return {
            "entropy": float(sampled.entropy[mask].mean()),
            "tokens": float(mask.sum(dim=1).float().mean()),
            "gradient_norm": norm,
            "rows": float(len(rows)),
        }

    def state(self, seconds: float) -> states.State:
        moments = self._optimizer.state_dict()["state"]
        weights = self.policy.engine.state_dict()
        return states.State(self.step, seconds, weights, moments, self.training, self.evaluations)

    def restore(self, state: states.State) -> None:
        self.policy.engine.load_state_dict(state.policy)
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state.optimizer, "param_groups": groups})
        self.step, self.training, self.evaluations = state.step, state.training, state.evaluations


def batch_of(run: Run, step: int, categories: int) -> list[int]:
    """The numbers of a step's categories: an endless sequence of shuffled epochs, so each comes equally often."""
    first, found = step * run.step_prompts, list[int]()
    for place in range(first, first + run.step_prompts):
        epoch, own = divmod(place, categories)
        found.append(int(numpy_stream("kinds order", run.seed, epoch).permutation(categories)[own]))
    return found


def learning_rate(run: Run, step: int) -> float:
    """Of the update after `step` others: a fifth of the run's rate, two fifths, …, then the run's."""
    return run.learning_rate * min(1.0, (step + 1) / WARMUP_STEPS)
