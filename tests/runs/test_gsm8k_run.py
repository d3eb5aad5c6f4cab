"""Real maths prompts through verl: a tiny policy answers with noise, and everything around it must be right."""

import json
from pathlib import Path

import pytest
from json_lines import read_lines
from places import SHARED

pytestmark = pytest.mark.verl

GSM8K = SHARED / "data/math/gsm8k_test.jsonl"
PROMPTS, RESPONSES = 4, 4


def _write_policy(folder: Path) -> None:
    """A Llama of random weights that reads and writes single bytes: any prompt, and no download."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = ["<pad>", "<eos>", *pre_tokenizers.ByteLevel.alphabet()]
    tokens = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<pad>"))
    tokens.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False), pre_tokenizers.Split("", "isolated")]
    )
    tokens.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, pad_token="<pad>", eos_token="<eos>")
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=2048,
            pad_token_id=0,
            eos_token_id=1,
        )
    ).save_pretrained(folder)


@pytest.mark.skipif(not GSM8K.exists(), reason=f"real GSM8K problems are not at {GSM8K}")
def test_two_steps_on_gsm8k_with_math_verify_and_embeddings(run, tmp_path):
    import pandas as pd

    problems = [json.loads(line) for line in GSM8K.read_bytes().splitlines()[: 2 * PROMPTS]]
    rows = [
        {
            "data_source": "openai/gsm8k",
            "prompt": [{"role": "user", "content": problem["question"]}],
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": problem["answer"].split("####")[-1].strip()},
            "extra_info": {"index": index, "split": "test"},
        }
        for index, problem in enumerate(problems)
    ]
    pd.DataFrame(rows).to_parquet(tmp_path / "gsm8k.parquet")
    _write_policy(tmp_path / "policy")
    metrics = tmp_path / "metrics.jsonl"
    run(
        "verl.trainer.main_ppo",
        "+darling=[base,cpu]",
        "darling.similarity.name=embedding",
        "reward.reward_manager.name=darling",
        "darling.quality.verifier=math_verify",
        f"data.train_files={tmp_path / 'gsm8k.parquet'}",
        f"data.val_files={tmp_path / 'gsm8k.parquet'}",
        f"data.train_batch_size={PROMPTS}",
        "data.max_prompt_length=1024",
        "data.max_response_length=64",
        f"actor_rollout_ref.model.path={tmp_path / 'policy'}",
        f"actor_rollout_ref.rollout.n={RESPONSES}",
        "actor_rollout_ref.rollout.max_model_len=1088",
        "actor_rollout_ref.actor.ppo_mini_batch_size=4",
        "actor_rollout_ref.actor.use_dynamic_bsz=true",
        "trainer.total_training_steps=2",
        "trainer.val_before_train=false",
        "trainer.test_freq=-1",
        "trainer.save_freq=-1",
        "trainer.logger=[console,file]",
        f"trainer.default_local_dir={tmp_path / 'checkpoints'}",
        VERL_FILE_LOGGER_PATH=str(metrics),
        HF_HUB_OFFLINE="1",
    )
    steps = [row["data"] for row in read_lines(metrics)]
    assert len(steps) == 2
    for step in steps:
        # Noise is hardly ever right, and MiniLM may find it equivalent or not. Whatever was sampled, this must hold.
        assert step["critic/score/mean"] == pytest.approx(step["darling/quality/mean"])
        assert 0 <= step["darling/reward/mean"] <= step["darling/quality/mean"]  # q · d, and d is at most 1
        assert (step["darling/groups/all_wrong"] == 1.0) == (step["darling/quality/mean"] == 0.0)
        pairs = PROMPTS * RESPONSES * (RESPONSES - 1) // 2
        assert step["darling/pairs/scored"] + step["darling/pairs/skipped"] == pairs
        assert 1 <= step["darling/classes/mean"] <= RESPONSES
        assert step["critic/advantages/min"] <= 0 <= step["critic/advantages/max"]  # centered in each group
    samples = read_lines(tmp_path / "checkpoints/darling_samples/step_000001.jsonl")
    assert len(samples) == PROMPTS * RESPONSES
    for row in samples:
        assert row["quality"] in (0.0, 1.0) and row["reward"] == pytest.approx(row["quality"] * row["diversity"])
    assert {row["prompt"] for row in samples} <= {problem["question"] for problem in problems}
