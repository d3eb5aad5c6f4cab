"""From sampled responses to the pairs that the judge is asked about.

Responses are JSON lines, either form, mixed as you like; other fields are left alone:

    {"prompt": "Name a fruit.", "responses": ["An apple.", "A pear."]}
    {"prompt": "Name a fruit.", "response": "An apple."}

The second is what a training run writes into its `darling_samples` folder; a folder is read as all its *.jsonl files.
Responses to one prompt are one group, wherever they stand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.errors import InputError
from darling_plugin.json_lines import read_lines, regular_file

FORMS = 'a line is {"prompt": text, "responses": [text, …]} or {"prompt": text, "response": text}'


class Question(NamedTuple):
    """Two responses to one prompt."""

    prompt: str
    first: str
    second: str

    @property
    def key(self) -> str:
        """What makes two questions the same: the prompt and the two texts, in either order."""
        return _digest(self.prompt, *sorted((self.first, self.second)))


@dataclass
class Counts:
    """What mining saw and left out. `different_answers` and the two after it are of math alone."""

    prompts: int = 0
    responses: int = 0
    identical: int = 0  # responses that another one of the group repeats
    without_answer: int = 0  # responses
    different_answers: int = 0  # pairs
    hung: int = 0  # groups
    over_limit: int = 0  # pairs
    mined: int = 0  # pairs

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True)
class Groups:
    """responses[prompt] in the order of the input; digest: SHA-256 of the files."""

    responses: Mapping[str, list[str]]
    digest: str


def read_groups(source: str | Path) -> Groups:
    """The responses in a file or a folder. Raises `InputError` with the line and the field that is wrong."""
    path = Path(source).expanduser()
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise InputError(f"{source}: no such file, or a folder without *.jsonl; give the sampled responses ({FORMS})")
    groups: dict[str, list[str]] = {}
    content = hashlib.sha256()
    for file in files:
        content.update(regular_file(file).read_bytes())
        for where, row, _ in read_lines(file):
            prompt, responses = _read(row, where)
            groups.setdefault(prompt, []).extend(responses)
    if not groups:
        raise InputError(f"{source}: holds no responses ({FORMS})")
    return Groups(groups, content.hexdigest())


def mine(
    groups: Groups,
    counts: Counts,
    *,
    limit: int | None,
    seed: int,
    answers: Callable[[list[str]], Sequence[int | None]] | None = None,
) -> Iterator[list[Question]]:
    """The questions of each group in turn, at most `limit` (None: all); what is left out is added to `counts`.

    A group that has more is cut to the pairs among some of its responses, drawn with the seed, so that whole
    partitions can be made of the labels: 28 pairs are all those of 8 responses. The draw depends on the seed and the
    texts alone, so most of it stays when the input grows. With `answers`, only pairs of equal answers are kept.
    No pair crosses groups; a group of one text has none.
    """
    for prompt, responses in groups.responses.items():
        texts = sorted(set(responses), key=lambda text: _digest(str(seed), prompt, text))
        classes: Sequence[int | None] = [0] * len(texts)
        if answers is not None and len(texts) > 1:
            classes = answers(texts)
        pairs = []
        for j in range(1, len(texts)):
            for i in range(j):
                if classes[i] is None or classes[j] is None:
                    continue
                if classes[i] != classes[j]:
                    counts.different_answers += 1
                    continue
                pairs.append(Question(prompt, texts[i], texts[j]))
        kept = pairs if limit is None else pairs[:limit]
        counts.prompts += 1
        counts.responses += len(responses)
        counts.identical += len(responses) - len(texts)
        counts.without_answer += sum(answer is None for answer in classes)
        counts.over_limit += len(pairs) - len(kept)
        counts.mined += len(kept)
        yield kept


def _read(row: Mapping[str, Any], where: str) -> tuple[str, list[str]]:
    if not isinstance(row.get("prompt"), str):
        raise InputError(f"{where}: no text in 'prompt'; {FORMS}")
    if ("responses" in row) == ("response" in row):
        raise InputError(f"{where}: expected either 'responses' or 'response'; {FORMS}")
    responses = row["responses"] if "responses" in row else [row["response"]]
    if not isinstance(responses, list) or not all(isinstance(text, str) for text in responses):
        raise InputError(f"{where}: every response must be text; {FORMS}")
    return row["prompt"], responses


def _digest(*texts: str) -> str:
    # Of JSON, so that ("ab", "c") and ("a", "bc") differ and a lone surrogate is no error.
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
