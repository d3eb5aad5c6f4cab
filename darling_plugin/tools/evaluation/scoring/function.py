"""Your own scorer: any importable function, named `module:function`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.functions import load_function
from darling_plugin.json_lines import finite
from darling_plugin.tools.evaluation.stage import Item, Report


class FunctionScorer:
    """`function(prompt, response, answer)` gives a number, or None where it cannot tell: that score is missing.

    `prompt` is the text, or the list of messages, and `answer` is the value in the prompt's file. Called in this
    process, one response at a time. What it raises ends the run, and the same command resumes from there.

    Args:
        spec: `module:function`, for example my_project.scores:rhymes.
        binary: its numbers are 1 and 0, right and wrong; others are then refused.
    """

    def __init__(self, spec: str, *, binary: bool):
        self.spec = spec
        self.binary = binary
        self._call = load_function("--scorer", spec, "my_project.scores:rhymes")

    @property
    def settings(self) -> dict[str, Any]:
        return {"kind": "function", "function": self.spec, "binary": self.binary}

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        for item in items:
            text = item.prompt.text if isinstance(item.prompt.text, str) else item.prompt.messages
            score = self._call(text, item.response, item.prompt.answer)
            if score is None:
                report.failed(item, "no score", f"{self.spec} gave None")
            else:
                report.done(item, {"score": self._checked(score)})

    def _checked(self, score: Any) -> float:
        wanted = "1 or 0 with --binary" if self.binary else "a finite number, or None"
        if isinstance(score, np.bool_):
            score = bool(score)
        number = finite(float(score)) if isinstance(score, np.number) and np.isrealobj(score) else finite(score)
        if number is None and isinstance(score, bool):
            number = float(score)
        if number is None or (self.binary and number not in (0, 1)):
            raise InputError(f"`--scorer` {self.spec} must give {wanted}, got {score!r:.100}")
        return number
