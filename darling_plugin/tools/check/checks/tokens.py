"""Token budgets against the longest sequence: the longest prompt with the longest response.

Where either could be wrong, the budget is named, because data lengths are what a user wants.
"""

from __future__ import annotations

from collections.abc import Iterator

from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import ACTOR, REWARD_MODEL, ROLLOUT, Job


def check(job: Job) -> Iterator[Finding]:
    yield from _sampling(job)
    yield from _training(job)
    yield from _scoring(job)
    if job["data.truncation"] == "error" and not job["data.filter_overlong_prompts"]:
        yield warning(
            "data.filter_overlong_prompts",
            False,
            "one prompt that is too long stops the job (data.truncation=error).",
            "Set data.filter_overlong_prompts=true.",
        )


def _sampling(job: Job) -> Iterator[Finding]:
    key = f"{ROLLOUT}.max_model_len"
    limit = job[key]
    if limit is not None and limit < job.longest:
        yield Finding(
            key,
            limit,
            f"data.max_prompt_length + data.max_response_length are {job.longest} tokens: responses would be cut.",
            f"Set {key}={job.longest}.",
        )
    if job.policy is not None and max(limit or 0, job.longest) > job.policy.positions:
        named = key if limit and limit > job.policy.positions else "data.max_response_length"
        yield Finding(
            named, job[named], f"the policy has only {job.policy.positions} positions.", "Shorten prompt or response."
        )
    for node in [ROLLOUT] + ([f"{REWARD_MODEL}.rollout"] if job[f"{REWARD_MODEL}.enable"] else []):
        batched, sequences = f"{node}.max_num_batched_tokens", int(job[f"{node}.max_num_seqs"])
        if job[batched] < sequences:
            yield Finding(
                batched,
                job[batched],
                f"must be at least {node}.max_num_seqs={sequences} for vLLM.",
                f"Set {batched}={sequences}.",
            )
    batched = f"{ROLLOUT}.max_num_batched_tokens"
    if not job[f"{ROLLOUT}.enable_chunked_prefill"] and job[batched] < (limit or job.longest):
        yield warning(
            batched, job[batched], f"without chunked prefill verl raises it to max_model_len ({limit or job.longest})."
        )


def _training(job: Job) -> Iterator[Finding]:
    """A micro-batch of a dynamic size must hold the longest sequence, over the GPUs that share it."""
    split = 1 if job.megatron else job.model_parallel
    if job.megatron:
        split = int(job[f"{ACTOR}.megatron.context_parallel_size"])
    budgets = [(f"{ACTOR}.ppo_max_token_len_per_gpu", job[f"{ACTOR}.use_dynamic_bsz"])]
    budgets += [(f"{ROLLOUT}.log_prob_max_token_len_per_gpu", job[f"{ROLLOUT}.log_prob_use_dynamic_bsz"])]
    if job.needs_reference:
        ref = "actor_rollout_ref.ref"
        budgets += [(f"{ref}.log_prob_max_token_len_per_gpu", job[f"{ref}.log_prob_use_dynamic_bsz"])]
    for key, used in budgets:
        if used and int(job[key]) * split < job.longest:
            yield Finding(
                key,
                job[key],
                f"one sequence may have {job.longest} tokens, and a micro-batch must hold it.",
                f"Set {key}={2 * -(-job.longest // split)} (two sequences), or at least {-(-job.longest // split)}.",
            )


def _scoring(job: Job) -> Iterator[Finding]:
    key = f"{REWARD_MODEL}.rollout.max_model_len"
    if job[f"{REWARD_MODEL}.enable"] and job[key] is not None and job[key] < job.longest:
        yield Finding(
            key,
            job[key],
            f"a conversation may have {job.longest} tokens, but the reward model refuses longer ones than this.",
            f"Set {key}={job.longest + 256}, which leaves 256 tokens for the chat template.",
        )
