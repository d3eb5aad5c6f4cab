"""Whether the shipped classifier can read the script that the prompts are written in, which most responses share."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import ListConfig

from darling_plugin.tools.check.checks.similarity import work_of
from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import Job
from darling_plugin.tools.check.workload import SHIPPED_CLASSIFIER

SAMPLE = 200  # prompts that are looked at
MUCH = 0.1  # share of them; above it a warning
CHUNK = 254


def check(job: Job) -> Iterator[Finding]:
    asked, files = work_of(job), job["data.train_files"]
    if asked is None or asked.model != SHIPPED_CLASSIFIER or files is None:
        return
    first = Path(str(files[0] if isinstance(files, (list, ListConfig)) else files)).expanduser()
    prompts = read_prompts(first, str(job["data.prompt_key"] or "prompt"))
    share = unreadable_share(prompts)
    if share > MUCH:
        yield warning(
            "darling.similarity.model",
            "default",
            f"{share:.0%} of the first {len(prompts)} prompts are mostly in a script that the shipped classifier "
            "cannot read (Chinese, Thai, …). Responses in it are compared by their characters, which finds near copies "
            "but not paraphrases; darling/service/unreadable_share counts them.",
            "Train a classifier on an encoder that reads it (docs/classifier.md), or set similarity.name=judge.",
        )


def read_prompts(file: Path, key: str) -> list[str]:
    """The first prompts of a local parquet or JSON lines file; none where it is not here or has no such column."""
    if not file.is_file():
        return []
    if file.suffix == ".parquet":
        from pyarrow import parquet

        table = parquet.ParquetFile(file)
        if key not in table.schema_arrow.names:
            return []
        rows = next(table.iter_batches(SAMPLE, columns=[key]), None)
        values = [] if rows is None else rows.column(0).to_pylist()
    else:
        with file.open(encoding="utf-8", errors="replace") as lines:
            values = [_value(line, key) for line in itertools.islice(lines, SAMPLE)]
    return [text for value in values if (text := _text(value))]


def unreadable_share(prompts: Sequence[str]) -> float:
    """The share of the texts that are mostly made of characters which the encoder's vocabulary lacks; 0 of none."""
    from tokenizers import Tokenizer

    from darling_plugin.similarity.classifier.reading import TokenReader
    from darling_plugin.similarity.packaged import packaged_encoder

    if not prompts:
        return 0.0
    read = TokenReader(Tokenizer.from_file(str(Path(packaged_encoder()) / "tokenizer.json")), CHUNK)
    return sum(reading.unreadable for reading in read(prompts)) / len(prompts)


def _value(line: str, key: str) -> Any:
    try:
        row = json.loads(line)
    except ValueError:  # a file of another form; verl says so when it reads it
        return None
    return row.get(key) if isinstance(row, dict) else None


def _text(value: Any) -> str:
    """A prompt, or the contents of its messages."""
    if isinstance(value, list):
        return "\n".join(str(part.get("content", "")) for part in value if isinstance(part, dict))
    return value if isinstance(value, str) else ""
