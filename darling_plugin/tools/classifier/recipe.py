"""How a classifier is trained: every setting, its default and its valid values."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from darling_plugin.errors import ConfigError, reason
from darling_plugin.similarity.packaged import PACKAGED


class Recipe(BaseModel):
    """The settings of `darling classifier train`; stored in the model's folder."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: Literal["bi-encoder", "cross-encoder"] = "bi-encoder"
    base_model: str = Field(PACKAGED, min_length=1, description="a folder, a name on the hub, or the packaged MiniLM")
    max_tokens: int | None = Field(None, ge=1, description="tokens read of a response; null is the model's own limit")
    epochs: float = Field(2.0, gt=0)
    learning_rate: float | None = Field(None, gt=0, description="null: 5e-5 for all weights, 1e-3 for LoRA")
    batch_size: int = Field(16, ge=1)
    lora_rank: int = Field(0, ge=0, description="0 trains all weights")
    adapter_only: bool = Field(False, description="keep the LoRA adapter, a few MB; loading needs the base model")
    train_layers: int | None = Field(None, ge=1, description="train only this many of the last layers; null is all")
    wording: bool = Field(True, description="bi-encoder: rare words, names and length beside the cosine")
    both_orders: bool = Field(True, description="cross-encoder: learn and score (a, b) and (b, a)")
    class_weights: bool = Field(False, description="weigh equivalent and distinct pairs as if they were equally many")
    validation_share: float = Field(0.1, ge=0, lt=1, description="of the prompts; 0 trains without early stopping")
    calibration_share: float = Field(0.15, ge=0, lt=1, description="of the prompts; 0 leaves threshold 0.5")
    evaluations: int = Field(2, ge=1, description="validations per epoch")
    patience: int = Field(3, ge=1, description="validations without a better AUC after which training stops")
    seed: int = 0

    @model_validator(mode="after")
    def _adapter_needs_lora(self) -> Recipe:
        if self.adapter_only and not self.lora_rank:
            raise ValueError("adapter_only needs lora_rank above 0")
        if self.validation_share + self.calibration_share >= 1:
            raise ValueError("validation_share and calibration_share leave nothing to train on")
        return self

    @property
    def rate(self) -> float:
        """The learning rate that is used."""
        return self.learning_rate or (1e-3 if self.lora_rank else 5e-5)

    @property
    def shares(self) -> dict[str, float]:
        """Shares of the prompts, for `pairs.split_by_prompt`."""
        held = self.validation_share + self.calibration_share
        return {"train": 1 - held, "validation": self.validation_share, "calibration": self.calibration_share}


def make_recipe(**settings: Any) -> Recipe:
    """A checked recipe. Raises `ConfigError` with one line per wrong setting."""
    try:
        return Recipe(**settings)
    except ValidationError as error:
        lines = [_explain(problem) for problem in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def _explain(problem: Any) -> str:
    option = ".".join(map(str, problem["loc"])).replace("_", "-")
    return f"--{option}: {reason(problem)}" if option else reason(problem)
