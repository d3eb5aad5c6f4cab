"""What verl's advantage code is given: the estimator `darling`, or the fused reward for any other estimator.

`darling` gives all tokens of a response the objective's advantage.

The trainer hook computes it in the step and lays it beside verl's call, since verl gives an estimator the scores of a
batch's rows and no texts. Nothing is written back: verl's own `critic/score/*` stays pure quality, comparable between
estimators. Source: arXiv 2509.02534, section 3.

With `darling.reward=true` another estimator (grpo, rloo, gae, …) works on the fused reward: what the objective adds to
quality is added to the score of the last token that the policy wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from darling_plugin.core import group_advantages
from darling_plugin.errors import DarlingError
from darling_plugin.integrations.verl.validate import ESTIMATOR


@dataclass(frozen=True)
class EstimatorBatch:
    """What the estimator must know of a batch beyond its tensors.

    final_row: (sessions,) the row of each session's last output; its reward is the session's.
    session_of_row: (rows,) the session that each row belongs to.
    advantages: (sessions,) of the step's objective; 0 for padding.
    quality: (sessions,) what verl's rewards were before its KL penalty; None where there is no such penalty.
    gain: (sessions,) what the objective adds to quality, for `darling.reward=true`; None leaves the rewards alone.
    """

    final_row: np.ndarray
    session_of_row: np.ndarray
    advantages: np.ndarray
    quality: np.ndarray | None = None
    gain: np.ndarray | None = None


_current: ContextVar[EstimatorBatch | None] = ContextVar("darling_estimator_batch", default=None)


@contextmanager
def estimating(batch: EstimatorBatch) -> Iterator[None]:
    """Make `batch` the one that the estimator, called inside this block, works on."""
    token = _current.set(batch)
    try:
        yield
    finally:
        _current.reset(token)


def darling_advantage(
    token_level_rewards: torch.Tensor, response_mask: torch.Tensor, index: np.ndarray, **_: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """Advantages and returns, both (rows, response length); `index` holds the rows' prompt uids.

    A session's advantage is given to all its outputs.
    Tokens that the policy did not write (mask 0) get zero.
    """
    batch = _current.get()
    if batch is None:
        raise DarlingError(
            "algorithm.adv_estimator=darling was called outside DARLING's trainer hook, which measures "
            "diversity. A trainer registered after `import verl.trainer.ppo.v1` must be wrapped: call "
            "darling_plugin.integrations.verl.trainer.wrap_trainers() once it is registered."
        )
    with torch.no_grad():
        advantages = batch.advantages
        if batch.quality is not None:
            # A KL penalty in the reward: centered within the group like the reward that it is a part of.
            scores = token_level_rewards.sum(dim=-1)[torch.as_tensor(batch.final_row)].double().cpu().numpy()
            penalty = scores - batch.quality
            advantages = advantages + group_advantages(penalty, np.asarray(index, dtype=object)[batch.final_row])
        rows = torch.as_tensor(advantages[batch.session_of_row], dtype=token_level_rewards.dtype)
        spread = rows.to(response_mask.device).unsqueeze(-1) * response_mask
    return spread, spread


def add_gain(data: Any) -> None:
    """Add the current batch's gain to `token_level_rewards` of a DataProto, in place; nothing without one.

    It goes to the last token with mask 1 of each session's final output; a row that has none gets it at its first
    token, where only sums over the row see it. verl's `token_level_scores` stay pure quality.
    """
    batch = _current.get()
    if batch is None or batch.gain is None:
        return
    rewards, mask = data.batch["token_level_rewards"].clone(), data.batch["response_mask"]
    row = torch.as_tensor(batch.final_row, device=rewards.device)
    positions = torch.arange(mask.shape[-1], device=mask.device)
    last = (positions * (mask[row] > 0)).argmax(dim=-1)
    rewards[row, last] += torch.as_tensor(batch.gain, dtype=rewards.dtype, device=rewards.device)
    data.batch["token_level_rewards"] = rewards


def register() -> None:
    """Register with verl under the name `darling`."""
    from verl.trainer.ppo.core_algos import register_adv_est

    register_adv_est(ESTIMATOR)(darling_advantage)
