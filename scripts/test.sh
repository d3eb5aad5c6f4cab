#!/usr/bin/env bash
# Installs what the tests need, then lint, types and all tests, a real verl run included.
#   bash scripts/test.sh               everything (half an hour on 2 busy cores)
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
.venv/bin/mypy
# Most of a test is waiting for processes to start: two files at a time, each file by one worker. A worker's own
# arithmetic gets one thread, or they would wait for each other.
JOBS=${JOBS:-2}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
exec .venv/bin/python -m pytest --numprocesses "$JOBS" --dist loadfile --no-loadscope-reorder "$@"
