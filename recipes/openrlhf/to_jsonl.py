"""Prompts of `darling data prepare` (verl's Parquet) as JSON lines: python to_jsonl.py IN.parquet OUT.jsonl"""

import json
import sys
from pathlib import Path


def convert(source: Path, out: Path) -> int:
    """Write one line a row: `prompt`, a list of messages, and `answer`. How many there are."""
    import pandas as pd

    table = pd.read_parquet(source)
    answers = [model["ground_truth"] for model in table["reward_model"]]
    with out.open("w", encoding="utf-8") as file:
        for prompt, answer in zip(table["prompt"], answers, strict=True):
            file.write(json.dumps({"prompt": list(prompt), "answer": answer}, ensure_ascii=False) + "\n")
    return len(table)


if __name__ == "__main__":
    print(convert(Path(sys.argv[1]), Path(sys.argv[2])), "prompts")
