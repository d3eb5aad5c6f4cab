"""The adapter for verl's V0 trainer: `trainer.use_v1=false`, verl 0.8, and the trainers of verl's `experimental`.

They all call `verl.trainer.ppo.ray_trainer.compute_advantage` with a DataProto that holds whole groups: responses, uid,
scores. That function knows no trainer, so the one that runs in this process is noted when verl's constructor makes its
data loader or its dump executor; wrong settings stop the job there. The service starts when that trainer has resumed,
or at its first batch: fully_async_policy has a second such object, which only samples. Classes are collected after the
log-probabilities; responses are read ahead as in V1.

All methods are wrapped in place, under the same names, for verl 0.8.0 to 0.9.1; a later verl without them leaves V0
alone. Checkpoints are V1's. Of `darling_samples` V0 writes none.
"""

from __future__ import annotations

import logging
import time
from types import ModuleType
from typing import Any

import numpy as np
from wrapt import wrap_function_wrapper

from darling_plugin.errors import ConfigError
from darling_plugin.integrations.verl import estimator
from darling_plugin.integrations.verl.patches import wrap_function
from darling_plugin.integrations.verl.rollouts import hash_tokens
from darling_plugin.integrations.verl.run import DarlingRun
from darling_plugin.integrations.verl.validate import validate_job
from darling_plugin.rollouts import Rollouts

logger = logging.getLogger(__name__)


class V0Run(DarlingRun):
    """What is held beside one V0 trainer."""

    starts_later = True

    def __init__(self, trainer: Any):
        self.trainer, self.config, self.tokenizer = trainer, trainer.config, trainer.tokenizer
        validate_job(self.config)
        self._set_up_darling()
        if self._waits_for_pools and not loads_after_pools(trainer):
            raise ConfigError(
                f"darling.service.placement={self._darling.service.place}: verl's {type(trainer).__name__} makes its "
                "GPU pools too late for this plugin to place replicas in them. Set darling.service.placement=cpu, or "
                "darling.service.backend=urls."
            )
        if self._watched:
            logger.info("darling: hooked into verl's %s at compute_advantage", type(trainer).__name__)

    @property
    def global_steps(self) -> int:  # type: ignore[override]
        return self.trainer.global_steps

    @property
    def started(self) -> bool:
        return hasattr(self, "_step")

    def start(self) -> None:
        """Open the service, once; take over the checkpoint's state. verl has made its pools and resumed."""
        if not self._watched or self.started:
            return
        self._start_darling(getattr(self.trainer, "resource_pool_manager", None))
        self._restore_darling()
        self._expect_lowest(getattr(self.trainer, "train_dataset", None))

    def compute(self, wrapped: Any, data: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """verl's own `compute_advantage` of a batch that the step has seen."""
        self.start()
        start = time.perf_counter()
        result = self._step(read_rollouts(data, self.tokenizer, self._step.objective.needs))
        self._waited_s += time.perf_counter() - start
        rows = np.arange(len(data))
        for_estimator = estimator.EstimatorBatch(
            rows,
            rows,
            result.advantages,
            result.quality if self.config.algorithm.use_kl_in_reward else None,
            result.gain if self._darling.reward else None,
        )
        with estimator.estimating(for_estimator):
            estimator.add_gain(data)
            return wrapped(data, *args, **kwargs)

    def metrics(self) -> dict[str, float]:
        """Of the step since the last call."""
        found = self._step.metrics() if self.started else {}
        if found:
            found["darling/wait_seconds"] = self._waited_s
            found |= self._service_metrics()
        self._waited_s = 0.0
        return found


_current: V0Run | None = None
"""Of this process: verl runs one trainer in one."""


def loads_after_pools(trainer: Any) -> bool:
    """Whether the trainer calls `_load_checkpoint` when it has made its pools. fully_async_policy has another one."""
    return not hasattr(trainer, "load_checkpoint")


def adapt(trainer: Any) -> V0Run:
    """The run beside `trainer`; made at the first call. Raises `ConfigError` for settings that are wrong."""
    global _current
    if _current is None or _current.trainer is not trainer:
        _current = V0Run(trainer)
    return _current


def read_rollouts(data: Any, tokenizer: Any, needs: frozenset[str]) -> Rollouts:
    """A DataProto's rows as plain texts and numbers; quality is the sum of a response's token scores.

    Raises `ConfigError` for rows without a uid, which belong to no group.
    """
    if "uid" not in data.non_tensor_batch:
        raise ConfigError(
            "algorithm.adv_estimator=darling: verl's batch has no `uid`, so the responses to one prompt cannot be "
            "found. Use a trainer that sets it, such as verl's RayPPOTrainer."
        )
    batch = data.batch
    length = batch["responses"].shape[-1]
    # Of several turns, only the tokens that the policy wrote: a tool's output is not the policy's.
    mask = batch.get("response_mask", None)
    written = (batch["attention_mask"][:, -length:] if mask is None else mask).bool()
    texts = [row[mask] for row, mask in zip(batch["responses"], written, strict=True)]
    uid = np.empty(len(texts), dtype=object)
    uid[:] = list(data.non_tensor_batch["uid"])
    return Rollouts(
        tokenizer.batch_decode(texts, skip_special_tokens=True),
        uid,
        batch["token_level_scores"].sum(dim=-1).double().cpu().numpy(),
        _prompts(batch, length) if "prompts" in needs else None,
        _logprobs(batch) if "logprobs" in needs else None,
    )


def _prompts(batch: Any, length: int) -> list[str]:
    mask = batch["attention_mask"][:, :-length].bool()
    return [hash_tokens(row[own].tolist()) for row, own in zip(batch["prompts"], mask, strict=True)]


def _logprobs(batch: Any) -> np.ndarray:
    mask = batch["response_mask"]
    mean = (batch["old_log_probs"] * mask).sum(dim=-1) / mask.sum(dim=-1).clamp(min=1)
    return mean.double().cpu().numpy()


def wrap(module: ModuleType) -> None:
    """Wrap `verl.trainer.ppo.ray_trainer`: its `compute_advantage`, and the methods of its trainer."""
    wrap_function(module, "compute_advantage", _compute)
    trainer = module.RayPPOTrainer
    for name, wrapper in METHODS.items():
        if hasattr(trainer, name):
            wrap_function_wrapper(trainer, name, wrapper)


def wrap_metrics(module: ModuleType) -> None:
    """Wrap `compute_data_metrics`, whose figures every trainer logs: V0 has no other place for a step's own."""

    def compute(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        figures = wrapped(*args, **kwargs)
        return figures if _current is None else figures | _current.metrics()

    wrap_function(module, "compute_data_metrics", compute)


def _compute(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if _current is None or not _current._watched:
        return wrapped(*args, **kwargs)
    given = dict(kwargs)
    data, rest = (given.pop("data"), args) if "data" in given else (args[0], args[1:])
    return _current.compute(wrapped, data, rest, given)


def _noted(wrapped: Any, trainer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    adapt(trainer)
    return wrapped(*args, **kwargs)


def _loaded(wrapped: Any, trainer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    result = wrapped(*args, **kwargs)
    adapt(trainer).start()
    return result


def _saved(wrapped: Any, trainer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    result = wrapped(*args, **kwargs)
    if adapt(trainer).started:
        adapt(trainer)._save_darling()
    return result


def _validated(wrapped: Any, trainer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    run = adapt(trainer)
    run._pause_darling()
    try:
        return wrapped(*args, **kwargs)
    finally:
        run._resume_darling()


def _texts_of_validation(wrapped: Any, trainer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    adapt(trainer)._validated = list(kwargs["outputs"] if "outputs" in kwargs else args[1])
    return wrapped(*args, **kwargs)


def _figures_of_validation(wrapped: Any, trainer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    figures, run = wrapped(*args, **kwargs), adapt(trainer)
    if not run.started or len(run._validated) != len(args[1]):
        return figures
    return figures | run._diversity_of_validation(*args[:3])


def _fitted(wrapped: Any, trainer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        return wrapped(*args, **kwargs)
    finally:
        adapt(trainer)._close_darling()


METHODS = {
    "_create_dataloader": _noted,
    "_init_dump_executor": _noted,
    "_load_checkpoint": _loaded,
    "_save_checkpoint": _saved,
    "_validate": _validated,
    "_maybe_log_val_generations": _texts_of_validation,
    "_val_metrics_update": _figures_of_validation,
    "fit": _fitted,
}
