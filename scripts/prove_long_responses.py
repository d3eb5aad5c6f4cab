"""How long verl waits for DARLING in a real training step with responses of 2,000 tokens and the shipped classifier.

    python scripts/prove_long_responses.py                       # 32 prompts × 8 responses, two steps, on this CPU
    python scripts/prove_long_responses.py --json FILE darling.similarity.text=answer

The policy is a random Llama of two layers whose tokens are English words, so its responses are noise of full length
and no two are alike. Quality is noise too. As all are equally long, those that are sampled together end together: 64
of 256, where a real policy's would end one by one. `--at-once 256` is the worst case, with nothing to read before the
last token. Everything else is the job that a user starts: vLLM samples, the classifier's replica on the CPUs reads
while other responses are sampled, FSDP2 trains. The figure is `darling/step_share`: seconds that the trainer waited
for classes, over the step. Exit code 1 when any step waited for more than 1 % of it.

On one machine without a GPU the replica shares its cores with the policy. The step therefore also pays for the
classifier's reading, which is reported as `reading_seconds`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from recipes.countdown.report import read_metrics
from recipes.countdown.verl_job import VerlJob

TARGET = 0.01
WORDS = 2_000  # of the policy's vocabulary
LOGGED = {
    "step_seconds": "timing_s/step",
    "sampling_seconds": "timing_s/gen",
    "wait_seconds": "darling/wait_seconds",
    "step_share": "darling/step_share",
    "reading_seconds": "darling/service/busy_seconds",
    "hidden_share": "darling/service/hidden_share",
    "read": "darling/service/read",
    "arrived": "darling/service/arrived",
    "truncated_share": "darling/service/truncated_share",
    "response_tokens": "response_length/mean",
    "classes": "darling/classes/mean",
}


def main() -> int:
    arguments = parse()
    folder = arguments.out.resolve()
    write_job(folder, arguments.prompts)
    job = VerlJob(folder, arguments.steps, command(folder, arguments))
    began = time.monotonic()
    job.run(Console())
    rows = read_metrics(job.metrics)
    steps = [{name: row[key] for name, key in LOGGED.items() if key in row} for row in rows]
    found: dict[str, Any] = {
        "step_share": max(step["step_share"] for step in steps),
        "steps": steps,
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(found, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if found["step_share"] <= TARGET else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--responses", type=int, default=8, help="Responses per prompt.")
    parser.add_argument("--tokens", type=int, default=2_000, help="Tokens per response.")
    parser.add_argument("--at-once", type=int, default=64, help="Responses that vLLM samples concurrently.")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("outputs/long_responses"), help="Folder for log and metrics.")
    parser.add_argument("--json", type=Path, help="Write the figures to this file.")
    parser.add_argument("overrides", nargs="*", help="Hydra overrides, as for verl.trainer.main_ppo.")
    return parser.parse_args()


def compute_score(data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None, **_: Any) -> float:
    """Noise: 1 for a response with an odd number of characters. verl calls it for each response."""
    return float(len(solution_str) % 2)


def write_job(folder: Path, prompts: int) -> None:
    """The policy and its tokenizer, and prompts of a few words, as parquet."""
    import pandas as pd
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from recipes.smoke import SHAPE

    tokenizer, words = word_tokenizer()
    torch.manual_seed(0)
    shape = SHAPE | {"max_position_embeddings": 8192}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **shape)).save_pretrained(folder / "policy")
    tokenizer.save_pretrained(folder / "policy")
    rows = [row(number, words[7 * number : 7 * number + 7]) for number in range(prompts)]
    pd.DataFrame(rows).to_parquet(folder / "train.parquet")


def row(number: int, words: list[str]) -> dict[str, Any]:
    """One row as verl reads it."""
    return {
        "data_source": "noise",
        "prompt": [{"role": "user", "content": " ".join(words)}],
        "reward_model": {"style": "rule", "ground_truth": ""},
        "extra_info": {"index": number},
    }


def word_tokenizer() -> tuple[Any, list[str]]:
    """One token per word, the most frequent ones of the shipped classifier's table; and these words."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    from darling_plugin.similarity.classifier import DEFAULT_FOLDER
    from darling_plugin.similarity.classifier.lexical_features import Reader

    counts = Reader.load(DEFAULT_FOLDER).counts
    words = sorted(counts, key=lambda word: (-counts[word], word))[:WORDS]
    index = {word: number for number, word in enumerate(["<pad>", "<eos>", *words])}
    tokens = Tokenizer(models.WordLevel(index, unk_token="<pad>"))
    tokens.pre_tokenizer = pre_tokenizers.WhitespaceSplit()  # the decoder of a WordLevel model joins with spaces
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, pad_token="<pad>", eos_token="<eos>")
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
    return tokenizer, words


def command(folder: Path, arguments: argparse.Namespace) -> list[str]:
    prompts, n, tokens = arguments.prompts, arguments.responses, arguments.tokens
    longest = tokens + 32
    return [
        *(sys.executable, "-m", "verl.trainer.main_ppo", "+darling=[math,math_size/smoke]"),
        *(f"data.train_files={folder / 'train.parquet'}", f"data.val_files={folder / 'train.parquet'}"),
        *(f"data.train_batch_size={prompts}", "data.max_prompt_length=32", f"data.max_response_length={tokens}"),
        f"actor_rollout_ref.model.path={folder / 'policy'}",
        *(f"actor_rollout_ref.rollout.n={n}", "actor_rollout_ref.rollout.ignore_eos=true"),
        f"actor_rollout_ref.rollout.max_model_len={longest}",
        f"actor_rollout_ref.rollout.max_num_seqs={arguments.at_once}",
        "actor_rollout_ref.rollout.max_num_batched_tokens=4096",
        f"actor_rollout_ref.actor.ppo_mini_batch_size={prompts}",
        f"actor_rollout_ref.actor.ppo_max_token_len_per_gpu={2 * longest}",
        f"actor_rollout_ref.rollout.log_prob_max_token_len_per_gpu={4 * longest}",
        "darling.quality.verifier=verl",
        *(f"reward.custom_reward_function.path={Path(__file__).resolve()}", "darling.samples.every=0"),
        f"trainer.total_training_steps={arguments.steps}",
        f"trainer.default_local_dir={folder / 'checkpoints'}",
        "trainer.logger=[console,file]",
        *arguments.overrides,
    ]


if __name__ == "__main__":
    sys.exit(main())
