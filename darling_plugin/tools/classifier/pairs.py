"""Labeled pairs of responses to one prompt: what a classifier learns from and is measured on.

One JSON object a line, NoveltyBench's field names (arXiv 2504.05228):

    {"prompt": "Name a fruit.", "generation_0": "An apple.", "generation_1": "Apple!", "similar": 1}

Other fields are left alone. The name of a Hugging Face dataset with these columns serves as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.json_lines import dump_line, read_lines
from darling_plugin.similarity.classifier.hub import absent_path
from darling_plugin.tools.hub_reach import hub_or_cache

FIELDS = ("prompt", "generation_0", "generation_1", "similar")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two responses to one prompt, and whether they are equivalent (1) or not (0).

    target: P(equivalent) that training aims at, where a teacher gave one (`distill.py`); None is `similar` itself.
    """

    prompt: str
    first: str
    second: str
    similar: int
    target: float | None = None

    @property
    def texts(self) -> tuple[str, str]:
        return self.first, self.second


def read_pairs(source: str | Path) -> list[Pair]:
    """The pairs of a JSON-lines file, or of the training split of a dataset on the Hugging Face hub.

    `owner/name:split` names another split. Raises `InputError` with the line, or row, and the field that is wrong.
    """
    path = Path(source).expanduser()
    if path.exists() and not path.is_dir():
        rows: Iterable[tuple[str, Any]] = ((line.where, line.value) for line in read_lines(path, objects=False))
    elif path.suffix in {".jsonl", ".json"} or str(source).startswith((".", "~")):
        raise InputError(f"no such file of labeled pairs: {source}")
    else:
        rows = _hub_rows(str(source))
    pairs = [_pair(row, where) for where, row in rows]
    if not pairs:
        raise InputError(f"{source}: holds no pairs")
    return pairs


def write_pairs(path: Path, pairs: Iterable[Pair]) -> None:
    """Write the pairs in the form that `read_pairs` reads."""
    with path.open("wb") as file:
        for pair in pairs:
            file.write(dump_line(dict(zip(FIELDS, (pair.prompt, pair.first, pair.second, pair.similar), strict=True))))


def labels(pairs: Sequence[Pair]) -> np.ndarray:
    """similar[k] of pairs[k], shape (len(pairs),), 0 or 1."""
    return np.array([pair.similar for pair in pairs], dtype=np.int64)


def digest(pairs: Iterable[Pair]) -> str:
    """SHA-256 of the pairs' content in their order: says in a model's folder what it was trained on."""
    total = hashlib.sha256()
    for pair in pairs:
        row = [pair.prompt, pair.first, pair.second, pair.similar]
        row += [] if pair.target is None else [pair.target]
        total.update(json.dumps(row, ensure_ascii=True).encode() + b"\n")
    return total.hexdigest()


def split_by_prompt(pairs: Sequence[Pair], shares: Mapping[str, float], seed: int) -> dict[str, list[Pair]]:
    """Pairs under the names of `shares`, about that share of the prompts each; no prompt is in two of them.

    A prompt's place depends on its text, the seed and the shares only: not on the other pairs, so that a file can
    grow without moving a prompt from one side to the other. Shares sum to 1.
    """
    if abs(sum(shares.values()) - 1) > 1e-9 or min(shares.values()) < 0:
        raise InputError(f"shares must sum to 1, got {dict(shares)}")
    bounds = np.cumsum(list(shares.values()))
    parts: dict[str, list[Pair]] = {name: [] for name in shares}
    names = list(shares)
    for pair in pairs:
        place = min(int(np.searchsorted(bounds, _place(pair.prompt, seed), side="right")), len(names) - 1)
        parts[names[place]].append(pair)
    return parts


def folds_by_prompt(pairs: Sequence[Pair], folds: int, seed: int) -> list[np.ndarray]:
    """Indices of the held-out pairs of each fold; every pair is held out once, each prompt's pairs together.

    Folds have about the same share of equivalent pairs.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if folds < 2:
        raise InputError(f"folds must be at least 2, got {folds}")
    prompts = [key(pair.prompt) for pair in pairs]
    if len(set(prompts)) < folds:
        raise InputError(f"{folds} folds need pairs of at least {folds} prompts, got {len(set(prompts))}")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return [held_out for _, held_out in splitter.split(np.zeros(len(pairs)), labels(pairs), prompts)]


def key(prompt: str) -> str:
    """What makes two prompts the same for a split: their words, whatever the case and the space between."""
    return " ".join(prompt.casefold().split())


def prompt_hash(prompt: str) -> str:
    """16 hexadecimal digits by which a classifier's folder knows a prompt again."""
    return hashlib.sha256(key(prompt).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _place(prompt: str, seed: int) -> float:
    """A number in [0, 1) that only the prompt and the seed decide."""
    value = hashlib.sha256(f"{seed}\n{key(prompt)}".encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(value[:8], "big") / 2**64


def _hub_rows(name: str) -> Iterator[tuple[str, Any]]:
    from datasets import load_dataset

    dataset, _, split = name.partition(":")
    if missing := absent_path(dataset):
        raise InputError(f"there are no labeled pairs {name}: {missing}; check the name")
    with hub_or_cache() as why:
        try:
            rows = load_dataset(dataset, split=split or "train")
        except (OSError, ValueError) as error:
            said = f"out of reach: {why}" if why else f"{error!s:.300}"
            raise InputError(
                f"{name}: neither a file here nor a dataset that could be loaded from the Hugging Face hub ({said}) or "
                "its cache; give the path of a JSON-lines file, or check the name and the network."
            ) from error
    for number, row in enumerate(rows):
        yield f"{name}, row {number}", row


def _pair(row: Any, where: str) -> Pair:
    if not isinstance(row, Mapping):
        raise InputError(f"{where}: expected an object with {', '.join(FIELDS)}; got {type(row).__name__}")
    missing = [field for field in FIELDS if field not in row]
    if missing:
        raise InputError(f"{where}: no field {missing[0]!r}; a pair has {', '.join(FIELDS)}, this one {', '.join(row)}")
    for field in FIELDS[:3]:
        if not isinstance(row[field], str):
            raise InputError(f"{where}: {field!r} must be text, got {type(row[field]).__name__}")
    similar = row["similar"]
    if isinstance(similar, float | str | bool | int) and str(similar) in {"0", "1", "0.0", "1.0", "False", "True"}:
        return Pair(row["prompt"], row["generation_0"], row["generation_1"], int(str(similar) in {"1", "1.0", "True"}))
    raise InputError(f"{where}: 'similar' must be 0 (distinct) or 1 (equivalent), got {similar!r:.80}")
