"""Learn a pair classifier: any encoder, or a decoder with a classification head, that reads both responses at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from darling_plugin.similarity.classifier.bi_encoder import resolve_base
from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.cross_encoder import load_pair_model, pair_logits
from darling_plugin.similarity.classifier.truncation import Cutter
from darling_plugin.tools.classifier.learner import Learner, limit
from darling_plugin.tools.classifier.pairs import Pair
from darling_plugin.tools.classifier.recipe import Recipe
from darling_plugin.tools.classifier.training_output import NoModelCard


class CrossLearner(Learner):
    """Learns from (a, b) and from (b, a), unless the recipe says otherwise."""

    def __init__(self, recipe: Recipe, training: Sequence[Pair], validation: Sequence[Pair]):
        from torch import tensor

        super().__init__(recipe, training, validation)
        self.model = self.fresh()
        self.cut = Cutter(self.model.tokenizer, recipe.max_tokens or limit(self.model, 2))
        self.model.max_seq_length = 2 * self.cut.max_tokens + self.model.tokenizer.num_special_tokens_to_add(pair=True)
        self.prepare("SEQ_CLS")

        from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss

        self.loss = BinaryCrossEntropyLoss(self.model, pos_weight=tensor(self.positive_weight()))

    def fresh(self) -> Any:
        return load_pair_model(resolve_base(self.recipe.base_model))

    def rows(self, pairs: Sequence[Pair]) -> dict[str, list[Any]]:
        texts = [(self.cut(pair.first), self.cut(pair.second), float(pair.similar)) for pair in pairs]
        if self.recipe.both_orders:
            texts += [(second, first, similar) for first, second, similar in texts]
        else:  # the one order in which such a classifier is asked
            texts = [(min(a, b), max(a, b), similar) for a, b, similar in texts]
        first, second, label = (list(column) for column in zip(*texts, strict=True))
        return {"first": first, "second": second, "label": label}

    def scores(self) -> np.ndarray:
        pairs = [(self.cut(pair.first), self.cut(pair.second)) for pair in self.validation]
        return pair_logits(self.model, pairs, both_orders=self.recipe.both_orders, batch_size=32)

    def trainer(self, arguments: dict[str, Any], parts: dict[str, Any]) -> Any:
        from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments

        class Trainer(NoModelCard, CrossEncoderTrainer):
            pass

        return Trainer(model=self.model, args=CrossEncoderTrainingArguments(**arguments), loss=self.loss, **parts)

    def save(self, folder: Any) -> Card:
        self.store(folder)
        return self.card(both_orders=self.recipe.both_orders)
