"""Whether a checkpoint's shards hold nothing but tensors, found without loading them.

`torch.load` runs what a pickle names: `os.system` as readily as `torch.Tensor`. verl's merger loads shards in that way.
So the names in each shard's pickle are read first, with `pickletools`, which executes nothing.
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from darling_plugin.errors import InputError

PICKLE_BYTES = 200_000_000  # names, shapes and offsets; the numbers are in other members of the archive
NAMED_BY = {"GLOBAL"}
# Opcodes that name a function in a way that torch.save (protocol 2) never writes, and that cannot be read off the file
HIDDEN = {"STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"}
TENSORS = re.compile(
    r"collections OrderedDict"
    r"|torch (\w+Storage|Size|device|bfloat16|float\d+|float8_\w+|u?int\d+|bool|strided)"
    r"|torch\.storage (UntypedStorage|TypedStorage)"
    r"|torch\._tensor _rebuild_from_type_v2"
    r"|torch\._utils (_rebuild_tensor|_rebuild_tensor_v2|_rebuild_parameter|_rebuild_wrapper_subclass)"
    r"|torch\.serialization _get_layout"
    r"|torch\.distributed\.(tensor|_tensor)(\.\w+)* "
    r"(DTensor|DTensorSpec|TensorMeta|Shard|Replicate|Partial|_StridedShard|ShardOrderEntry)"
    r"|torch\.distributed\.device_mesh DeviceMesh"
    r"|torch\.distributed\._mesh_layout (_MeshLayout|_FlatLayout)"
)


def check_shards(shards: list[Path]) -> None:
    """Raises `InputError` that names the shard and what it would run."""
    for shard in shards:
        strange = next(iter(_strange(shard)), None)
        if strange is not None:
            raise InputError(
                f"CHECKPOINT: {shard} holds {strange}, which is not a tensor; loading it can run any program. "
                "Export it with --trust only if you trust whoever wrote it."
            )


def _strange(shard: Path) -> Iterator[str]:
    with zipfile.ZipFile(shard) as archive:
        names = archive.namelist()
        if len(set(names)) < len(names):
            yield "two files of one name"
        pickles = [name for name in names if name.endswith(".pkl")]
        if [name.split("/", 1)[-1] for name in pickles] != ["data.pkl"]:
            yield f"the pickles {', '.join(pickles) or 'none'}"
            return
        if archive.getinfo(pickles[0]).file_size > PICKLE_BYTES:
            yield f"a pickle of more than {PICKLE_BYTES:,} bytes"
            return
        try:
            for opcode, argument, _ in pickletools.genops(archive.read(pickles[0])):
                if opcode.name in HIDDEN:
                    yield f"the opcode {opcode.name}"
                elif opcode.name in NAMED_BY and not TENSORS.fullmatch(str(argument)):
                    yield f"{str(argument).replace(' ', '.')!r}"
        except ValueError as error:
            yield f"a damaged pickle ({error})"
