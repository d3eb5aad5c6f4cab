"""Converts a reward model with a value head to a sequence classifier. The output folder is complete or absent.

    record = convert("Nexusflow/Athene-RM-8B", Path("models/Athene-RM-8B"))

The score of a conversation is the original's: the same weights at the same token. Not the same bits: a server batches
and rounds in its own way. What is written: config.json, the shards as safetensors, the tokenizer, the license
files, and `darling_conversion.json`, which says what was converted.
"""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

from darling_plugin import __version__
from darling_plugin.errors import InputError
from darling_plugin.files import file_digest
from darling_plugin.progress import progress
from darling_plugin.tools.convert.source import HEAD, SCORE, Source, open_source
from darling_plugin.tools.convert.tokens import CLS_ID, Tokens, write_tokenizer
from darling_plugin.tools.convert.weights import copy_weights

RECORD = "darling_conversion.json"
MIB = 2**20


def convert(source: str | Path, out: Path, *, revision: str | None = None) -> dict[str, Any]:
    """Write the converted model into the new folder `out`; returns the record.

    Needs disk for a second copy of the weights. Main memory, measured with a shard of 1.8 GiB: 0.3 GiB, most of it
    torch's; a .bin file is mapped beside that, and the system can drop its pages.

    Args:
        source: a folder, or a name on the Hugging Face hub.
        revision: of that name: a commit, tag or branch.

    Raises:
        InputError: `out` exists.
        ConfigError: `source` is missing, damaged, or another architecture.
    """
    if out.exists():
        raise InputError(f"OUT: {out} exists, expected a new folder; name another, or remove it.")
    opened = open_source(source, revision)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}")
    part.mkdir()
    try:
        record = _write(opened, part)
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return record


def _write(source: Source, out: Path) -> dict[str, Any]:
    tokens = write_tokenizer(source.folder, out)  # first: it can fail, and takes seconds
    config = _config(source.config, tokens)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    for license in (path for path in source.folder.iterdir() if "licen" in path.name.lower() and path.is_file()):
        shutil.copyfile(license, out / license.name)
    size = sum((source.folder / shard).stat().st_size for shard in source.shards)
    with progress("Copying weights, MiB", size // MIB) as advance:
        done = 0

        def count(read: int) -> None:
            nonlocal done
            advance((done + read) // MIB - done // MIB)
            done += read

        weights = copy_weights(source, out, count)
    others = [path for path in sorted(source.folder.iterdir()) if (out / path.name).is_file()]
    record = {
        "format": 1,
        "made_by": f"darling-plugin {__version__}, convert-reward-model",
        "source": source.name,
        "commit": source.commit,
        "architectures": source.config.get("architectures"),
        "renamed": {HEAD: SCORE},
        "read_at": CLS_ID,
        "tokenizer": asdict(tokens),
        "sha256_read": {path.name: file_digest(path) for path in others if path.name not in weights.read}
        | weights.read,
        "sha256_written": weights.written,
    }
    (out / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return record


def _config(config: dict[str, Any], tokens: Tokens) -> dict[str, Any]:
    kept = {name: value for name, value in config.items() if name not in ("auto_map", "_name_or_path", "num_labels")}
    return kept | {
        "architectures": ["LlamaForSequenceClassification"],
        "id2label": {"0": "reward"},
        "label2id": {"reward": 0},
        "pad_token_id": tokens.pad_id,
        "problem_type": "regression",  # vLLM gives the raw score then, not its sigmoid, whatever a client asks for
    }
