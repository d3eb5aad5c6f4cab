"""Counts and shares are valid numbers: the other checks compute with them."""

from __future__ import annotations

from collections.abc import Iterator

from darling_plugin.tools.check.finding import Finding
from darling_plugin.tools.check.job import ACTOR, REWARD_MODEL, ROLLOUT, Job

# Key → the least that it may be.
COUNTS = {
    "trainer.nnodes": 1,
    "trainer.n_gpus_per_node": 1,
    "data.train_batch_size": 1,
    "data.max_prompt_length": 1,
    "data.max_response_length": 1,
    f"{ACTOR}.ppo_mini_batch_size": 1,
    f"{ACTOR}.ppo_max_token_len_per_gpu": 1,
    f"{ROLLOUT}.n": 1,
    f"{ROLLOUT}.nnodes": 0,
    f"{ROLLOUT}.val_kwargs.n": 1,
    f"{ROLLOUT}.tensor_model_parallel_size": 1,
    f"{ROLLOUT}.max_num_batched_tokens": 1,
    f"{ROLLOUT}.max_num_seqs": 1,
    f"{REWARD_MODEL}.nnodes": 0,
    f"{REWARD_MODEL}.rollout.tensor_model_parallel_size": 1,
    f"{ACTOR}.ulysses_sequence_parallel_size": 1,
    f"{ACTOR}.megatron.tensor_model_parallel_size": 1,
    f"{ACTOR}.megatron.pipeline_model_parallel_size": 1,
    f"{ACTOR}.megatron.context_parallel_size": 1,
}
SHARES = (f"{ROLLOUT}.gpu_memory_utilization", f"{REWARD_MODEL}.rollout.gpu_memory_utilization")


def check(job: Job) -> Iterator[Finding]:
    for key, least in COUNTS.items():
        value = job[key]
        # The engine that the job does not use has no node.
        if value is None and (key.startswith(f"{ACTOR}.megatron") or key.endswith("ulysses_sequence_parallel_size")):
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            yield Finding(key, value, f"must be a whole number of at least {least}.")
    for key in SHARES:
        value = job[key]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
            yield Finding(key, value, "must be a share of a GPU's memory, between 0 and 1.")
