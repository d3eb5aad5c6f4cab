"""What verl's validation says of diversity, beside its own metrics: one set of figures for each data source.

    val-darling/<source>/quality               mean score
    val-darling/<source>/classes@n             classes among the n responses to a prompt, mean over prompts
    val-darling/<source>/correct_classes@n     classes that hold a correct one
    val-darling/<source>/pass@k                unbiased, k = 1, 2, 4, … up to n  (verl's best@k is a bootstrap of it)

Correct is what the reward function calls `acc`, where that is 1 or 0 for every response; else a quality above
`darling.diversity.correct_threshold`. verl itself writes a plain score under `acc` too: that copy says nothing more.
Without an `acc` of its own, no response of a reward model is called correct: its scores have no such line.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from darling_plugin.core.pass_at_k import pass_at_k

PREFIX = "val-darling"


def validation_metrics(
    sources: Sequence[str],
    uid: Sequence[Hashable],
    quality: np.ndarray,
    correct: np.ndarray | None,
    labels: np.ndarray | None,
) -> dict[str, float]:
    """The figures above; all arrays have one entry per response.

    A prompt whose sessions failed has fewer responses; n is then the most that a prompt of the source has, and pass@k
    is over the prompts with at least k. A prompt with one response has one class. No responses give no figures.

    Args:
        uid: equal for the responses to one prompt.
        correct: None where nothing is called correct.
        labels: class within the uid; None where no partition was found.
    """
    figures: dict[str, float] = {}
    for source, prompts in _prompts(sources, uid).items():
        name, rows = f"{PREFIX}/{source}", np.concatenate(prompts)
        n = max(map(len, prompts))
        figures[f"{name}/quality"] = float(quality[rows].mean())
        if labels is not None:
            figures[f"{name}/classes@{n}"] = _mean_classes(labels, prompts)
        if correct is None:
            continue
        right = [own[correct[own]] for own in prompts]
        if labels is not None:
            figures[f"{name}/correct_classes@{n}"] = _mean_classes(labels, right)
        for k in (2**power for power in range(n.bit_length())):
            able = [(len(own), len(good)) for own, good in zip(prompts, right, strict=True) if len(own) >= k]
            figures[f"{name}/pass@{k}"] = float(np.mean([pass_at_k(m, c, k) for m, c in able]))
    return figures


def who_is_correct(
    infos: Mapping[str, Sequence[Any]], quality: np.ndarray, above: float, *, reward_model: bool
) -> np.ndarray | None:
    """One truth value per response. `infos`: verl's lists of what the reward function said, None where it did not."""
    acc = _truths(infos.get("acc"))
    if acc is not None and (reward_model or not np.array_equal(acc, quality)):
        return acc > 0.5
    return None if reward_model else quality > above


def _truths(said: Sequence[Any] | None) -> np.ndarray | None:
    """What is 1 or 0 (or true or false) for every response, as numbers; None for everything else."""
    if said is None or not all(isinstance(one, bool | np.bool_ | int | float | np.number) for one in said):
        return None
    found = np.asarray(said, dtype=float)
    return found if np.isin(found, (0.0, 1.0)).all() else None


def _prompts(sources: Sequence[str], uid: Sequence[Hashable]) -> dict[str, list[np.ndarray]]:
    """Source → the rows of each of its prompts."""
    rows: dict[tuple[str, Hashable], list[int]] = {}
    for row, key in enumerate(zip(map(str, sources), uid, strict=True)):
        rows.setdefault(key, []).append(row)
    prompts: dict[str, list[np.ndarray]] = {}
    for (source, _), own in rows.items():
        prompts.setdefault(source, []).append(np.array(own))
    return prompts


def _mean_classes(labels: np.ndarray, prompts: Sequence[np.ndarray]) -> float:
    return float(np.mean([len(set(labels[own].tolist())) for own in prompts]))
