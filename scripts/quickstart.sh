#!/usr/bin/env bash
# Installs what is needed into .venv, then trains a tiny policy with DARLING on this machine's CPU.
#   bash scripts/quickstart.sh                    DARLING
#   bash scripts/quickstart.sh --estimator grpo   the same with plain GRPO
#   bash scripts/quickstart.sh --trainer trl      the same with TRL in the place of verl
#   bash scripts/quickstart.sh --task kinds       a language model and real words; installs its weights (98 MB)
#   bash scripts/quickstart.sh --help             the other options; with --task kinds its own
set -euo pipefail
cd "$(dirname "$0")/.."
task=countdown
if [ "${1:-}" = "--task" ]; then
  task=${2:-}
  shift 2
fi
bash scripts/install.sh
case $task in
  countdown) exec .venv/bin/python -m recipes.countdown.quickstart "$@" ;;
  kinds)
    bash recipes/kinds/install.sh
    export DARLING_WORDNET=${DARLING_WORDNET:-$(cat .venv/kinds/wordnet.path)}
    exec .venv/bin/python -m recipes.kinds.quickstart "$@"
    ;;
  *)
    echo "error: --task: got '$task', expected countdown or kinds" >&2
    exit 1
    ;;
esac
