"""Quality of a response = the raw score of a reward model that verl serves: a verl `custom_reward_function`.

With a function of its own, a response's score is asked for as soon as it is written, and it passes through the reward
manager `darling`; without one, verl posts to the reward model itself and leaves the reward manager out. The request is
the one that verl makes (`RewardLoopWorker.compute_score_disrm`, verl 0.9.1): the conversation in the reward model's
chat template, to the router's `/classify`, without activation, last value.

    reward.reward_model.enable=true  reward.reward_model.enable_resource_pool=true
    reward.custom_reward_function.path=pkg://darling_plugin.quality.reward_model
    +reward.custom_reward_function.reward_kwargs.model='${reward.reward_model.model_path}'

verl gives a reward function no prompt, so each row of the data must have it as `extra_info.prompt`: a list of messages,
or the user's text. Scores may be negative: see `darling.fusion.shift`.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from darling_plugin.endpoint.http_rules import bounded, is_retried, retry_after_s, said
from darling_plugin.errors import ConfigError, DarlingError, InputError

TIMEOUT_S = 300.0
ATTEMPTS = 6
LONGEST_WAIT_S = 30.0


class _Unavailable(DarlingError):
    """The router or a server behind it did not answer; another try may help, after so many seconds."""

    def __init__(self, message: str, retry_after_s: float = 0.0):
        super().__init__(message)
        self.retry_after_s = retry_after_s


async def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    *,
    model: str | None = None,
    reward_router_address: str | None = None,
    reward_model_tokenizer: Any = None,
    attempts: int = ATTEMPTS,
    first_wait_s: float = 1.0,
) -> float:
    """The reward model's score of `solution_str` as the answer to `extra_info["prompt"]`.

    An empty response is scored like any other. `data_source` and `ground_truth` are not used.

    Args:
        model: the name that the reward model is served under, which is `reward.reward_model.model_path`.
        reward_router_address: host:port, from verl.
        reward_model_tokenizer: whose chat template writes the conversation; from verl.
        attempts: requests made before a server that does not answer is an error.
        first_wait_s: before the second attempt; doubled each time, at most 30 s.

    Raises:
        ConfigError: verl serves no reward model, or `model` is not set.
        InputError: the row has no prompt.
        DarlingError: the server refused the request, stayed away, or answered with something else than a number.
    """
    from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

    if reward_router_address is None or reward_model_tokenizer is None:
        raise ConfigError(
            "reward.reward_model.enable: darling_plugin.quality.reward_model needs a reward model that verl serves. "
            "Set reward.reward_model.enable=true, reward.reward_model.enable_resource_pool=true and "
            "reward.reward_model.model_path."
        )
    if model is None:
        raise ConfigError(
            "reward.custom_reward_function.reward_kwargs.model: not set; it names the served reward model. Set "
            "+reward.custom_reward_function.reward_kwargs.model='${reward.reward_model.model_path}'."
        )
    text = conversation(_messages(extra_info, data_source), solution_str, reward_model_tokenizer)
    payload = {"model": model, "input": text, "use_activation": False}
    backoff = wait_exponential(first_wait_s, max=LONGEST_WAIT_S)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(_Unavailable),
        stop=stop_after_attempt(attempts),
        wait=lambda state: max(backoff(state), _asked_wait_s(state)),
        reraise=True,
    )
    return _score(await retrying(_post, f"http://{reward_router_address}/classify", payload))


def _asked_wait_s(state: Any) -> float:
    return min(float(getattr(state.outcome.exception(), "retry_after_s", 0.0)), LONGEST_WAIT_S)


def conversation(messages: Sequence[Mapping[str, Any]], response: str, tokenizer: Any) -> str:
    """The messages and the response in the tokenizer's chat template, without the BOS that the server adds again."""
    turns = [*(dict(message) for message in messages), {"role": "assistant", "content": response}]
    from jinja2 import TemplateError

    try:
        text: str = tokenizer.apply_chat_template(turns, add_generation_prompt=False, tokenize=False)
    except (ValueError, TemplateError) as error:  # it has no template; it refuses a role, such as `system`
        roles = ", ".join(str(turn.get("role")) for turn in turns)
        raise InputError(
            f"the chat template of {getattr(tokenizer, 'name_or_path', 'the reward model')!r} cannot format a "
            f"conversation with the roles {roles}: {said(error)}. Use a reward model whose tokenizer has a "
            "template for it."
        ) from error
    return text.removeprefix(tokenizer.bos_token) if tokenizer.bos_token is not None else text


def _messages(extra_info: Mapping[str, Any] | None, data_source: str) -> Sequence[Mapping[str, Any]]:
    prompt = (extra_info or {}).get("prompt")
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    if prompt is None or not isinstance(prompt, Sequence | np.ndarray) or len(prompt) == 0:
        raise InputError(
            f"extra_info.prompt: a row of data_source={data_source!r} has none, but a reward model also reads the "
            "question. Write the conversation of each row into its extra_info, as a text or a list of messages."
        )
    return list(prompt)


async def _post(url: str, payload: Mapping[str, Any]) -> Any:
    import httpx

    async def ask() -> tuple[int, Mapping[str, str], bytes]:
        # No proxy: the router is the cluster's own.
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", url, json=payload) as answer,
        ):
            return answer.status_code, answer.headers, await bounded(answer.aiter_bytes(), f"reward model at {url}")

    try:
        # httpx bounds each read, not the whole request.
        status, headers, body = await asyncio.wait_for(ask(), TIMEOUT_S)
    except (httpx.TransportError, asyncio.TimeoutError) as error:
        raise _Unavailable(
            f"reward model at {url}: {type(error).__name__}: {error}. Look into the log of its servers. One "
            "possible cause is a conversation longer than reward.reward_model.rollout.max_model_len."
        ) from error
    if status >= 300:
        words = f"reward model at {url}: HTTP {status}: {said(body.decode('utf-8', 'replace'))}"
        if is_retried(status):
            raise _Unavailable(words, retry_after_s(headers))
        raise DarlingError(words)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        words = said(body[:1000].decode("utf-8", "replace"))
        raise _Unavailable(f"reward model at {url}: its reply is not JSON: {words}") from None


def _score(answer: Any) -> float:
    try:
        score = float(answer["data"][-1]["probs"][-1])
    except (KeyError, IndexError, TypeError, ValueError):
        raise DarlingError(
            f"reward model: expected data[-1].probs[-1] to be a number, got {str(answer)[:500]}. The model must be a "
            "sequence classifier (architectures: …ForSequenceClassification) served with vLLM's pooling runner."
        ) from None
    if not math.isfinite(score):
        raise DarlingError(f"reward model: the score is {score}; its weights or its dtype are damaged.")
    return score
