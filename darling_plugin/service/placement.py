"""Where replicas with a GPU run. The trainer decides it, once, after verl's own pools exist.

    dedicated   one placement group per replica, of GPUs that verl did not take
    shared      a bundle of verl's own placement groups, beside the policy

verl waits without a limit for whole nodes (STRICT_PACK), so nothing here may be reserved before its pools are. The
slots belong to the trainer's process: a service that Ray restarts gets the same ones and need not reserve any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from darling_plugin.errors import ConfigError

PLACED_S = 60.0
SHARE = 0.1
"""The share of a bundle's GPU that Ray counts for a replica. verl 0.9.1 counts a third for each worker and puts at
most two workers into a bundle, so this fits. What a replica really uses is memory, which `kept_free` guards."""


@dataclass(frozen=True)
class Slot:
    """A place for one replica.

    group, bundle: of Ray's placement group. gpus: what it takes of the bundle. kept_free: share of the GPU's memory
    that must be free once the model is loaded, for a vLLM that sleeps meanwhile; 0 if the GPU is the replica's own.
    owned: the group was made for this slot.
    """

    group: Any
    bundle: int
    gpus: float
    kept_free: float = 0.0
    owned: bool = True


def reserve(count: int, gpus: float, *, placed_s: float = PLACED_S) -> list[Slot]:
    """`count` free slots of `gpus` GPUs each. If there are fewer, it holds none and raises `ConfigError`."""
    import ray

    groups = [ray.util.placement_group([{"GPU": gpus}], strategy="PACK") for _ in range(count)]
    ready = [group.ready() for group in groups]
    placed, _ = ray.wait(ready, num_returns=count, timeout=placed_s)
    if len(placed) < count:
        for group in groups:
            ray.util.remove_placement_group(group)
        raise ConfigError(
            f"darling.service.placement=dedicated: only {len(placed)} of {count} replicas of {gpus:g} GPUs fit "
            "beside verl's own pools. Lower darling.service.replicas, start verl with fewer GPUs (trainer.nnodes, "
            "trainer.n_gpus_per_node), add nodes, or set darling.service.placement=shared (beside the policy) or cpu."
        )
    return [Slot(group, 0, gpus) for group in groups]


def beside(groups: Sequence[Any], count: int | None, *, kept_free: float) -> list[Slot]:
    """`count` slots in verl's placement groups, one GPU each, taking the groups in turn; None means one on every GPU.

    Raises `ConfigError` for more replicas than GPUs.
    """
    most = max((len(group.bundle_specs) for group in groups), default=0)
    bundles = [(group, bundle) for bundle in range(most) for group in groups if bundle < len(group.bundle_specs)]
    if count is not None and count > len(bundles):
        raise ConfigError(
            f"darling.service.replicas={count}: with placement=shared, each replica is beside the policy on one of the "
            f"{len(bundles)} GPUs that train. Set darling.service.replicas={len(bundles)} or less, or null for one on "
            "each."
        )
    return [Slot(group, bundle, SHARE, kept_free, owned=False) for group, bundle in bundles[:count]]


def release(slots: Sequence[Slot]) -> None:
    """Give back what `reserve` took. Slots beside the policy are verl's and stay."""
    import ray

    for slot in slots:
        if slot.owned:
            ray.util.remove_placement_group(slot.group)


def check_memory(model: str, free: float, total: float, kept_free: float) -> None:
    """Raise `ConfigError` where, with the model loaded, less of a GPU is free than the sleeping vLLM will take.

    free, total: bytes. kept_free: share of `total`.
    """
    if free >= kept_free * total:
        return
    gib = 2**30
    fits = int(100 * free / total) / 100
    raise ConfigError(
        f"darling.service.placement=shared: with {model} loaded beside the policy, {free / gib:.1f} of "
        f"{total / gib:.1f} GiB are free, but vLLM will take {kept_free * total / gib:.1f}. Set "
        f"actor_rollout_ref.rollout.gpu_memory_utilization={fits:.2f} or less, a smaller darling.similarity.model, or "
        "darling.service.placement=dedicated or cpu."
    )
