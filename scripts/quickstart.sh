#!/usr/bin/env bash
# Installs what is needed into .venv, then trains a tiny policy with DARLING on this machine's CPU.
#   bash scripts/quickstart.sh                    DARLING
#   bash scripts/quickstart.sh --estimator grpo   the same with plain GRPO
#   bash scripts/quickstart.sh --trainer trl      the same with TRL in the place of verl
#   bash scripts/quickstart.sh --help             the other options
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/install.sh
exec .venv/bin/python -m recipes.countdown.quickstart "$@"
