"""A cheap classifier decides the confident pairs; an expensive one decides the rest.

Most pairs of a group are clearly distinct. A bi-encoder, with one forward pass per response, decides those, and a
cross-encoder reads only the pairs in between. `darling classifier cascade` chooses the two bounds on labeled or
unlabeled pairs, so that the first disagrees with the second on at most a given share of the pairs that it decides:

    {"first": "default", "second": "my_cross_encoder", "low": 0.12, "high": 0.97, ...}
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from darling_plugin.errors import ConfigError
from darling_plugin.similarity.classifier.card import problems
from darling_plugin.similarity.classifier.similarity import ClassifierSimilarity

KEY = "darling.similarity.model"


class CascadeCard(BaseModel):
    """What a cascade's file says. P < low is distinct, P > high equivalent, the second decides the rest."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: int = Field(1, ge=1, le=1)
    first: str = Field(min_length=1, description="a classifier, as darling.similarity.model names it")
    second: str = Field(min_length=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    provenance: dict[str, Any] = Field(default_factory=dict, description="on how many pairs, and what it gave there")

    @model_validator(mode="after")
    def _ordered(self) -> CascadeCard:
        if self.low > self.high:
            raise ValueError(f"low must not be above high, got {self.low} and {self.high}")
        return self


class CascadeSimilarity:
    """P of the first classifier as 0 or 1 where it is clear, else the second's P.

    `default_threshold` is the second's; the first's own plays no part.

    Args:
        model: the file that `darling classifier cascade` wrote.
        device: as torch names it; None takes an accelerator when there is one.
    """

    short_text_rule: str | bool = "form"

    def __init__(self, model: str, device: str | None = None):
        self.model = model
        self.card = read_cascade(Path(model).expanduser())
        try:
            self.first, self.second = (
                ClassifierSimilarity(_beside(Path(model), name), device) for name in (self.card.first, self.card.second)
            )
        except ConfigError as error:
            raise ConfigError(f"the cascade in {model}: {error}") from None
        self.default_threshold = self.second.default_threshold

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> np.ndarray:
        found, asked = settle(self.first(pairs), self.card.low, self.card.high)
        if len(asked):
            found[asked] = self.second([pairs[k] for k in asked.tolist()])
        return found


class Settled(NamedTuple):
    """found: P = 0 or 1 of each pair, where the first is confident. open: numbers of the pairs left to the second."""

    found: np.ndarray
    open: np.ndarray


def settle(p: np.ndarray, low: float, high: float) -> Settled:
    """What the first classifier's P, shape (pairs,), settle by themselves."""
    return Settled(np.where(p > high, 1.0, 0.0), np.flatnonzero((p >= low) & (p <= high)))


def _beside(file: Path, name: str) -> str:
    """The classifier's name, or its folder: a relative one starts where the cascade's file is."""
    folder = file.expanduser().parent / Path(name).expanduser()
    return str(folder) if folder.is_dir() else name


def read_cascade(path: Path) -> CascadeCard:
    """The card in that file. Raises `ConfigError` where it is absent or wrong."""
    try:
        return CascadeCard.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"`{KEY}` is {str(path)!r}, but no cascade can be read there ({error.strerror}); make one with "
            "`darling classifier cascade`"
        ) from None
    except ValidationError as error:
        raise ConfigError(f"{path} is not a file of a cascade: {problems(error)}") from None
