r"""What each `darling data prepare …` makes: the files that its recipe names, and the filters that suit them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from darling_plugin.errors import ConfigError
from darling_plugin.tools.data.catalogue import SOURCES, Source

# verl's own math examples ask for the answer in these words (examples/data_preprocess/math_dataset.py).
BOXED = r"Let's think step by step and output the final answer within \boxed{}."


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        train: name of the training set in `catalogue.py`.
        train_file: `{name}` is the training set's, `{size}` as in 10k.
        files: evaluation set → its file; several sets may share one, as each row names its set.
        style: of verl's reward_model: rule (an answer is compared) or model (a reward model scores).
        instruction: appended to every text.
        math: needs answers that math-verify reads, and drops problems with figures.
        size: training items; 0 is all.
        longest: characters of a training text.
        most_tokens: of a training prompt, counted where a tokenizer is given: the recipe's data.max_prompt_length.
    """

    name: str
    train: str
    train_file: str
    files: Mapping[str, str]
    ability: str
    style: str
    instruction: str
    math: bool
    size: int
    longest: int
    most_tokens: int

    def source(self, name: str) -> Source:
        """The evaluation set of that name, or of its local file's."""
        for own in self.files:
            if name in SOURCES[own].local_names:
                return SOURCES[own]
        raise ConfigError(f"--sets: {self.name} has no evaluation set {name!r}; it has {', '.join(self.files)}")

    def training_file(self, name: str, size: int) -> str:
        word = "all" if size == 0 else f"{size // 1000}k" if size % 1000 == 0 else str(size)
        return self.train_file.format(name=name, size=word)


MATH_SETS = ("aime25", "hmmt", "brumo", "olympiadbench", "aime24", "amc23", "gsm8k", "svamp")
MATH = {"ability": "math", "style": "rule", "instruction": BOXED, "math": True, "longest": 4000, "most_tokens": 1024}

TASKS = {
    task.name: task
    for task in (
        Task(
            "math",
            train="deepscaler",
            train_file="{name}_{size}.parquet",
            files={name: f"{name}.parquet" for name in MATH_SETS},
            size=10_000,
            **MATH,  # type: ignore[arg-type]
        ),
        Task(
            "gsm8k",
            train="gsm8k_train",
            train_file="train.parquet",
            files={"gsm8k": "test.parquet"},
            size=0,
            **MATH,  # type: ignore[arg-type]
        ),
        Task(
            "creative",
            train="wildchat",
            train_file="{name}_{size}.parquet",
            files={"noveltybench_curated": "noveltybench.parquet", "noveltybench_wildchat": "noveltybench.parquet"},
            ability="writing",
            style="model",
            instruction="",
            math=False,
            size=10_000,
            longest=2000,
            most_tokens=512,
        ),
    )
}
