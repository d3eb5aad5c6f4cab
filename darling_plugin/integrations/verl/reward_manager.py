"""The reward manager `darling`: the quality of one response, with nothing of diversity in it.

Where quality comes from, in this order: the user's `reward.custom_reward_function`; math-verify, with
`darling.quality.verifier=math_verify`; else verl's `default_compute_score`, which knows the answer format of each
`data_source`. verl's validation therefore reports pure quality: diversity enters later, and in training only.

verl's other reward managers work with `algorithm.adv_estimator=darling` too.
"""

from __future__ import annotations

from typing import Any

from darling_plugin.errors import ConfigError
from darling_plugin.integrations.verl.validate import REWARD_MANAGER, read_settings


def _math_verify_score(timeout_s: float) -> Any:
    from darling_plugin.quality.math_verify import MathVerifier

    verify = MathVerifier(timeout_s)

    def compute_score(solution_str: str, ground_truth: Any, **_: Any) -> float:
        return verify(solution_str, str(ground_truth))

    return compute_score


def _named_error(compute_score: Any) -> Any:
    """`default_compute_score`, with an error for an unknown data source that says what to set."""

    def score(data_source: str, **kwargs: Any) -> Any:
        try:
            return compute_score(data_source=data_source, **kwargs)
        except NotImplementedError:
            raise ConfigError(
                f"data_source={data_source!r}: verl has no score for it. Set darling.quality.verifier=math_verify "
                "for maths answers, or reward.custom_reward_function.path for your own score."
            ) from None

    return score


def register() -> None:
    """Register with verl under the name `darling`."""
    from verl.experimental.reward_loop.reward_manager import register as register_with_verl
    from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager

    @register_with_verl(REWARD_MANAGER)
    class DarlingRewardManager(NaiveRewardManager):
        """verl's manager for one response (decoding, threads, coroutines), with our sources of quality."""

        def __init__(self, config: Any, tokenizer: Any, compute_score: Any, **kwargs: Any) -> None:
            if config.reward.custom_reward_function.path is None:
                quality = read_settings(config).quality
                if quality.verifier == "math_verify":
                    compute_score = _math_verify_score(quality.timeout_s)
                else:
                    compute_score = _named_error(compute_score)
            super().__init__(config, tokenizer, compute_score, **kwargs)

        async def run_single(self, data: Any) -> dict[str, Any]:
            result = await super().run_single(data)
            # Under a name of its own: with a score dictionary "acc" may be anything, and DAPO's group filter and
            # verl's validation choose what they read by name.
            result["reward_extra_info"]["quality"] = float(result["reward_score"])
            return result
