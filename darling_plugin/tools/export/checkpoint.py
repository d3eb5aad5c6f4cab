"""Which checkpoint of a run, what it holds, and whether it is whole.

What verl 0.9.1 writes into `trainer.default_local_dir`:

    latest_checkpointed_iteration.txt           the last step that was saved; written last
    global_step_N/actor/                        the policy; FSDP or Megatron
        fsdp_config.json                        FSDP: {"FSDP_version": 2, "world_size": 8}
        model_world_size_8_rank_0.pt …          FSDP: a shard of each process
        lora_train_meta.json                    FSDP with LoRA
        huggingface/                            FSDP: config and tokenizer; weights with hf_model in save_contents
        ckpt_contents.json                      Megatron: what is where; written last
        model/huggingface/, model/dist_ckpt/    Megatron: with mbridge the weights are in the first, else in the second
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.json_lines import read_document, regular_file

LATEST, STEP = "latest_checkpointed_iteration.txt", re.compile(r"global_step_(\d+)")
MOST_SHARDS = 1 << 16
FSDP, MEGATRON, LORA = "fsdp_config.json", "ckpt_contents.json", "lora_train_meta.json"


class Form(str, Enum):
    """What a checkpoint's weights are in."""

    huggingface = "Hugging Face format, written by verl in training"
    adapter = "a LoRA adapter in Hugging Face format, written by verl in training"
    fsdp = "FSDP shards"
    megatron = "Megatron shards"


@dataclass(frozen=True)
class Checkpoint:
    """One saved policy.

    Attributes:
        step: None where the folder's name does not say it.
        actor: the folder with the weights.
        run: `trainer.default_local_dir`, which holds the steps.
        huggingface: the folder with config and tokenizer.
    """

    step: int | None
    actor: Path
    run: Path
    form: Form
    huggingface: Path


def find_checkpoint(path: Path, step: int | None = None) -> Checkpoint:
    """The checkpoint in `path`: a run's folder, one with `checkpoints/` in it, a `global_step_N`, or its `actor`.

    Of a run, the latest one, or that of `step`. Raises `InputError` where there is none, or where it is not whole.
    """
    path = path.expanduser().resolve()
    if not path.is_dir():
        raise InputError(f"CHECKPOINT: {path} is not a folder; give the folder of a run, or a global_step_N in it.")
    if (path / "actor").is_dir():
        path = path / "actor"
    named = STEP.fullmatch(path.parent.name)
    if named or _holds_a_policy(path):
        found = int(named[1]) if named else None
        if step is not None and step != found:
            raise InputError(f"--step: got {step}, but {path} is of step {found}; give the run's folder instead.")
        return _open(path, path.parent.parent, found)
    run = next((each for each in (path, path / "checkpoints") if _steps(each)), None)
    if run is None:
        raise InputError(
            f"CHECKPOINT: {path} holds no checkpoint, expected global_step_N folders. verl writes them with "
            "trainer.save_freq above 0, into trainer.default_local_dir."
        )
    chosen = _latest(run) if step is None else step
    if chosen not in _steps(run):
        steps = ", ".join(map(str, sorted(_steps(run))))
        asked = f"--step: got {chosen}" if step is not None else f"{run / LATEST} says {chosen}"
        raise InputError(f"{asked}, but {run} holds steps {steps}; give one of them with --step.")
    return _open(run / f"global_step_{chosen}" / "actor", run, chosen)


def _steps(run: Path) -> set[int]:
    if not run.is_dir():
        return set()
    names = (STEP.fullmatch(folder.name) for folder in run.iterdir() if folder.is_dir())
    return {int(name[1]) for name in names if name}


def _latest(run: Path) -> int:
    try:
        return int(regular_file(run / LATEST).read_text())
    except ValueError:
        begun = ", ".join(map(str, sorted(_steps(run))))
        raise InputError(
            f"CHECKPOINT: no checkpoint in {run} was finished: steps {begun} are there, but {LATEST}, which verl "
            "writes last, is missing or empty. --step can still export one of them if its files are complete."
        ) from None


def _holds_a_policy(folder: Path) -> bool:
    return any((folder / name).exists() for name in (FSDP, MEGATRON, "huggingface", "model"))


def _open(actor: Path, run: Path, step: int | None) -> Checkpoint:
    if (actor / MEGATRON).is_file() or (actor / "model").is_dir():
        form, huggingface = _megatron(actor)
    else:
        form, huggingface = _fsdp(actor)
    if not (huggingface / "config.json").is_file():
        raise _half(actor, f"{huggingface.relative_to(actor)}/config.json is missing")
    return Checkpoint(step, actor, run, form, huggingface)


def _fsdp(actor: Path) -> tuple[Form, Path]:
    if not (actor / FSDP).is_file():
        raise _half(actor, f"neither {FSDP} nor {MEGATRON} is there")
    huggingface = actor / "huggingface"
    # Of a LoRA model verl writes Hugging Face weights under the adapter's names, which no library reads.
    if has_weights(huggingface) and not (actor / LORA).is_file():
        return Form.huggingface, huggingface
    size = _read(actor / FSDP).get("world_size")
    if not isinstance(size, int) or not 1 <= size <= MOST_SHARDS:
        raise _half(actor, f"{FSDP} has world_size={size!r:.40}, expected 1 to {MOST_SHARDS:,}")
    shards = [f"model_world_size_{size}_rank_{rank}.pt" for rank in range(size)]
    missing = [shard for shard in shards if not (actor / shard).is_file()]
    if len(missing) == size:
        raise InputError(
            f"CHECKPOINT: {actor} holds no weights; include model or hf_model in "
            "actor_rollout_ref.actor.checkpoint.save_contents."
        )
    if missing:
        where = "; with several nodes, each writes its own shards, onto its own disk if the folder is not shared"
        raise _half(
            actor, f"{', '.join(missing[:3])}{' …' if len(missing) > 3 else ''} missing of {size} shards{where}"
        )
    for shard in shards:
        if not zipfile.is_zipfile(actor / shard):  # torch.save writes a zip archive, whose table stands at its end
            raise _half(actor, f"{shard} is cut off")
    return Form.fsdp, huggingface


def _megatron(actor: Path) -> tuple[Form, Path]:
    if not (actor / MEGATRON).is_file():
        raise _half(actor, f"{MEGATRON}, which verl writes last, is missing")
    contents = _read(actor / MEGATRON).get("contents")
    huggingface = actor / "model" / "huggingface"
    if not isinstance(contents, dict) or not {"model", "hf_model"} & contents.keys():
        raise InputError(
            f"CHECKPOINT: {actor} holds no weights; include model or hf_model in "
            "actor_rollout_ref.actor.checkpoint.save_contents."
        )
    if (huggingface / "adapter" / "adapter_config.json").is_file():
        return Form.adapter, huggingface
    if has_weights(huggingface):
        return Form.huggingface, huggingface
    if not any((actor / "model" / "dist_ckpt").glob("*.distcp")):
        raise _half(actor, "the weights that ckpt_contents.json names are missing")
    return Form.megatron, huggingface


def has_weights(folder: Path) -> bool:
    """Whether a Hugging Face folder holds weights, in one file or in several."""
    return any(folder.glob("*.safetensors")) or any(folder.glob("pytorch_model*.bin"))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = read_document(path)
    except InputError as error:
        raise _half(path.parent, f"{path.name} cannot be read ({error})") from error
    return found if isinstance(found, dict) else {}


def _half(actor: Path, why: str) -> InputError:
    return InputError(f"CHECKPOINT: {actor} is incomplete: {why}. Give another step with --step.")
