"""The reward model to convert: a folder or a name on the hub, opened and checked before anything is written."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.json_lines import read_document
from darling_plugin.similarity.classifier.hub import absent_path

HEAD, SCORE = "v_head.weight", "score.weight"
EXPECTED = (
    f"expected a Llama with {HEAD} of shape (1, hidden size) and nothing else on top, as Nexusflow/Athene-RM-8B is"
)
FORMATS = ("model.safetensors", "pytorch_model.bin")
DESCRIPTIONS = ("*.json", "*.jinja", "*icense*", "*ICENSE*")


@dataclass(frozen=True)
class Source:
    """A checkpoint of the expected shape. shards[i]: a file name in `folder`; shapes[name]: of that tensor."""

    name: str
    commit: str | None
    folder: Path
    config: dict[str, Any]
    shards: tuple[str, ...]
    shapes: dict[str, tuple[int, ...]]


def open_source(source: str | Path, revision: str | None = None) -> Source:
    """Find it, download it where it is a name, and check config and tensors. Raises `ConfigError`."""
    folder, commit = _find(str(source), revision)
    config = _read_json(folder / "config.json")
    shards = _shards(folder)
    shapes = {name: shape for shard in shards for name, shape in shapes_of(folder / shard).items()}
    _check(folder, config, shapes)
    return Source(str(source), commit, folder, config, shards, shapes)


def shapes_of(shard: Path) -> dict[str, tuple[int, ...]]:
    """The tensors of one file, without reading them."""
    from safetensors import SafetensorError, safe_open

    if shard.suffix == ".bin":
        return {name: tuple(tensor.shape) for name, tensor in load_bin(shard).items()}
    try:
        with safe_open(shard, framework="pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  no mapping
    except (OSError, SafetensorError) as error:
        raise ConfigError(f"SOURCE: {shard} is damaged ({error}); download it again.") from error


def load_bin(shard: Path) -> Mapping[str, Any]:
    """The tensors of a file of torch.save, mapped into memory; nothing else in it is ever run."""
    import pickle

    import torch

    try:
        # Files of before torch 1.6 are no zip archives and cannot be mapped: they are read whole.
        loaded = torch.load(shard, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(shard))
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        said = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise ConfigError(
            f"SOURCE: {shard} is damaged, or holds more than tensors and is therefore not read ({said}); download it "
            "again, or use its safetensors."
        ) from error
    if not isinstance(loaded, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in loaded.values()):
        raise ConfigError(f"SOURCE: {shard} holds a {type(loaded).__name__}, expected tensors by name.")
    return loaded


def _find(source: str, revision: str | None) -> tuple[Path, str | None]:
    folder = Path(source).expanduser()
    if folder.is_dir():
        if revision is not None:
            raise ConfigError(f"--revision: {source} is a folder here; a revision is for a name on the hub.")
        return folder, None
    if missing := absent_path(source):
        raise ConfigError(f"SOURCE: {source}: {missing}; give the folder of the reward model, or its name on the hub.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        folder = Path(snapshot_download(source, revision=revision, allow_patterns=[*DESCRIPTIONS, "*.safetensors"]))
        if not list(folder.glob("*.safetensors")):
            folder = Path(snapshot_download(source, revision=revision, allow_patterns=[*DESCRIPTIONS, "*.bin"]))
    except (OSError, ValueError, HfHubHTTPError, HFValidationError) as error:
        raise ConfigError(
            f"SOURCE: {source} is not a folder here, and could not be downloaded from the Hugging Face hub, which may "
            f"be out of reach. Download it on a machine with a network, and give its folder. The error was: {error}"
        ) from error
    return folder, folder.name  # the hub's client names a snapshot by its commit


def _shards(folder: Path) -> tuple[str, ...]:
    for whole in FORMATS:
        index = folder / f"{whole}.index.json"
        if index.is_file():
            names = _read_json(index).get("weight_map")
            if not isinstance(names, dict) or not names:
                raise ConfigError(f"SOURCE: {index} names no files under weight_map; download it again.")
            shards = tuple(sorted({str(name) for name in names.values()}))
            for shard in shards:
                # The names come from outside: they must not lead out of the folder.
                if Path(shard).name != shard or not (folder / shard).is_file():
                    raise ConfigError(f"SOURCE: {index} names {shard!r}, which is not in {folder}; download it again.")
            return shards
        if (folder / whole).is_file():
            return (whole,)
    raise ConfigError(f"SOURCE: {folder} holds no weights, expected {' or '.join(FORMATS)}, or shards with an index.")


def _check(folder: Path, config: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> None:
    if SCORE in shapes and HEAD not in shapes:
        raise ConfigError(
            f"SOURCE: {folder} already is a sequence classifier (it has {SCORE}), so there is nothing to convert. Set "
            "reward.reward_model.model_path to it."
        )
    kind = config.get("model_type")
    if kind != "llama":
        raise ConfigError(f"SOURCE: {folder} has model_type {kind!r} ({config.get('architectures')}); {EXPECTED}.")
    expected = _expected(folder, config)
    problems = [f"{name} is missing" for name in expected if name not in shapes]
    problems += [f"{name} of shape {shape} is unexpected" for name, shape in shapes.items() if name not in expected]
    problems += [
        f"{name} has shape {shapes[name]}, but {shape} by its config"
        for name, shape in expected.items()
        if name in shapes and shapes[name] != shape
    ]
    if problems:
        more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise ConfigError(f"SOURCE: {folder}: {'; '.join(problems[:5])}{more}; {EXPECTED}.")


def _expected(folder: Path, config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Every tensor that such a model has, by its config."""
    import torch
    from huggingface_hub.errors import StrictDataclassError
    from transformers import LlamaConfig, LlamaModel

    try:
        with torch.device("meta"):
            backbone = LlamaModel(LlamaConfig.from_dict(dict(config)))
    except (TypeError, ValueError, KeyError, ZeroDivisionError, StrictDataclassError) as error:
        raise ConfigError(
            f"SOURCE: {folder / 'config.json'} does not describe a Llama: {' '.join(str(error).split())}."
        ) from error
    shapes = {f"model.{name}": tuple(tensor.shape) for name, tensor in backbone.state_dict().items()}
    return shapes | {HEAD: (1, backbone.config.hidden_size)}


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ConfigError(f"SOURCE: {path.parent} holds no {path.name}; give the folder of a complete model.")
    try:
        found = read_document(path)
    except InputError as error:
        raise ConfigError(f"SOURCE: {error}; download it again.") from error
    if not isinstance(found, dict):
        raise ConfigError(f"SOURCE: {path} holds a {type(found).__name__}, expected a JSON object.")
    return found
