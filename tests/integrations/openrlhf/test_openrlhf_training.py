"""A whole training of OpenRLHF on the CPU, through our command: Ray, vLLM, DeepSpeed."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import words

from darling_plugin.core import find_partition, fuse_rewards, group_advantages, partition_diversity
from darling_plugin.similarity import LexicalSimilarity
from darling_plugin.tools.report.read import read_run

pytestmark = pytest.mark.openrlhf

N, PROMPTS, STEPS = 4, 4, 3
SHIFT = -1.0  # every quality is between −1 and 0: the lowest, rounded down


@pytest.fixture(scope="module")
def job(run, tmp_path_factory) -> Path:
    """The job's folder, once it has trained; what it printed is in `log`."""
    folder = tmp_path_factory.mktemp("openrlhf")
    words.write_policy(folder / "policy")
    words.write_prompts(folder / "prompts.jsonl", PROMPTS * STEPS)
    arguments = f"""
        --actor.model_name_or_path {folder}/policy --reward.remote_url {words.__file__}
        --data.prompt_dataset {folder}/prompts.jsonl --data.input_key prompt --data.max_len 24
        --rollout.batch_size {PROMPTS} --rollout.n_samples_per_prompt {N} --rollout.micro_batch_size 3
        --rollout.max_new_tokens 6 --train.batch_size {PROMPTS * N} --train.micro_batch_size 4
        --actor.num_gpus_per_node 1 --vllm.num_engines 1 --vllm.enforce_eager --ds.attn_implementation eager
        --algo.advantage.estimator dr_grpo --algo.kl.init_coef 0 --actor.adam.lr 1e-2 --actor.lr_warmup_ratio 0.0
        --eval.dataset {folder}/prompts.jsonl --eval.steps 3 --eval.n_samples_per_prompt 2
        --ckpt.path {folder}/ckpt --ckpt.output_dir {folder}/final --ckpt.save_steps 2 --ckpt.best_metric_key none
        --darling.similarity.name lexical --darling.similarity.threshold 0.4 --darling.similarity.short_text_rule=false
        --darling.samples.every 1
    """.split()
    done = run("-m", "darling_plugin.integrations.openrlhf", *arguments, OPENRLHF_RECORD=str(folder / "record.jsonl"))
    (folder / "log").write_text(done.stdout + done.stderr)
    return folder


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_the_policy_trains_on_darlings_advantages(job):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(job / "policy")
    batches = read_lines(job / "record.jsonl")
    index = [i for batch in batches for i in batch["index"]]
    rows = [row for batch in batches for row in batch["rows"]]
    assert index == [*range(PROMPTS * N)] * STEPS  # micro-batches of 3, which cut the groups of 4
    for step in range(STEPS):
        mine = rows[step * PROMPTS * N : (step + 1) * PROMPTS * N]
        texts = [tokenizer.decode(row["tokens"], skip_special_tokens=True) for row in mine]
        uid = [i // N for i in range(PROMPTS * N)]
        similarity = LexicalSimilarity()
        labels = find_partition(texts, uid, similarity, threshold=0.4, short_text_rule=False).labels
        quality = np.float32([words.quality(text) for text in texts])
        rewards = fuse_rewards(quality - SHIFT, partition_diversity(labels, uid, floor=0.1), uid)
        expected = group_advantages(rewards, uid)
        for row, advantage in zip(mine, expected, strict=True):
            assert row["advantages"] == pytest.approx([advantage] * len(row["tokens"]), abs=1e-6)


def test_evaluation_and_scores_are_pure_quality(job):
    log = (job / "log").read_text()
    (passed,) = re.findall(r"'eval_default_pass1': (-?[\d.]+)", log)[:1]
    assert float(passed) < 0  # a reward is (quality + 1) · diversity: never negative
    for row in read_run(job / "ckpt", "run").rows:
        assert row["score"] < 0 <= row["reward"]
        assert row["score"] == pytest.approx(row["darling/quality/mean"], abs=1e-4)
        assert row["reward"] == pytest.approx(row["darling/reward/mean"], abs=1e-4)


def test_the_report_reads_the_run(job):
    found = read_run(job / "ckpt", "run")
    assert [row["step"] for row in found.rows] == [1, 2, 3]
    assert all(1 <= row["darling/classes/mean"] <= N and row["timing_s/step"] > 0 for row in found.rows)
    assert [(group.step, len(group.responses)) for group in found.groups] == [
        (step, N) for step in (1, 2, 3) for _ in range(PROMPTS)
    ]


def test_the_state_is_in_openrlhfs_checkpoint(job):
    import torch

    (file,) = (job / "ckpt/_actor/global_step2").glob("*model_states.pt")
    assert torch.load(file, weights_only=False)["darling"] == {"shift": SHIFT, "objective": {}}
