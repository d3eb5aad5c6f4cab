"""The rules of Countdown: 1 where the response solves the prompt, else 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from darling_plugin.countdown.reward import compute_score
from darling_plugin.tools.evaluation.stage import Item, Report


class CountdownScorer:
    """`countdown/reward.py`, the reward of training; the prompt's answer is {"digits": …, "target": …}."""

    binary = True

    @property
    def settings(self) -> dict[str, Any]:
        return {"kind": "countdown"}

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        for item in items:
            report.done(item, {"score": compute_score("countdown", item.response, item.prompt.answer)["score"]})
