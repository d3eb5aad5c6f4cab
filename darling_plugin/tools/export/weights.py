"""A checkpoint's weights in Hugging Face format.

Where verl wrote them in that format already they are copied, bit by bit. Otherwise verl's own merger does it
(`python -m verl.model_merger merge`, verl 0.9.1), which

- rounds to bfloat16;
- reads all FSDP shards into main memory at once, and unpickles them: the size of the model_world_size_* files, and the
  model in bfloat16 beside it;
- writes a LoRA adapter to `lora_adapter/`, and the base model's weights, untouched, beside it;
- needs megatron-core and a GPU for Megatron shards.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from darling_plugin.errors import DarlingError, InputError, MissingDependencyError
from darling_plugin.json_lines import read_document
from darling_plugin.tools.export.checkpoint import LORA, Checkpoint, Form, has_weights
from darling_plugin.tools.export.pickles import check_shards

ADAPTER, ADAPTER_WEIGHTS = "lora_adapter", "adapter_model.safetensors"
KEPT_WITH_AN_ADAPTER = ("token", "chat_template", "vocab", "merges")  # what the names of a tokenizer's files begin with
LINES = 8  # of what the merger printed, in an error


@dataclass(frozen=True)
class Weights:
    """What is in the folder. merged: by verl's merger, just now; base, adapter: which of the two there are."""

    merged: bool
    base: bool
    adapter: bool


def write_weights(checkpoint: Checkpoint, out: Path, *, trust: bool = False) -> Weights:
    """Write weights, config and tokenizer into the empty folder `out`.

    `trust` loads shards that hold more than tensors. Raises `DarlingError` if verl cannot merge them.
    """
    _check_links(checkpoint)
    if checkpoint.form is Form.huggingface:
        shutil.copytree(checkpoint.huggingface, out, dirs_exist_ok=True)
    elif checkpoint.form is Form.adapter:
        shutil.copytree(checkpoint.huggingface / "adapter", out / ADAPTER)
        for file in checkpoint.huggingface.iterdir():
            if file.name.startswith(KEPT_WITH_AN_ADAPTER):
                shutil.copyfile(file, out / file.name)
    else:
        if not trust:
            _check_pickles(checkpoint)
        _merge(checkpoint, out)
    merged = checkpoint.form in (Form.fsdp, Form.megatron)
    return Weights(merged, base=has_weights(out), adapter=(out / ADAPTER).is_dir())


def _check_links(checkpoint: Checkpoint) -> None:
    """A link could bring any file of this machine into the export."""
    for path in checkpoint.actor.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(checkpoint.run):
            raise InputError(
                f"CHECKPOINT: {path} links to {path.resolve()}, outside of {checkpoint.run}; replace the "
                "link with the file, or remove it."
            )


def _check_pickles(checkpoint: Checkpoint) -> None:
    if checkpoint.form is Form.megatron:
        raise InputError(
            f"CHECKPOINT: {checkpoint.actor} holds Megatron shards, whose metadata is pickled and can run any program. "
            "Export it with --trust only if you trust whoever wrote it."
        )
    check_shards(sorted(checkpoint.actor.glob("model_world_size_*.pt")))


def merge_command(checkpoint: Checkpoint, out: Path) -> list[str]:
    """The command line of verl's merger."""
    config = read_document(checkpoint.huggingface / "config.json", "the configuration of a model")
    tied = checkpoint.form is Form.megatron and isinstance(config, dict) and config.get("tie_word_embeddings")
    return [
        *(sys.executable, "-m", "verl.model_merger", "merge"),
        *("--backend", "megatron" if checkpoint.form is Form.megatron else "fsdp"),
        *("--local_dir", str(checkpoint.actor)),
        *("--target_dir", str(out)),
        *(["--tie-word-embedding"] if tied else []),
    ]


def _merge(checkpoint: Checkpoint, out: Path) -> None:
    if find_spec("verl") is None:
        raise MissingDependencyError("merging shards needs verl: pip install verl==0.9.1")
    if checkpoint.form is Form.megatron and find_spec("megatron") is None:
        raise MissingDependencyError(
            f"{checkpoint.actor} holds Megatron shards, which verl merges on a GPU with megatron-core: pip install "
            "megatron-core. With actor_rollout_ref.actor.megatron.use_mbridge=true a run writes Hugging Face format."
        )
    done = subprocess.run(
        merge_command(checkpoint, out),
        # No network: a checkpoint brings its own config and tokenizer.
        env=os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode and not _left_an_adapter(checkpoint, out):
        killed = " (killed: main memory must hold all shards)" if done.returncode == -signal.SIGKILL else ""
        said = "\n".join(line[:300] for line in done.stdout.strip().splitlines()[-LINES:])
        raise DarlingError(
            f"CHECKPOINT: verl's merger failed on {checkpoint.actor}, exit code {done.returncode}{killed}. The end of "
            f"its output:\n{said}"
        )


def _left_an_adapter(checkpoint: Checkpoint, out: Path) -> bool:
    """With save_lora_only the merger writes the adapter, and then gives up because there are no other weights."""
    if not (checkpoint.actor / LORA).is_file() or has_weights(out) or not (out / ADAPTER / ADAPTER_WEIGHTS).is_file():
        return False
    for name in ("config.json", "generation_config.json"):  # of a model that is not here
        (out / name).unlink(missing_ok=True)
    return True
