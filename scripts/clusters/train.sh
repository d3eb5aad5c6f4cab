#!/usr/bin/env bash
# On the head of a Ray cluster: waits for its nodes, checks that each has what the job needs, and runs the recipe.
#   NODES=8 bash scripts/clusters/train.sh math trainer.total_training_steps=100
# The recipe's variables (SIZE, VARIANT, ...) come from the environment. For scripts/slurm.sbatch, scripts/clusters/submit.py
# and scripts/clusters/kuberay.yaml.
set -euo pipefail

NODES=${NODES:-1}                       # Ray nodes to wait for
WAIT_S=${WAIT_S:-600}                   # for so many seconds
CHECKPOINTS=${CHECKPOINTS:-}            # folder that all nodes see; a job with the same folder continues the same run
SAVE_EVERY=${SAVE_EVERY:-}              # steps between checkpoints; empty: the recipe's
HEAD_FILE=${HEAD_FILE:-}                # a file that the head's address is written to; empty: RAY_ADDRESS has it
PYTHON=${PYTHON:-python}

here=$(cd "$(dirname "$0")" && pwd)
recipe=${1:?which recipe? math or creative_writing}
shift

if [ -n "$HEAD_FILE" ]; then
  until [ -s "$HEAD_FILE" ] || [ "$SECONDS" -ge "$WAIT_S" ]; do sleep 1; done
  [ -s "$HEAD_FILE" ] || { echo "error: no head of the Ray cluster after $WAIT_S s: $HEAD_FILE is empty" >&2; exit 1; }
  RAY_ADDRESS=$(cat "$HEAD_FILE")
fi
export RAY_ADDRESS=${RAY_ADDRESS:?the address of the Ray cluster, such as 10.0.0.1:6379}
"$PYTHON" "$here/check_nodes.py" --nodes "$NODES" --timeout "$WAIT_S"

job=()
[ -n "$CHECKPOINTS" ] && job+=("trainer.default_local_dir=$CHECKPOINTS" trainer.resume_mode=auto)
[ -n "$SAVE_EVERY" ] && job+=("trainer.save_freq=$SAVE_EVERY")
# The CPU's settings say how large a Ray to start; this one runs.
[ "${SIZE:-}" = smoke ] && job+=(ray_kwargs.ray_init.num_cpus=null ray_kwargs.ray_init.num_gpus=null)
exec bash "$here/../../recipes/$recipe/run.sh" ${job[@]+"${job[@]}"} "$@"
