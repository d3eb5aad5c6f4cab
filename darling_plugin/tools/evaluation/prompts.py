"""A prompt, the files that prompts come in, and the seed of each of its samples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from darling_plugin.errors import InputError

Message = dict[str, str]
Text = str | tuple[Message, ...]


@dataclass(frozen=True)
class Prompt:
    """One prompt of a task."""

    id: str
    """Unique within the task: it names the prompt in every file and enters the seed."""
    text: Text
    """What the user says, or a whole conversation as messages with `role` and `content`."""
    answer: Any = None
    """What a scorer compares with; any JSON value."""
    source: str = ""
    """The part of the task it is from, such as aime24; parts have figures of their own."""

    @property
    def messages(self) -> list[Message]:
        return [{"role": "user", "content": self.text}] if isinstance(self.text, str) else [dict(m) for m in self.text]

    @property
    def shown(self) -> str:
        """The prompt as one text, for a judge."""
        if isinstance(self.text, str):
            return self.text
        return "\n\n".join(f"{message['role']}: {message['content']}" for message in self.text)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def sample_seed(seed: int, task: str, prompt_id: str, sample: int) -> int:
    """The seed of one sample, in [0, 2^31): the same whatever else is sampled, in which order and on which machine."""
    digest = hashlib.sha256(json.dumps([seed, task, prompt_id, sample]).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def digest(prompts: Sequence[Prompt]) -> str:
    """64 hexadecimal digits that change with any prompt, and with their order."""
    return hashlib.sha256(json.dumps([prompt.as_json() for prompt in prompts]).encode()).hexdigest()


def parse(fields: Mapping[str, Any], where: str, *, source: str = "") -> Prompt:
    """A prompt from `id`, `prompt` and, where there is one, `answer`. Raises `InputError` naming `where`."""
    name, text = fields.get("id"), fields.get("prompt")
    if not isinstance(name, str | int) or isinstance(name, bool) or name == "":
        raise InputError(f"{where}: `id` must be a text or a whole number, got {name!r}")
    if isinstance(text, list) and text and all(_is_message(message) for message in text):
        return Prompt(str(name), tuple(text), fields.get("answer"), source)
    if not isinstance(text, str) or not text.strip():
        raise InputError(
            f"{where}: `prompt` must be a text, or a list of messages with `role` and `content`; got {text!r:.200}"
        )
    return Prompt(str(name), text, fields.get("answer"), source)


def _is_message(message: Any) -> bool:
    return isinstance(message, dict) and message.keys() == {"role", "content"} and all(map(_is_text, message.values()))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def unique(prompts: Sequence[Prompt], where: str) -> list[Prompt]:
    """The prompts, checked: at least one, and no id twice."""
    seen: set[str] = set()
    for prompt in prompts:
        if prompt.id in seen:
            raise InputError(f"{where}: the id {prompt.id!r} appears twice; each prompt needs its own")
        seen.add(prompt.id)
    if not prompts:
        raise InputError(f"{where}: no prompts")
    return list(prompts)
