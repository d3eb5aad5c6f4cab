"""The reward manager `darling`: the quality of one response, with nothing of diversity in it.

Where quality comes from, in this order: the user's `reward.custom_reward_function`; math-verify, with
`darling.quality.verifier=math_verify`; else verl's `default_compute_score`, which knows the answer format of each
`data_source`. verl's validation therefore reports pure quality: diversity enters later, and in training only.

verl's other reward managers work with `algorithm.adv_estimator=darling` too.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.integrations.verl.validate import REWARD_MANAGER, read_settings


def _math_verify_score(timeout_s: float) -> Any:
    from darling_plugin.quality.math_verify import MathVerifier
    from darling_plugin.quality.reference import reference_text

    verify = MathVerifier(timeout_s)

    def compute_score(
        data_source: str, solution_str: str, ground_truth: Any, extra_info: Any = None, **_: Any
    ) -> float:
        return verify(solution_str, reference_text(ground_truth, _where(data_source, extra_info)))

    return compute_score


def _where(data_source: str, extra_info: Any) -> str:
    """The row and the field of a ground truth, for messages; datasets name their rows in `extra_info`."""
    named = extra_info if isinstance(extra_info, Mapping) else {}
    row = next((f", {name} {named[name]}" for name in ("id", "index") if named.get(name) is not None), "")
    return f"data_source={data_source!r}{row}, reward_model.ground_truth"


def _named_error(compute_score: Any) -> Any:
    """`default_compute_score`, with errors that say what to set: for an unknown data source, and no ground truth."""

    def score(data_source: str, **kwargs: Any) -> Any:
        if kwargs.get("ground_truth") is None:
            raise InputError(f"{_where(data_source, kwargs.get('extra_info'))}: got None, expected an answer")
        try:
            return compute_score(data_source=data_source, **kwargs)
        except NotImplementedError:
            raise ConfigError(
                f"data_source={data_source!r}: verl has no score for it. Set darling.quality.verifier=math_verify "
                "for math answers, or reward.custom_reward_function.path for your own score."
            ) from None

    return score


def _checked(compute_score: Any) -> Any:
    """The user's function, with an error that names it where it gives no number."""
    # verl binds the settings in front of the function.
    function = compute_score.args[0] if isinstance(compute_score, partial) and compute_score.args else compute_score
    name = getattr(function, "__qualname__", repr(function))

    def number_in(result: Any, data_source: Any) -> Any:
        score = result.get("score") if isinstance(result, dict) else result
        try:
            if score is None or isinstance(score, str | bytes) or not math.isfinite(float(score)):
                raise TypeError
        except (TypeError, ValueError, OverflowError):
            raise InputError(
                f"reward.custom_reward_function {name}: returned {result!r:.200} for a response of "
                f"data_source={data_source!r}, expected a finite number, or a dictionary with one under 'score'"
            ) from None
        return result

    if inspect.iscoroutinefunction(compute_score):

        async def score_later(**kwargs: Any) -> Any:
            return number_in(await compute_score(**kwargs), kwargs.get("data_source"))

        return score_later
    return lambda **kwargs: number_in(compute_score(**kwargs), kwargs.get("data_source"))


def register() -> None:
    """Register with verl under the name `darling`."""
    from verl.experimental.reward_loop.reward_manager import register as register_with_verl
    from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
    from verl.utils.reward_score import default_compute_score

    @register_with_verl(REWARD_MANAGER)
    class DarlingRewardManager(NaiveRewardManager):
        """verl's manager for one response (decoding, threads, coroutines), with our sources of quality."""

        def __init__(self, config: Any, tokenizer: Any, compute_score: Any, **kwargs: Any) -> None:
            if config.reward.custom_reward_function.path is None:
                quality = read_settings(config).quality
                if quality.verifier == "math_verify":
                    compute_score = _math_verify_score(quality.timeout_s)
                else:
                    compute_score = _named_error(compute_score or default_compute_score)
            else:
                compute_score = _checked(compute_score)
            super().__init__(config, tokenizer, compute_score, **kwargs)

        async def run_single(self, data: Any) -> dict[str, Any]:
            result = await super().run_single(data)
            # Under a name of its own: with a score dictionary "acc" may be anything, and DAPO's group filter and
            # verl's validation choose what they read by name. A key that the reward function wrote stays as it is.
            result["reward_extra_info"].setdefault("quality", float(result["reward_score"]))
            return result
