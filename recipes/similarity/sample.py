"""A part of a file of pairs, by kind: `python sample.py FILE OUT --main 0.8 --other 0.3 [--seed 0]`.

--main: share kept of the hand-written families, code and long texts; --other: share kept of all the rest.
"""

import argparse
import json
import random
from pathlib import Path

MAIN = {"methods", "facts", "languages", "paraphrases", "stories", "code", "late", "long, late", "long, reordered"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--main", type=float, required=True)
    parser.add_argument("--other", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    lines = args.source.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if rng.random() < (args.main if json.loads(line)["kind"] in MAIN else args.other)]
    args.out.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    print(f"{len(kept)} of {len(lines)} pairs, about {sum(map(len, kept)) / 4.4 / 1000:.0f}k tokens")


if __name__ == "__main__":
    main()
