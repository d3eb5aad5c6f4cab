"""Bytes on one GPU, estimated from shapes alone. Good to perhaps a fifth: kernels' workspaces are not in it.

While it samples: vLLM's share (`gpu_memory_utilization`), and of training's state what is not offloaded.
While it trains: weights, gradients and Adam's two moments, each split among the GPUs, and the activations of one
micro-batch; vLLM is asleep.
"""

from __future__ import annotations

from dataclasses import dataclass

from darling_plugin.tools.check.job import ACTOR, ROLLOUT, Job
from darling_plugin.tools.check.models import Shape, find_shape
from darling_plugin.tools.check.pools import service_of

GIB = 2**30
SERVER_OVERHEAD = 2 * GIB  # CUDA context, graphs and workspaces of one vLLM
CONTEXT = GIB / 2  # CUDA context and kernels of one more process
REPLICA_SMALL = GIB  # the shipped classifier: 0.09 GiB of weights, a batch, a context
WIDTH = {"fp32": 4, "float32": 4, "bf16": 2, "bfloat16": 2, "fp16": 2, "float16": 2}


@dataclass(frozen=True)
class Training:
    """Bytes on one GPU that trains. kept: what of weights and moments stays there while it samples."""

    state: float
    activations: float
    kept: float


def training(job: Job, shape: Shape) -> Training:
    """Of the policy, its optimizer, and a reference policy where there is one."""
    return _megatron(job, shape) if job.megatron else _fsdp(job, shape)


def _fsdp(job: Job, shape: Shape) -> Training:
    node = f"{ACTOR}.fsdp_config"
    width = WIDTH[job[f"{node}.model_dtype"] or "fp32"]
    size = int(job[f"{node}.fsdp_size"] or -1)
    shards = job.training_gpus if size < 1 else min(size, job.training_gpus)
    learned = shape.adapter_parameters(job.lora_rank) if job.lora_rank else shape.parameters
    weights, moments = width * shape.parameters / shards, 2 * width * learned / shards
    reference = weights if job.needs_reference and not job["actor_rollout_ref.ref.fsdp_config.param_offload"] else 0.0
    kept = reference
    kept += 0 if job[f"{node}.param_offload"] else weights
    kept += 0 if job[f"{node}.optimizer_offload"] else moments
    state = weights + width * learned / shards + moments + reference
    return Training(state, activations(job, shape), kept)


def _megatron(job: Job, shape: Shape) -> Training:
    """Weights in bfloat16, gradients in fp32; fp32 weights and moments split further by the distributed optimizer."""
    node = f"{ACTOR}.megatron"
    split = int(job[f"{node}.tensor_model_parallel_size"]) * int(job[f"{node}.pipeline_model_parallel_size"])
    # Context-parallel ranks hold the same weights: the distributed optimizer splits across them too.
    copies = max(1, job.training_gpus // split) if job[f"{node}.use_distributed_optimizer"] else 1
    learned = shape.adapter_parameters(job.lora_rank) if job.lora_rank else shape.parameters
    weights, moments = 2 * shape.parameters / split, 12 * learned / split / copies
    reference = weights if job.needs_reference and not job["actor_rollout_ref.ref.megatron.param_offload"] else 0.0
    kept = reference
    kept += 0 if job[f"{node}.param_offload"] else weights + 4 * learned / split
    kept += 0 if job[f"{node}.optimizer_offload"] else moments
    return Training(weights + 4 * learned / split + moments + reference, activations(job, shape), kept)


def activations(job: Job, shape: Shape) -> float:
    """Of one micro-batch: layer inputs (all of a layer's, without checkpointing), one layer at work, and the logits.

    The logits count 6 bytes a value: bfloat16, and fp32 for the log-probabilities.
    """
    tokens = micro_batch_tokens(job)
    tensor = int(job[f"{ACTOR}.megatron.tensor_model_parallel_size"] or 1) if job.megatron else 1
    stages = int(job[f"{ACTOR}.megatron.pipeline_model_parallel_size"] or 1) if job.megatron else 1
    one_layer = 2 * tokens * (8 * shape.hidden + 3 * shape.mlp) / tensor
    checkpointed = not job.megatron and job["actor_rollout_ref.model.enable_gradient_checkpointing"]
    recomputed = job.megatron and job[f"{ACTOR}.megatron.override_transformer_config.recompute_granularity"] == "full"
    layers = shape.layers / stages
    between = layers * (2 * tokens * shape.hidden if checkpointed or recomputed else one_layer)
    logits = 0 if job["actor_rollout_ref.model.use_fused_kernels"] else 6 * tokens * shape.vocabulary / tensor
    return between + one_layer + logits


def micro_batch_tokens(job: Job) -> int:
    """The most tokens that one GPU trains on at once."""
    if job[f"{ACTOR}.use_dynamic_bsz"]:
        return int(job[f"{ACTOR}.ppo_max_token_len_per_gpu"])
    return int(job[f"{ACTOR}.ppo_micro_batch_size_per_gpu"] or 1) * job.longest


def replica(job: Job) -> float | None:
    """Bytes of a classifier beside the policy (`darling.service.placement=shared`); None where there is none, or its
    size is not known.

    Weights in bfloat16 (float32 below 1B parameters, as such models are published), one layer's activations of a batch,
    and a CUDA context.
    """
    service = service_of(job)
    if service is None or service.place != "shared":
        return None
    name, model = job["darling.similarity.name"] or "classifier", job["darling.similarity.model"]
    shape = find_shape(model) if name in ("classifier", "embedding") and model not in (None, "default") else None
    if shape is None:
        return REPLICA_SMALL if model in (None, "default") else None
    width = 2 if shape.parameters > 1_000_000_000 else 4
    batch = 2 * service.batch_tokens * (8 * shape.hidden + 3 * shape.mlp)
    return width * shape.parameters + batch + CONTEXT


@dataclass(frozen=True)
class Serving:
    """Bytes on one GPU that serves a model, and how many sequences of the greatest length its cache holds."""

    taken: float
    weights: float
    sequences: float


def serving(job: Job, shape: Shape, node: str = ROLLOUT) -> Serving:
    """Of a vLLM that serves `shape` with the settings at `node`."""
    tensor = int(job[f"{node}.tensor_model_parallel_size"])
    taken = float(job[f"{node}.gpu_memory_utilization"]) * job.cluster.gpu_memory_gib * GIB
    weights = WIDTH[str(job[f"{node}.dtype"])] * shape.parameters / tensor
    longest = int(job[f"{node}.max_model_len"] or shape.positions)
    per_sequence = longest * shape.cache_bytes_per_token / min(tensor, shape.kv_heads)
    return Serving(taken, weights, (taken - weights - SERVER_OVERHEAD) / per_sequence)
