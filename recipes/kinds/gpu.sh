#!/usr/bin/env bash
# The comparison of docs/kinds.md at full size on one GPU: all layers, all training categories, three seeds, through TRL;
# then two steps of verl with vLLM, where they are installed. Results are written to the same ledger as the loop's.
#   bash recipes/kinds/gpu.sh              needs torch with CUDA, transformers, trl, accelerate, datasets
#   DRY_RUN=1 bash recipes/kinds/gpu.sh    the same commands on the CPU, one method, one seed, one step
# OUT must hold the warm start and the classifier: `python -m recipes.kinds prepare --classifier --out outputs/kinds`.
# Made for some 12 minutes of an H100; SECONDS_LEFT stops new trainings after that. It has been run dry only.
set -euo pipefail
cd "$(dirname "$0")/../.."

PYTHON=${PYTHON:-.venv/bin/python}
OUT=${OUT:-outputs/kinds}
SECONDS_LEFT=${SECONDS_LEFT:-720}
METHODS=${METHODS:-grpo ngram darling learned shipped soft_darling}
SEEDS=${SEEDS:-0 1 2}
STEPS=(--steps=60)
DEVICE=()
if [ -n "${DRY_RUN:-}" ]; then
    METHODS=darling SEEDS=0 STEPS=(--steps=1 --prompts=2) DEVICE=(--cpu)
fi
export HF_HUB_OFFLINE=1

[ -f "$OUT/data/train.parquet" ] || "$PYTHON" -m darling_plugin.cli data prepare kinds --out "$OUT/data"
WARM=$OUT/shared/warm_start
for seed in $SEEDS; do
    for method in $METHODS; do
        [ "$SECONDS" -lt "$SECONDS_LEFT" ] || break 2
        case $method in
            grpo | ngram) objective=$method similarity=exact ;;
            darling) objective=darling similarity=exact ;;
            learned) objective=darling similarity=$OUT/shared/classifier ;;
            shipped) objective=darling similarity=shipped ;;
            soft_darling) objective=soft_darling similarity=$OUT/shared/classifier ;;
        esac
        folder=$OUT/trl/${method}_$seed began=$SECONDS
        "$PYTHON" -m recipes.kinds.trl_train --policy="$WARM" --data="$OUT/data/train.parquet" --folder="$folder" \
            --objective=$objective --similarity="$similarity" --seed="$seed" "${STEPS[@]}" "${DEVICE[@]}"
        if [ -n "${DRY_RUN:-}" ]; then
            echo "dry run: $folder/policy is not measured, because one step shows nothing"
        else
            "$PYTHON" -m recipes.kinds record "$folder/policy" --method=$method --seed="$seed" \
                --seconds=$((SECONDS - began)) --out="$OUT"
        fi
    done
done

if [ -z "${DRY_RUN:-}" ] && "$PYTHON" -c 'import verl, vllm' 2>/dev/null; then
    "$PYTHON" -m verl.trainer.main_ppo +darling=kinds data.train_files="$OUT/data/train.parquet" \
        data.val_files="$OUT/data/val.parquet" actor_rollout_ref.model.path="$WARM" trainer.total_training_steps=2 \
        trainer.n_gpus_per_node=1 trainer.nnodes=1
fi
