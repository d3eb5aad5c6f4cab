"""DARLING in SkyRL: a trainer whose rewards are the objective's.

    python recipes/skyrl/darling_skyrl.py --darling.similarity.name classifier \\
        trainer.algorithm.advantage_estimator=grpo trainer.algorithm.grpo_norm_by_std=false …
"""

import sys
from typing import Any

from darling_plugin.config import parse_settings
from darling_plugin.errors import ConfigError
from darling_plugin.integrations.command_line import parse_node, split_arguments
from darling_plugin.rollouts import Rollouts
from darling_plugin.step import Step


class DarlingTrainer:
    """Mixed in before SkyRL's `RayPPOTrainer`, which subtracts the group's mean from the rewards that it finds here."""

    darling: Step
    tokenizer: Any  # of SkyRL's trainer, as the next
    all_metrics: Any

    def postprocess_generator_output(self, output: Any, uids: Any, metrics_generator_output: Any = None, *rest: Any):
        if output["rewards"] and isinstance(output["rewards"][0], list):
            raise ConfigError("rewards: got one per token, expected one per response.")
        texts = self.tokenizer.batch_decode(output["response_ids"], skip_special_tokens=True)
        result = self.darling(Rollouts(texts, uids, output["rewards"]))
        self.all_metrics.update(self.darling.metrics())
        pure = output if metrics_generator_output is None else metrics_generator_output
        fused = {**output, "rewards": result.rewards.tolist()}
        trainer: Any = super()
        return trainer.postprocess_generator_output(fused, uids, pure, *rest)


def check(config: Any, step: Step) -> None:
    """Raise `ConfigError` where SkyRL would not train on DARLING's advantages."""
    algorithm = config.trainer.algorithm
    if algorithm.advantage_estimator != "grpo" or algorithm.grpo_norm_by_std:
        raise ConfigError(
            "DARLING's advantage is the reward minus the group's mean: set trainer.algorithm.advantage_estimator=grpo "
            "and trainer.algorithm.grpo_norm_by_std=false."
        )
    if config.generator.step_wise_trajectories:
        raise ConfigError("Each response must be one row: set generator.step_wise_trajectories=false.")
    if not step.objective.centered:
        raise ConfigError(
            f"darling.objective={step.settings.objective}: its advantages are not rewards minus their mean."
        )


def train(config: Any, node: dict) -> None:
    from skyrl.train.entrypoints.main_base import BasePPOExp
    from skyrl.train.trainer import RayPPOTrainer

    class Experiment(BasePPOExp):
        def get_trainer(self, *args, **kwargs):
            trainer = type("DarlingRayPPOTrainer", (DarlingTrainer, RayPPOTrainer), {})(*args, **kwargs)
            trainer.darling = Step(parse_settings(node))
            return trainer

    Experiment(config).run()


if __name__ == "__main__":
    import ray
    from skyrl.train.config import SkyRLTrainConfig
    from skyrl.train.utils import initialize_ray, validate_cfg

    given, overrides = split_arguments(sys.argv[1:])
    config, node = SkyRLTrainConfig.from_cli_overrides(overrides), parse_node(given)
    check(config, Step(parse_settings(node)))
    validate_cfg(config)
    initialize_ray(config)
    ray.get(ray.remote(num_cpus=1)(train).remote(config, node))
