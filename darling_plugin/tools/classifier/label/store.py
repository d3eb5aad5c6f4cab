"""The files of a labeling run. Each labeled pair is appended at once, so that nothing is asked twice after a kill.

pairs.jsonl                  labeled pairs, in the form that classifier/pairs.py reads, with their provenance
pairs.disagreements.jsonl    pairs on which the judge's two orders disagree; "similar" is null
pairs.summary.json           the counts
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.files import replacing
from darling_plugin.json_lines import dump_line, read_lines
from darling_plugin.tools.classifier.label.mining import Question

logger = logging.getLogger(__name__)

DISAGREEMENT = ("drop", "distinct")


class Store:
    """The rows that are there already, and the way to add one.

    Args:
        path: of the labeled pairs; its folder is made.
        provenance: fields that every row has: `judge`, `domain`, `definition`. A file with others is refused, as
            labels of two judges in one file are neither's.
        disagreement: where such pairs go: "drop" to the file of disagreements, "distinct" among the pairs, as 0.
    """

    def __init__(self, path: Path, provenance: dict[str, str], disagreement: str):
        self.path = path
        self.disagreements, self.summary = files_beside(path)
        self.provenance = provenance
        self.disagreement = disagreement
        self.agreed = self.disagreed = self.similar = self.prompt_tokens = self.completion_tokens = 0
        self.keys: set[str] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()  # a folder that cannot be written stops the run before a question is paid for
        for file in (path, self.disagreements):
            if file.exists():
                try:
                    for where, row, ended in read_lines(file, "a pair that this command wrote", growing=True):
                        if ended:
                            self._take(row, where, file)
                except InputError as error:
                    raise InputError(f"{error}; set --out to another file") from None
                _repair(file)

    def add(self, question: Question, verdicts: list[dict[str, Any]], tokens: dict[str, int]) -> None:
        """Write one pair with its two verdicts."""
        said = [verdict["verdict"] for verdict in verdicts]
        agree = said[0] == said[1]
        dropped = not agree and self.disagreement == "drop"
        row = {
            "prompt": question.prompt,
            "generation_0": question.first,
            "generation_1": question.second,
            "similar": None if dropped else int(said == ["same", "same"]),
            "agree": agree,
            "verdicts": verdicts,
            **self.provenance,
            "tokens": tokens,
        }
        with (self.disagreements if dropped else self.path).open("ab") as file:
            file.write(dump_line(row))
        self._count(question, row)

    def write_summary(self, summary: dict[str, Any]) -> None:
        with replacing(self.summary) as part:
            part.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def _take(self, row: dict[str, Any], where: str, file: Path) -> None:
        try:
            question = Question(row["prompt"], row["generation_0"], row["generation_1"])
            found = {name: row[name] for name in self.provenance}
            self._count(question, row)
        except (KeyError, TypeError) as error:
            raise InputError(f"{where}: not a pair that this command wrote ({error!r})") from None
        if found != self.provenance:
            raise InputError(f"{where}: labeled by {found}, but this run would add labels by {self.provenance}")
        if not row["agree"] and (file == self.disagreements) != (self.disagreement == "drop"):
            raise InputError(f"{where}: written with a --disagreement other than {self.disagreement!r}")

    def _count(self, question: Question, row: dict[str, Any]) -> None:
        self.prompt_tokens += row["tokens"]["prompt"]
        self.completion_tokens += row["tokens"]["completion"]
        self.keys.add(question.key)
        self.agreed += bool(row["agree"])
        self.disagreed += not row["agree"]
        self.similar += row["similar"] == 1


def files_beside(path: Path) -> tuple[Path, Path]:
    """The files of disagreements and of the summary of a file of labeled pairs."""
    return path.with_name(f"{path.name}.disagreements.jsonl"), path.with_name(f"{path.name}.summary.json")


def _repair(file: Path) -> None:
    """Remove a last line without its end: it was cut off by a kill."""
    data = file.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        logger.warning("%s: its last line was cut off by a kill; that pair is labeled again", file)
        with file.open("r+b") as handle:
            handle.truncate(whole)
