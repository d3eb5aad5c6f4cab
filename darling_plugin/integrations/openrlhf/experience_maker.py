"""OpenRLHF's experience maker, with DARLING between the rewards and the advantages.

    rewards of all kinds ─► step ─► rewards ─► OpenRLHF's own: penalties, mean of the group, KL, clipping

OpenRLHF's `dr_grpo` takes the group's mean off the rewards that it finds, so the advantages are exactly DARLING's. The
advantages of an objective that is not centered are placed after it instead.
"""

from __future__ import annotations

import json
import os
from typing import Any

from openrlhf.trainer.ppo_utils.experience_maker import RemoteExperienceMaker

from darling_plugin.config import parse_settings
from darling_plugin.integrations.openrlhf import experiences as rows
from darling_plugin.integrations.openrlhf.arguments import SETTINGS
from darling_plugin.integrations.openrlhf.classes import open_classes
from darling_plugin.integrations.openrlhf.run_files import RunFiles
from darling_plugin.step import Step


class DarlingExperienceMaker(RemoteExperienceMaker):
    """Made by OpenRLHF's trainers in the place of its own, in the trainer's process; `worker.py` sees to that."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        job = self.strategy.args
        settings = parse_settings(json.loads(os.environ[SETTINGS]))
        classes = open_classes(settings, settings.build_objective())
        self.darling = Step(settings, classes=classes, reward_model=not job.reward.remote_url)
        self.files = RunFiles(settings.samples, job.ckpt.path)
        self.global_step = 0  # the step that the next batch is for; the trainer sets it

    def compute_advantages_and_returns(self, experiences: list[Any]) -> list[Any]:
        """OpenRLHF's, on the objective's rewards."""
        job, settings, objective = self.strategy.args, self.darling.settings, self.darling.objective
        rollouts = rows.read_rollouts(
            experiences, self.tokenizer, job.rollout.n_samples_per_prompt, frozenset(objective.needs)
        )
        result = self.darling(rollouts)
        self.files.write_samples(self.global_step, rollouts, rows.prompts(experiences), result)
        if settings.monitor:
            return super().compute_advantages_and_returns(experiences)
        rows.set_rewards(experiences, result.rewards)
        done = super().compute_advantages_and_returns(experiences)
        if not objective.centered:
            rows.set_advantages(done, result.advantages, tuple(job.reward.clip_range))
        return done
