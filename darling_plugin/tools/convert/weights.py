"""Shards to safetensors with one tensor renamed, block by block.

A safetensors file is 8 bytes (the header's length, little-endian), a JSON header (name → dtype, shape, place in the
data), and the data (https://github.com/huggingface/safetensors). Renaming a tensor changes the header only: the data is
copied as it is, through a block of 16 MiB. The tensors of a .bin file are mapped into memory and written one by one.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.errors import ConfigError
from darling_plugin.files import file_digest
from darling_plugin.tools.convert.source import HEAD, SCORE, Source, load_bin

BLOCK = 16 * 2**20
DTYPES = {"torch.float32": "F32", "torch.bfloat16": "BF16", "torch.float16": "F16"}
INDEX = "model.safetensors.index.json"

Advance = Callable[[int], None]


class Digests(NamedTuple):
    """SHA-256 of each file of weights, by name."""

    read: dict[str, str]
    written: dict[str, str]


def copy_weights(source: Source, out: Path, advance: Advance) -> Digests:
    """Write every shard into `out`, and an index where there are several; `advance` gets the bytes of each block."""
    digests = Digests({}, {})
    places: dict[str, str] = {}
    for shard in source.shards:
        read = source.folder / shard
        target = out / f"{read.stem.replace('pytorch_model', 'model')}.safetensors"
        header, blocks = _open_bin(read) if read.suffix == ".bin" else _open_safetensors(read)
        digests.written[target.name] = _write(target, header, blocks, advance)
        digests.read[shard] = file_digest(read)
        places |= {name: target.name for name in header if name != "__metadata__"}
    if len(source.shards) > 1:
        size = sum((out / name).stat().st_size for name in digests.written)
        index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(places.items()))}
        (out / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return digests


def _open_safetensors(path: Path) -> tuple[dict[str, Any], Iterator[bytes]]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))

    def blocks() -> Iterator[bytes]:
        with path.open("rb") as file:
            file.seek(8 + length)
            while block := file.read(BLOCK):
                yield block

    return {_renamed(name): entry for name, entry in header.items()}, blocks()


def _open_bin(path: Path) -> tuple[dict[str, Any], Iterator[memoryview]]:
    import torch

    tensors = {_renamed(name): tensor for name, tensor in load_bin(path).items()}
    header: dict[str, Any] = {}
    end = 0
    for name, tensor in tensors.items():
        dtype = DTYPES.get(str(tensor.dtype))
        if dtype is None:
            raise ConfigError(f"SOURCE: {name} in {path} is {tensor.dtype}, expected one of {', '.join(DTYPES)}.")
        begin, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [begin, end]}

    def blocks() -> Iterator[memoryview]:
        for tensor in tensors.values():
            data = memoryview(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
            yield from (data[start : start + BLOCK] for start in range(0, len(data), BLOCK))

    return header, blocks()


def _renamed(name: str) -> str:
    return SCORE if name == HEAD else name


def _write(target: Path, header: Mapping[str, Any], blocks: Iterable[bytes | memoryview], advance: Advance) -> str:
    described = {"__metadata__": {"format": "pt"}} | dict(header)  # transformers asks for the format
    text = json.dumps(described, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the data begins at a multiple of 8
    digest = hashlib.sha256()
    with target.open("xb") as file:
        for block in (struct.pack("<Q", len(text)), text):
            file.write(block)
            digest.update(block)
        for data in blocks:
            file.write(data)
            digest.update(data)
            advance(len(data))
    return digest.hexdigest()
