"""Rates, each with its unit and its source. Change what your machine does otherwise: they are inputs, not findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

from darling_plugin.errors import InputError

ASSUMED = "assumed"
OWN = "own"


def stated(default: Any, unit: str, source: str) -> Any:
    """A field of a dataclass that says what its number is in, and where it comes from."""
    return field(default=default, metadata={"unit": unit, "source": source})


class Stated(NamedTuple):
    """One assumption, for people to read."""

    of: str
    name: str
    value: float | None
    unit: str
    source: str

    @property
    def shown(self) -> str:
        """The value: all digits up to a million."""
        if self.value is None:
            return "–"
        return f"{self.value:,.10g}" if abs(self.value) < 1e6 else f"{self.value:.4g}"


def assumptions(of: str, machine: Any) -> list[Stated]:
    """Every field of a machine that was `stated`, in order; OWN in a source is the machine's own `source`."""
    return [
        Stated(of, each.name, getattr(machine, each.name), each.metadata["unit"], source)
        for each in fields(machine)
        if "unit" in each.metadata
        for source in [machine.source if each.metadata["source"] == OWN else each.metadata["source"]]
    ]


def all_assumptions(training: Training, classifiers: Sequence[Classifier]) -> list[Stated]:
    """Of the trainer, its GPU, and each classifier with the rate that follows; each classifier once."""
    found = assumptions("trainer", training) + assumptions(training.gpu.name, training.gpu)
    for each in {each.name: each for each in classifiers}.values():
        found += assumptions(each.name, each)
        found.append(Stated(each.name, "rate", round(each.rate), "tokens/s a replica", "follows"))
    return found


UTILIZATION = 0.4
"""Share of a GPU's peak that a classifier's forward passes reached on an H200 (scripts/bench_classifiers.py)."""


@dataclass(frozen=True)
class Gpu:
    """One accelerator."""

    name: str
    peak: float = stated(989e12, "FLOP/s, bf16, dense", OWN)
    bandwidth: float = stated(3.35e12, "bytes/s", OWN)
    memory: float = stated(80e9, "bytes", OWN)
    source: str = "NVIDIA's data sheet of the H100 SXM"


GPUS = {
    "h100": Gpu("H100 SXM"),
    "a100": Gpu("A100 SXM 80 GB", 312e12, 2.039e12, 80e9, "NVIDIA's data sheet of the A100"),
}


@dataclass(frozen=True)
class Training:
    """The machines of the trainer, and what a step does on them: generate, old log-probabilities, update.

    A decoding step of an engine with c responses takes (weights + c × KV cache of one) / (bandwidth × its share): it
    is memory that decoding waits for. The other phases take FLOPs / (GPUs × peak × utilization).
    """

    gpu: Gpu = GPUS["h100"]
    gpus: int = 64
    parameters: float = stated(4.0e9, "of the policy", "Qwen3-4B-Base, model card")
    kv_bytes: int = stated(147_456, "bytes a token", "Qwen3-4B: 36 layers × 8 KV heads × 128 × 2 (K, V) × 2 bytes")
    tensor_parallel: int = stated(1, "GPUs an engine", "authors' math recipe")
    concurrency: int = stated(
        192, "responses at once, an engine", "0.8 × 80 GB less 8 GB of weights: 380,000 tokens of KV cache, 2,000 each"
    )
    bandwidth_share: float = stated(0.6, "of the peak, in decoding", ASSUMED)
    utilization: float = stated(0.4, "of the peak, outside decoding", ASSUMED)
    prompt_tokens: int = stated(200, "tokens of a prompt", ASSUMED)
    log_prob_flops: float = stated(2.0, "FLOPs a parameter and token", "one forward pass; 0 with bypass_mode")
    update_flops: float = stated(8.0, "FLOPs a parameter and token", "forward, recomputed forward, backward")
    reward_s: float = stated(0.0, "s between the last response and the old log-probabilities", "verifier, streamed")

    def decode_s(self, active: int, context: float) -> float:
        """Seconds of one token for each of `active` responses of one engine, whose mean context is given in tokens."""
        read = 2 * self.parameters + active * context * self.kv_bytes  # 2: bf16
        return read / (self.gpu.bandwidth * self.tensor_parallel * self.bandwidth_share)

    def phase_s(self, flops: float, tokens: float) -> float:
        """Seconds of a phase on all GPUs, `flops` being those of one parameter and token."""
        return flops * self.parameters * tokens / (self.gpus * self.gpu.peak * self.utilization)


@dataclass(frozen=True)
class Classifier:
    """A replica of a model: seconds = batches × batch_s + requests × request_s + tokens / tokens_per_second.

    Args:
        tokens_per_second: None is arithmetic: peak × utilization / (2 × parameters).
        gpus: of a replica; 0 is one CPU core, whose tokens_per_second has to be given.
    """

    name: str
    kind: Literal["cross-encoder", "bi-encoder"]
    parameters: float = stated(4.0e9, "", OWN)
    reads: int = stated(4096, "tokens of a pair (cross-encoder) or of a response", OWN)
    utilization: float = stated(UTILIZATION, "of the peak", "of a GPU; measured on an H200")
    batch_tokens: int = stated(16_384, "tokens a batch, at most", OWN)
    batch_s: float = stated(0.010, "s a batch: launches, tokenizing", ASSUMED)
    request_s: float = stated(0.001, "s of the replica for each HTTP request", ASSUMED)
    pair_s: float = stated(
        1e-6,
        "s of one core a pair, after the model",
        "measured: scripts/bench_service.py, real texts of 8,000 tokens",
    )
    response_s: float = stated(
        0.0,
        "s of one core a response, after the model",
        "measured: scripts/bench_service.py, real texts of 8,000 tokens",
    )
    tokens_per_word: float = stated(
        1.0, "tokens of a word, where a model's limit counts words (1: it counts tokens)", "measured, see setups.py"
    )
    tokens_per_second: float | None = stated(None, "of a replica, measured", "darling plan --measure")
    gpu: Gpu = GPUS["h100"]
    gpus: int = stated(1, "GPUs a replica; 0 is one CPU core", "its size")
    source: str = "the authors' math classifier; batches as in service/pool.py"

    @property
    def rate(self) -> float:
        """Tokens per second of one replica."""
        if self.tokens_per_second is not None:
            return self.tokens_per_second
        if not self.gpus:
            raise InputError(
                f"classifier {self.name}: its speed on a CPU cannot be computed; measure it with `darling plan "
                "--measure`, and set classifier_tokens_per_second"
            )
        return self.gpus * self.gpu.peak * self.utilization / (2 * self.parameters)

    def seconds(self, tokens: float, requests: int = 1, batches: int = 1) -> float:
        """That a replica needs for so much."""
        return batches * self.batch_s + requests * self.request_s + tokens / self.rate
