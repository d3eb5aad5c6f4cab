#!/usr/bin/env bash
# The experiment of docs/experiment.md, on a CPU. It can be stopped at any time; the same command resumes.
#   QUICK=1 bash recipes/countdown/experiment.sh       one seed through verl, DARLING against GRPO
#   bash recipes/countdown/experiment.sh               every run of the loop, then tables and figures
#   ONLY='verl/darling verl/grpo' bash recipes/countdown/experiment.sh      some of them; README.md says which there are
# WORKERS, MINUTES and OUT can be set from outside too.
set -euo pipefail
cd "$(dirname "$0")/../.."

PYTHON=${PYTHON:-.venv/bin/python}
OUT=${OUT:-outputs/experiment}          # may be a folder that several machines share
WORKERS=${WORKERS:-${QUICK:+2}}         # concurrent runs, one core each (and 8 GB with verl)
WORKERS=${WORKERS:-1}
MINUTES=${MINUTES:-}                    # stop after this time; empty: when all is done
ONLY=${ONLY:-}                          # grid/arm patterns; empty: all runs of the loop
TABLES=${TABLES:-$OUT/results}          # docs/experiment is where the published ones are

GRIDS=()
if [ -n "${QUICK:-}" ]; then
    ONLY='quick/*'
    GRIDS=(--only=quick)
fi
set -f                                  # the patterns are for the program, not for the shell
RUN=("--out=$OUT" "--workers=$WORKERS")
[ -n "$MINUTES" ] && RUN+=("--budget-minutes=$MINUTES")
for pattern in $ONLY; do RUN+=("--only=$pattern"); done

"$PYTHON" -m recipes.countdown.experiment run "${RUN[@]}"
exec "$PYTHON" -m recipes.countdown.experiment analyse "--out=$OUT" "--to=$TABLES" "${GRIDS[@]}"
