"""Fit the card of a trained encoder: `python fit_head.py --encoder runs/stage1 --out runs/candidate1`.

Weights of the logistic regression on candidate/features.py, with the signs that a policy cannot exploit (RISING ≥ 0,
FALLING ≤ 0), an L2 penalty, and every source of pairs counting by `SHARES`: the labeled NoveltyBench pairs, made pairs
of a seed that the encoder was not trained on, and the "dev" half of firstsight/. The "report" half is never read.
"""

from __future__ import annotations

# isort: split: common sets the import path
import argparse
import json
import math
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from recipes.similarity.candidate.features import FALLING, FEATURES, RISING, compare, read, with_vectors
from recipes.similarity.candidate.short_text import words
from recipes.similarity.common import DATA, HERE, read_jsonl

SHARES = {"labeled": 2.0, "made": 0.2, "dev": 0.8}
PENALTY = 1e-4
MIN_TEXTS = 2
PARTED = [(FEATURES.index(name), FEATURES.index(f"long_{name}")) for name in ("cosine", "coverage")]


class Head(NamedTuple):
    weights: np.ndarray
    bias: float

    def logits(self, features: np.ndarray) -> np.ndarray:
        return features @ self.weights + self.bias


def fit(features: np.ndarray, labels: np.ndarray, counts: np.ndarray, penalty: float = PENALTY) -> Head:
    """The weights that minimize  Σ count · cross-entropy / Σ count + penalty · Σ weight²  within their signs."""
    counts = counts / counts.sum()
    full = np.column_stack([features, np.ones(len(features))])
    for whole, long in PARTED:  # short texts' part and long texts' part, so that both have their own sign
        full[:, whole] -= full[:, long]
    strength = penalty * np.array([*(0.1 if name == "long" else 1.0 for name in FEATURES), 0.0])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = full @ w
        value = float(counts @ (np.logaddexp(0, z) - labels * z) + strength @ (w * w))
        gradient = full.T @ (counts * (1 / (1 + np.exp(-z)) - labels)) + 2 * strength * w
        return value, gradient

    free = (None, None)
    bounds = [
        (0, None) if f in RISING or f.startswith("long_") else (None, 0) if f in FALLING else free for f in FEATURES
    ] + [free]
    found = minimize(loss, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000})
    weights = found.x[:-1].copy()
    for whole, long in PARTED:
        weights[long] -= weights[whole]
    return Head(weights, float(found.x[-1]))


def rarity_table(texts: Iterable[str]) -> dict[str, float]:
    """word -> log(1 + texts / texts with the word), of the words that at least two texts have."""
    total, counts = 0, Counter[str]()
    for text in texts:
        total += 1
        counts.update({word.casefold() for word in words(text)})
    return {word: round(math.log1p(total / count), 3) for word, count in sorted(counts.items()) if count >= MIN_TEXTS}


def featurize(
    pairs: Sequence[tuple[str, str]], vectors: Mapping[str, np.ndarray], rarity: Mapping[str, float]
) -> np.ndarray:
    """features[k] of pairs[k], with vectors[text] of shape (1 + segments, width)."""
    own = {text: read(text) for text in dict.fromkeys(text for pair in pairs for text in pair)}
    rest = np.array([compare(own[a], own[b], rarity) for a, b in pairs])
    return with_vectors(rest, np.array([vectors[a] for a, _ in pairs]), np.array([vectors[b] for _, b in pairs]))


def labeled_pairs() -> tuple[list[tuple[str, str]], np.ndarray, list[dict[str, Any]]]:
    rows = read_jsonl(DATA / "noveltybench/pairs_train.jsonl")
    pairs = [(row["generation_0"], row["generation_1"]) for row in rows]
    return pairs, np.array([int(row["similar"]) for row in rows]), rows


def dev_pairs() -> tuple[list[tuple[str, str]], np.ndarray]:
    rows = [row for row in read_jsonl(HERE / "firstsight/pairs.jsonl") if row["half"] == "dev"]
    return [(row["a"], row["b"]) for row in rows], np.array([row["equivalent"] for row in rows])


def made_pairs(path: Path, most: int = 1200) -> tuple[list[tuple[str, str]], np.ndarray]:
    rows = read_jsonl(path)[:most]
    return [(row["a"], row["b"]) for row in rows], np.array([row["equivalent"] for row in rows])


def counts_of(sizes: Mapping[str, int]) -> np.ndarray:
    """How much each pair counts, sources one after another, so that a source counts by its share."""
    return np.concatenate([np.full(size, SHARES[name] / size) for name, size in sizes.items()])


def vectors_of(folder: Path, texts: Iterable[str]) -> dict[str, np.ndarray]:
    """vectors[text] by the encoder in the folder; kept in the folder's vectors.npz by the texts' digests.

    In bfloat16 where the processor has it: half the time, and cosines differ in the third digit.
    """
    import hashlib

    import torch

    from recipes.similarity.candidate.forward import load_forward

    texts = list(dict.fromkeys(texts))
    digests = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24] for text in texts]
    file = folder / "vectors.npz"
    known = dict(np.load(file)) if file.exists() else {}
    if missing := [k for k, digest in enumerate(digests) if digest not in known]:
        torch.set_num_threads(1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = load_forward(folder)([texts[k] for k in missing])
        known |= {digests[k]: row.astype(np.float16) for k, row in zip(missing, found, strict=True)}
        np.savez(file, **known)
    return {text: known[digest].astype(np.float32) for text, digest in zip(texts, digests, strict=True)}


def write_card(folder: Path, head: Head, rarity: Mapping[str, float], threshold: float = 0.5, **more: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: round(float(weight), 4) for name, weight in zip(FEATURES, head.weights, strict=True)}
    card = {"format": 1, "features": weights, "bias": round(head.bias, 4), "threshold": threshold, **more}
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    (folder / "words.json").write_text(json.dumps(rarity, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, required=True, help="folder with model.safetensors as forward.py reads")
    parser.add_argument("--made", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, help="labeled pairs, for a quick start of train_labeled.py")
    args = parser.parse_args()
    sources = {
        "labeled": tuple(part[: args.most] for part in labeled_pairs()[:2]),
        "made": made_pairs(args.made),
        "dev": dev_pairs(),
    }
    rarity = rarity_table(text for pair in sources["labeled"][0] for text in pair)
    vectors = vectors_of(args.encoder, (text for pairs, _ in sources.values() for pair in pairs for text in pair))
    features = np.concatenate([featurize(pairs, vectors, rarity) for pairs, _ in sources.values()])
    labels = np.concatenate([own for _, own in sources.values()])
    head = fit(features, labels, counts_of({name: len(own) for name, (_, own) in sources.items()}))
    write_card(args.out, head, rarity)
    if args.out != args.encoder:
        shutil.copy(args.encoder / "model.safetensors", args.out)
    print(dict(zip(FEATURES, head.weights.round(2).tolist(), strict=True)), round(head.bias, 2))


if __name__ == "__main__":
    main()
