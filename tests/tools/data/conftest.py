"""Problems and prompts made by hand, and the real sets where they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import places
import pytest

SHARED = places.SHARED / "data"

PLACES = (
    "river",
    "harbour",
    "valley",
    "desert",
    "island",
    "castle",
    "library",
    "garden",
    "bakery",
    "station",
    "museum",
    "orchard",
)
THINGS = (
    "apples",
    "lanterns",
    "marbles",
    "ribbons",
    "candles",
    "bottles",
    "feathers",
    "pebbles",
    "postcards",
    "coins",
    "stamps",
    "shells",
)


@pytest.fixture(scope="session")
def shared_maths() -> Path:
    if not (folder := SHARED / "math").is_dir():
        pytest.skip(f"the real math sets are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def shared_prompts() -> Path:
    if not (folder := SHARED / "noveltybench").is_dir():
        pytest.skip(f"NoveltyBench is not at {folder}")
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """write("name.jsonl", rows) → the file, in a folder `sources`."""

    def jsonl(name: str, rows: Iterable[Any], folder: str = "sources") -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return jsonl


@pytest.fixture(scope="session")
def problems() -> list[dict[str, Any]]:
    """144 sums, each in its own words: no two are nearly the same. Problem k's answer is k + 100."""
    return [
        {
            "problem": f"At the {place} number {k} a {place} keeper counts {k} {thing} and then {100} more {thing} "
            f"arrive by the {place} gate. How many {thing} does the {place} keeper of {thing} hold?",
            "answer": str(k + 100),
        }
        for k, (place, thing) in enumerate((place, thing) for place in PLACES for thing in THINGS)
    ]
