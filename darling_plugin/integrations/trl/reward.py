"""`DarlingReward`: a reward function for TRL, with the quality functions inside.

    r = quality · diversity, or what the objective makes of them; TRL then subtracts the group's mean

It uses TRL's contract for reward functions only: keyword arguments in, one number or None per completion out. Exact
with `scale_rewards="none"`, up to TRL's float32.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.integrations.trl.quality import QualityFunction, call_all, name_of, weighted_sum
from darling_plugin.integrations.trl.scorer import Scorer
from darling_plugin.integrations.trl.settings import check_arguments
from darling_plugin.integrations.trl.text import completion_text
from darling_plugin.integrations.versions import TRL
from darling_plugin.similarity import Similarity

logger = logging.getLogger(__name__)


class DarlingReward:
    """The one reward function of a `GRPOTrainer` or `RLOOTrainer`.

    Args:
        quality: one TRL reward function or several, sync or async; None from one means that it does not apply.
        args: the trainer's GRPOConfig or RLOOConfig. None takes it from the trainer at the first call, as with
            `trl grpo --reward_funcs my_rewards.darling`.
        weights: one per quality function, in the place of `reward_weights`; all 1 by default.
        darling: the `darling:` node, as a dict.
        similarity: the name of one, or an object in the place of `darling["similarity"]`.
        text: what the similarity reads of a completion; by default the last message of the assistant.

    A completion that no quality function scores is left out of its group. Metrics: `darling/*`, the same as in verl.
    In an evaluation TRL reports the fused reward, and `eval_darling/quality/mean` is the pure quality.

    Raises `ConfigError` for settings that would not train DARLING, and says what to set.
    """

    __name__ = "darling"  # TRL logs rewards/darling/mean

    def __init__(
        self,
        quality: QualityFunction | Sequence[QualityFunction],
        args: Any = None,
        *,
        weights: Sequence[float] | None = None,
        darling: Mapping[str, Any] | None = None,
        similarity: Similarity | str | None = None,
        text: Callable[[Any], str] = completion_text,
    ):
        TRL.check_installed()
        if args is not None:
            check_arguments(args)
        self.args = args
        self.quality = list(quality) if isinstance(quality, Sequence) and not isinstance(quality, str) else [quality]
        if not self.quality or not all(map(callable, self.quality)):
            raise ConfigError(
                f"quality: got {quality!r}, expected one or several functions. A reward model needs DarlingGRPOTrainer."
            )
        self.weights = np.ones(len(self.quality)) if weights is None else np.asarray(weights, dtype=np.float64)
        if self.weights.shape != (len(self.quality),):
            raise ConfigError(
                f"weights: got {weights!r}, expected one number for each of {len(self.quality)} functions."
            )
        if any(_is_model(each) for each in self.quality):
            raise ConfigError("quality: got a reward model, expected a function; train with DarlingGRPOTrainer.")
        self._scorer = Scorer(darling, similarity, text)
        objective = self._scorer.step.objective
        if not objective.centered:
            raise ConfigError(
                f"darling.objective={self._scorer.step.settings.objective}: its advantage is not its reward minus the "
                "group's mean, which is what TRL computes from a reward function. Train with DarlingGRPOTrainer."
            )
        self._callback: Any = None

    def __call__(
        self,
        *,
        prompts: list[Any],
        completions: list[Any],
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """The reward of each completion of this process. TRL calls it in every process, once per generation batch."""
        trainer = getattr(log_metric, "__self__", None)  # TRL hands out methods of its trainer
        args = self._attach(trainer)
        given = dict(columns, prompts=prompts, completions=completions, log_extra=log_extra, log_metric=log_metric)
        values = call_all(self.quality, given, len(completions))
        training = trainer is None or trainer.model.training
        size = args.num_generations if training else args.num_generations_eval or args.num_generations
        part, metrics = self._scorer(prompts, completions, weighted_sum(values, self.weights), size, training=training)
        if log_metric is not None:
            for name, value in (metrics | self._means(values)).items():
                log_metric(name, value)
        if log_extra is not None:
            for name, column in part.columns().items():
                log_extra(name, column)
        return [None if np.isnan(reward) else float(reward) for reward in part.rewards]

    def _attach(self, trainer: Any) -> Any:
        """The trainer's arguments; at the first call also its checkpoints, and a look at its other rewards."""
        if trainer is None:
            if self.args is None:
                raise InputError(
                    "DarlingReward: got no args, and was not called by a trainer that has them; pass the trainer's "
                    "config as DarlingReward(quality, args)."
                )
            return self.args
        from darling_plugin.integrations.trl.checkpoint import DarlingState, keep_state

        if self._callback is None:
            check_arguments(trainer.args)
            if self.args is not None and self.args.num_generations != trainer.args.num_generations:
                raise ConfigError(
                    f"args: DarlingReward has num_generations={self.args.num_generations}, but the trainer "
                    f"has {trainer.args.num_generations}; give both the same config."
                )
            others = [name for name in trainer.reward_func_names if name != self.__name__]
            if others:
                logger.warning(
                    "darling: the trainer's other rewards (%s) are added to DARLING's reward and not multiplied by "
                    "diversity. Give them to DarlingReward as quality, or train with DarlingGRPOTrainer.",
                    ", ".join(others),
                )
            self._callback = DarlingState(self._scorer.step)
        keep_state(trainer, self._callback)
        return trainer.args

    def _means(self, values: np.ndarray) -> dict[str, float]:
        """The mean of each of several quality functions, over the completions that it applies to."""
        if len(self.quality) == 1:
            return {}
        means = {}
        for number, (function, row) in enumerate(zip(self.quality, values, strict=True)):
            name = name_of(function)
            name = name if [name_of(each) for each in self.quality].count(name) == 1 else f"{name}_{number}"
            if not np.isnan(row).all():
                means[f"darling/quality/{name}"] = float(np.nanmean(row))
        return means


def _is_model(quality: Any) -> bool:
    return hasattr(quality, "state_dict") and hasattr(quality, "parameters")  # torch.nn.Module, without importing torch
