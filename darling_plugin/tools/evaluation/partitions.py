"""Which of a prompt's responses are equivalent, by any similarity of `darling_plugin.similarity`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from darling_plugin.core import checks
from darling_plugin.core.partition import find_partition
from darling_plugin.core.rules import short_text_rule
from darling_plugin.errors import SimilarityError
from darling_plugin.evaluation.novelty import greedy_partition
from darling_plugin.similarity import Similarity, build_similarity
from darling_plugin.tools.evaluation.identity import model_identity
from darling_plugin.tools.evaluation.stage import Item, Report

WAYS = ("closure", "greedy")
RULE = "short_text_rule"
TOGETHER = 8  # prompts whose questions are asked in one call
HOW = {"url", "api_key_env", "concurrency", "timeout_s", "deadline_s", "device", "batch_size", "cache_size"}
"""Options that change no verdict."""


class Partitioner:
    """The classes of each prompt's responses; `docs/metrics.md` says how the two ways differ.

    A prompt on which the similarity fails is missing.

    Args:
        name, options: of the similarity, as `build_similarity` takes them.
        threshold: two responses are equivalent when P is above it; None is the similarity's own.
        way: "closure", as in training, or "greedy", as NoveltyBench has it.
    """

    def __init__(
        self,
        name: str,
        options: dict[str, Any],
        *,
        threshold: float | None = None,
        way: str = "closure",
        similarity: Similarity | None = None,
    ):
        self.name = name
        self.options = {key: value for key, value in options.items() if value is not None}
        self.way = checks.choice("--partition", way, WAYS)
        self.similarity = similarity or build_similarity(name, **self.options)
        # NoveltyBench decides short texts by the authors' rule, so its own classes do too.
        own_rule = short_text_rule(self.similarity.short_text_rule)
        self.rule = "authors" if way == "greedy" and own_rule == "form" and RULE not in self.options else own_rule
        self.threshold = checks.fraction(
            "--threshold", self.similarity.default_threshold if threshold is None else threshold
        )

    @property
    def settings(self) -> dict[str, Any]:
        options = {key: value for key, value in self.options.items() if key not in HOW and key != RULE}
        if self.name in {"classifier", "embedding"} and "model" in options:
            options["model"] = model_identity(options["model"], "--similarity-args")
        return {
            "similarity": self.name,
            "options": options,
            "threshold": self.threshold,
            "way": self.way,
            "short_text_rule": self.rule,
        }

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        together = TOGETHER if self.way == "closure" else 1
        for start in range(0, len(items), together):
            self._some(items[start : start + together], report)

    def _some(self, items: Sequence[Item], report: Report) -> None:
        try:
            classes = self._classes(items)
        except SimilarityError as error:
            if len(items) == 1:
                report.failed(items[0], "no classes", str(error))
                return
            for item in items:  # the others are not to suffer for one
                self._some([item], report)
            return
        for item, own in zip(items, classes, strict=True):
            report.done(item, {"classes": own})

    def _classes(self, items: Sequence[Item]) -> list[list[int]]:
        rule = self.rule
        if self.way == "greedy":
            return [
                greedy_partition(
                    item.responses,
                    self.similarity,
                    threshold=self.threshold,
                    short_text_rule=rule,
                    domain=getattr(self.similarity, "domain", None),
                ).tolist()
                for item in items
            ]
        texts = [text for item in items for text in item.responses]
        of = [number for number, item in enumerate(items) for _ in item.responses]
        labels = find_partition(
            texts,
            of,
            self.similarity,
            threshold=self.threshold,
            short_text_rule=rule,
            domain=getattr(self.similarity, "domain", None),
        ).labels.tolist()
        taken = iter(labels)
        return [[next(taken) for _ in item.responses] for item in items]
