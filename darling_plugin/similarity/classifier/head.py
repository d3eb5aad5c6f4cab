"""The last step of a bi-encoder while it learns: a logistic regression on the cosine and on what the wordings share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, distributed, nn
from torch.nn import functional

FILE = "head.safetensors"
START_SCALE = 10.0
START_COSINE = 0.85  # about where sentence encoders put two responses to one prompt


class PairLoss(nn.Module):
    """Binary cross-entropy of  logit = scale · cos(u, v) + Σ w_f · f(a, b) + bias.

    For sentence-transformers' trainer, which calls it with the tokenized texts of both columns and with the label
    column; that holds, for each pair, first the label and then the wording features (`wording.FEATURES`).

    Args:
        model: the encoder.
        weights: of the wording features that follow the label, to start from; none for the cosine alone.
        bias: to start from, beside those weights.
        positive_weight: of an equivalent pair's loss, a distinct one's being 1.
    """

    positive_weight: Tensor

    def __init__(self, model: Any, weights: Sequence[float] = (), bias: float = 0.0, positive_weight: float = 1.0):
        super().__init__()
        self.model = model
        self.scale = nn.Parameter(torch.tensor(START_SCALE))
        self.bias = nn.Parameter(torch.tensor(bias - START_SCALE * START_COSINE))
        self.weights = nn.Parameter(torch.tensor(list(weights)))
        for parameter in (self.scale, self.bias, self.weights):
            parameter.register_hook(_mean_over_processes)
        self.register_buffer("positive_weight", torch.tensor(positive_weight))

    def forward(self, columns: list[dict[str, Tensor]], labels: Tensor) -> Tensor:
        first, second = (
            functional.normalize(self.model(column)["sentence_embedding"].float(), dim=-1) for column in columns
        )
        labels = labels.float()
        logits = self.scale * (first * second).sum(-1) + labels[:, 1:] @ self.weights + self.bias
        return functional.binary_cross_entropy_with_logits(logits, labels[:, 0], pos_weight=self.positive_weight)

    def save(self, folder: Path) -> None:
        """The head's own numbers: a trainer's checkpoint holds the model only."""
        own = {"scale": self.scale, "bias": self.bias, "weights": self.weights}
        save_file({name: value.detach().cpu().contiguous() for name, value in own.items()}, folder / FILE)

    def load(self, folder: Path) -> None:
        """Raises OSError, KeyError or RuntimeError where `save` has not been there, or with other features."""
        stored = load_file(folder / FILE)
        with torch.no_grad():
            for name in ("scale", "bias", "weights"):
                getattr(self, name).copy_(stored[name])


def _mean_over_processes(gradient: Tensor) -> Tensor:
    """A trainer on several GPUs averages the model's gradients; a loss's own numbers are left to the loss."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return gradient
    total = gradient.clone()
    distributed.all_reduce(total)
    return total / distributed.get_world_size()
