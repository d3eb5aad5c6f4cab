#!/usr/bin/env bash
# The paper's math recipe. Checks the job first, then trains; what is set below can be set from outside:
#   SIZE=8gpu VARIANT=grpo bash recipes/math/run.sh trainer.total_training_steps=100
# CHECK_ONLY=1 stops after the check. Arguments are Hydra overrides and come last. README.md beside this file says more.
set -euo pipefail

SIZE=${SIZE:-64gpu}                     # smoke | 1gpu | 8gpu | 64gpu | 72gpu
VARIANT=${VARIANT:-darling}             # darling | darling_correct_only | additive | ngram | grpo | grpo_no_std
MODEL_ENGINE=${MODEL_ENGINE:-dp}        # dp | megatron
MODE=${MODE:-sync}                      # sync | colocate_async | separate_async
ADAPTER=${ADAPTER:-}                    # empty | lora
NNODES=${NNODES:-}                      # nodes that train; empty: the size's
GPUS=${GPUS:-}                          # GPUs of each; empty: the size's
MODEL=${MODEL:-}                        # folder or hub name; empty: the size's
TRAIN_FILES=${TRAIN_FILES:-}            # parquet; empty: data/math/deepscaler_10k.parquet
VAL_FILES=${VAL_FILES:-}                # [a.parquet,b.parquet]; empty: the four competitions under data/math
PYTHON=${PYTHON:-python}

[ "$SIZE" = smoke ] && export VERL_PLATFORM=cpu RAY_ADDRESS=${RAY_ADDRESS:-local}   # a Ray of its own, unless told
[ "$MODEL_ENGINE" = megatron ] && export CUDA_DEVICE_MAX_CONNECTIONS=1
[ "$MODEL_ENGINE-$SIZE" = megatron-1gpu ] && MODEL_ENGINE=megatron_1gpu

JOB=("+darling=[math,math_size/$SIZE,variant/$VARIANT,engine/$MODEL_ENGINE,mode/$MODE${ADAPTER:+,adapter/$ADAPTER}]")
[ -n "$NNODES" ] && JOB+=("trainer.nnodes=$NNODES")
[ -n "$GPUS" ] && JOB+=("trainer.n_gpus_per_node=$GPUS")
[ -n "$MODEL" ] && JOB+=("actor_rollout_ref.model.path=$MODEL")
[ -n "$TRAIN_FILES" ] && JOB+=("data.train_files=$TRAIN_FILES")
[ -n "$VAL_FILES" ] && JOB+=("data.val_files=$VAL_FILES")

"$PYTHON" -m darling_plugin.cli check "${JOB[@]}" "$@"
[ -n "${CHECK_ONLY:-}" ] && exit 0
exec "$PYTHON" -m verl.trainer.main_ppo "${JOB[@]}" "$@"
