#!/usr/bin/env bash
# Installs what the tests need, then lint, types and all tests, real runs of the trainers included.
#   bash scripts/test.sh               everything (15 minutes on 2 idle cores)
#   bash scripts/test.sh -m "not verl" without the runs of verl; arguments go to pytest
#   JOBS=1 bash scripts/test.sh        one test at a time
# The page's tests want a browser: `apt-get install chromium`, which is done here in CI. Without one they are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/install.sh
if [ -n "${CI:-}" ] && ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
.venv/bin/ruff check .
.venv/bin/ruff format --check .

# mypy has one thread, so it runs beside the tests; what it finds is printed after them, and fails the whole as they do.
found=$(mktemp)
.venv/bin/mypy >"$found" 2>&1 &
types=$!
trap 'kill "$types" 2>/dev/null || true; rm -f "$found"' EXIT

# Most of a test is waiting for processes to start: two files at a time, each file by one worker. A worker's own
# arithmetic gets one thread, or they would wait for each other. What the processes import is compiled once, for all,
# and collects no garbage meanwhile (tests/startup).
JOBS=${JOBS:-2}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export PYTHONPATH=$PWD/tests/startup${PYTHONPATH:+:$PYTHONPATH}
unset PYTHONDONTWRITEBYTECODE
passed=0
.venv/bin/python -m pytest --numprocesses "$JOBS" --dist loadfile --no-loadscope-reorder "$@" || passed=$?
wait "$types" || passed=1
trap 'rm -f "$found"' EXIT
cat "$found"
exit "$passed"
