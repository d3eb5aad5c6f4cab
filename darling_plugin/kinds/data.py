"""Categories for training, validation and test, split so that no kind is in two of them.

A category is the first sense of a single common word for a thing, an animal, a plant, a food, a person or a substance.
It has `LEAST_KINDS` to `MOST_KINDS` kinds, and at least `LEAST_COMMON` of them are common, too. Categories that share a
kind (dog and hunter, by way of hound) go into the same part, so a kind that training has named is never right in the
test.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.errors import InputError
from darling_plugin.files import file_digest
from darling_plugin.kinds.task import Category, kinds_of, prompt_text
from darling_plugin.kinds.wordnet import FILES, find_folder, nouns
from darling_plugin.task_files import PARTS, Prepared, write_parts

LEXICOGRAPHERS = frozenset({"05", "06", "08", "13", "17", "18", "20", "27"})
"""Animals, artifacts, parts of bodies, foods, natural objects, persons, plants, substances (`lexnames(5WN)`)."""
LEAST_KINDS, MOST_KINDS, LEAST_COMMON = 10, 400, 4
VALIDATION_SHARE, TEST_SHARE = 0.16, 0.3
FORMAT = 1  # raise when the same arguments give other files: folders written before are then written anew


class Split(NamedTuple):
    """Every category, by the part that it belongs to; each in a random order that is always the same."""

    train: tuple[Category, ...]
    validation: tuple[Category, ...]
    test: tuple[Category, ...]


def categories() -> list[Category]:
    """Every category, in alphabetical order."""
    known, found = nouns(), []
    for word in sorted(known.counts):
        synset = known.synsets[known.senses[word][0]] if word in known.senses else None
        if synset is None or not word.isalpha() or synset.words[0] != word:
            continue
        if synset.lexicographer not in LEXICOGRAPHERS or not LEAST_KINDS <= len(kinds_of(synset.key)) <= MOST_KINDS:
            continue
        if sum(is_common(key) for key in kinds_of(synset.key)) >= LEAST_COMMON:
            found.append(Category(word, synset.key))
    return found


def is_common(key: str) -> bool:
    """Whether WordNet's texts have a word of this synset, in its most frequent sense."""
    known = nouns()
    return any(word in known.counts and known.senses[word][0] == key for word in known.synsets[key].words)


def families(of: Sequence[Category]) -> list[list[Category]]:
    """The categories in groups: two that share a kind, or a chain of such, are in one group."""
    family_of: dict[str, list[Category]] = {}  # by kind
    for category in of:
        keys = kinds_of(category.key) | {category.key}
        touched = {id(family_of[key]): family_of[key] for key in keys if key in family_of}
        merged = [category, *(other for family in touched.values() for other in family)]
        for key in keys.union(*(kinds_of(other.key) | {other.key} for other in merged)):
            family_of[key] = merged
    return list({id(family): sorted(family) for family in family_of.values()}.values())


def split() -> Split:
    """Deal the families into training, validation and test: always the same way for one version of WordNet."""
    return _split(find_folder())


@cache
def _split(folder: Path) -> Split:
    every = families(categories())
    count = sum(map(len, every))
    rng = random.Random("kinds families")
    rng.shuffle(every)
    # The largest are all of training: one of them in the test would be a third of it.
    every.sort(key=lambda family: len(family) > count * 0.03)
    parts: dict[str, list[Category]] = defaultdict(list)
    for family in every:
        if len(parts["test"]) < TEST_SHARE * count:
            parts["test"] += family
        elif len(parts["validation"]) < VALIDATION_SHARE * count:
            parts["validation"] += family
        else:
            parts["train"] += family
    return Split(*(tuple(rng.sample(parts[name], len(parts[name]))) for name in Split._fields))


def prepare(
    folder: str | Path,
    *,
    seed: int = 0,
    train_prompts: int = 0,
    validation_prompts: int = 0,
    eval_prompts: int = 0,
) -> Prepared:
    """Write train.parquet, val.parquet and test.parquet for verl, and manifest.json; reuse them when they are there.

    The numbers of prompts are 0 for all categories of a part; fewer are chosen by `seed`. A file that was changed
    since, or written with other arguments or from another WordNet, is written anew.
    """
    settings = {
        "format": FORMAT,
        "seed": seed,
        "train_prompts": train_prompts,
        "validation_prompts": validation_prompts,
        "eval_prompts": eval_prompts,
        "wordnet": {name: file_digest(find_folder() / name) for name in FILES},
    }

    def make_rows() -> list[list[dict[str, Any]]]:
        sizes = (train_prompts, validation_prompts, eval_prompts)
        return [
            rows(_sample(own, size, random.Random(f"kinds {name} {seed}"), name), name)
            for name, own, size in zip(PARTS, split(), sizes, strict=True)
        ]

    return write_parts(Path(folder), settings, make_rows)


def read_categories(path: str | Path) -> list[Category]:
    """The categories of a file that `prepare` wrote, in order."""
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=["extra_info"]).to_pylist()
    return [Category(row["extra_info"]["word"], row["extra_info"]["key"]) for row in rows]


def rows(of: Iterable[Category], split_name: str) -> list[dict[str, Any]]:
    """verl's row for each category. `ground_truth` is JSON: one type, whatever reads the file."""
    return [
        {
            "data_source": "kinds",
            "prompt": [{"role": "user", "content": prompt_text(category)}],
            "ability": "writing",
            "reward_model": {"style": "rule", "ground_truth": json.dumps(category._asdict())},
            "extra_info": {"index": index, "split": split_name, **category._asdict()},
        }
        for index, category in enumerate(of)
    ]


def _sample(of: Sequence[Category], size: int, rng: random.Random, name: str) -> list[Category]:
    if not 0 <= size <= len(of):
        raise InputError(f"kinds {name} prompts: got {size}, expected 1 to {len(of)}, or 0 for all that this part has.")
    return rng.sample(of, size) if size else list(of)
