"""The data sets: name on the Hugging Face hub, revision, the files that are needed.

A revision of 40 hexadecimal digits is a commit, which never changes. `UNPINNED` is the current state of the branch; the
manifest then records its commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from darling_plugin.tools.data.item import Item
from darling_plugin.tools.data.math_rows import problem
from darling_plugin.tools.data.prompt_rows import first_turn, novelty_prompt

UNPINNED = "main"


@dataclass(frozen=True)
class Source:
    """One data set, or the part of one that is used.

    Attributes:
        name: of the set here, and of its file or folder under `--from`.
        files: all of the data set's files that are needed, as they are called on the hub.
        item: an item from a row; raises `Unusable`.
        also_called: other names that its local file may have.
    """

    name: str
    repository: str
    revision: str
    files: tuple[str, ...]
    item: Callable[[Mapping[str, Any], str], Item] = problem
    also_called: tuple[str, ...] = ()

    @property
    def local_names(self) -> tuple[str, ...]:
        return (self.name, *self.also_called)


ONE_FILE = ("data/train-00000-of-00001.parquet",)  # what the hub's own converter calls it, evaluation set or not

SOURCES = {
    source.name: source
    for source in (
        Source(
            "deepscaler",
            "agentica-org/DeepScaleR-Preview-Dataset",
            "b6ae8c60f5c1f2b594e2140b91c49c9ad0949e29",
            ("deepscaler.json",),
        ),
        Source("aime25", "math-ai/aime25", "563bb8404243c5f09de6ec262f2db674fe5bce9b", ("test.jsonl",)),
        Source("hmmt", "MathArena/hmmt_feb_2025", "6fdc4277120810ff75aa22d2d5489b91f7a262a1", ONE_FILE),
        Source("brumo", "MathArena/brumo_2025", "6de9bc0987f5710c6376ee980e1483dbeb55cfda", ONE_FILE),
        Source(
            "olympiadbench",
            "Hothan/OlympiadBench",
            "91184b52131e7fc9455fef848035173aea8cc01a",
            ("OlympiadBench/OE_TO_maths_en_COMP/OE_TO_maths_en_COMP.parquet",),
        ),
        Source("aime24", "HuggingFaceH4/aime_2024", "2fe88a2f1091d5048c0f36abc874fb997b3dd99a", ONE_FILE),
        Source("amc23", "math-ai/amc23", "80815d37005feb82cd7f8fbc6901d5d3eff43057", ("test-00000-of-00001.parquet",)),
        Source(
            "gsm8k",
            "openai/gsm8k",
            "740312add88f781978c0658806c59bc2815b9866",
            ("main/test-00000-of-00001.parquet",),
            also_called=("gsm8k_test",),
        ),
        Source(
            "gsm8k_train",
            "openai/gsm8k",
            "740312add88f781978c0658806c59bc2815b9866",
            ("main/train-00000-of-00001.parquet",),
        ),
        # all 1,000, as the evaluations that name SVAMP take them
        Source("svamp", "ChilleD/SVAMP", "5e0bf1e5e7c0e9c4bc39180d224f41f3f801b7ef", ("train.json", "test.json")),
        Source(
            "wildchat",
            "allenai/WildChat-1M",
            "7d6490e462285cf85d91eabea0f9a954fbddcd1f",
            tuple(f"data/train-{shard:05d}-of-00014.parquet" for shard in range(14)),
            first_turn,
        ),
        Source(
            "noveltybench_curated",
            "yimingzhang/novelty-bench",
            UNPINNED,
            ("data/curated-00000-of-00001.parquet",),
            novelty_prompt,
            ("curated",),
        ),
        Source(
            "noveltybench_wildchat",
            "yimingzhang/novelty-bench",
            UNPINNED,
            ("data/wildchat-00000-of-00001.parquet",),
            novelty_prompt,
            ("wildchat-1k",),
        ),
    )
}
