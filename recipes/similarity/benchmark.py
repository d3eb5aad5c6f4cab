"""CPU time of one classifier against another on NoveltyBench's texts: `benchmark OLD NEW [--pairs 16]`.

Both read the same pairs in turns, on one thread; processor time, so that other jobs count less.
"""

from __future__ import annotations

import argparse
import time

from darling_plugin.similarity.classifier.scorer import load_scorer
from recipes.similarity.common import DATA, read_jsonl


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = read_jsonl(DATA / "noveltybench/pairs_train.jsonl")[: args.pairs]
    pairs = [(row["generation_0"], row["generation_1"]) for row in rows]
    scorers = {name: load_scorer(model, device="cpu") for name, model in (("old", args.old), ("new", args.new))}
    times: dict[str, list[float]] = {name: [] for name in scorers}
    for scorer in scorers.values():
        scorer.logits(pairs[:2])  # the first call allocates
    for _ in range(args.repeats):
        for name, scorer in scorers.items():
            start = time.process_time()
            scorer.logits(pairs)
            times[name].append(time.process_time() - start)
    old, new = (min(times[name]) for name in ("old", "new"))
    print(f"{args.pairs} pairs: old {old:.2f} s, new {new:.2f} s, ratio {new / old:.2f}")


if __name__ == "__main__":
    main()
