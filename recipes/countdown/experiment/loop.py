"""The training loop: a few dozen lines of PyTorch that do on one core what verl does, about thirty times as fast.

Rewards and advantages are `darling_plugin.core`'s own. Everything random depends on the run's seed and the step alone
(`streams.py`), so a run that is killed and started again ends as if it had not been.

As in verl: the rows of a step are cut into two mini-batches, the old log-probabilities are the sampling
policy's, gradients are clipped, and the learning rate rises over five steps, the first of which has a rate of 0.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from recipes.countdown.experiment import forward
from recipes.countdown.experiment import policy as policies
from recipes.countdown.experiment import state as states
from recipes.countdown.experiment.loss import kl_loss, policy_loss
from recipes.countdown.experiment.measure import measure
from recipes.countdown.experiment.prompts import held_out, rl_prompts
from recipes.countdown.experiment.rewards import Rewards, quality_of
from recipes.countdown.experiment.settings import MEASURED_ON, Run
from recipes.countdown.experiment.streams import numpy_stream, torch_stream
from recipes.countdown.threads import torch_threads

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM

BETAS, CLIP_GRADIENT, WARMUP_STEPS = (0.9, 0.999), 1.0, 5
SAVE_EVERY = 25  # steps: some ten seconds of work that a kill can cost
LOGGED = (
    "quality/mean",
    "diversity/mean",
    "reward/mean",
    "classes/mean",
    "groups/all_wrong",
    "groups/all_one_class",
)
"""Of `core.group_metrics`, per step."""

Progress = Callable[[int], None]
"""progress(step): called after each."""


class OutOfTime(Exception):
    """The deadline came; what was done is saved, and the next call resumes from there."""


@dataclass(frozen=True)
class Trained:
    """training[i]: what step i + 1 was like. evaluations: `as_json` of the measurements, at each step of evaluation.

    seconds: of work, all sessions together.
    """

    seconds: float
    training: list[dict[str, float]]
    evaluations: list[dict[str, Any]]


def train(
    run: Run,
    policy_folder: Path,
    work: Path,
    *,
    learned: Path | None = None,
    progress: Progress = lambda step: None,
    deadline: float = float("inf"),
) -> Trained:
    """Train and measure `run` on one thread; resumes from the state in `work`, if there is one.

    Args:
        policy_folder: the warm start.
        work: where the state is kept. It is the caller's to remove.
        learned: the folder of the learned similarity.
        deadline: on `time.monotonic`'s clock; once it has passed, the state is saved and `OutOfTime` raised.
    """

    def make() -> Loop:
        return Loop(run, policy_folder, Rewards(run, learned))

    return drive(make, run, work, SAVE_EVERY, progress, deadline)


class Steps(Protocol):
    """What `drive` needs to know of a run."""

    @property
    def id(self) -> str: ...

    @property
    def steps(self) -> int: ...

    @property
    def evaluate_every(self) -> int: ...


class Trainable(Protocol):
    """A policy in training, `step` steps of it done."""

    step: int
    training: list[dict[str, float]]
    evaluations: list[dict[str, Any]]

    def train_step(self) -> None: ...

    def evaluate(self) -> dict[str, Any]:
        """The measurements, with the `step`."""
        ...

    def state(self, seconds: float) -> states.State: ...

    def restore(self, state: states.State) -> None: ...


def drive(
    make: Callable[[], Trainable], run: Steps, work: Path, save_every: int, progress: Progress, deadline: float
) -> Trained:
    """Train and measure what `make` makes, on one thread; resumes from the state in `work`, and saves it there."""
    began = time.monotonic()
    with torch_threads(1):
        loop = make()
        found = states.load(work, run.id)
        if found is not None:
            loop.restore(found)
            began -= found.seconds

        def save() -> None:
            states.save(work, run.id, loop.state(time.monotonic() - began))

        while True:
            if loop.step in evaluation_steps(run) and loop.step not in [e["step"] for e in loop.evaluations]:
                loop.evaluations.append(loop.evaluate())
                save()
            if loop.step == run.steps:
                return Trained(time.monotonic() - began, loop.training, loop.evaluations)
            loop.train_step()
            progress(loop.step)
            late = time.monotonic() > deadline
            if late or loop.step % save_every == 0:
                save()
            if late:
                raise OutOfTime


def evaluation_steps(run: Steps) -> list[int]:
    """Before the first step, every so many, and after the last: 0, 50, …, 400."""
    return sorted({*range(0, run.steps, run.evaluate_every), run.steps})


def evaluate(run: Run, policy: LlamaForCausalLM) -> dict[str, Any]:
    """{"held_out": …, "rl": …}: the policy on the held-out prompts, and on the first of those that it learns from."""
    prompts = {
        "held_out": held_out(run.held_out, run.held_out_prompts, run.held_out_from),
        "rl": rl_prompts(run.seed, run.rl_prompts, run.rl_kind)[: run.rl_measured],
    }
    return {part: measure(policy, own, run.samples, part).as_json() for part, own in prompts.items()}


@cache
def evaluate_before(policy_folder: Path, measured_on: Run) -> dict[str, Any]:
    """`evaluate` of a warm start. Kept: methods that are compared begin with the same policy and the same prompts."""
    return evaluate(measured_on, policies.load_policy(policy_folder))


class Loop:
    """The policy of a folder in training, and its optimizer. `step` steps are done."""

    def __init__(self, run: Run, policy_folder: Path, rewards: Rewards) -> None:
        import torch

        self.step = 0
        self.training: list[dict[str, float]] = []
        self.evaluations: list[dict[str, Any]] = []
        self.policy = policy = policies.load_policy(policy_folder)
        self._run, self._rewards, self._folder = run, rewards, policy_folder
        self._reference = copy.deepcopy(policy) if run.kl else None  # the warm start; made before `restore`
        self._prompts = rl_prompts(run.seed, run.rl_prompts, run.rl_kind)
        self._ids = policies.prompt_ids(self._prompts)
        self._optimizer = torch.optim.AdamW(policy.parameters(), lr=0.0, betas=BETAS, weight_decay=0.0, fused=True)

    def evaluate(self) -> dict[str, Any]:
        if self.step:
            return {"step": self.step, **evaluate(self._run, self.policy)}
        measured_on = Run(
            **{name: getattr(self._run, name) for name in ("seed", "rl_prompts", "step_prompts", *MEASURED_ON)}
        )
        return {"step": 0, **evaluate_before(self._folder, measured_on)}

    def train_step(self) -> None:
        """Sample, score and update; adds one row to `training`."""
        import torch

        run = self._run
        chosen = batch_of(run, self.step)
        rng = torch_stream("rollouts", run.seed, self.step)
        sampled = forward.sample(self.policy, self._ids[chosen], run.n, policies.END, rng)
        texts = policies.decode(sampled.tokens)
        uid = chosen.repeat_interleave(run.n).tolist()
        prompts = [self._prompts[number] for number in uid]
        mask = policies.written(sampled.tokens)
        logprobs = (sampled.log_prob * mask).sum(dim=1) / mask.sum(dim=1)
        result = self._rewards(self.step, texts, uid, quality_of(prompts, texts), prompts, logprobs.double().numpy())
        advantages = torch.tensor(result.advantages, dtype=torch.float32)
        noted = self._update(self._ids[chosen], sampled, advantages)
        metrics = self._rewards.metrics()
        noted |= {name: metrics[name] for name in LOGGED if name in metrics}
        self.step += 1
        self.training.append({"step": self.step, **{name: round(value, 6) for name, value in noted.items()}})

    def _update(self, prompts: torch.Tensor, sampled: forward.Sampled, advantages: torch.Tensor) -> dict[str, float]:
        import torch

        mask = policies.written(sampled.tokens)
        shuffled = numpy_stream("mini-batches", self._run.seed, self.step).permutation(len(mask))
        self._optimizer.param_groups[0]["lr"] = learning_rate(self._run, self.step)
        norms = list[float]()
        for rows in np.array_split(shuffled, 2):
            prompt_of = torch.from_numpy(rows // self._run.n)
            old, own = sampled.log_prob[rows], mask[rows]
            if self._run.entropy:
                log_prob, entropy = forward.read_with_entropy(self.policy, prompts, prompt_of, sampled.tokens[rows])
                loss = policy_loss(log_prob, old, advantages[rows], own)
                loss = loss - self._run.entropy * (entropy * own).sum() / own.sum()
            else:
                log_prob = forward.read(self.policy, prompts, prompt_of, sampled.tokens[rows])
                loss = policy_loss(log_prob, old, advantages[rows], own)
            if self._reference is not None:
                with torch.no_grad():
                    reference = forward.read(self._reference, prompts, prompt_of, sampled.tokens[rows])
                loss = loss + self._run.kl * kl_loss(log_prob, reference, own)
            self._optimizer.zero_grad()
            loss.backward()
            norms.append(float(torch.nn.utils.clip_grad_norm_(self.policy.parameters(), CLIP_GRADIENT)))
            self._optimizer.step()
        return {
            "entropy": float(sampled.entropy[mask].mean()),
            "tokens": float(mask.sum(dim=1).float().mean()),
            "gradient_norm": sum(norms) / len(norms),
        }

    def state(self, seconds: float) -> states.State:
        moments = self._optimizer.state_dict()["state"]
        rewards = self._rewards.state_dict()
        return states.State(
            self.step, seconds, self.policy.state_dict(), moments, self.training, self.evaluations, rewards
        )

    def restore(self, state: states.State) -> None:
        self.policy.load_state_dict(state.policy)
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state.optimizer, "param_groups": groups})
        self.step, self.training, self.evaluations = state.step, state.training, state.evaluations
        self._rewards.load_state_dict(state.rewards)


def batch_of(run: Run, step: int) -> torch.Tensor:
    """The numbers of the RL prompts of a step: each once in an epoch, in another order in the next."""
    import torch

    epoch, place = divmod(step * run.step_prompts, run.rl_prompts)
    order = numpy_stream("order", run.seed, epoch).permutation(run.rl_prompts)
    return torch.from_numpy(order[place : place + run.step_prompts])


def learning_rate(run: Run, step: int) -> float:
    """Of the update after `step` others: 0, then a fifth of the run's rate, …, then the run's."""
    return run.learning_rate * min(1.0, step / WARMUP_STEPS)
