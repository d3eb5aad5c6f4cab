#!/usr/bin/env bash
# Installs what the tests need, then lint, types and all tests, a real verl run included.
#   bash scripts/test.sh               everything (about 20 minutes on 2 cores)
#   bash scripts/test.sh -m "not verl" without the runs of verl (about 4 minutes); arguments go to pytest
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/install.sh
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/python -m pytest "$@"
