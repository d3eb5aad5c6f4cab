"""Measures what the plugin costs: time added to a training step, and to `import verl`.

    python scripts/bench_overhead.py                 # 256 prompts × 8 responses of 512 tokens on average
    python scripts/bench_overhead.py --skip-step     # only imports

The step is verl's own: its configuration composed by Hydra, TransferQueue with its storage in Ray actors, rows put
there by verl's agent loop code, one at a time. Timed is `_compute_advantage`, of verl's trainer class and of the
wrapped one, in turn, on the same rows. Verdicts are given for free, so what is left is the plugin: reading, decoding,
partitions. In a step that work starts with the old log-probabilities and runs while the workers compute them: "done
ahead" is what is left when they take longer than it; the other rows are the whole of it. No model runs.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any
from unittest.mock import patch

import typer
from rich.console import Console
from rich.table import Table

# This file is __main__ for CallableSimilarity too, so the similarities below see the table that the benchmark fills.
CLASS_OF: dict[str, int] = {}
"""The class of each text, for `four_classes`."""


def all_distinct(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """No two responses are equivalent: every pair has to be asked."""
    return [0.0] * len(pairs)


def four_classes(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """The sessions of a prompt fall into four classes."""
    return [float(CLASS_OF[a] == CLASS_OF[b]) for a, b in pairs]


@dataclass(frozen=True)
class Batch:
    """A batch of rows in TransferQueue, and what is needed to undo a fusion."""

    meta: Any
    tokenizer: Any
    put_scores: Callable[[], None]


def start_ray(attempts: int = 5) -> None:
    """A Ray of one's own. Ray gives its node 30 s to start, fixed in its code, which a busy machine can exceed."""
    import ray

    for attempt in range(attempts):
        try:
            ray.init(
                address="local", num_cpus=16, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
            )
            return
        except Exception as error:  # Ray raises a bare Exception here
            if "timed out during startup" not in str(error) or attempt == attempts - 1:
                raise
            ray.shutdown()


def build_tokenizer() -> tuple[Any, list[int]]:
    """A byte-level BPE tokenizer, as Qwen's and Llama's are, trained on verl's source; and some of that, in tokens."""
    import verl
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    files = sorted(str(path) for path in Path(verl.__file__).parent.rglob("*.py"))
    bpe.train(files, vocab_size=16_000, special_tokens=["<eos>", "<pad>"], show_progress=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe._tokenizer, eos_token="<eos>", pad_token="<pad>")
    text = "\n".join(Path(name).read_text() for name in files[:100])
    return tokenizer, tokenizer(text, verbose=False)["input_ids"]


def put_batch(config: Any, prompts: int, responses: int, tokens: int) -> Batch:
    """Fill TransferQueue through `_agent_loop_postprocess`, as a rollout does, then add what the old policy gives."""
    import torch
    import transfer_queue as tq
    from tensordict import TensorDict
    from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput
    from verl.trainer.ppo.v1.agent_loop_tq import AgentLoopWorkerTQ

    async def nothing(*_: Any, **__: Any) -> None:
        return None

    worker = SimpleNamespace(  # the parts of the worker that need a model or a reward
        _compute_score=nothing,
        _compute_teacher_logprobs=nothing,
        _compute_multi_modal_inputs=lambda *_: {},
        _compute_position_ids=lambda _, mask, __: mask.cumsum(-1) - 1,
    )
    actor: Any = AgentLoopWorkerTQ
    postprocess = actor.__ray_metadata__.modified_class._agent_loop_postprocess
    log_probs = config.actor_rollout_ref.rollout.calculate_log_probs
    tokenizer, stream = build_tokenizer()
    rng = random.Random(0)
    keys: list[str] = []
    lengths: list[int] = []
    scores: list[Any] = []

    async def put_prompt(uid: str) -> None:
        for session in range(responses):
            length = rng.randint(tokens // 2, tokens + tokens // 2)
            start = rng.randrange(len(stream) - length)
            ids = [*stream[start : start + length - 1], tokenizer.eos_token_id]
            CLASS_OF[tokenizer.decode(ids, skip_special_tokens=True)] = session % 4
            quality = float(rng.random() < 0.5)
            output = AgentLoopOutput(
                prompt_ids=stream[:128],
                response_ids=ids,
                response_mask=[1] * length,
                response_logprobs=[-0.5] * length if log_probs else None,
                reward_score=quality,
                num_turns=2,
                metrics=AgentLoopMetrics(),
                extra_fields={"reward_extra_info": {"acc": quality}, "min_global_steps": 1, "max_global_steps": 1},
            )
            sample = {"uid": uid, "session_id": session, "global_steps": 1, "data_source": "bench", "index": 0}
            await postprocess(worker, output, False, **sample)
            keys.append(f"{uid}_{session}_0")
            lengths.append(length)
            score = torch.zeros(length)
            score[-1] = quality
            scores.append(score)

    async def put_all() -> None:
        for number in range(prompts):
            await put_prompt(f"{number:08x}-bench")

    asyncio.run(put_all())
    order = sorted(range(len(keys)), key=lambda row: lengths[row])  # verl orders a batch by length
    keys, scores = [keys[row] for row in order], [scores[row] for row in order]

    def put(**fields: list[Any]) -> Any:
        nested = {name: torch.nested.as_nested_tensor(rows, layout=torch.jagged) for name, rows in fields.items()}
        return tq.kv_batch_put(keys=keys, partition_id="train", fields=TensorDict(nested, batch_size=len(keys)))

    like = [torch.full_like(score, -0.5) for score in scores]
    meta = put(old_log_probs=like, entropy=like)
    if not meta.tags or len(meta.tags) != len(keys):
        meta = tq.KVBatchMeta(keys=keys, tags=[{} for _ in keys], partition_id="train")
    return Batch(meta, tokenizer, lambda: put(rm_scores=scores))


def build_trainer(cls: Any, config: Any, tokenizer: Any, estimator: str, judge: str | None = None) -> Any:
    """A trainer without workers: enough for `_compute_advantage`."""
    from omegaconf import OmegaConf

    config = config.copy()
    OmegaConf.update(config, "algorithm.adv_estimator", estimator)
    if judge:
        similarity = {"name": "callable", "function": f"{__name__}:{judge}"}
        OmegaConf.update(config, "darling.similarity", similarity, merge=True)
    trainer = object.__new__(cls)
    trainer.config, trainer.tokenizer, trainer.global_steps = config, tokenizer, 1
    if hasattr(trainer, "_set_up_darling"):
        trainer._set_up_darling()
    return trainer


def seconds(function: Callable[..., Any], *args: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function(*args)
    return time.perf_counter() - start, result


def time_parts(trainer: Any, batch: Batch) -> dict[str, float]:
    """The hook once more, step by step, with a clock round what it calls."""
    from darling_plugin.integrations.verl import rollouts
    from darling_plugin.rollouts import Rollouts

    taken: dict[str, float] = {}

    def clocked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            result = function(*args, **kwargs)
            taken[name] = time.perf_counter() - start
            return result

        return call

    tq, tokenizer = rollouts.tq, batch.tokenizer
    with (
        patch.object(tq, "kv_batch_get", clocked("TransferQueue read", tq.kv_batch_get)),
        patch.object(tokenizer, "batch_decode", clocked("decode", tokenizer.batch_decode)),
    ):
        read, rows = seconds(rollouts.read_rows, batch.meta, tokenizer)
        step, _ = seconds(trainer._step, Rollouts(rows.responses, rows.uid, rows.quality))
    rest = read - sum(taken.values())
    return {**taken, "step": step, "rest (sessions, tensors)": rest}


def measure_step(prompts: int, responses: int, tokens: int, repeats: int) -> dict[str, Any]:
    """Milliseconds of `_compute_advantage` per variant, and of the hook's parts; medians over `repeats` rounds."""
    os.environ.setdefault("TQ_LOGGING_LEVEL", "ERROR")  # it says at every call that it has fewer threads than it likes
    import ray
    import transfer_queue as tq
    import verl.trainer.ppo.v1  # noqa: F401  fires the plugin's hooks
    from hydra import compose, initialize_config_module
    from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY
    from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync

    with initialize_config_module("verl.trainer.config", version_base=None):
        overrides = ["+darling=base", "darling.samples.every=0", f"actor_rollout_ref.rollout.n={responses}"]
        config = compose("ppo_trainer", overrides)
    config.transfer_queue.enable = True
    start_ray()
    try:
        tq.init(config.transfer_queue)
        batch = put_batch(config, prompts, responses, tokens)
        wrapped = TRAINER_REGISTRY["sync"]
        trainers = {
            "verl, grpo": build_trainer(PPOTrainerSync, config, batch.tokenizer, "grpo"),
            "plugin, grpo": build_trainer(wrapped, config, batch.tokenizer, "grpo"),
            "plugin, darling, all distinct": build_trainer(
                wrapped, config, batch.tokenizer, "darling", all_distinct.__name__
            ),
            "plugin, darling, four classes": build_trainer(
                wrapped, config, batch.tokenizer, "darling", four_classes.__name__
            ),
        }
        # As in a step, where the hook's work is done by the time that the old log-probabilities are.
        ahead = {f"{name}, done ahead": trainers[name] for name in trainers if "darling" in name}
        trainers |= ahead
        times: dict[str, list[float]] = {name: [] for name in trainers}
        parts: dict[str, list[float]] = {}
        verdicts: dict[str, float] = {}
        for turn in range(repeats + 1):  # the first round warms everything up and is thrown away
            names = list(trainers)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                batch.put_scores()
                if name in ahead:  # in a step: while the workers compute the old log-probabilities
                    trainers[name]._prepared = trainers[name]._prepare(batch.meta)
                    trainers[name]._prepared.work.result()
                took, _ = seconds(trainers[name]._compute_advantage, batch.meta, {})
                if hasattr(trainers[name], "_step"):
                    verdicts[name] = trainers[name]._step.metrics().get("darling/pairs/scored", 0.0)
                if turn:
                    times[name].append(took)
            batch.put_scores()
            for part, took in time_parts(trainers["plugin, darling, all distinct"], batch).items():
                if turn:
                    parts.setdefault(part, []).append(took)
    finally:
        tq.close()
        ray.shutdown()
    return {
        "prompts": prompts,
        "responses": responses,
        "mean_tokens": tokens,
        "repeats": repeats,
        "load": os.getloadavg()[0],
        "ms": {name: [1000 * t for t in taken] for name, taken in times.items()},
        "parts_ms": {name: [1000 * t for t in taken] for name, taken in parts.items()},
        "verdicts": verdicts,
    }


def measure_import(runs: int) -> dict[str, Any]:
    """CPU (user + system) and wall seconds of `import verl`, with the plugin and without, in turn."""
    cpu: dict[str, list[float]] = {"darling": [], "none": []}
    wall: dict[str, list[float]] = {"darling": [], "none": []}
    for turn in range(runs + 1):  # the first round reads the files from disk and is thrown away
        for plugins in ("darling", "none") if turn % 2 else ("none", "darling"):
            start = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-c", "import verl"],
                env=os.environ | {"VERL_USE_EXTERNAL_PLUGINS": plugins},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise SystemExit(f"`import verl` failed with exit code {process.returncode}; run `darling doctor`.")
            if turn:
                cpu[plugins].append(usage.ru_utime + usage.ru_stime)
                wall[plugins].append(time.perf_counter() - start)
    return {"runs": runs, "load": os.getloadavg()[0], "cpu_s": cpu, "wall_s": wall}


def step_rows(step: dict[str, Any]) -> list[tuple[str, ...]]:
    median = {name: statistics.median(taken) for name, taken in step["ms"].items()}
    base = median["verl, grpo"]
    rows: list[tuple[str, ...]] = [
        (
            f"_compute_advantage: {name}",
            f"{ms:.0f} ms",
            f"{min(step['ms'][name]):.0f}–{max(step['ms'][name]):.0f}",
            "" if name == "verl, grpo" else f"{ms - base:+.0f} ms",
            "" if name == "verl, grpo" else f"{100 * (ms - base) / base:+.1f} %",
        )
        for name, ms in median.items()
    ]
    rows += [
        (f"  of the hook: {name}", f"{statistics.median(t):.1f} ms", f"{min(t):.1f}–{max(t):.1f}", "", "")
        for name, t in step["parts_ms"].items()
    ]
    return rows


def import_rows(imports: dict[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for kind, taken in (("CPU", imports["cpu_s"]), ("wall", imports["wall_s"])):
        base = statistics.median(taken["none"])
        for plugins in ("none", "darling"):
            s = statistics.median(taken[plugins])
            more = () if plugins == "none" else (f"{1000 * (s - base):+.0f} ms", f"{100 * (s - base) / base:+.1f} %")
            spread = f"{min(taken[plugins]):.2f}–{max(taken[plugins]):.2f}"
            name = "without the plugin" if plugins == "none" else "with the plugin"
            rows.append((f"import verl, {kind}: {name}", f"{s:.2f} s", spread, *(more or ("", ""))))
    return rows


def main(
    prompts: Annotated[int, typer.Option(help="Prompts per step.")] = 256,
    responses: Annotated[int, typer.Option(help="Responses per prompt.")] = 8,
    tokens: Annotated[int, typer.Option(help="Mean length of a response.")] = 512,
    repeats: Annotated[int, typer.Option(help="Measured rounds of the step.")] = 10,
    import_runs: Annotated[int, typer.Option(help="Measured imports, with the plugin and without.")] = 5,
    skip_step: Annotated[bool, typer.Option("--skip-step", help="Measure only the imports.")] = False,
    skip_import: Annotated[bool, typer.Option("--skip-import", help="Measure only the step.")] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Write all measurements to this file.")] = None,
) -> None:
    """Measure what darling-plugin adds to a training step and to `import verl`."""
    imports = None if skip_import else measure_import(import_runs)
    step = None if skip_step else measure_step(prompts, responses, tokens, repeats)
    table = Table(title=f"{prompts} prompts × {responses} responses, ~{tokens} tokens each; verdicts for free")
    for column in ("what", "median", "range", "added", "added %"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in [*(step_rows(step) if step else []), *(import_rows(imports) if imports else [])]:
        table.add_row(*row)
    console = Console()
    console.print(table)
    loads = [part["load"] for part in (step, imports) if part]
    console.print(
        f"Machine: {os.cpu_count()} cores, load {max(loads, default=0.0):.1f} (more than the cores: disturbed)."
    )
    if output:
        output.write_text(json.dumps({"step": step, "import": imports}, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
