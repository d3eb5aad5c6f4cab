"""The policy in words: categories to token ids, token ids to text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darling_plugin.kinds.task import Category
from recipes.kinds.engine import Engine, Prompts
from recipes.kinds.warmstart import load_engine, load_tokenizer, prompt_ids

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Policy:
    """An engine and the tokenizer that belongs to it."""

    engine: Engine
    tokenizer: Any

    def prompts(self, categories: Sequence[Category]) -> Prompts:
        return prompt_ids(self.tokenizer, categories)

    def decode(self, responses: torch.Tensor) -> list[str]:
        """The text of each row up to its end token."""
        end = self.engine.end
        rows = [row[: row.index(end)] if end in row else row for row in responses.tolist()]
        return [text.strip() for text in self.tokenizer.batch_decode(rows, skip_special_tokens=True)]

    def written(self, responses: torch.Tensor) -> torch.Tensor:
        """Which tokens the policy wrote: those up to the first end token, and that one; shape of `responses`."""
        ends = (responses == self.engine.end).int()
        return (ends.cumsum(dim=1) - ends) == 0


def load_policy(folder: Path, trained: int, weights: Path | None = None) -> Policy:
    """The policy of a folder that `warmstart.warm_start` wrote; `weights`: a folder of others of the same shape."""
    return Policy(load_engine(folder, trained, weights), load_tokenizer(folder))
