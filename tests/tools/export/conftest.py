import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def verl_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `fsdp_checkpoints.py` writes with verl's own class; half a minute."""
    folder = tmp_path_factory.mktemp("checkpoints")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("fsdp_checkpoints.py")), str(folder)],
        env=os.environ | {"VERL_PLATFORM": "cpu", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return folder


@pytest.fixture
def fsdp(tmp_path: Path) -> Callable[..., Path]:
    """fsdp(step): a checkpoint of two shards with verl's file names, in tmp_path/run; the shards hold nothing."""

    def write(step: int, *, finished: bool = True) -> Path:
        actor = tmp_path / "run" / f"global_step_{step}" / "actor"
        (actor / "huggingface").mkdir(parents=True)
        (actor / "huggingface/config.json").write_text("{}")
        (actor / "fsdp_config.json").write_text(json.dumps({"FSDP_version": 2, "world_size": 2}))
        for rank in range(2):
            with zipfile.ZipFile(actor / f"model_world_size_2_rank_{rank}.pt", "w") as file:
                file.writestr("data", "0" * 100)
        if finished:
            (tmp_path / "run/latest_checkpointed_iteration.txt").write_text(str(step))
        return actor

    return write


@pytest.fixture
def megatron(tmp_path: Path) -> Callable[..., Path]:
    """megatron(step, contents, files): verl's layout 2, in tmp_path/run."""

    def write(step: int, contents: dict[str, object], *files: str) -> Path:
        actor = tmp_path / "run" / f"global_step_{step}" / "actor"
        for name in ("model/huggingface/config.json", *files):
            (actor / name).parent.mkdir(parents=True, exist_ok=True)
            (actor / name).write_text("{}")
        (actor / "ckpt_contents.json").write_text(json.dumps({"schema_version": 2, "contents": contents}))
        (tmp_path / "run/latest_checkpointed_iteration.txt").write_text(str(step))
        return actor

    return write
