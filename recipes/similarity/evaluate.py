"""How good a classifier is: `python -m recipes.similarity.evaluate FOLDER … [--labeled]`; "default" is the shipped one.

Prints right verdicts by kind on both halves of the first-sight pairs, and with --labeled the AUC on the 1,000 labeled
pairs, leave-one-labeler-out and by prompt, with bootstrap intervals, calibration by labeler, and recall at the
threshold: the head is fitted anew without the held-out pairs, on the folder's encoder, which has seen no label.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.similarity.classifier import DEFAULT_FOLDER
from darling_plugin.similarity.classifier.facts import count_words
from recipes.similarity.common import encodings, features_of
from recipes.similarity.first_sight import HALVES, first_sight, show
from recipes.similarity.measures import auc, bootstrap_auc, calibration_error


def labeled(folder: Path, made: Path) -> dict[str, Any]:
    """Held-out verdicts on the labeled pairs, two ways: the head is fitted without them, on the folder's encoder.

    How rare a word is comes from all texts; no label is in it.
    """
    from recipes.similarity.fit_head import counts_of, dev_pairs, fit, labeled_pairs, made_pairs

    pairs, y, rows = labeled_pairs()
    others = {"made": made_pairs(made), "dev": dev_pairs()}
    everything = [*pairs, *others["made"][0], *others["dev"][0]]
    labels = np.concatenate([y, others["made"][1], others["dev"][1]])
    vectors = encodings(folder, [text for pair in everything for text in pair])
    x = features_of(everything, vectors, count_words(text for pair in pairs for text in pair))
    prompts = [row["prompt"] for row in rows]
    order = {prompt: k for k, prompt in enumerate(sorted(set(prompts), key=hash_of))}
    splits = {"labeler": [row["labeler"] for row in rows], "prompt": [str(order[prompt] % 5) for prompt in prompts]}
    result = {}
    for name, groups in splits.items():
        p = np.empty(len(y))
        for group in sorted(set(groups)):
            test = np.array(groups) == group
            train = np.concatenate([np.flatnonzero(~test), np.arange(len(y), len(x))])
            sizes = {"labeled": int((~test).sum()), **{k: len(v[1]) for k, v in others.items()}}
            head = fit(x[train], labels[train], counts_of(sizes))
            p[test] = 1 / (1 + np.exp(-head.logits(x[: len(y)][test])))
        result[name] = summary(y, p, prompts, groups) | {"p": p.round(4).tolist()}
    return result


def summary(y: np.ndarray, p: np.ndarray, prompts: list[str], groups: list[str]) -> dict[str, Any]:
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
    parser.add_argument("--rule", help="Rule for short texts. The default is the similarity's own.")
    parser.add_argument("--halves", nargs="+", default=list(HALVES), help="Parts of the first-sight pairs.")
    parser.add_argument("--labeled", action="store_true")
    parser.add_argument("--made", type=Path, default=Path("outputs/similarity/held_out.jsonl"))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    everything = []
    for name in args.names:
        found = {"name": name} | first_sight(name, args.rule, args.halves)
        show(found)
        if args.labeled:
            found["labeled"] = labeled(DEFAULT_FOLDER if name == "default" else Path(name), args.made)
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
