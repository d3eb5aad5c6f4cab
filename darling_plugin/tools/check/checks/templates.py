"""The tokenizer and the chat template of a model that is a folder here. Read as files: nothing is loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from darling_plugin.tools.check.finding import Finding
from darling_plugin.tools.check.job import REWARD_MODEL, Job

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")
POLICY = "actor_rollout_ref.model"


def check(job: Job) -> Iterator[Finding]:
    folder = _folder(job[f"{POLICY}.tokenizer_path"] or job[f"{POLICY}.path"])
    if folder is not None:
        key = f"{POLICY}.tokenizer_path" if job[f"{POLICY}.tokenizer_path"] else f"{POLICY}.path"
        yield from _complete(key, folder, f"Set {POLICY}.custom_chat_template.", job[f"{POLICY}.custom_chat_template"])
    folder = _folder(job[f"{REWARD_MODEL}.model_path"]) if job[f"{REWARD_MODEL}.enable"] else None
    if folder is not None:
        yield from _complete(f"{REWARD_MODEL}.model_path", folder, "Add the template that it was trained with.", None)


def _complete(key: str, folder: Path, remedy: str, template: str | None) -> Iterator[Finding]:
    if not any((folder / name).is_file() for name in TOKENIZERS):
        yield Finding(
            key, folder, f"has no tokenizer ({', '.join(TOKENIZERS)}).", "Copy the model's tokenizer files there."
        )
    elif template is None and not has_template(folder):
        yield Finding(key, folder, "its tokenizer has no chat template, but prompts are lists of messages.", remedy)


def has_template(folder: Path) -> bool:
    """Whether transformers would find a chat template in the folder."""
    config = folder / "tokenizer_config.json"
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    return config.is_file() and bool(json.loads(config.read_bytes()).get("chat_template"))


def _folder(path: str | None) -> Path | None:
    folder = None if path is None else Path(path).expanduser()
    return folder if folder is not None and (folder / "config.json").is_file() else None
