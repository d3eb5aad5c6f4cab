"""One evaluation request: a task and the settings that differ from its defaults. Builds the workers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darling_plugin.core import checks
from darling_plugin.errors import ConfigError
from darling_plugin.tools.evaluation.folder import Shard
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.tasks.base import Source, Task

if TYPE_CHECKING:
    from rich.console import Console

    from darling_plugin.endpoint.endpoint import Endpoint
    from darling_plugin.tools.evaluation.judging.pairwise import PairwiseJudge
    from darling_plugin.tools.evaluation.partitions import Partitioner
    from darling_plugin.tools.evaluation.scoring import Scorer
    from darling_plugin.tools.evaluation.stage import Worker

NONE = "none"
SCORERS = ("math", "code", "prime_code", "countdown", "reward-model", "judge", NONE)


@dataclass(frozen=True)
class Model:
    """Source of the responses: exactly one of a model, a model at an endpoint, and existing responses."""

    name: str | None = None
    url: str | None = None
    responses: Path | None = None
    api_key_env: str | None = None
    tensor_parallel: int = 1
    data_parallel: int = 1
    executor: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Judge:
    """The LLM judge, for scorers that use one. `characters`: how much of each response it sees; None for all."""

    model: str | None = None
    url: str | None = None
    api_key_env: str | None = None
    characters: int | None = None
    tokens: int = 1024


@dataclass(frozen=True)
class Reward:
    """The reward model: a folder or a name; with `url` the name that it is served under."""

    model: str | None = None
    url: str | None = None
    tokenizer: str | None = None


@dataclass(frozen=True)
class Similarity:
    """Who says that two responses are equivalent; None is the task's own."""

    name: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    way: str | None = None


@dataclass(frozen=True)
class Patience:
    """How endpoints are asked: requests at once, seconds for one request, and for one question with its retries."""

    concurrency: int = 16
    timeout_s: float = 600.0
    deadline_s: float = 900.0


@dataclass(frozen=True)
class Request:
    """One evaluation. `None` is what the task takes for granted.

    Args:
        out: the folder.
        sampling: changes to the task's, by name.
        scorer: one of `SCORERS`, or `module:function`.
        binary: of a scorer `module:function`: it gives 1 or 0.
        baseline: whose answers the task compares with.
        reward_scale: "skywork" or "athene": the thresholds that turn rewards into utility_k's scores (`novelty.py`).
    """

    task: Task
    out: Path
    source: Source
    model: Model
    samples: int | None = None
    sampling: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    scorer: str | None = None
    binary: bool = False
    reward: Reward = field(default_factory=Reward)
    reward_scale: str | None = None
    judge: Judge = field(default_factory=Judge)
    baseline: Path | None = None
    similarity: Similarity = field(default_factory=Similarity)
    patience: Patience = field(default_factory=Patience)
    shard: Shard = field(default_factory=Shard)

    @property
    def samples_each(self) -> int:
        return checks.at_least_one("--samples", self.task.samples if self.samples is None else self.samples)

    def sampler(self, console: Console | None = None) -> Worker:
        how: Sampling = replace(self.task.sampling, **self.sampling)
        model = self.model
        if model.responses is not None:
            from darling_plugin.tools.evaluation.precomputed import Given
            from darling_plugin.tools.evaluation.sampling.given import GivenSampler

            if model.name or model.url:
                raise ConfigError("`--responses` replaces sampling: remove --model and --url")
            return GivenSampler(Given(model.responses, "--responses"))
        if model.name is None:
            raise ConfigError(
                "`--model` must name a Hugging Face folder (with --url, the model at that endpoint), or --responses "
                "a file of existing responses"
            )
        if model.url is not None:
            from darling_plugin.tools.evaluation.sampling.endpoint import EndpointSampler

            options = {"model": "--model", "url": "--url", "api_key_env": "--api-key-env"}
            endpoint = self._endpoint(
                model.url,
                model.name,
                model.api_key_env,
                options,
                max_tokens=how.max_tokens,
                temperature=how.temperature,
            )
            return EndpointSampler(endpoint, how, self.seed, self.task.name)
        from darling_plugin.tools.evaluation.sampling.vllm import Engine, VllmSampler

        engine = Engine(model.name, model.tensor_parallel, model.data_parallel, model.executor, model.arguments)
        log = self.out / f"engine{self.shard.suffix}.log"
        return VllmSampler(engine, how, self.seed, self.task.name, log, console)

    def make_scorer(self) -> Scorer | None:
        name = self.scorer or self.task.scorer or (NONE if self.reward.model is None else "reward-model")
        if self.reward.model is not None and name != "reward-model":
            raise ConfigError(f"`--reward-model` has no effect on the scorer {name!r}; set --scorer reward-model")
        if name == NONE:
            return None
        if name == "math":
            from darling_plugin.tools.evaluation.scoring.math import MathScorer

            return MathScorer()
        if name == "countdown":
            from darling_plugin.tools.evaluation.scoring.countdown import CountdownScorer

            return CountdownScorer()
        if name in ("code", "prime_code"):
            from darling_plugin.tools.evaluation.scoring.code import CodeScorer, PrimeCodeScorer

            return CodeScorer() if name == "code" else PrimeCodeScorer()
        if name == "judge":
            from darling_plugin.tools.evaluation.judging.rubric import RubricJudge

            return RubricJudge(self._judge_endpoint(), self.judge.characters)
        if name == "reward-model":
            return self._reward_model()
        if ":" not in name:
            raise ConfigError(f"`--scorer` must be one of {', '.join(SCORERS)}, or module:function; got {name!r}")
        from darling_plugin.tools.evaluation.scoring.function import FunctionScorer

        return FunctionScorer(name, binary=self.binary)

    def partitioner(self) -> Partitioner | None:
        asked = self.similarity
        name = asked.name or self.task.similarity or NONE
        if name == NONE:
            return None
        from darling_plugin.tools.evaluation.partitions import Partitioner

        own = dict(self.task.options) if name == self.task.similarity else {}
        return Partitioner(name, own | asked.options, threshold=asked.threshold, way=asked.way or self.task.way)

    def pairwise(self) -> PairwiseJudge | None:
        if self.baseline is None:
            return None
        if not self.task.baseline:
            raise ConfigError(
                f"`--baseline` has no effect on the task {self.task.name}; only creative and hard compare with one"
            )
        from darling_plugin.tools.evaluation.judging.pairwise import QUESTIONS, PairwiseJudge
        from darling_plugin.tools.evaluation.precomputed import Given

        baseline, question = Given(self.baseline, "--baseline"), QUESTIONS[self.task.question]
        return PairwiseJudge(self._judge_endpoint(), baseline, self.judge.characters, question)

    def _reward_model(self) -> Scorer:
        if self.reward.model is None:
            raise ConfigError("`--reward-model` must name a folder (with --reward-url, the served model)")
        if self.reward.url is None:
            from darling_plugin.tools.evaluation.scoring.reward_folder import RewardFolder

            return RewardFolder(self.reward.model)
        from darling_plugin.tools.evaluation.scoring.reward_endpoint import RewardEndpoint

        return RewardEndpoint(
            self.reward.url, self.reward.model, self.reward.tokenizer, at_once=self.patience.concurrency
        )

    def _judge_endpoint(self) -> Endpoint:
        if self.judge.model is None or self.judge.url is None:
            raise ConfigError(
                "`--judge` and `--judge-url` must name the judge and its OpenAI-compatible endpoint, such as "
                "http://localhost:8000/v1; or set --scorer none to leave the rubric out"
            )
        options = {
            "model": "--judge",
            "url": "--judge-url",
            "api_key_env": "--judge-key-env",
            "max_tokens": "--judge-tokens",
        }
        return self._endpoint(
            self.judge.url, self.judge.model, self.judge.api_key_env, options, max_tokens=self.judge.tokens
        )

    def _endpoint(self, url: str, model: str, key: str | None, options: dict[str, str], **further: Any) -> Endpoint:
        from darling_plugin.endpoint.endpoint import Endpoint

        patience = self.patience
        return Endpoint(
            url, model, api_key_env=key, concurrency=patience.concurrency, timeout_s=patience.timeout_s,
            deadline_s=patience.deadline_s, called=lambda name: options.get(name, f"--{name.replace('_', '-')}"),
            **further,
        )  # fmt: skip
