"""A reward model in a folder or on the hub: any sequence classifier of transformers with one output.

The conversation goes through its chat template and the score is its raw logit, as `/classify` gives it without
activation (`reward_endpoint.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from darling_plugin.core import checks
from darling_plugin.errors import ConfigError, DarlingError
from darling_plugin.quality.reward_model import conversation
from darling_plugin.tools.evaluation.identity import model_identity
from darling_plugin.tools.evaluation.scoring.reward_tokenizer import reward_tokenizer
from darling_plugin.tools.evaluation.stage import Item, Report


class RewardFolder:
    """The score of each response by a reward model in this process. Code that comes with a model is never run.

    A conversation that is longer than the model reads is missing: cut, it would be another one.

    Args:
        model: a folder, or a name on the hub.
        device: as torch names it; None takes an accelerator when there is one.
        batch_size: conversations in one forward pass, sorted by length.
    """

    binary = False

    def __init__(self, model: str, device: str | None = None, batch_size: int = 8):
        self.identity = model_identity(model, "--reward-model")
        self.model = model
        self.device = device
        self.batch_size = checks.at_least_one("--batch-size", batch_size)

    @property
    def settings(self) -> dict[str, Any]:
        return {"kind": "reward model", "served": False, "model": self.identity}

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification

        tokenizer = reward_tokenizer(self.model, "--reward-model")
        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            model = AutoModelForSequenceClassification.from_pretrained(self.model, dtype="auto").eval().to(device)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"`--reward-model` is {self.model!r}, and transformers cannot load it ({error!s:.200})"
            ) from error
        if model.config.num_labels != 1:
            raise ConfigError(
                f"`--reward-model` {self.model} has {model.config.num_labels} outputs; a reward model has one"
            )
        longest = getattr(model.config, "max_position_embeddings", None) or math.inf

        texts = [conversation(item.prompt.messages, item.response, tokenizer) for item in items]
        tokens = tokenizer(texts)["input_ids"] if texts else []
        by_length = sorted(range(len(items)), key=lambda row: len(tokens[row]))
        for row in (row for row in by_length if len(tokens[row]) > longest):
            report.refused(items[row], f"{len(tokens[row])} tokens, and the model reads {longest}")
        fits = [row for row in by_length if len(tokens[row]) <= longest]
        for start in range(0, len(fits), self.batch_size):
            rows = fits[start : start + self.batch_size]
            ids, mask, filler = padded([tokens[row] for row in rows])
            model.config.get_text_config().pad_token_id = filler
            with torch.inference_mode():
                logits = model(
                    input_ids=torch.tensor(ids, device=device), attention_mask=torch.tensor(mask, device=device)
                ).logits
            scores = logits[:, 0].float().tolist()
            for row, score in zip(rows, scores, strict=True):
                if not math.isfinite(score):
                    raise DarlingError(f"`--reward-model`: the score is {score}; its weights or its dtype are damaged")
                report.done(items[row], {"score": score})


def padded(rows: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[list[int]], int]:
    """(ids, mask, filler): rows of one length, filled at the right with a token that none of them holds.

    transformers reads the score at the last token that is no filler. The tokenizer's own padding is often its end
    token as well, which is where `/classify` reads it.
    """
    used = {token for row in rows for token in row}
    filler = next(token for token in range(len(used) + 1) if token not in used)
    width = max(map(len, rows))
    ids = [[*row, *[filler] * (width - len(row))] for row in rows]
    return ids, [[1] * len(row) + [0] * (width - len(row)) for row in rows], filler
