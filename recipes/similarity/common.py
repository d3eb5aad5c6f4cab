"""Paths, loaders and encodings that the scripts of this folder share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from darling_plugin.form.plain import plain
from darling_plugin.similarity.classifier.blocks import blocks, number_texts
from darling_plugin.similarity.classifier.facts import FactReader
from darling_plugin.similarity.classifier.lexical_features import Reader
from darling_plugin.similarity.classifier.pair_features import pair_features
from darling_plugin.similarity.classifier.reading import TokenReader
from darling_plugin.similarity.classifier.rows import pack_facts
from darling_plugin.similarity.packaged import packaged_encoder

HERE = Path(__file__).parent
DATA = Path(__file__).parents[3] / "shared" / "data"
CACHE = "vectors.npz"
CHUNK = 254  # tokens

Pairs = Sequence[tuple[str, str]]


def read_jsonl(path: str | Path) -> list[dict[str, Any]]:
    with Path(path).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def load_change(folder: Path) -> Any:
    """The packaged encoder, a `SentenceTransformer`, with the folder's change of its weights."""
    from darling_plugin.similarity.classifier.weight_change import apply_change
    from recipes.similarity.encoder import packaged

    model = packaged()
    apply_change(model[0].model, folder)
    return model


def encodings(folder: Path, texts: Iterable[str]) -> dict[str, np.ndarray]:
    """vectors[text], (1 + segments, width), by the encoder in the folder; kept there by the texts' digests.

    In bfloat16 where the processor has it: half the time, and cosines differ in the third digit.
    """
    import torch

    from darling_plugin.similarity.classifier.segments import SegmentForward

    texts = list(dict.fromkeys(texts))
    digests = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24] for text in texts]
    file = folder / CACHE
    known = dict(np.load(file)) if file.exists() else {}
    if missing := [k for k, digest in enumerate(digests) if digest not in known]:
        torch.set_num_threads(1)
        forward = SegmentForward(load_change(folder), FactReader(Reader(0, {})), CHUNK)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = forward.vectors(forward.read([plain(texts[k]) for k in missing]))
        known |= {digests[k]: row.astype(np.float16) for k, row in zip(missing, found, strict=True)}
        np.savez(file, **known)
    return {text: known[digest].astype(np.float32) for text, digest in zip(texts, digests, strict=True)}


def features_of(pairs: Pairs, vectors: Mapping[str, np.ndarray], table: Reader) -> np.ndarray:
    """features[k] of pairs[k], (pairs, features)."""
    texts, first, second = number_texts(pairs)
    reader = FactReader(table)
    tokenizer = Tokenizer.from_file(str(Path(packaged_encoder()) / "tokenizer.json"))
    readings = TokenReader(tokenizer, CHUNK)([plain(text) for text in texts])
    rows = [
        pack_facts(vectors[text], reader.read(text, unreadable=reading.unreadable))
        for text, reading in zip(texts, readings, strict=True)
    ]
    parts = []
    for block in blocks(first, second):
        found = pair_features([rows[number] for number in block.texts.tolist()], table)
        parts.append(found[block.first, block.second])
    return np.concatenate(parts)
