"""Pairs as a request to a server, and its answer as rows.

ScoreWire     a cross-encoder with one output, behind vLLM's `/score`: two texts per pair
ClassifyWire  the authors' classifiers, behind vLLM's `/classify`: token ids, class probabilities back
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from darling_plugin.similarity.classifier import published
from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.memory import Item
from darling_plugin.similarity.classifier.truncation import Cutter


class Request(NamedTuple):
    """path: below the server's address. body: of a POST, as JSON."""

    path: str
    body: dict[str, Any]


class Wire(Protocol):
    """How one kind of classifier is asked over HTTP. truncated: texts that were cut so far."""

    @property
    def truncated(self) -> int: ...

    def request(self, items: Sequence[Item]) -> Request: ...

    def rows(self, answer: Any) -> list[list[float]]:
        """One row per item, in order. Raises KeyError, TypeError or ValueError for any other answer."""
        ...


class ScoreWire:
    """Each text is truncated here, as in the classifier's own code: a server would truncate the pair."""

    def __init__(self, folder: str, card: Card):
        from transformers import AutoTokenizer

        self._cut = Cutter(AutoTokenizer.from_pretrained(folder, trust_remote_code=False), card.max_tokens)

    @property
    def truncated(self) -> int:
        return self._cut.truncated

    def request(self, items: Sequence[Item]) -> Request:
        cut = {text: self._cut(text) for text in dict.fromkeys(text for pair in items for text in pair)}
        first, second = ([cut[pair[side]] for pair in items] for side in (0, 1))
        # The output itself, not its sigmoid, which is 1 for whatever is sure.
        return Request("score", {"text_1": first, "text_2": second, "use_activation": False})

    def rows(self, answer: Any) -> list[list[float]]:
        return [[float(entry["score"])] for entry in sorted(answer["data"], key=lambda entry: entry["index"])]


class ClassifyWire:
    """The row of a pair is the log-odds of the last class."""

    def __init__(self, model: str):
        self._reader = published.open_reader(model)

    @property
    def truncated(self) -> int:
        return self._reader.truncated

    def request(self, items: Sequence[Item]) -> Request:
        pairs = [item for item in items if isinstance(item, tuple)]
        return Request("classify", {"input": self._reader.ids(pairs)})

    def rows(self, answer: Any) -> list[list[float]]:
        entries = sorted(answer["data"], key=lambda entry: entry["index"])
        return published.log_odds([entry["probs"] for entry in entries])[:, None].tolist()
