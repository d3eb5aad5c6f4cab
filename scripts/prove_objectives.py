"""Runs every objective for two real steps of verl's `main_ppo` on this CPU, and records what each logs.

    python scripts/prove_objectives.py                      about two minutes per objective, most of it verl's start
    python scripts/prove_objectives.py --only poly_epo dqo --minutes 30

Countdown's data and warm start, the exact similarity where classes are needed, the shipped encoder where encodings are,
and the form of an expression as its final answer. Results are written to --out/proof.jsonl; what is there is not run
again. Exit code 1 if a run failed.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from darling_plugin.countdown.data import prepare
from darling_plugin.objectives import OBJECTIVES
from recipes.countdown.report import read_metrics
from recipes.countdown.request import Request
from recipes.countdown.verl_job import JobFailed, VerlJob
from recipes.countdown.warmstart import warm_start

STEPS = 2
SHOWN = {
    "darling/quality/mean": "quality",
    "darling/diversity/mean": "diversity",
    "critic/advantages/min": "lowest A",
    "critic/advantages/max": "highest A",
    "actor/grad_norm": "gradient norm",
    "darling/seconds": "s for the objective",
    "timing_s/step": "s a step",
}
ENCODER = ("darling.similarity.name=classifier", "darling.similarity.function=null")


def overrides(name: str) -> tuple[str, ...]:
    """What the objective needs beside its name."""
    return (
        f"darling.objective={name}",
        "darling.quality.answer=recipes.countdown.experiment.answers:forms",
        *(ENCODER if "vectors" in OBJECTIVES[name].needs else ()),
    )


def run(name: str, out: Path, console: Console) -> dict[str, Any]:
    """Two steps; what the last one logged. `failed` says why it did not end well, or nothing."""
    request = Request(steps=STEPS, output=out / name, overrides=overrides(name))
    data = prepare(out / "data", train_prompts=256, eval_prompts=300)
    policy = warm_start(out / "warm_start").folder
    shutil.rmtree(request.folder, ignore_errors=True)
    job, began, failed = VerlJob(request.folder, STEPS, request.command(data, policy)), time.monotonic(), ""
    try:
        job.run(console)
    except JobFailed as error:
        failed = str(error)
    rows = read_metrics(job.metrics) if job.metrics.exists() else []
    last = {words: rows[-1][key] for key, words in SHOWN.items() if rows and key in rows[-1]}
    if not failed and not all(math.isfinite(value) for value in last.values()):
        failed = f"not finite: {last}"
    shutil.rmtree(request.folder / "checkpoints", ignore_errors=True)
    return {
        "objective": name,
        "steps": len(rows),
        "seconds": round(time.monotonic() - began, 1),
        "last": {words: round(float(value), 5) for words, value in last.items()},
        "failed": failed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("outputs/prove_objectives"))
    parser.add_argument("--only", nargs="*", default=list(OBJECTIVES), choices=list(OBJECTIVES), metavar="NAME")
    parser.add_argument("--minutes", type=float, default=math.inf, help="Start no further run after this time.")
    given = parser.parse_args()
    out, console, began = given.out.resolve(), Console(), time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    file = out / "proof.jsonl"
    known = [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []
    done = {row["objective"] for row in known if not row["failed"]}
    for name in given.only:
        if name in done:
            continue
        if time.monotonic() - began > 60 * given.minutes:
            break
        row = run(name, out, console)
        known.append(row)
        with file.open("a") as lines:
            lines.write(json.dumps(row) + "\n")
        console.print(f"{name}: {row['failed'] or row['last']}", highlight=False)
    latest = {row["objective"]: row for row in known}
    sys.exit(int(any(row["failed"] for row in latest.values())))


if __name__ == "__main__":
    main()
