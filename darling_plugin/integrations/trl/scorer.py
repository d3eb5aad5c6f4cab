"""The step of a TRL trainer: the generation batch of all processes in, this process's part of the result out.

TRL lays a batch out group by group and cuts it into one slice per process; a slice may begin or end inside a group.
A group is known by its position, as TRL knows it: prompts can be equal, and environments can change them. Every
process gathers the whole batch and runs the same step, so that metrics, the shift of negative quality and objectives
that count are equal everywhere; only the similarity's work is divided (`shared.py`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.integrations.trl.settings import read_settings
from darling_plugin.integrations.trl.shared import Group, SharedClasses, gather, place
from darling_plugin.integrations.trl.text import prompt_name
from darling_plugin.rollouts import Rollouts
from darling_plugin.similarity import Similarity
from darling_plugin.step import InProcess, Step, needs_similarity


@dataclass(frozen=True)
class Part:
    """One entry per completion of this process. NaN, and class −1, for a completion that no quality function scores.

    group: its number in the batch. diversity, labels: None where the objective has none.
    """

    group: np.ndarray
    quality: np.ndarray
    rewards: np.ndarray
    advantages: np.ndarray
    diversity: np.ndarray | None
    labels: np.ndarray | None

    def columns(self) -> dict[str, list[Any]]:
        """For TRL's table of completions."""
        nothing = [None] * len(self.quality)
        return {
            "group": self.group.tolist(),
            "quality": self.quality.tolist(),
            "diversity": nothing if self.diversity is None else self.diversity.tolist(),
            "class": nothing if self.labels is None else self.labels.tolist(),
        }


class Scorer:
    """A `Step` over all processes. `text`: what the similarity reads of a completion."""

    def __init__(
        self,
        darling: Mapping[str, Any] | None,
        similarity: Similarity | str | None,
        text: Callable[[Any], str],
        *,
        reward_model: bool = False,
    ):
        settings = read_settings(darling, similarity)
        classes = None
        if needs_similarity(settings.build_objective()):
            found = settings.similarity.build() if similarity is None or isinstance(similarity, str) else similarity
            classes = SharedClasses(InProcess(found, settings.partition_rule(found)))
        self.step = Step(settings, classes=classes, reward_model=reward_model)
        self._text = text

    def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        quality: np.ndarray,
        group_size: int,
        *,
        training: bool,
    ) -> tuple[Part, dict[str, float]]:
        """Score this process's completions, (rows,); NaN quality leaves a completion out. The second is its metrics.

        An evaluation leaves the state as it was. Raises `InputError` where the batch is not whole groups.
        """
        names = [prompt_name(prompt) for prompt in prompts] if "prompts" in self.step.objective.needs else None
        mine = ([self._text(completion) for completion in completions], quality, names)
        everyone = gather(mine)
        starts = np.cumsum([0, *(len(texts) for texts, _, _ in everyone)])
        rows = int(starts[-1])
        if rows % group_size:
            raise InputError(f"completions: got {rows}, expected whole groups of {group_size}.")
        owners = np.searchsorted(starts, np.arange(0, rows, group_size), side="right") - 1
        uid = [Group(row // group_size, int(owners[row // group_size])) for row in range(rows)]
        q = np.concatenate([part for _, part, _ in everyone])
        kept = np.flatnonzero(~np.isnan(q)).tolist()
        texts = [text for part, _, _ in everyone for text in part]
        all_names = None if names is None else [name for _, _, part in everyone for name in part]
        before = None if training else copy.deepcopy(self.step.state_dict())
        result = self.step(
            Rollouts(
                [texts[row] for row in kept],
                [uid[row] for row in kept],
                q[kept],
                None if all_names is None else [all_names[row] for row in kept],
            )
        )
        metrics = self.step.metrics()
        if before is not None:
            self.step.load_state_dict(before)
        rank, _ = place()
        here = slice(int(starts[rank]), int(starts[rank + 1]))

        def spread(values: np.ndarray | None, missing: float = np.nan) -> np.ndarray | None:
            if values is None:
                return None
            whole = np.full(rows, missing, dtype=np.asarray(values).dtype)
            whole[kept] = values
            return whole[here]

        rewards, advantages = spread(result.rewards), spread(result.advantages, 0.0)
        assert rewards is not None and advantages is not None
        part = Part(
            group=np.arange(rows)[here] // group_size,
            quality=q[here],
            rewards=rewards,
            advantages=advantages,
            diversity=spread(result.diversity),
            labels=spread(result.labels, -1),
        )
        return part, metrics
