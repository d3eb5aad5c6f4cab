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
from typing import Any

import numpy as np

from darling_plugin.similarity.classifier import DEFAULT_FOLDER
from darling_plugin.similarity.classifier.card import read_card
from darling_plugin.similarity.classifier.lexical_features import Reader
from darling_plugin.similarity.classifier.scorer import load_forward
from darling_plugin.tools.plan.hook import HookCost, hook_seconds
from darling_plugin.tools.plan.setups import CPU_TOKENS_PER_SECOND, SHIPPED_PAIR_S, SHIPPED_RESPONSE_S
from service_bench.figures import Figure, as_json


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
        rows = map(json.loads, file.read_bytes().splitlines())
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


def step_seconds(shape: Shape, pieces: list[str], repetitions: int) -> list[float]:
    """Seconds of one step of that shape, once per repetition."""
    found = []
    for repetition in range(repetitions):
        source = responses(pieces, shape.tokens, repetition)
        groups = [[next(source) for _ in range(shape.n)] for _ in range(shape.timed)]
        found.append(hook_seconds(groups) * shape.prompts / shape.timed)
    return found


def encoder_rate(pieces: list[str], tokens: int, texts: int, repetitions: int) -> list[float]:
    """Tokens per second that the shipped classifier reads on one core, of responses of so many tokens."""
    import torch

    torch.set_num_threads(1)
    forward = load_forward("default", device="cpu")
    reads = read_card(DEFAULT_FOLDER).tokens_read
    found = []
    for repetition in range(repetitions + 1):  # the first is not counted: it allocates
        source = responses(pieces, tokens, 100 + repetition)
        batch = [next(source) for _ in range(texts)]
        start = time.process_time()
        forward(batch)
        found.append(texts * reads / (time.process_time() - start))
    return found[1:]


def measure_long(data: Path | None, repetitions: int, groups: int) -> dict[str, Any]:
    """The figures of `long`: seconds of the two shapes, the encoder's rate, and how far the plan's numbers are off.

    groups: of the larger shape that are timed.
    """
    pieces = passages(data)
    small = step_seconds(Shape(256, 8, 8000, 256), pieces, repetitions)
    large = step_seconds(Shape(1024, 64, 8000, groups), pieces, repetitions)
    rates = encoder_rate(pieces, 8000, 16, repetitions)
    planned = HookCost(SHIPPED_RESPONSE_S, SHIPPED_PAIR_S)
    errors = {
        "hook_seconds_256x8x8k": planned.seconds(256, 8) / float(np.median(small)) - 1,
        "hook_seconds_1024x64x8k": planned.seconds(1024, 64) / float(np.median(large)) - 1,
        "tokens_per_second": CPU_TOKENS_PER_SECOND / float(np.median(rates)) - 1,
    }
    return {
        "hook_seconds_256x8x8k": as_json(Figure.of(small)),
        "hook_seconds_1024x64x8k": as_json(Figure.of(large)),
        "encoder_tokens_per_second": as_json(Figure.of(rates)),
        "plan_error": max(map(abs, errors.values())),
        "plan_errors": errors,
        "groups_timed": {"256x8": 256, "1024x64": groups},
        "real_texts": data is not None and (data / "math" / "olympiadbench.jsonl").exists(),
    }
