"""The advantage estimator `darling`: A_i = r_i − mean of r over the group, one value for all tokens of a response.

verl gives an estimator the scores of a batch's rows, and no word on diversity or on which rows belong to one session.
So the trainer hook lays these beside the call. Nothing is written back: verl's own `critic/score/*` stays pure quality,
comparable between estimators. Source: arXiv 2509.02534, section 3.
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
    gain: (sessions,) fused reward − quality. Added to what verl gives, which is quality, less KL where that is on.
    normalize_by_std: divide by the group's standard deviation.
    """

    final_row: np.ndarray
    session_of_row: np.ndarray
    gain: np.ndarray
    normalize_by_std: bool


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

    Only a session's last output counts towards its group's mean; its advantage is given to all outputs of the session.
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
        scores = token_level_rewards.sum(dim=-1)[torch.as_tensor(batch.final_row)]
        advantages = group_advantages(
            scores.double().cpu().numpy() + batch.gain,
            np.asarray(index, dtype=object)[batch.final_row],
            normalize_by_std=batch.normalize_by_std,
        )
        rows = torch.as_tensor(advantages[batch.session_of_row], dtype=token_level_rewards.dtype)
        spread = rows.to(response_mask.device).unsqueeze(-1) * response_mask
    return spread, spread


def register() -> None:
    """Register with verl under the name `darling`."""
    from verl.trainer.ppo.core_algos import register_adv_est

    register_adv_est(ESTIMATOR)(darling_advantage)
