"""verl's own trainer classes on a real TransferQueue, with batches that its agent loop code has written.

No model and no vLLM: a trainer here does what it does with a batch that is already sampled. Importing verl and starting
Ray and TransferQueue takes most of a minute, so they serve the whole session.
"""

import asyncio
import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from composed_once import parse_texts_once
from hook_batches import END, Computed, Output

from darling_plugin.integrations.verl.versions import verl_version

if find_spec("verl") is None:
    collect_ignore_glob = ["test_*.py"]

# What verl asks of every job before it starts, and has no default for.
REQUIRED = [
    "actor_rollout_ref.rollout.n=8",
    "actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu=1",
    "actor_rollout_ref.rollout.log_prob_micro_batch_size_per_gpu=1",
    "critic.enable=false",  # the default warns that the estimator needs none
]


@pytest.fixture(scope="session")
def verl() -> Iterator[Any]:
    """The imported package, with the plugin in it and the CPU as its platform."""
    patch = pytest.MonkeyPatch()
    if verl_version() == "0.9.1":  # what `darling_plugin/cpu` was made for
        patch.setenv("VERL_PLATFORM", "cpu")
        patch.setenv("VERL_ENGINE_DEVICE", "cuda")
    parse_texts_once(patch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # verl names each engine whose package is absent
        import verl

        if find_spec("verl.trainer.ppo.v1"):
            import verl.trainer.ppo.v1
    yield verl
    patch.undo()


@pytest.fixture(scope="session")
def compose(verl: Any) -> Callable[..., Any]:
    """verl's own configuration with overrides, composed as `python -m verl.trainer.main_ppo ...` composes it."""
    from composed_once import compose_once
    from hydra import compose, initialize_config_module

    def by_hydra(overrides: Sequence[str]) -> Any:
        with initialize_config_module("verl.trainer.config", version_base=None):
            return compose("ppo_trainer", overrides=list(overrides))

    def composed(*overrides: str, required: Sequence[str] = REQUIRED) -> Any:
        return compose_once([*required, *overrides], by_hydra)

    return composed


@pytest.fixture(scope="session")
def tokenizer(verl: Any) -> Any:
    """One token per byte, made on the spot: any text, and no download."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate(["<pad>", END, *alphabet])}
    byte_tokens = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    byte_tokens.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False), pre_tokenizers.Split("", "isolated")]
    )
    byte_tokens.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=byte_tokens, pad_token="<pad>", eos_token=END, clean_up_tokenization_spaces=False
    )


@pytest.fixture(scope="package")
def transfer_queue(verl: Any, compose: Callable[..., Any]) -> Iterator[Any]:
    """TransferQueue on a Ray of its own, which ends with this folder's tests: other folders start theirs."""
    import ray
    import transfer_queue as tq

    patch = pytest.MonkeyPatch()
    patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(address="local", num_cpus=3, include_dashboard=False, log_to_driver=False)
        config = compose().transfer_queue
        config.backend.SimpleStorage.num_data_storage_units = 1
        tq.init(config)
    yield tq
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tq.close()
        ray.shutdown()
    patch.undo()


_batch_number = itertools.count()


@pytest.fixture
def put(transfer_queue: Any, tokenizer: Any) -> Iterator[Callable[..., Any]]:
    """put(outputs) -> KVBatchMeta, its rows in the order of `outputs`. verl's own agent loop worker writes them."""
    from transfer_queue import KVBatchMeta
    from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput
    from verl.trainer.ppo.v1.agent_loop_tq import AgentLoopWorkerTQ

    worker = object.__new__(AgentLoopWorkerTQ.__ray_metadata__.modified_class)
    worker.processor, worker.distillation_enabled, worker.reward_loop_worker_handles = None, False, None

    def agent_loop_output(output: Output) -> Any:
        ids = [*tokenizer(output.text)["input_ids"], tokenizer.eos_token_id]
        return AgentLoopOutput(
            prompt_ids=tokenizer(output.prompt)["input_ids"],
            response_ids=ids,
            response_mask=[0] * output.by_tool + [1] * (len(ids) - output.by_tool),
            response_logprobs=[-0.5] * len(ids),
            reward_score=output.score,
            num_turns=2,
            metrics=AgentLoopMetrics(),
            extra_fields={"min_global_steps": 1, "max_global_steps": 1, "reward_extra_info": {}},
        )

    def write(outputs: Sequence[Output]) -> Any:
        number = next(_batch_number)  # no two batches share a key
        sessions: dict[tuple[str, int], list[Output]] = {}
        for output in sorted(outputs, key=lambda output: output.index):
            sessions.setdefault((output.uid, output.session), []).append(output)

        async def end_sessions() -> None:
            for (uid, session), own in sessions.items():
                await worker._agent_loop_postprocess(
                    [agent_loop_output(output) for output in own],
                    validate=False,
                    uid=f"{uid}-{number}",
                    session_id=session,
                    global_steps=1,
                )

        asyncio.run(end_sessions())
        keys = [f"{output.uid}-{number}_{output.session}_{output.index}" for output in outputs]
        tags = transfer_queue.kv_list("train")["train"]
        return KVBatchMeta(keys=keys, tags=[tags[key] for key in keys], partition_id="train")

    yield write
    if left := list(transfer_queue.kv_list("train").get("train", {})):
        transfer_queue.kv_clear(keys=left, partition_id="train")


@pytest.fixture
def read(transfer_queue: Any) -> Callable[..., list[list[float]]]:
    """read(batch, field) -> one list of tokens per row."""

    def rows(batch: Any, field: str) -> list[list[float]]:
        data = transfer_queue.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=[field])
        return [row.tolist() for row in data[field].unbind()]

    return rows


@pytest.fixture
def put_tokens(transfer_queue: Any, read: Callable[..., list[list[float]]]) -> Callable[..., None]:
    """put_tokens(batch, field, value): one value for every response token, as a worker writes log-probabilities."""
    import torch
    from tensordict import TensorDict

    def write(batch: Any, field: str, value: float) -> None:
        rows = [torch.full((len(row),), value) for row in read(batch, "response_mask")]
        fields = TensorDict({field: torch.nested.as_nested_tensor(rows, layout=torch.jagged)}, batch_size=len(rows))
        transfer_queue.kv_batch_put(keys=batch.keys, partition_id=batch.partition_id, fields=fields)

    return write


@pytest.fixture
def make_trainer(compose: Callable[..., Any], tokenizer: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """make_trainer(*overrides) -> the trainer that verl's task runner makes, from its own constructor.

    estimator: algorithm.adv_estimator. mode: trainer.v1.trainer_mode. raw: verl's class, without the plugin. Verdicts
    come from this process, unless an override says otherwise.
    """
    from verl.trainer.ppo.v1 import get_trainer_cls

    made: list[Any] = []

    def make(*overrides: str, estimator: str = "darling", mode: str = "sync", raw: bool = False) -> Any:
        config = compose(
            f"algorithm.adv_estimator={estimator}",
            f"trainer.v1.trainer_mode={mode}",
            f"trainer.default_local_dir={tmp_path}",
            "++darling.service.backend=local",
            *overrides,
        )
        cls = get_trainer_cls(mode)
        if raw:
            cls = next(base for base in cls.__mro__ if base.__module__.startswith("verl."))
        trainer = cls(config)
        trainer.tokenizer = tokenizer
        trainer.global_steps = 2  # by default no step that writes samples
        made.append(trainer)
        return trainer

    yield make
    for trainer in made:
        if service := getattr(trainer, "_service", None):
            service.close()


@pytest.fixture
def compute(
    put: Callable[..., Any], put_tokens: Callable[..., None], read: Callable[..., Any]
) -> Callable[..., Computed]:
    """compute(trainer, outputs or batch) -> what its `_compute_advantage` leaves in TransferQueue."""

    def computed(trainer: Any, outputs: Any) -> Computed:
        batch = put(outputs) if isinstance(outputs, list) else outputs
        put_tokens(batch, "old_log_probs", -0.5)  # a trainer has always asked the actor for these
        scores = read(batch, "rm_scores")
        trainer._compute_advantage(batch, {})
        fields = Computed(
            batch, fused(trainer, batch), *(read(batch, name) for name in ("rm_scores", "advantages", "returns"))
        )
        assert fields.rm_scores == scores  # verl's own scores stay pure quality
        return fields

    def fused(trainer: Any, batch: Any) -> list[float]:
        from darling_plugin.integrations.verl.rollouts import read_rows

        if not hasattr(trainer, "_step"):
            return []
        rows, result = read_rows(batch, trainer.tokenizer), trainer._step._metrics._results[-1]
        return rows.by_session(result.rewards)[rows.sessions.session_of_row].tolist()

    return computed
