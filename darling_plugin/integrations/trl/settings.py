"""The `darling:` node as a dict, and TRL's own arguments: checked before training, with what to set instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from darling_plugin.config import DarlingSettings, parse_settings
from darling_plugin.errors import ConfigError
from darling_plugin.similarity import Similarity

MEANINGLESS = {
    "service": "the similarity runs in each process of the trainer, on darling.similarity.device",
    "samples": "set log_completions=True in the trainer's arguments; its table has columns for quality and classes",
    "monitor": "set darling.objective=grpo to train on quality alone; with a similarity of your own, see docs/trl.md",
    "quality.verifier": "give the quality function to DarlingReward",
    "quality.timeout_s": "give the quality function to DarlingReward",
}
"""Settings of other trainers, by path below `darling`, and what to do in TRL."""


def read_settings(node: Mapping[str, Any] | None, similarity: Similarity | str | None) -> DarlingSettings:
    """The settings. Raises `ConfigError` for wrong ones, and for those that have no effect in TRL.

    similarity: a name stands for `darling.similarity.name`; an object takes the place of the whole section, except the
    threshold and the short-text rule.
    """
    node = dict(node or {}) if node is None or isinstance(node, Mapping) else node
    chosen = node.get("similarity") if isinstance(node, Mapping) else None
    if isinstance(similarity, str):
        named = chosen.get("name", similarity) if isinstance(chosen, Mapping) else similarity
        if named != similarity:
            raise ConfigError(f"similarity={similarity!r}, but darling.similarity.name={named!r}: set one of them.")
        if chosen is None or isinstance(chosen, Mapping):
            node = {**node, "similarity": {**(chosen or {}), "name": similarity}}
    elif similarity is not None:
        _check_object(similarity, chosen)
    settings = parse_settings(node)
    for path, instead in MEANINGLESS.items():
        section, _, key = path.partition(".")
        if section in settings.model_fields_set and (not key or key in getattr(settings, section).model_fields_set):
            raise ConfigError(f"darling.{path}: has no effect in TRL; {instead}.")
    objective = settings.build_objective()
    if "logprobs" in objective.needs:
        raise ConfigError(
            f"darling.objective={settings.objective}: it needs log-probabilities of the responses, which TRL does not "
            "pass to reward functions; train with verl, or choose another objective."
        )
    return settings


def check_arguments(args: Any) -> None:
    """Raise `ConfigError` where TRL would not compute advantages from rewards as the paper does.

    args: a GRPOConfig or RLOOConfig.
    """
    if hasattr(args, "scale_rewards"):
        if args.scale_rewards != "none":
            raise ConfigError(
                f"scale_rewards={args.scale_rewards!r}: DARLING's advantage is not divided by a standard deviation. "
                'Set GRPOConfig(scale_rewards="none").'
            )
        if args.multi_objective_aggregation != "sum_then_normalize":
            raise ConfigError(
                f"multi_objective_aggregation={args.multi_objective_aggregation!r}: it standardizes rewards over the "
                'batch. Set GRPOConfig(multi_objective_aggregation="sum_then_normalize").'
            )
    elif hasattr(args, "normalize_advantages"):
        if args.normalize_advantages:
            raise ConfigError(
                "normalize_advantages=True: DARLING's advantage is not divided by a standard deviation. "
                "Set RLOOConfig(normalize_advantages=False)."
            )
        if args.reward_clip_range:
            raise ConfigError(
                f"reward_clip_range={args.reward_clip_range}: it clips quality times diversity. "
                "Set RLOOConfig(reward_clip_range=None), and clip inside the quality function."
            )
    else:
        raise ConfigError(
            f"args: got a {type(args).__name__}, expected TRL's GRPOConfig or RLOOConfig, such as "
            'GRPOConfig(scale_rewards="none"): by default TRL divides by the standard deviation.'
        )


def _check_object(similarity: Any, chosen: Any) -> None:
    if not isinstance(similarity, Similarity):
        raise ConfigError(
            f"similarity: got a {type(similarity).__name__}, expected a name, or an object with default_threshold and "
            "short_text_rule that is called with pairs (darling_plugin/similarity/base.py). For a plain function: "
            '{"similarity": {"name": "callable", "function": "my_module:my_function"}}.'
        )
    ignored = set(chosen) - {"threshold", "short_text_rule", "domain"} if isinstance(chosen, Mapping) else set()
    if ignored:
        raise ConfigError(
            f"darling.similarity.{min(ignored)}: has no effect, because similarity= is an object of type "
            f"{type(similarity).__name__}; set one of them."
        )
