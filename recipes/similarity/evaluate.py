"""How good a similarity is: `python evaluate.py NAME … [--labeled] [--vectors]`.

NAME is shipped, lexical, embedding, or a folder that training wrote. Prints right verdicts by kind on both halves of
the first-sight pairs (firstsight/pairs.jsonl) with 95 % Wilson intervals, and the AUC. With --labeled, for folders: AUC
on the 1,000 labeled pairs, leave-one-labeler-out and by prompt, with bootstrap intervals, calibration by labeler, and
recall at the threshold. Where the folder holds folds/LABELER+LABELER…, each fold's classifier, trained without those
labelers, judges their pairs; otherwise, and by prompt, the head is fitted anew without the held-out pairs on the
folder's encoder (say whether that one has seen the labels).
"""

from __future__ import annotations

# isort: split: common sets the import path
import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from recipes.similarity.candidate.features import FEATURES
from recipes.similarity.common import HERE, read_jsonl
from recipes.similarity.measures import auc, bootstrap_auc, calibration_error, wilson

Verdicts = tuple[np.ndarray, float]  # P of each pair, and the threshold


def shipped(pairs: Sequence[tuple[str, str]]) -> Verdicts:
    from darling_plugin.classifier.scorer import load_scorer, probabilities
    from darling_plugin.core.short_text import short_equivalent, short_words

    scorer = load_scorer("default")
    p = probabilities(scorer.logits(pairs), scorer.card.temperature)
    for k, (a, b) in enumerate(pairs):  # the authors' rule for short texts comes first, as in training
        if (first := short_words(a)) is not None and (second := short_words(b)) is not None:
            p[k] = float(short_equivalent(first, second))
    return p, scorer.card.threshold


def lexical(pairs: Sequence[tuple[str, str]]) -> Verdicts:
    from darling_plugin.similarity.lexical import LexicalSimilarity

    similarity = LexicalSimilarity()
    return similarity(pairs), similarity.default_threshold


def embedding(pairs: Sequence[tuple[str, str]]) -> Verdicts:
    from darling_plugin.similarity.embedding import EmbeddingSimilarity

    similarity = EmbeddingSimilarity()
    return np.asarray(similarity(pairs)), similarity.default_threshold


def candidate(folder: str) -> Callable[[Sequence[tuple[str, str]]], Verdicts]:
    from recipes.similarity.candidate.similarity import TrainedSimilarity

    similarity = TrainedSimilarity(Path(folder))
    return lambda pairs: (similarity(pairs), similarity.threshold)


def first_sight(name: str) -> dict:
    rows = read_jsonl(HERE / "firstsight/pairs.jsonl")
    labels = np.array([row["equivalent"] for row in rows])
    ways = {"shipped": shipped, "lexical": lexical, "embedding": embedding}
    p, threshold = (ways.get(name) or candidate(name))([(row["a"], row["b"]) for row in rows])
    right = (p > threshold) == (labels == 1)
    found: dict = {"name": name}
    for half in ("dev", "report"):
        inside = np.array([row["half"] == half for row in rows])
        by_kind: dict[str, list[bool]] = defaultdict(list)
        for row, hit in zip(np.array(rows)[inside], right[inside], strict=True):
            by_kind[row["kind"]].append(bool(hit))
        low, high = wilson(int(right[inside].sum()), int(inside.sum()))
        found[half] = {
            "right": float(right[inside].mean()), "low": low, "high": high, "pairs": int(inside.sum()),
            "auc": auc(labels[inside], p[inside]),
            "kinds": {kind: (sum(hits), len(hits)) for kind, hits in sorted(by_kind.items())},
        }  # fmt: skip
    found["p"] = p.round(4).tolist()
    return found


def show(found: dict) -> None:
    print(f"\n{found['name']}")
    for half in ("dev", "report"):
        own = found[half]
        print(
            f"  {half:7} right {own['right']:.3f} ({own['low']:.2f}–{own['high']:.2f}) of {own['pairs']}, "
            f"AUC {own['auc']:.3f}"
        )
        print("          " + "  ".join(f"{kind} {hits}/{total}" for kind, (hits, total) in own["kinds"].items()))


def labeled(folder: Path, made: Path) -> dict:
    """Held-out verdicts on the labeled pairs, two ways. How rare a word is comes from all texts; no label is in it."""
    from recipes.similarity.fit_head import (
        counts_of,
        dev_pairs,
        featurize,
        fit,
        labeled_pairs,
        made_pairs,
        rarity_table,
        vectors_of,
    )

    pairs, y, rows = labeled_pairs()
    others = {"made": made_pairs(made), "dev": dev_pairs()}
    everything = [*pairs, *others["made"][0], *others["dev"][0]]
    labels = np.concatenate([y, others["made"][1], others["dev"][1]])
    rarity = rarity_table(text for pair in pairs for text in pair)
    prompts = [row["prompt"] for row in rows]
    order = {prompt: k for k, prompt in enumerate(sorted(set(prompts), key=hash_of))}
    splits = {"labeler": [row["labeler"] for row in rows], "prompt": [str(order[prompt] % 5) for prompt in prompts]}
    features: dict[Path, np.ndarray] = {}
    result: dict = {}
    for name, groups in splits.items():
        p = np.empty(len(y))
        folds = sorted(folder.glob("folds/*+*")) if name == "labeler" else []
        for fold in folds:  # named after the labelers that it was trained without, its card included
            test = np.isin(groups, fold.name.split("+"))
            own = [pair for pair, out in zip(pairs, test, strict=True) if out]
            card = json.loads((fold / "card.json").read_text())
            weights = np.array([card["features"].get(feature, 0.0) for feature in FEATURES])
            x = featurize(own, vectors_of(fold, [text for pair in own for text in pair]), rarity)
            p[test] = 1 / (1 + np.exp(-(x @ weights + card["bias"])))
        for group in [] if folds else sorted(set(groups)):
            test = np.array(groups) == group
            if folder not in features:
                vectors = vectors_of(folder, [text for pair in everything for text in pair])
                features[folder] = featurize(everything, vectors, rarity)
            x = features[folder]
            rest = np.arange(len(y), len(x))
            train = np.concatenate([np.flatnonzero(~test), rest])
            sizes = {"labeled": int((~test).sum()), **{k: len(v[1]) for k, v in others.items()}}
            head = fit(x[train], labels[train], counts_of(sizes))
            p[test] = 1 / (1 + np.exp(-head.logits(x[: len(y)][test])))
        result[name] = summary(y, p, prompts, groups) | {"p": p.round(4).tolist()}
    return result


def summary(y: np.ndarray, p: np.ndarray, prompts: list[str], groups: list[str]) -> dict:
    low, high = bootstrap_auc(y, p, prompts)
    said = p > 0.5
    own = {
        group: {
            "auc": round(auc(y[inside], p[inside]), 3),
            "equivalent": round(float(y[inside].mean()), 3),
            "mean_p": round(float(p[inside].mean()), 3),
            "ece": round(calibration_error(y[inside], p[inside]), 3),
        }
        for group in sorted(set(groups))
        if (inside := np.array(groups) == group).any()
    }
    return {
        "auc": auc(y, p), "low": low, "high": high, "mean_auc": float(np.mean([o["auc"] for o in own.values()])),
        "accuracy": float((said == y).mean()), "recall": float(said[y == 1].mean()),
        "precision": float(y[said].mean()), "false_merges": float(said[y == 0].mean()),
        "ece": calibration_error(y, p), "groups": own,
    }  # fmt: skip


def hash_of(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--labeled", action="store_true")
    parser.add_argument("--made", type=Path, default=HERE / "runs/made_held_out.jsonl")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    everything = []
    for name in args.names:
        found = first_sight(name)
        show(found)
        if args.labeled:
            found["labeled"] = labeled(Path(name), args.made)
            for way, own in found["labeled"].items():
                print(f"  by {way}: " + ", ".join(f"{k} {v:.3f}" for k, v in own.items() if isinstance(v, float)))
                if way == "labeler":
                    for group, figures in own["groups"].items():
                        print(f"    {group:8} {figures}")
        everything.append(found)
    if args.json:
        args.json.write_text(json.dumps(everything) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
