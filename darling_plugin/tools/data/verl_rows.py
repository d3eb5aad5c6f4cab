"""verl's schema, and files that are whole or not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from darling_plugin.files import replacing
from darling_plugin.tools.data.item import Item


def message(item: Item, instruction: str) -> str:
    """What the model is sent: the text, and the task's instruction after it, if it has one."""
    return f"{item.text} {instruction}" if instruction else item.text


def verl_rows(
    items: Iterable[tuple[str, Item]], *, ability: str, style: str, split: str, instruction: str
) -> list[dict[str, Any]]:
    """verl's row for each (data_source, item): what a reward function gets, and in `extra_info.prompt` the message too.

    verl's validation reports each `data_source` apart, and gives a reward function no prompt but what `extra_info`
    holds. `reward_model.ground_truth` is empty if a reward model scores responses.
    """
    return [
        {
            "data_source": data_source,
            "prompt": [{"role": "user", "content": message(item, instruction)}],
            "ability": ability,
            "reward_model": {"style": style, "ground_truth": item.answer},
            "extra_info": {"index": index, "split": split, "id": item.id, "prompt": message(item, instruction)},
        }
        for index, (data_source, item) in enumerate(items)
    ]


def write_parquet(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write `rows` to `path`, which is complete or as it was before, whenever the process ends.

    The types are named, not guessed: verl joins several validation files, and a column that is empty in one of them
    would have another type there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pa.string()
    schema = pa.schema(
        {
            "data_source": text,
            "prompt": pa.list_(pa.struct({"role": text, "content": text})),
            "ability": text,
            "reward_model": pa.struct({"style": text, "ground_truth": text}),
            "extra_info": pa.struct({"index": pa.int64(), "split": text, "id": text, "prompt": text}),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), part)
