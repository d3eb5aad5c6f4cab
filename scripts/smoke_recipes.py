"""Runs both recipes at smoke size in every variant, for two steps of verl each, and records what each logs.

    python scripts/smoke_recipes.py --maths gsm8k.parquet --prompts wildchat.parquet      about an hour on 2 cores

The parquet files are those of `darling data prepare`; without them the sums of `recipes/smoke.py` are used. Exit code 1
if a run failed. Writes runs.json, runs.md and the log of each run into --out; runs that succeeded are not repeated.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from recipes.countdown.report import read_metrics
from recipes.countdown.verl_job import JobFailed, VerlJob

ROOT = Path(__file__).parents[1]
RECIPES = ("math", "creative_writing")
VARIANTS = ("darling", "darling_correct_only", "additive", "ngram", "grpo", "grpo_no_std")
STEPS = 2
SHOWN = {
    "critic/score/mean": "quality",
    "critic/rewards/mean": "reward (verl)",
    "darling/diversity/mean": "diversity",
    "darling/classes/mean": "classes",
    "critic/advantages/max": "greatest advantage",
    "actor/grad_norm": "gradient",
    "timing_s/step": "s a step",
}


@dataclass(frozen=True)
class Ran:
    """One run. `last`: what its last step logged, of SHOWN. `failed`: why, or empty."""

    recipe: str
    variant: str
    seconds: float
    steps: int
    last: dict[str, float]
    failed: str = ""


def run(recipe: str, variant: str, folder: Path, data: Path | None, models: Path, console: Console) -> Ran:
    """`bash recipes/<recipe>/run.sh`, as a user starts it, with the smoke size's models and these data."""
    policy, reward_model = models / "policy", models / "reward_model"
    files = data or models / "train.parquet"
    command = [
        *("env", "SIZE=smoke", f"VARIANT={variant}", f"PYTHON={sys.executable}", f"MODEL={policy}"),
        *(f"REWARD_MODEL={reward_model}", f"TRAIN_FILES={files}", f"VAL_FILES={files}"),
        *("bash", str(ROOT / "recipes" / recipe / "run.sh")),
        f"trainer.total_training_steps={STEPS}",
        f"trainer.default_local_dir={folder / 'checkpoints'}",
    ]
    job = VerlJob(folder, STEPS, command)
    began = time.monotonic()
    try:
        job.run(console)
        failed = ""
    except JobFailed as error:
        failed = str(error)
    rows = read_metrics(job.metrics) if job.metrics.exists() else []
    last = {key: float(rows[-1][key]) for key in SHOWN if rows and key in rows[-1]}
    return Ran(recipe, variant, time.monotonic() - began, len(rows), last, failed)


def table(runs: list[Ran]) -> Table:
    shown = Table(title=f"{STEPS} steps each; the last one's figures")
    for heading in ("recipe", "variant", "ended", "minutes", *SHOWN.values()):
        shown.add_column(heading, justify="left" if heading in ("recipe", "variant", "ended") else "right")
    for ran in runs:
        shown.add_row(*cells(ran))
    return shown


def cells(ran: Ran) -> list[str]:
    ended = "no" if ran.failed else "well"
    values = (f"{ran.last[key]:.3g}" if key in ran.last else "–" for key in SHOWN)
    return [ran.recipe, ran.variant, ended, f"{ran.seconds / 60:.1f}", *values]


def markdown(runs: list[Ran]) -> str:
    rows = [["recipe", "variant", "ended", "minutes", *SHOWN.values()], ["---"] * (4 + len(SHOWN)), *map(cells, runs)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("outputs/smoke_recipes"))
    parser.add_argument("--maths", type=Path, help="Parquet file for the math recipe.")
    parser.add_argument("--prompts", type=Path, help="Parquet file for the writing recipe.")
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=RECIPES)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=VARIANTS)
    chosen = parser.parse_args()
    out, console = chosen.out.resolve(), Console()
    subprocess.run([sys.executable, ROOT / "recipes" / "smoke.py", out / "models"], check=True)
    data = {"math": chosen.maths, "creative_writing": chosen.prompts}
    done = json.loads((out / "runs.json").read_text()) if (out / "runs.json").exists() else []
    runs = [Ran(**one) for one in done if not one["failed"]]
    for recipe in chosen.recipes:
        for variant in chosen.variants:
            if (recipe, variant) in {(one.recipe, one.variant) for one in runs}:
                continue
            console.rule(f"{recipe}, {variant}")
            files = data[recipe].resolve() if data[recipe] else None
            runs.append(run(recipe, variant, out / recipe / variant, files, out / "models", console))
            (out / "runs.json").write_text(json.dumps([asdict(one) for one in runs], indent=1) + "\n")
            (out / "runs.md").write_text(markdown(runs))
            if runs[-1].failed:
                console.print(runs[-1].failed, style="red", markup=False)
    console.print(table(runs))
    return 1 if any(one.failed for one in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
