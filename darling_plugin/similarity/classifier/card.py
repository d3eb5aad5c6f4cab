"""`darling_classifier.json`: what a folder says beside its weights, so that training needs only its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from darling_plugin.errors import ConfigError, reason
from darling_plugin.files import replacing
from darling_plugin.similarity.classifier.lexical_features import FEATURES
from darling_plugin.similarity.classifier.pair_features import FEATURES as PAIR_FEATURES
from darling_plugin.similarity.classifier.reading import CHUNKS

FILE = "darling_classifier.json"
MOST_CHUNKS = 64  # of one response; what comes after them is not read


class Choice(BaseModel):
    """A threshold, and what it gives on the calibration pairs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = Field(ge=0, le=1)
    metrics: dict[str, float]


class Calibration(BaseModel):
    """How temperature and threshold were chosen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    aim: str = Field(description="what the threshold makes best: accuracy, f1, false_merges or classes")
    pairs: int = Field(description="how many pairs it was chosen on")
    digest: str = Field(description="of those pairs (classifier/pairs.py)")
    metrics: dict[str, float] = Field(description="on those pairs, at the chosen threshold")
    others: dict[str, Choice] = Field(default_factory=dict, description="what the other aims would have chosen")


class Card(BaseModel):
    """P(equivalent) = sigmoid(logit / temperature); two responses are equivalent when P > threshold.

    The logit of a cross-encoder is scale · output + bias; of a bi-encoder, scale · cosine + Σ wording + bias, or in
    format 2 bias + Σ weight · feature, over `pair_features.FEATURES`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal[1, 2] = 1
    kind: Literal["bi-encoder", "cross-encoder"]
    base_model: str = Field(min_length=1, description="what it was trained from: a name on the hub, or of a package")
    adapter: bool = Field(False, description="the folder holds a LoRA adapter only; base_model is loaded under it")
    max_tokens: int = Field(ge=1, description="tokens of each response that one forward pass reads")
    chunks: Literal["head", "mean", "segments"] = Field(
        "head",
        description="bi-encoder: head: a longer response is read by its first max_tokens | mean: in chunks of equal "
        "length, whose encodings are averaged | segments: format 2, its content words in up to three chunks",
    )
    both_orders: bool = Field(True, description="cross-encoder: mean of the logits of (a, b) and (b, a)")
    scale: float = Field(1.0, gt=0, description="of the cosine, or of a cross-encoder's output")
    bias: float = 0.0
    wording: dict[str, float] = Field(default_factory=dict, description="bi-encoder: weights of wording.FEATURES")
    features: dict[str, float] = Field(default_factory=dict, description="format 2: weights of pair_features.FEATURES")
    temperature: float = Field(1.0, gt=0)
    threshold: float = Field(0.5, ge=0, le=1)
    calibration: Calibration | None = None
    provenance: dict[str, Any] = Field(default_factory=dict, description="data digest, recipe, versions, metrics")

    @property
    def tokens_read(self) -> int:
        """Tokens of each response that are read, in all its chunks."""
        return self.max_tokens * {"head": 1, "mean": MOST_CHUNKS, "segments": CHUNKS}[self.chunks]

    @field_validator("wording")
    @classmethod
    def _known_features(cls, weights: dict[str, float]) -> dict[str, float]:
        if weights and tuple(weights) != FEATURES:
            raise ValueError(f"must be weights of {', '.join(FEATURES)}, in this order")
        return weights

    @model_validator(mode="after")
    def _features_go_with_segments(self) -> Card:
        segments = (self.format == 2, self.chunks == "segments", bool(self.features), self.kind == "bi-encoder")
        if any(segments[:3]) and not all(segments):
            raise ValueError("format 2 is a bi-encoder with chunks=segments and features; set all of them or none")
        if self.features and tuple(self.features) != PAIR_FEATURES:
            raise ValueError(f"features: must be weights of {', '.join(PAIR_FEATURES)}, in this order")
        return self


def read_card(folder: Path) -> Card:
    """The card in a folder. Raises `ConfigError` where it is absent or wrong."""
    path = folder / FILE
    try:
        return Card.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(
            f"{folder} holds no {FILE}, so it is not a classifier made by `darling classifier train`; train one, or "
            "name another model"
        ) from None
    except ValidationError as error:
        raise ConfigError(f"{path} is damaged or was made by another version: {problems(error)}") from None


def problems(error: ValidationError) -> str:
    """What is wrong with a file, field by field, in one line."""
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'file'}: {reason(problem)}" for problem in error.errors())


def write_card(folder: Path, card: Card) -> None:
    """Write the card into the folder in one step: a kill leaves the old one or the new one."""
    with replacing(folder / FILE) as part:
        part.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
