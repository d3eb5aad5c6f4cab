"""What a job saves next to verl's checkpoints, so that it resumes where it stopped.

    <trainer.default_local_dir>/darling_memory.npz     what the similarity found, by content; of the newest checkpoint
    …/global_step_N/darling.json                       the step's state: the shift, and what the objective counted
    …/metrics/<time of the start>.jsonl                verl's file logger, one file for each start

Everything else is verl's: weights, optimizer, data order.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from darling_plugin.config import SimilaritySettings
from darling_plugin.errors import SimilarityError
from darling_plugin.integrations.verl.partitions import Service
from darling_plugin.service import memory_file

logger = logging.getLogger(__name__)

MEMORY = "darling_memory.npz"
STATE = "darling.json"
METRICS = "metrics"
LOG_VARIABLE = "VERL_FILE_LOGGER_PATH"


def keep_metrics(config: DictConfig) -> None:
    """Let verl's file logger write beside the checkpoints, into a file of this start's own, unless the user named one.

    verl 0.9.1 writes <project>/<experiment>.jsonl in the working directory, and a job that is started again begins that
    file anew: what was logged before is lost.
    """
    if "file" in config.trainer.logger and LOG_VARIABLE not in os.environ:
        folder = Path(config.trainer.default_local_dir).absolute() / METRICS
        folder.mkdir(parents=True, exist_ok=True)
        os.environ[LOG_VARIABLE] = str(folder / f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.jsonl")


def save(
    config: DictConfig, step: int, state: Mapping[str, Any], service: Service | None, similarity: SimilaritySettings
) -> None:
    """Write both, after verl has written its own. A service that does not answer costs the memory, not the job."""
    folder = _folder(config, step)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STATE).write_text(json.dumps(state) + "\n")
    if service is None:
        return
    try:
        contents = service.memory()
    except SimilarityError as error:
        logger.warning("darling: the checkpoint of step %d does not contain the similarity's memory: %s", step, error)
        return
    memory_file.write(_memory(config), contents, memory_file.similarity_digest(similarity))


def load(
    config: DictConfig, step: int, service: Service | None, similarity: SimilaritySettings
) -> dict[str, Any] | None:
    """Give the service its memory, and return the state at `step`; None for a step that an older version wrote."""
    if service is not None and _memory(config).exists():
        contents = memory_file.read(_memory(config), memory_file.similarity_digest(similarity))
        if contents is not None:
            service.remember(contents)
            logger.info(
                "darling: %d earlier answers of the similarity were loaded",
                sum(len(one.keys) for one in contents.values()),
            )
    path = _folder(config, step) / STATE
    return json.loads(path.read_text()) if path.exists() else None


def _memory(config: DictConfig) -> Path:
    return Path(config.trainer.default_local_dir) / MEMORY


def _folder(config: DictConfig, step: int) -> Path:
    name = f"global_step_{step}"
    if config.trainer.resume_mode == "resume_path":
        resumed = Path(config.trainer.resume_from_path)
        if resumed.name == name:
            return resumed
    return Path(config.trainer.default_local_dir) / name
