"""`DarlingGRPOTrainer`: TRL's trainer, whose rewards are the quality and whose advantages are the step's.

For what a reward function cannot do: reward models, environments with rewards of their own, and objectives whose
advantage is not reward − mean. TRL's `reward` and `rewards/*` then stay pure quality, in training and evaluation;
the fused reward is `darling/reward/mean`. Two private methods of TRL are extended: `_calculate_rewards`, which has had
this signature since 0.24, and `_generate_and_score_completions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from trl import GRPOConfig, GRPOTrainer

from darling_plugin.integrations.trl.checkpoint import DarlingState, keep_state
from darling_plugin.integrations.trl.quality import weighted_sum
from darling_plugin.integrations.trl.scorer import Part, Scorer
from darling_plugin.integrations.trl.settings import check_arguments
from darling_plugin.integrations.trl.shared import gather
from darling_plugin.integrations.trl.text import completion_text
from darling_plugin.integrations.versions import TRL
from darling_plugin.similarity import Similarity


class DarlingGRPOTrainer(GRPOTrainer):
    """As `GRPOTrainer`, with `darling`, `similarity` and `text` as in `DarlingReward`.

    A reward model's scores can be negative: each group's lowest is subtracted, unless `darling.fusion.shift` is set.
    """

    def __init__(
        self,
        model: Any,
        reward_funcs: Any = None,
        args: GRPOConfig | None = None,
        *,
        darling: Mapping[str, Any] | None = None,
        similarity: Similarity | str | None = None,
        text: Callable[[Any], str] = completion_text,
        **keywords: Any,
    ):
        TRL.check_installed()
        check_arguments(args)
        super().__init__(model, reward_funcs, args, **keywords)
        reward_model = any(isinstance(function, torch.nn.Module) for function in self.reward_funcs)
        self._darling = Scorer(darling, similarity, text, reward_model=reward_model)
        self._darling_part: Part | None = None
        self._darling_state = DarlingState(self._darling.step)
        keep_state(self, self._darling_state)

    def _calculate_rewards(self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any) -> Any:
        rewards = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)  # of all processes
        keep_state(self, self._darling_state)
        values, weights = rewards.double().cpu().numpy().T, self.reward_weights.double().cpu().numpy()
        start = self.accelerator.process_index * len(completions)  # as TRL slices them
        quality = weighted_sum(values, weights)[start : start + len(completions)]
        training = bool(self.model.training)
        size: Any = self.num_generations if training else self.num_generations_eval
        part, metrics = self._darling(prompts, completions, quality, size, training=training)
        self._darling_part = part
        for name, value in metrics.items():
            self._log_metric(name, value)
        for name, column in (part.columns() | {"darling": part.rewards.tolist()}).items():
            self._log_completion_extra(name, column)
        return rewards

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        output = super()._generate_and_score_completions(inputs)
        part, self._darling_part = self._darling_part, None
        assert part is not None
        theirs = output["advantages"]
        output["advantages"] = torch.as_tensor(part.advantages, dtype=theirs.dtype, device=theirs.device)
        # TRL's table has one row per completion of all processes; the last ones are this batch's.
        everyone = [value for each in gather(part.advantages.tolist()) for value in each]
        logged: Any = self._logs["advantages"]
        for _ in range(min(len(everyone), len(logged))):
            logged.pop()
        logged.extend(everyone)
        return output
