"""OpenRLHF's experiences as plain texts and numbers. An `Experience` is a micro-batch: it may cut a group in two."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from darling_plugin.rollouts import Rollouts

Experiences = Sequence[Any]


def read_rollouts(experiences: Experiences, tokenizer: Any, n: int, needs: frozenset[str]) -> Rollouts:
    """All responses of a step, one row per response in the experiences' order.

    Args:
        n: responses per prompt. Row `index` of OpenRLHF's sampling belongs to prompt `index // n`, as in its own
            estimators; a dynamic batch has the rows in another order.
        needs: of `objectives.base.NEEDS`, what is read beyond texts and quality.
    """
    return Rollouts(
        texts=_joined(experiences, lambda experience: response_texts(experience, tokenizer)),
        uid=[int(row) // n for row in _joined(experiences, lambda experience: experience.index)],
        quality=torch.cat([experience.rewards.flatten() for experience in experiences]).double().cpu().numpy(),
        prompts=prompt_ids(prompts(experiences)) if "prompts" in needs else None,
        logprobs=np.asarray(_joined(experiences, mean_logprobs)) if "logprobs" in needs else None,
    )


def prompts(experiences: Experiences) -> list[str]:
    """The prompt of each row, as the policy read it."""
    return _joined(experiences, lambda experience: experience.prompts)


def prompt_ids(texts: Sequence[str]) -> list[str]:
    """16 hexadecimal digits per prompt that depend on its text alone: the same in every epoch and after a restart."""
    return [hashlib.blake2b(text.encode(), digest_size=8).hexdigest() for text in texts]


def response_texts(experience: Any, tokenizer: Any) -> list[str]:
    """What the policy wrote last in each row: the tokens of the last unbroken run of ones in the action mask.

    With one turn that is the response. A row without a one gives "".
    """
    texts = []
    for sequence, mask in zip(experience.sequences, experience.action_mask, strict=True):
        ones = torch.nonzero(mask.bool()).flatten()  # mask[k] is of token k + 1
        breaks = torch.nonzero(ones[1:] - ones[:-1] > 1).flatten()
        first = int(breaks[-1]) + 1 if len(breaks) else 0
        texts.append(tokenizer.decode(sequence[ones[first:] + 1], skip_special_tokens=True))
    return texts


def mean_logprobs(experience: Any) -> list[float]:
    """Mean log-probability of each row's tokens under the policy before the update; 0 for a row without tokens."""
    mask = experience.action_mask.double()
    total = (experience.action_log_probs.double() * mask).sum(-1)
    return (total / mask.sum(-1).clamp(min=1.0)).tolist()


def set_rewards(experiences: Experiences, rewards: np.ndarray) -> None:
    """Replace the reward of each row, shape (rows,); OpenRLHF logs it as `reward`."""
    for experience, mine in _split(experiences, rewards):
        experience.rewards = mine
        experience.info["reward"] = mine.clone()


def set_advantages(experiences: Experiences, advantages: np.ndarray, clip_range: tuple[float, float]) -> None:
    """Replace the advantage of each row's tokens, shape (rows,), within the range of --reward.clip_range."""
    for experience, mine in _split(experiences, advantages):
        mine = mine.clamp(*clip_range)
        spread = mine[:, None] * experience.action_mask
        experience.advantages = spread.to(experience.advantages.dtype)
        experience.returns = experience.advantages.clone()
        experience.info["return"] = mine


def _split(experiences: Experiences, values: np.ndarray) -> list[tuple[Any, torch.Tensor]]:
    sizes = [len(experience.index) for experience in experiences]
    parts = torch.as_tensor(values, dtype=torch.float32).split(sizes)
    return list(zip(experiences, parts, strict=True))


def _joined(experiences: Experiences, of: Callable[[Any], Any]) -> list[Any]:
    return list(itertools.chain.from_iterable(of(experience) for experience in experiences))
