#!/usr/bin/env bash
# The paper's math recipe through OpenRLHF. What is set below can be set from outside; arguments come last and win:
#   GPUS=8 MODEL=Qwen/Qwen3-4B-Base DATA=train.jsonl bash recipes/openrlhf/run.sh --darling.diversity.scope correct
# README.md beside this file says more.
set -euo pipefail

MODEL=${MODEL:-Qwen/Qwen3-4B-Base}
DATA=${DATA:?the prompts: JSON lines with prompt and answer; to_jsonl.py writes them}
GPUS=${GPUS:-8}                 # of this machine; the policy, vLLM and nothing else share them
OUT=${OUT:-outputs/openrlhf}
PYTHON=${PYTHON:-python}

exec "$PYTHON" -m darling_plugin.integrations.openrlhf \
  --actor.model_name_or_path "$MODEL" --actor.num_gpus_per_node "$GPUS" --actor.adam.lr 1e-6 \
  --actor.gradient_checkpointing_enable --ds.zero_stage 3 --ds.packing_samples \
  --vllm.num_engines "$GPUS" --vllm.tensor_parallel_size 1 --vllm.gpu_memory_utilization 0.6 \
  --train.colocate_all --vllm.enable_sleep --ds.enable_sleep \
  --data.prompt_dataset "$DATA" --data.input_key prompt --data.label_key answer --data.apply_chat_template \
  --data.max_len 9216 --rollout.max_new_tokens 8192 \
  --rollout.batch_size 256 --rollout.n_samples_per_prompt 8 --train.batch_size 2048 --rollout.micro_batch_size 8 \
  --reward.remote_url "$(dirname "$0")/reward_math.py" \
  --algo.advantage.estimator dr_grpo --algo.kl.init_coef 0 \
  --ckpt.path "$OUT/checkpoints" --ckpt.output_dir "$OUT/model" --ckpt.save_steps 20 --ckpt.load_enable \
  --logger.tensorboard_dir "$OUT/tensorboard" \
  --darling.similarity.name classifier --darling.diversity.floor 0.1 \
  "$@"
