"""The clipped policy loss, as verl computes it (`compute_policy_loss_vanilla`, aggregated by `token-mean`).

    ratio = exp(log π − log π_old)
    loss of a token = max(−A · ratio, −A · clip(ratio, 1 − ε, 1 + ε)),  ε = 0.2;  at most −3 A where A < 0
    loss = Σ over the tokens of the mini-batch / their number

PPO: Schulman et al. 2017, arXiv 1707.06347; the bound for A < 0, which keeps one token with a huge ratio from ruling a
step: Ye et al. 2020, arXiv 1912.09729. At ratio 1 the gradient is that of −A log π.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

CLIP = 0.2
BOUND = 3.0


def policy_loss(
    log_prob: torch.Tensor, old_log_prob: torch.Tensor, advantages: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """The loss of one mini-batch, a scalar.

    Args:
        log_prob, old_log_prob: of each token by the policy and by the one that sampled it, shape (rows, tokens).
        advantages: one for each row, shape (rows,).
        mask: which tokens count; at least one. All of them together are the number that is divided by.
    """
    import torch

    ratio = torch.exp(torch.clamp(log_prob - old_log_prob, -20.0, 20.0))
    per_token = advantages[:, None]
    clipped = torch.maximum(-per_token * ratio, -per_token * torch.clamp(ratio, 1 - CLIP, 1 + CLIP))
    bounded = torch.where(per_token < 0, torch.minimum(-per_token * BOUND, clipped), clipped)
    return (bounded * mask).sum() / mask.sum()


def kl_loss(log_prob: torch.Tensor, reference: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over the tokens of e^d − d − 1, d = reference − log_prob: verl's `low_var_kl`, an estimate of the KL.

    log_prob, reference: of each token by the policy and by the one that training began with, shape (rows, tokens).
    Schulman 2020, "Approximating KL divergence".
    """
    import torch

    difference = torch.clamp(reference - log_prob, -20.0, 20.0)
    each = torch.clamp(torch.exp(difference) - difference - 1, -10.0, 10.0)
    return (each * mask).sum() / mask.sum()
