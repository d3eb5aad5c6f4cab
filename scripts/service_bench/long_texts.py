"""The trainer's part of a step with long responses: everything was read ahead, and the classes are to be found.

Responses are real solutions (OlympiadBench's, where `--data` has them; else texts from the shipped classifier's own
table of words), joined until the classifier's tokenizer counts so many tokens, different for each response. Encodings
are random unit vectors, as forward passes were made while responses came in; words are read from the texts. Seconds
are those that all threads of this process worked, so that they are one core's, busy or not.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darling_plugin.config import ServiceSettings
from darling_plugin.core import PartitionRule
from darling_plugin.service.build import start_service
from darling_plugin.similarity import ClassifierSimilarity
from darling_plugin.similarity.classifier import DEFAULT_FOLDER
from darling_plugin.similarity.classifier.lexical_features import Reader
from darling_plugin.similarity.classifier.rows import pack

DIMENSIONS = 384


@dataclass(frozen=True)
class Shape:
    """prompts × n responses of so many tokens; timed: how many of the prompts, of which the time is scaled up."""

    prompts: int
    n: int
    tokens: int
    timed: int


def passages(data: Path | None) -> list[str]:
    """Pieces of text to put responses together from."""
    file = data / "math" / "olympiadbench.jsonl" if data else None
    if file is not None and file.exists():
        rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
        return [text for row in rows if len(text := _as_text(row.get("solution"))) > 200]
    words = sorted(Reader.load(DEFAULT_FOLDER).counts)
    draw = random.Random(0)
    return [" ".join(draw.choices(words, k=200)) + "." for _ in range(500)]


def _as_text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def responses(pieces: list[str], tokens: int, seed: int) -> Iterator[str]:
    """Endless; each of about so many tokens of the shipped classifier's tokenizer, and unlike any other."""
    from transformers import AutoTokenizer

    from darling_plugin.similarity.packaged import packaged_encoder

    tokenizer = AutoTokenizer.from_pretrained(packaged_encoder())
    counted = [len(tokenizer(piece, add_special_tokens=False, verbose=False)["input_ids"]) for piece in pieces]
    draw = random.Random(seed)
    while True:
        parts, length = [str(draw.randrange(10**9))], 0
        while length < tokens:
            k = draw.randrange(len(pieces))
            parts.append(pieces[k])
            length += counted[k]
        yield " ".join(parts)


def hook_seconds(shape: Shape, pieces: list[str], repetitions: int) -> list[float]:
    """Seconds of one step of that shape, once per repetition."""
    similarity = ClassifierSimilarity(device="cpu")
    rule = PartitionRule(threshold=similarity.default_threshold, short_text_rule=True)
    reader, rng = Reader.load(DEFAULT_FOLDER), np.random.default_rng(0)
    found = []
    for repetition in range(repetitions):
        source = responses(pieces, shape.tokens, repetition)
        texts = [next(source) for _ in range(shape.timed * shape.n)]
        uid = np.repeat(np.arange(shape.timed), shape.n)
        service = start_service(similarity, rule, ServiceSettings(backend="local"), backend="local")
        try:
            memory = service.memories["judge"]
            for text in texts:
                vector = rng.normal(size=DIMENSIONS).astype(np.float32)
                memory.keep([text], [pack(vector / np.linalg.norm(vector), reader.read(text))])
            start = time.process_time()
            service.partition(texts, uid)
            found.append((time.process_time() - start) * shape.prompts / shape.timed)
            if service.counts().read:
                raise RuntimeError("the memory did not hold all responses of the step")
        finally:
            service.close()
    return found
