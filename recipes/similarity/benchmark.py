"""CPU time of a folder's similarity against the shipped one: `python benchmark.py FOLDER [--pairs 40] [--repeats 2]`.

Both read the same NoveltyBench pairs, one thread each, in turns; processor time, so that other jobs do not count.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch

from recipes.similarity.common import DATA, read_jsonl


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    from darling_plugin.classifier.scorer import load_scorer
    from recipes.similarity.candidate.similarity import TrainedSimilarity

    rows = read_jsonl(DATA / "noveltybench/pairs_train.jsonl")[: args.pairs]
    pairs = [(row["generation_0"], row["generation_1"]) for row in rows]
    shipped, new = load_scorer("default"), TrainedSimilarity(args.folder)
    for scorer in (shipped.logits, new):
        scorer(pairs[:2])
    times: dict[str, list[float]] = {"shipped": [], "new": []}
    ways: dict[str, Callable] = {"shipped": shipped.logits, "new": new}
    for _ in range(args.repeats):
        for name, way in ways.items():
            start = time.process_time()
            way(pairs)
            times[name].append(time.process_time() - start)
    best = {name: min(found) for name, found in times.items()}
    print(f"{args.pairs} pairs: shipped {best['shipped']:.2f} s, new {best['new']:.2f} s, "
          f"ratio {best['new'] / best['shipped']:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
