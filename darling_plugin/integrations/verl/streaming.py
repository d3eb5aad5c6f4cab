"""Each response goes to the partition service the moment it is generated, from whatever reward manager sees it.

Put round every reward manager that verl has registered, in place, under the same names. It sends and goes on: what the
service makes of it is no concern of the rollout's.
"""

from __future__ import annotations

import asyncio
from typing import Any

from darling_plugin.integrations.verl.validate import read_settings, uses_darling
from darling_plugin.service.actor import Sender
from darling_plugin.step import needs_similarity

ONE_TURN = 2  # verl counts the user's turn and the policy's


class StreamingManager:
    """Mixed in before a reward manager's class; what it does not define is the manager's own."""

    config: Any
    tokenizer: Any

    def __init__(self, config: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)  # type: ignore[call-arg]
        settings = read_settings(config)
        watched = uses_darling(config) or settings.monitor
        objective = settings.build_objective() if watched else None
        streams = objective is not None and needs_similarity(objective) and settings.service.backend != "local"
        self._sender = Sender() if streams else None
        self._read = settings.similarity.reader(settings.similarity.build()) if streams else None
        # Where only correct responses are compared, a wrong one is no sibling: its score is waited for.
        correct_only = objective is not None and objective.scope == "correct"
        self._least = settings.diversity.correct_threshold if correct_only else None
        self._sending: set[asyncio.Task[None]] = set()

    async def run_single(self, data: Any) -> dict[str, Any]:
        if self._sender is None or "uid" not in data.non_tensor_batch:
            return await super().run_single(data)  # type: ignore[misc]
        if self._least is None:
            self._send(data)
        result = await super().run_single(data)  # type: ignore[misc]
        if self._least is not None and result["reward_score"] > self._least:
            self._send(data)
        return result

    def _send(self, data: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._sent(data))
        self._sending.add(task)  # asyncio itself keeps no hold of a task
        task.add_done_callback(self._sending.discard)

    async def _sent(self, data: Any) -> None:
        final = data[-1]  # of several outputs of a session, the last is the response
        ids = written_tokens(final)
        if ids is None:
            return
        decode, read = self.tokenizer.decode, self._read
        assert self._sender is not None and read is not None
        text = await asyncio.to_thread(lambda: read([decode(ids, skip_special_tokens=True)])[0])
        self._sender.submit(str(final.non_tensor_batch["uid"]), text)


def written_tokens(final: Any) -> Any | None:
    """The tokens of a response that the policy wrote; None where that cannot be known yet.

    verl 0.9.1 gives a reward manager no response mask. With one turn all tokens are the policy's; of more turns, those
    of tools are among them, so such a response is read only when its step is collected, where the mask is known.
    """
    ids = final.batch["responses"]
    length = int(final.batch["attention_mask"][-len(ids) :].sum())
    if "response_mask" in final.batch:
        return ids[:length][final.batch["response_mask"][:length].bool()]
    return ids[:length] if int(final.non_tensor_batch.get("__num_turns__", ONE_TURN)) <= ONE_TURN else None


def wrap_managers() -> None:
    """Put the stream before every registered reward manager; a second call changes nothing."""
    from verl.experimental.reward_loop.reward_manager.registry import REWARD_MANAGER

    for name, manager in list(REWARD_MANAGER.items()):
        if not issubclass(manager, StreamingManager):
            REWARD_MANAGER[name] = type(manager.__name__, (StreamingManager, manager), {})
