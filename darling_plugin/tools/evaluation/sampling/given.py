"""No sampling: the responses are in a file, or in another evaluation's folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from darling_plugin.tools.evaluation.precomputed import Given
from darling_plugin.tools.evaluation.stage import Item, Report


class GivenSampler:
    """The first responses of each prompt; one that is not there is missing."""

    def __init__(self, given: Given):
        self.given = given

    @property
    def settings(self) -> dict[str, Any]:
        return {"kind": "given", "responses_sha256": self.given.digest}

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        found = self.given.to(list({item.prompt.id: item.prompt for item in items}.values()))
        for item in items:
            own = found.get(item.prompt.id, [])
            if item.sample < len(own):
                report.done(item, {"response": own[item.sample], "finish": None, "tokens": None})
            else:
                report.failed(item, "absent", f"{self.given.path} has {len(own)} responses to this prompt")
