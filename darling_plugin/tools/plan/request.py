"""What a user may set for `darling plan`, checked: `key=value` on the command line, or the same keys in a YAML file."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from darling_plugin.errors import ConfigError, InputError, reason
from darling_plugin.tools.plan import setups
from darling_plugin.tools.plan.machines import GPUS, Classifier, Training
from darling_plugin.tools.plan.shapes import Job

VERL = {
    "data.train_batch_size": "train_batch_size",
    "data.max_response_length": "response_length",
    "actor_rollout_ref.rollout.n": "n",
    "actor_rollout_ref.rollout.tensor_model_parallel_size": "tensor_parallel",
}
"""verl's names, taken as well, so that a command line of verl's can be pasted."""
SUFFIXES = {"K": 1e3, "M": 1e6, "B": 1e9}
PARAMETERS = {"cross-encoder": 4.0e9, "cascade": 4.0e9, "bi-encoder": setups.SHIPPED}


class PlanRequest(BaseModel):
    """A job and a classifier. The defaults are the authors' math recipe on 64 GPUs, with the shipped classifier."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    train_batch_size: int = Field(256, ge=1, le=65_536, description="prompts per step")
    n: int = Field(8, ge=1, le=1024, description="responses per prompt")
    response_length: int = Field(8192, ge=1, description="maximum tokens of a response")
    response_median: float | None = Field(
        None, gt=0, description="median tokens of a response; null is a quarter of response_length"
    )
    response_sigma: float = Field(0.9, ge=0, le=3, description="standard deviation of the logarithm of the length")
    prompt_tokens: int = Field(200, ge=0, description="mean tokens of a prompt")
    gpus: int = Field(64, ge=1, description="GPUs of the trainer and its rollouts")
    gpu: Literal["h100", "a100"] = Field("h100", description="GPU model of trainer and classifier")
    policy_parameters: float = Field(4.0e9, gt=0, description="parameters of the policy, such as 4e9 or 4B")
    kv_bytes: int = Field(147_456, ge=0, description="bytes per token of the policy's KV cache; 147456 is Qwen3-4B's")
    tensor_parallel: int = Field(1, ge=1, description="GPUs per rollout engine")
    old_log_prob: bool = Field(
        True, description="false with rollout_correction.bypass_mode, which leaves less time to overlap with"
    )
    classifier: Literal["bi-encoder", "cross-encoder", "cascade"] = Field(
        "bi-encoder", description="one encoding per response | one pass per pair | both, the second for doubtful pairs"
    )
    classifier_parameters: float | None = Field(
        None, gt=0, description="null is 22.7M (bi-encoder) or 4B; for a cascade, of the pair classifier"
    )
    classifier_reads: int | None = Field(
        None, ge=5, description="tokens it reads; null is 256 of a response (bi-encoder) or 4096 of a pair"
    )
    classifier_device: Literal["cpu", "gpu"] | None = Field(
        None, description="null is cpu for the shipped classifier, and gpu otherwise"
    )
    classifier_tokens_per_second: float | None = Field(
        None, gt=0, description="measured speed of one replica (a GPU or a core); null is estimated"
    )
    doubtful: float = Field(
        0.15, ge=0, le=1, description="share of pairs that a cascade's first classifier does not decide"
    )
    replicas: int | None = Field(None, ge=1, le=4096, description="replicas to simulate; null is the advised number")
    seeds: int = Field(3, ge=1, le=100, description="simulated steps")

    @field_validator("policy_parameters", "classifier_parameters", mode="before")
    @classmethod
    def _with_suffix(cls, value: Any) -> Any:
        """22.7M is 22.7e6."""
        if isinstance(value, str) and value[-1:].upper() in SUFFIXES:
            try:
                return float(value[:-1]) * SUFFIXES[value[-1].upper()]
            except ValueError:
                return value
        return value

    @model_validator(mode="after")
    def _consistent(self) -> PlanRequest:
        if self.tensor_parallel > self.gpus:
            raise ValueError(f"tensor_parallel is {self.tensor_parallel}, more than the {self.gpus} of `gpus`")
        if self.response_median is not None and self.response_median > self.response_length:
            raise ValueError(
                f"response_median is {self.response_median:g}, above the {self.response_length} of `response_length`"
            )
        if self.classifier != "bi-encoder" and self.device == "cpu" and self.classifier_tokens_per_second is None:
            raise ValueError(
                f"a {self.classifier} on a CPU needs classifier_tokens_per_second; `darling plan --measure` measures it"
            )
        if self.device == "cpu" and not self.is_shipped and self.classifier_tokens_per_second is None:
            raise ValueError(
                "classifier_device=cpu needs classifier_tokens_per_second for any but the shipped classifier; "
                "`darling plan --measure --model FOLDER` measures it"
            )
        return self

    @property
    def parameters(self) -> float:
        return self.classifier_parameters or PARAMETERS[self.classifier]

    @property
    def is_shipped(self) -> bool:
        return self.classifier == "bi-encoder" and self.parameters == setups.SHIPPED

    @property
    def device(self) -> Literal["cpu", "gpu"]:
        return self.classifier_device or ("cpu" if self.is_shipped else "gpu")

    def job(self) -> Job:
        median = self.response_length / 4 if self.response_median is None else self.response_median
        return Job(self.train_batch_size, self.n, self.response_length, median, self.response_sigma)

    def training(self) -> Training:
        return Training(
            gpu=GPUS[self.gpu],
            gpus=self.gpus,
            parameters=self.policy_parameters,
            kv_bytes=self.kv_bytes,
            tensor_parallel=self.tensor_parallel,
            prompt_tokens=self.prompt_tokens,
            log_prob_flops=2.0 if self.old_log_prob else 0.0,
        )

    def main_classifier(self) -> Classifier:
        """The one that was asked for; of a cascade, the pair classifier."""
        kind: Literal["cross-encoder", "bi-encoder"] = (
            "bi-encoder" if self.classifier == "bi-encoder" else ("cross-encoder")
        )
        reads = setups.READS_SHIPPED if self.is_shipped else 4096
        on_gpu = self.device == "gpu"
        measured = self.classifier_tokens_per_second
        if measured is None and not on_gpu:
            measured = setups.CPU_TOKENS_PER_SECOND
        gpu = GPUS[self.gpu]
        return Classifier(
            f"{self.parameters / 1e6:,.0f}M {kind}" if self.parameters < 1e9 else f"{self.parameters / 1e9:g}B {kind}",
            kind,
            parameters=self.parameters,
            reads=self.classifier_reads or reads,
            utilization=setups.utilization(self.parameters),
            batch_tokens=16_384 if on_gpu else 8192,
            pair_s=setups.SHIPPED_PAIR_S if self.is_shipped else 1e-6,
            response_s=setups.SHIPPED_RESPONSE_S if self.is_shipped else 0.0,
            tokens_per_word=setups.QWEN_TOKENS_PER_WORD if kind == "cross-encoder" and not self.classifier_reads else 1,
            tokens_per_second=measured,
            gpu=gpu,
            source="your settings, or the authors' math recipe" if not self.is_shipped else "shipped",
            gpus=-(-int(2.4 * self.parameters) // int(gpu.memory)) if on_gpu else 0,  # bf16 weights and a fifth more
        )


def parse_request(overrides: Sequence[str] = (), file: Path | None = None) -> PlanRequest:
    """The file's settings, then the overrides. Raises `ConfigError` with one line for each that is wrong."""
    given: dict[str, Any] = _read(file) if file is not None else {}
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise ConfigError(f"{override!r}: settings are given as key=value, for example train_batch_size=256")
        given[key.lstrip("+")] = None if value in ("null", "None", "") else value
    named = {VERL.get(key, key): value for key, value in given.items()}
    try:
        return PlanRequest.model_validate(named)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem) for problem in error.errors())) from None


def _read(file: Path) -> dict[str, Any]:
    from darling_plugin.similarity.packaged import require

    require("yaml")
    from darling_plugin.tools.plain_yaml import read_tree

    try:
        settings = read_tree(file, "lines of `key: value`")
    except InputError as error:
        raise ConfigError(f"--config {error}") from error
    return {str(key): value for key, value in settings.items()}


def _explain(problem: Any) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        valid = [*PlanRequest.model_fields, *VERL]
        close = difflib.get_close_matches(path, valid, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        return f"{path}: unknown setting.{hint} Valid: {', '.join(PlanRequest.model_fields)}."
    return f"{path}: {reason(problem)}, got {problem['input']!r:.200}." if path else f"{reason(problem)}."
