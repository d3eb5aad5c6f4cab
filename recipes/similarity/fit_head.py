"""Fit the card of a trained encoder: `python -m recipes.similarity.fit_head --encoder runs/stage3 --out FOLDER`.

Weights of the logistic regression on `pair_features.py`, with the signs that a policy cannot exploit (RISING ≥ 0,
FALLING ≤ 0), an L2 penalty, and every source of pairs counting by `SHARES`: the labeled NoveltyBench pairs, made pairs
of a seed that the encoder was not trained on, and the "dev" half of firstsight/. The "report" half is never read.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from darling_plugin.similarity.classifier.card import Card, write_card
from darling_plugin.similarity.classifier.facts import count_words
from darling_plugin.similarity.classifier.pair_features import FALLING, FEATURES, RISING
from darling_plugin.similarity.classifier.weight_change import FILE
from darling_plugin.similarity.packaged import PACKAGED
from darling_plugin.tools.classifier.pairs import digest, prompt_hash, read_pairs
from darling_plugin.tools.classifier.train import PACKAGES
from recipes.similarity.common import CHUNK, DATA, HERE, encodings, features_of, read_jsonl

SHARES = {"labeled": 2.0, "made": 0.2, "dev": 0.8}
PENALTY = 1e-4
LABELED = "noveltybench/pairs_train.jsonl"
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


def labeled_pairs() -> tuple[list[tuple[str, str]], np.ndarray, list[dict[str, Any]]]:
    rows = read_jsonl(DATA / LABELED)
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


def provenance(encoder: Path, labels: np.ndarray) -> dict[str, Any]:
    """What the numbers were fitted on; `darling classifier eval` warns where it meets the same prompts."""
    labeled = read_pairs(DATA / LABELED)
    return {
        "training_digest": digest(labeled),
        "training_prompts": sorted({prompt_hash(pair.prompt) for pair in labeled}),
        "encoder": encoder.name,
        "fitted_on": len(labels),
        "versions": {package: version(package) for package in PACKAGES},
    }


def card_of(head: Head, **more: Any) -> Card:
    weights = {name: round(float(weight), 4) for name, weight in zip(FEATURES, head.weights, strict=True)}
    return Card(
        format=2,
        kind="bi-encoder",
        base_model=PACKAGED,
        max_tokens=CHUNK,
        chunks="segments",
        features=weights,
        bias=round(head.bias, 4),
        **more,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, required=True, help="Folder with change.safetensors.")
    parser.add_argument("--made", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, help="Use only this many labeled pairs.")
    args = parser.parse_args()
    sources = {
        "labeled": tuple(part[: args.most] for part in labeled_pairs()[:2]),
        "made": made_pairs(args.made),
        "dev": dev_pairs(),
    }
    table = count_words(text for pair in sources["labeled"][0] for text in pair)
    vectors = encodings(args.encoder, (text for pairs, _ in sources.values() for pair in pairs for text in pair))
    features = np.concatenate([features_of(pairs, vectors, table) for pairs, _ in sources.values()])
    labels = np.concatenate([own for _, own in sources.values()])
    head = fit(features, labels, counts_of({name: len(own) for name, (_, own) in sources.items()}))
    args.out.mkdir(parents=True, exist_ok=True)
    write_card(args.out, card_of(head, provenance=provenance(args.encoder, labels)))
    table.save(args.out)
    if args.out != args.encoder:
        shutil.copy(args.encoder / FILE, args.out)
    print(dict(zip(FEATURES, head.weights.round(2).tolist(), strict=True)), round(head.bias, 2))


if __name__ == "__main__":
    main()
