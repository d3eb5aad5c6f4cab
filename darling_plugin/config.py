"""The `darling:` node of a job's configuration: every setting, its default and its valid values.

The same in every trainer: it turns a plain dictionary into checked settings, or raises one `ConfigError` that names
each wrong key by its full path (`darling.diversity.floor`) and what it may be.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from darling_plugin.core import PartitionRule
from darling_plugin.core.rules import ShortTextRule, short_text_rule
from darling_plugin.errors import ConfigError, reason
from darling_plugin.objectives import Objective, build_objective, find_objective
from darling_plugin.similarity import Similarity, build_similarity
from darling_plugin.similarity.domains import ALIASES, domain_rule
from darling_plugin.similarity.text import Read, text_reader


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SimilaritySettings(_Node):
    """What says how likely two responses are equivalent."""

    name: str = Field("classifier", description="classifier | cascade | judge | embedding | lexical | callable")
    model: str | None = Field(
        None,
        description="classifier, embedding: a folder or a hub name, null is the shipped one; cascade: its file; "
        "judge: the served model",
    )
    url: str | None = Field(None, description="judge: an OpenAI-compatible endpoint, such as http://host:8000/v1")
    domain: Literal["writing", "math", "code", "answers"] | None = Field(
        None,
        description="what counts as the same: writing, the similarity decides | math, other final answers are "
        "distinct | code, the same program up to names is equivalent | answers, equal ones are equivalent, other "
        "numbers distinct; null has no rule, and for judge is writing",
    )
    api_key_env: str | None = Field(None, description="judge: the environment variable that holds its key")
    concurrency: int | None = Field(None, ge=1, description="judge: concurrent requests; null is 64")
    timeout_s: float | None = Field(None, gt=0, description="judge: seconds for one request; null is 120")
    deadline_s: float | None = Field(None, gt=0, description="judge: seconds with all retries; null is 300")
    max_tokens: int | None = Field(None, ge=1, description="judge: maximum tokens of one reply; null is 1024")
    max_missing: float | None = Field(
        None,
        ge=0,
        le=1,
        description="judge: largest share of questions without a verdict, which count as distinct; null is 0.05",
    )
    function: str | None = Field(None, description="callable: 'module:function' from pairs of texts to probabilities")
    text: str = Field(
        "whole",
        description="what the similarity reads of a response: whole | answer, what follows the last </think> | "
        "head_tail, its beginning and its end | module:function, from a list of texts to a list of texts",
    )
    device: str | None = Field(
        None, description="classifier, cascade, embedding: the device, as torch names it; null is a GPU if there is one"
    )
    threshold: float | None = Field(
        None, ge=0, le=1, description="two responses are equivalent when P is above this; null is the similarity's own"
    )
    short_text_rule: ShortTextRule | None = Field(
        None,
        description="what decides pairs of short texts before the similarity: form, the same but for case, punctuation "
        "and Markdown, or another number | authors, shared words of at most five | none; null is the similarity's own: "
        "form, for callable none",
    )

    @field_validator("domain", mode="before")
    @classmethod
    def _domain_by_name(cls, value: Any) -> Any:
        return ALIASES.get(value, value) if isinstance(value, str) else value

    @field_validator("short_text_rule", mode="before")
    @classmethod
    def _rule_by_name(cls, value: Any) -> Any:
        return short_text_rule(value) if isinstance(value, bool) else value

    def build(self) -> Similarity:
        """The similarity; raises `ConfigError` where its model or function cannot be found."""
        text_reader(self.text)
        own = self.model_dump(exclude={"name", "text", "threshold", "short_text_rule"}, exclude_none=True)
        return build_similarity(self.name, **own)

    def reader(self, similarity: Similarity | None) -> Read:
        """What turns responses into what this similarity reads of them."""
        return text_reader(self.text, max_tokens=getattr(getattr(similarity, "front", None), "max_tokens", None))


class DiversitySettings(_Node):
    """How responses are partitioned, and what a response's diversity is (paper, section 3)."""

    scope: Literal["all", "correct"] = Field("all", description="partition all responses, or only the correct ones")
    correct_threshold: float = Field(0.5, description="a response is correct when its quality is above this")
    partition: Literal["exact", "representatives"] = Field(
        "exact",
        description="exact: the transitive closure of all verdicts | representatives: score each response against one "
        "member of each class; cheaper",
    )
    floor: float = Field(0.1, ge=0, le=1, description="the lowest diversity a response can have")
    singleton: float = Field(1.0, ge=0, le=1, description="diversity of a response with no siblings to compare with")
    ngram: int = Field(4, ge=1, description="words in an n-gram, for objective=ngram")


class FusionSettings(_Node):
    """How quality and diversity become one reward."""

    mode: Literal["multiplicative", "additive", "normalized_additive"] = Field(
        "multiplicative", description="q*d | q + weight*d | z(q) + weight*z(d)"
    )
    shift: Literal["auto", "none", "group_min"] | float = Field(
        "auto",
        description="what is subtracted from quality before it is multiplied: none | group_min, the group's lowest "
        "quality | a number, the lowest score there is | auto: group_min for a reward model, else the lowest score, "
        "rounded down, once a quality is negative",
    )
    weight: float = Field(1.0, description="weight of the diversity in additive fusion")


class AdvantageSettings(_Node):
    """How rewards become advantages."""

    normalize_by_std: bool = Field(False, description="divide by the group's standard deviation (GRPO's way)")


class QualitySettings(_Node):
    """Where the `darling` reward manager takes quality from; a custom_reward_function always comes first."""

    verifier: Literal["verl", "math_verify"] = Field(
        "verl", description="verl: default_compute_score by data_source | math_verify: the final answer, symbolically"
    )
    timeout_s: float = Field(10.0, gt=0, description="seconds after which math_verify gives up on one response")
    answer: str = Field(
        "math_verify",
        description="how an objective that counts final answers reads them: math_verify, or module:function from a "
        "list of texts to a list of answers",
    )


class ServiceSettings(_Node):
    """Where the similarity's forward passes run."""

    backend: Literal["auto", "local", "ray", "vllm", "urls"] = Field(
        "auto",
        description="local: in the trainer's process | ray: actors over the cluster, which work while responses still "
        "come in | vllm: servers that verl launches | urls: running servers | auto: what the job has",
    )
    replicas: int | None = Field(None, ge=1, description="ray, vllm: number of replicas; null is one per node")
    max_replicas: int | None = Field(
        None, ge=1, description="ray: highest number of replicas, while the queue is long; null adds none"
    )
    placement: Literal["cpu", "shared", "dedicated"] | None = Field(
        None,
        description="ray, vllm: where the replicas are. cpu | shared: on the GPUs that train, beside the policy | "
        "dedicated: on GPUs that verl does not use | null: dedicated if gpus_per_replica is set or backend=vllm, "
        "else cpu",
    )
    gpus_per_replica: float | None = Field(
        None, ge=0, description="dedicated: GPUs of each replica; vllm: tensor parallel size; null is 1"
    )
    urls: list[str] | None = Field(None, min_length=1, description="urls: the servers, such as [http://host:8000]")
    api_key_env: str | None = Field(None, description="urls: the environment variable that holds the servers' key")
    batch_tokens: int = Field(16_384, ge=1, description="approximate number of tokens in one batch")
    timeout_s: float = Field(
        120.0, gt=0, description="seconds for one batch at one worker; then another worker gets the batch"
    )
    deadline_s: float = Field(
        300.0,
        gt=0,
        description="seconds without an answer from any worker; then on_failure decides",
    )
    load_timeout_s: float = Field(1800.0, gt=0, description="ray: seconds for a replica to load its model")

    @model_validator(mode="after")
    def _consistent(self) -> ServiceSettings:
        if (self.backend == "urls") != bool(self.urls) and self.backend != "auto":
            raise ValueError(
                f"backend={self.backend} and urls={self.urls} contradict each other: set "
                "backend=urls with urls, or neither"
            )
        if self.max_replicas is not None and self.max_replicas < (self.replicas or 1):
            raise ValueError(
                f"max_replicas={self.max_replicas} is below replicas={self.replicas or 1}; raise max_replicas"
            )
        _check_placement(self)
        return self

    @property
    def place(self) -> Literal["cpu", "shared", "dedicated"]:
        """Where the replicas are, with null resolved."""
        if self.placement is not None:
            return self.placement
        return "dedicated" if self.gpus_per_replica or self.backend == "vllm" else "cpu"

    @property
    def gpus(self) -> float:
        """GPUs that each replica takes from what verl leaves free: 0 unless it is `dedicated`."""
        return (self.gpus_per_replica or 1.0) if self.place == "dedicated" else 0.0


def _check_placement(service: ServiceSettings) -> None:
    """Raise `ValueError` for a placement, a number of GPUs and a backend that contradict each other."""
    placement, gpus = service.placement, service.gpus_per_replica
    if placement == "cpu" and gpus:
        raise ValueError(
            f"placement=cpu and gpus_per_replica={gpus:g} contradict each other: set darling.service.placement="
            "dedicated for GPUs that verl does not take, or darling.service.gpus_per_replica=null"
        )
    if placement == "dedicated" and gpus == 0:
        raise ValueError(
            "placement=dedicated and gpus_per_replica=0 contradict each other: set darling.service.gpus_per_replica=1, "
            "or darling.service.placement=cpu"
        )
    if placement == "shared" and gpus:
        raise ValueError(
            f"placement=shared and gpus_per_replica={gpus:g} contradict each other: a replica beside the policy takes "
            "no GPU of its own; set darling.service.gpus_per_replica=null, or darling.service.placement=dedicated"
        )
    if service.backend == "vllm" and (placement in ("cpu", "shared") or gpus == 0):
        raise ValueError(
            "backend=vllm needs GPUs of its own: set darling.service.placement=dedicated, or "
            "darling.service.backend=ray for replicas on the CPUs or beside the policy"
        )
    if service.backend in ("local", "urls") and (placement in ("shared", "dedicated") or gpus):
        raise ValueError(
            f"backend={service.backend} places no replicas: set darling.service.backend=ray, or "
            "darling.service.placement=null and darling.service.gpus_per_replica=null"
        )
    if service.max_replicas is not None and service.place != "cpu":
        raise ValueError(
            f"max_replicas={service.max_replicas}: GPUs are reserved once, when the job starts; set "
            "darling.service.replicas and leave max_replicas null"
        )


class SampleSettings(_Node):
    """Whole groups written out for reading."""

    every: int = Field(10, ge=0, description="write samples every this many steps; 0 is never")
    groups: int = Field(4, ge=1, description="groups that are written each time")
    folder: str | None = Field(
        None, description="the folder of the samples; null is <trainer.default_local_dir>/darling_samples"
    )


class DarlingSettings(_Node):
    """The whole `darling:` node."""

    objective: str = Field("darling", description="a name from `darling list objectives`, or your own module:Class")
    options: dict[str, Any] = Field(default_factory=dict, description="further settings of the objective, by name")
    similarity: SimilaritySettings = SimilaritySettings()
    diversity: DiversitySettings = DiversitySettings()
    fusion: FusionSettings = FusionSettings()
    advantage: AdvantageSettings = AdvantageSettings()
    quality: QualitySettings = QualitySettings()
    service: ServiceSettings = ServiceSettings()
    samples: SampleSettings = SampleSettings()
    on_failure: Literal["raise", "quality_only"] = Field(
        "raise", description="when the similarity fails: stop, or train that step on quality alone, with a warning"
    )
    monitor: bool = Field(False, description="log darling/* for another estimator too, without changing its rewards")
    reward: bool = Field(
        False, description="verl: give another estimator (grpo, rloo, gae, ...) the fused reward in place of quality"
    )

    def build_objective(self) -> Objective:
        """The objective that these settings ask for. Raises `ConfigError` for a setting that it would ignore."""
        accepted = inspect.signature(find_objective(self.objective)).parameters
        sections: dict[str, tuple[str, Any]] = {}
        for key, (section, default) in OBJECTIVE_SETTINGS.items():
            path, value = f"darling.{section}.{key}", getattr(getattr(self, section), key)
            if key not in accepted and value != default:
                read = [f"darling.{OBJECTIVE_SETTINGS[k][0]}.{k}" for k in accepted if k in OBJECTIVE_SETTINGS]
                raise ConfigError(
                    f"{path}={value}: objective {self.objective!r} does not read it; it reads "
                    f"{', '.join(read) or 'none of these settings'}."
                )
            sections[key] = (path, value)
        return build_objective(self.objective, self.options, sections)

    def partition_rule(self, similarity: Similarity) -> PartitionRule:
        """How groups are partitioned: these settings, with the similarity's own where they leave it open."""
        threshold, rule = self.similarity.threshold, self.similarity.short_text_rule
        return PartitionRule(
            threshold=similarity.default_threshold if threshold is None else threshold,
            short_text_rule=similarity.short_text_rule if rule is None else rule,
            strategy=self.diversity.partition,
            domain=domain_rule(self.similarity.domain) or getattr(similarity, "domain", None),
        )


# Settings that several objectives share, and that an objective takes as arguments of the same name.
OBJECTIVE_SETTINGS: dict[str, tuple[str, Any]] = {
    key: (section, model.model_fields[key].default)
    for section, model, keys in (
        ("diversity", DiversitySettings, ("scope", "floor", "singleton", "ngram")),
        ("fusion", FusionSettings, ("mode", "weight")),
        ("advantage", AdvantageSettings, ("normalize_by_std",)),
    )
    for key in keys
}

# What was renamed, by its path below `darling`: what to write now.
RENAMED = {
    "diversity.kind": "darling.objective=darling (was partition) or darling.objective=ngram",
    "diversity.among": "darling.diversity.scope",
    "diversity.correct_above": "darling.diversity.correct_threshold",
    "diversity.alone": "darling.diversity.singleton",
    "service.partition": "darling.diversity.partition",
    "service.most_replicas": "darling.service.max_replicas",
}


def parse_settings(node: Mapping[str, Any] | None) -> DarlingSettings:
    """Check a `darling:` node (None is all defaults). Raises `ConfigError` with one line per wrong key."""
    if node is not None and not isinstance(node, Mapping):
        raise ConfigError(f"darling: must be a mapping of settings, got {type(node).__name__} {node!r}.")
    try:
        return DarlingSettings.model_validate(dict(node or {}))
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem) for problem in error.errors())) from None


def _explain(problem: Any) -> str:
    location = [str(part) for part in problem["loc"]]
    path = ".".join(["darling", *location])
    if (now := RENAMED.get(".".join(location))) is not None:
        return f"{path}: renamed; set {now}."
    if location[:2] == ["fusion", "mode"] and problem["input"] == "quality":
        return f"{path}=quality: this is now an objective; set darling.objective=grpo."
    if problem["type"] == "extra_forbidden":
        valid = _keys_beside(location)
        close = difflib.get_close_matches(location[-1], valid, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        return f"{path}: unknown setting.{hint} Valid here: {', '.join(valid)}."
    message, got = reason(problem), problem["input"]
    # A contradiction of several settings names their values itself; the node that holds them would only repeat it.
    return f"{path}: {message}, got {got!r}." if problem["type"] != "value_error" else f"{path}: {message}."


def _keys_beside(location: list[str]) -> list[str]:
    model: type[BaseModel] = DarlingSettings
    for part in location[:-1]:
        annotation = model.model_fields[part].annotation
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel)
        model = annotation
    return list(model.model_fields)
