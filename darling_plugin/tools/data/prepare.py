"""`prepare`: one task, from its sources to its files. A file whose manifest entry still holds is left alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.errors import ConfigError, InputError, MissingDependencyError
from darling_plugin.files import file_digest
from darling_plugin.progress import progress
from darling_plugin.tools.data import pipeline, tokens
from darling_plugin.tools.data.catalogue import SOURCES
from darling_plugin.tools.data.funnel import Step
from darling_plugin.tools.data.hub import Found, find
from darling_plugin.tools.data.item import Item
from darling_plugin.tools.data.manifest import NAME as MANIFEST
from darling_plugin.tools.data.manifest import Manifest
from darling_plugin.tools.data.overlap import SHARE, WORDS
from darling_plugin.tools.data.tasks import Task
from darling_plugin.tools.data.verifiable import AnswerCheck
from darling_plugin.tools.data.verl_rows import verl_rows, write_parquet
from darling_plugin.tools.outputs import check_output

MOST_CHILDREN = 8  # that read answers; each imports sympy


@dataclass(frozen=True)
class Options:
    """What a user may set. None is the task's default.

    Attributes:
        out: the folder of the files and of manifest.json.
        folder: where sources are searched before the hub.
        train: whether to make the training file; train_files: its sources; name: its data_source.
        sets: evaluation sets; training items that overlap with these are dropped.
        size: training items; 0 keeps all.
        tokenizer: a folder or a name on the hub; its tokens are counted too.
    """

    out: Path
    folder: Path | None = None
    train: bool = True
    train_files: Sequence[Path] = ()
    name: str | None = None
    sets: Sequence[str] | None = None
    revisions: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    seed: int = 0
    shortest: int = 10
    longest: int | None = None
    tokenizer: str | None = None
    most_tokens: int | None = None
    overlap_words: int = WORDS
    overlap_share: float = SHARE
    instruction: str | None = None
    force: bool = False


class Output(NamedTuple):
    """One file: what it was made of, and what the filters did. `made` is False if it was up to date."""

    path: Path
    rows: int
    made: bool
    origin: str
    filters: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints of the file."""
        return {
            "file": str(self.path),
            "rows": self.rows,
            "made": self.made,
            "origin": self.origin,
            "filters": self.filters,
        }


def prepare(task: Task, options: Options) -> list[Output]:
    """Make or keep the task's files, the evaluation sets first.

    Raises:
        ConfigError: a setting is wrong.
        InputError: a file is damaged or has no usable rows, an output is an input, or fewer training items than
            requested remain.
        DarlingError: data sets are missing and the hub is out of reach; the message says what to download.
        MissingDependencyError: pyarrow or the hub's client is not installed.
    """
    for module in ("pyarrow", "huggingface_hub"):
        if find_spec(module) is None:
            raise MissingDependencyError(f"preparing data needs {module}: pip install pyarrow huggingface_hub")
    return _Preparation(task, options).run()


class _Preparation:
    def __init__(self, task: Task, options: Options) -> None:
        self.task, self.options = task, options
        names = task.files if options.sets is None else [task.source(name).name for name in options.sets]
        self.sets = [SOURCES[name] for name in dict.fromkeys(names)]
        self.name = options.name or (options.train_files[0].stem if options.train_files else self._own_name())
        self.size = task.size if options.size is None else options.size
        self.instruction = task.instruction if options.instruction is None else options.instruction
        if self.size < 0:
            raise ConfigError(f"--size: got {self.size}, expected a number of training items, or 0 for all")
        if options.most_tokens is not None and options.tokenizer is None:
            raise ConfigError("--max-tokens needs a tokenizer; set --tokenizer")
        if unknown := set(options.revisions) - set(SOURCES):
            raise ConfigError(
                f"--revision: there is no data set {min(unknown)!r}; the data sets are {', '.join(SOURCES)}"
            )
        if not self.sets and not options.train:
            raise ConfigError(
                "--no-train with no evaluation sets leaves nothing to make; remove --no-train, or name sets with --sets"
            )
        self._evaluated: dict[str, tuple[list[Item], list[Step]]] = {}

    def _own_name(self) -> str:
        return "gsm8k" if self.task.train == "gsm8k_train" else self.task.train  # one data set, one data_source

    def run(self) -> list[Output]:
        manifest = Manifest(self.options.out, self.task.name, force=self.options.force)
        train = [SOURCES[self.task.train]] if self.options.train else []
        self.found = find(
            [*self.sets, *train],
            folder=self.options.folder,
            given={self.task.train: self.options.train_files},
            revisions=self.options.revisions,
        )
        files: dict[str, list[str]] = {}
        for source in self.sets:
            files.setdefault(self.task.files[source.name], []).append(source.name)
        read = [file for one in self.found.values() for file in one.files]
        for file in (*files, *([self.task.training_file(self.name, self.size)] if train else []), MANIFEST):
            check_output("--out", self.options.out / file, read)
        self.digests = _digests(self.found)
        with AnswerCheck(min(MOST_CHILDREN, os.cpu_count() or 1)) as self.read_answers:
            done = [self._evaluation_file(manifest, file, names) for file, names in files.items()]
            return [*done, self._training_file(manifest)] if train else done

    def _evaluation_file(self, manifest: Manifest, file: str, names: Sequence[str]) -> Output:
        recipe = {"instruction": self.instruction, **self._inputs(names)}
        if (said := manifest.up_to_date(file, recipe)) is not None:
            return self._kept(file, said)
        steps, rows = [], []
        for name in names:
            items, own = self._evaluation(name)
            if not items:
                raise InputError(f"{name}: no usable rows: {_reasons(own)}")
            rows += [(name, item) for item in items]
            steps += [step.as_json() | ({"set": name} if len(names) > 1 else {}) for step in own]
        return self._write(manifest, file, recipe, rows, "test", names, steps)

    def _training_file(self, manifest: Manifest) -> Output:
        task, options = self.task, self.options
        file = task.training_file(self.name, self.size)
        filters = pipeline.Filters(
            options.shortest,
            options.longest or task.longest,
            self._tokenizer,
            (options.most_tokens or task.most_tokens) if options.tokenizer else 0,
            options.overlap_words,
            options.overlap_share,
            self.instruction,
        )
        recipe = {
            **filters._replace(tokenizer=tokens.digest(self._tokenizer))._asdict(),
            "data_source": self.name,
            "size": self.size,
            "seed": options.seed,
            "held_against": [source.name for source in self.sets],
            **self._inputs([task.train, *(source.name for source in self.sets)]),
        }
        if (said := manifest.up_to_date(file, recipe)) is not None:
            return self._kept(file, said)
        known = [(source.name, item) for source in self.sets for item in self._evaluation(source.name)[0]]
        items, steps = pipeline.training(
            self.found[task.train],
            self.name,
            task,
            known,
            filters,
            self.read_answers,
            size=self.size,
            seed=options.seed,
        )
        if not items or len(items) < self.size:
            raise InputError(
                f"{self.name}: {self.size or 'all'} training items requested, {len(items)} remain. {_reasons(steps)}. "
                "Lower --size (0 keeps all), or add files with --train-file."
            )
        rows = [(self.name, item) for item in items]
        return self._write(manifest, file, recipe, rows, "train", [task.train], [step.as_json() for step in steps])

    def _write(
        self,
        manifest: Manifest,
        file: str,
        recipe: Mapping[str, Any],
        rows: Sequence[tuple[str, Item]],
        split: str,
        names: Sequence[str],
        steps: list[dict[str, Any]],
    ) -> Output:
        path = self.options.out / file
        told = {"ability": self.task.ability, "style": self.task.style, "instruction": self.instruction}
        write_parquet(path, verl_rows(rows, split=split, **told))
        origin = "; ".join(self._origin(name) for name in names)
        inputs = {name: [file.name for file in self.found[name].files] for name in recipe["inputs"]}
        manifest.put(file, recipe, rows=len(rows), origin=origin, input_files=inputs, filters=steps)
        return Output(path, len(rows), True, origin, steps)

    def _kept(self, file: str, said: Mapping[str, Any]) -> Output:
        return Output(self.options.out / file, said["rows"], False, said["origin"], said["filters"])

    def _evaluation(self, name: str) -> tuple[list[Item], list[Step]]:
        if name not in self._evaluated:
            self._evaluated[name] = pipeline.evaluation(self.found[name], self.task, self.read_answers)
        return self._evaluated[name]

    def _inputs(self, names: Sequence[str]) -> dict[str, Any]:
        """What determines a file besides the settings: the inputs' digests, not their paths."""
        return {"inputs": {name: self.digests[name] for name in names}} | (
            {"math_verify": _version("math-verify")} if self.task.math else {}
        )

    def _origin(self, name: str) -> str:
        found = self.found[name]
        if found.commit is None:
            own = self.name if name == self.task.train else name
            return f"{own}: {', '.join(file.name for file in found.files)}"
        branch = self.options.revisions.get(name, found.source.revision)
        pinned = "" if branch == found.commit else f", {branch} that day"
        return f"{name}: {found.source.repository}@{found.commit}{pinned}"

    @cached_property
    def _tokenizer(self) -> Any:
        return None if self.options.tokenizer is None else tokens.load(self.options.tokenizer)


def _digests(found: Mapping[str, Found]) -> dict[str, list[str]]:
    """SHA-256 of every input file, by source, in order."""
    digests: dict[str, list[str]] = {}
    with progress("Digests of the inputs", sum(len(one.files) for one in found.values())) as advance:
        for name, one in found.items():
            digests[name] = []
            for file in one.files:
                digests[name].append(file_digest(file))
                advance()
    return digests


def _reasons(steps: Sequence[Step]) -> str:
    """`12 rows read; length 3, answer 9 dropped`."""
    read = steps[0].kept + steps[0].dropped.total()
    dropped = [
        f"{step.name} {step.dropped.total()} ({step.dropped.most_common(1)[0][0]})" for step in steps if step.dropped
    ]
    return f"{read} rows read" + (f"; dropped by {', '.join(dropped)}" if dropped else "")


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
