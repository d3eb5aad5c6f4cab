"""Write pairs.jsonl from source/: `python build.py`. Halves alternate within each kind and label, in file order.

source/KIND.txt: lines "label ||| a ||| b" (\\n for a line break). source/late.txt: long texts, each with its end, the
same end in other words, and another end. The pairs of one long text are all in one half.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
HALVES = ("dev", "report")


def lines(kind: str) -> list[dict]:
    rows, seen = [], Counter[int]()
    for line in (HERE / f"source/{kind}.txt").read_text(encoding="utf-8").splitlines():
        label, a, b = (part.strip().replace("\\n", "\n") for part in line.split("|||"))
        rows.append({"kind": kind, "a": a, "b": b, "equivalent": int(label), "half": HALVES[seen[int(label)] % 2]})
        seen[int(label)] += 1
    return rows


def late() -> list[dict]:
    rows = []
    for number, block in enumerate((HERE / "source/late.txt").read_text(encoding="utf-8").split("=== ")[1:]):
        body, *ends = block.partition("\n")[2].split("@")
        end, same, other = (part.partition("\n")[2].strip() for part in ends)
        body = body.strip()
        parts = body.split("\n\n")
        moved = "\n\n".join([parts[0], *parts[2:], parts[1]]) if number in (1, 2) else body
        shown = "\n\n".join(f"* {part}" for part in [*parts, end])
        pairs = [
            (f"{body}\n\n{end}", f"{body}\n\n{same}", 1),
            (f"{body}\n\n{end}", f"{body}\n\n{other}", 0),
            (f"{moved}\n\n{same}", f"{body}\n\n{end}", 1) if moved != body else (shown, f"{body}\n\n{same}", 1),
            (f"{body}\n\n{other}", f"{body}\n\n{same}", 0),
        ]
        rows += [{"kind": "late", "a": a, "b": b, "equivalent": y, "half": HALVES[number % 2]} for a, b, y in pairs]
    return rows


def main() -> None:
    kinds = sorted(path.stem for path in (HERE / "source").glob("*.txt") if path.stem != "late")
    rows = [row for kind in kinds for row in lines(kind)] + late()
    with (HERE / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False), file=file)
    for (kind, half), count in sorted(Counter((row["kind"], row["half"]) for row in rows).items()):
        same = sum(row["equivalent"] for row in rows if (row["kind"], row["half"]) == (kind, half))
        print(f"{kind:16} {half:7} {count:3} pairs, {same} equivalent")
    print(len(rows), "pairs")


if __name__ == "__main__":
    main()
