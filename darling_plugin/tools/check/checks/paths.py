"""Are the models and the data there.

Offline, a name on the hub is taken on trust, and a file that is not here is one to bring: the job may run elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from omegaconf import ListConfig

from darling_plugin.tools.check.finding import Finding
from darling_plugin.tools.check.job import REWARD_MODEL, Job
from darling_plugin.tools.check.models import is_hub_name

MODELS = ("actor_rollout_ref.model.path", "actor_rollout_ref.model.tokenizer_path", f"{REWARD_MODEL}.model_path")
DATA = ("data.train_files", "data.val_files")


def check(job: Job) -> Iterator[Finding]:
    for key in MODELS:
        path = job[key]
        if path is not None and (key != f"{REWARD_MODEL}.model_path" or job[f"{REWARD_MODEL}.enable"]):
            yield from _model(job, key, str(path))
    for key in DATA:
        files = job[key]
        for path in files if isinstance(files, (list, ListConfig)) else [files]:
            if path is not None:
                yield from _local(job, key, str(path), "parquet or JSON, relative to where the job starts")


def _model(job: Job, key: str, path: str) -> Iterator[Finding]:
    if not is_hub_name(path):
        yield from _local(job, key, path, "a folder with config.json, or a name on the Hugging Face hub")
    elif job.offline:
        yield Finding(key, path, "on the Hugging Face hub", level="not checked")
    else:
        yield from _on_hub(key, path)


def _local(job: Job, key: str, path: str, wanted: str) -> Iterator[Finding]:
    if "://" in path:
        yield Finding(key, path, "on another file system", level="not checked")
    elif not Path(path).expanduser().exists():
        if job.offline:
            yield Finding(key, path, wanted, level="bring")
        else:
            yield Finding(key, path, f"there is nothing at this path. It must be {wanted}.")
    elif key in MODELS and not (Path(path).expanduser() / "config.json").is_file():
        yield Finding(key, path, "this folder holds no config.json, so it is not a Hugging Face model.")


def _on_hub(key: str, name: str) -> Iterator[Finding]:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        hf_hub_download(name, "config.json")
    except LocalEntryNotFoundError:  # also what the library makes of a network that is out of reach
        yield Finding(
            key,
            name,
            "the Hugging Face hub is out of reach, and the model is not in its cache here.",
            "Name a local folder, or check with --offline.",
        )
    except HfHubHTTPError as error:
        yield Finding(key, name, f"the Hugging Face hub refuses it: {str(error).splitlines()[0]}")
