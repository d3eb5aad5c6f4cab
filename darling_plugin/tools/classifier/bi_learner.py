"""Learn a siamese encoder, and beside it how much the cosine and each wording feature count."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.similarity.classifier.bi_encoder import load_encoder, resolve_base
from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.head import PairLoss
from darling_plugin.similarity.classifier.lexical_features import FEATURES, Reader
from darling_plugin.similarity.classifier.truncation import Cutter
from darling_plugin.tools.classifier.learner import Learner, limit
from darling_plugin.tools.classifier.pairs import Pair, labels
from darling_plugin.tools.classifier.recipe import Recipe
from darling_plugin.tools.classifier.training_output import NoModelCard

HEAD_RATE = 1e-2  # of the few numbers after the encoder, which start from nothing


class BiLearner(Learner):
    """Both orders of a pair are the same to it: the logit is symmetric."""

    def __init__(self, recipe: Recipe, training: Sequence[Pair], validation: Sequence[Pair]):
        super().__init__(recipe, training, validation)
        self.model = self.fresh()
        self.cut = Cutter(self.model.tokenizer, recipe.max_tokens or limit(self.model, 1))
        self.model.max_seq_length = self.cut.max_tokens + self.model.tokenizer.num_special_tokens_to_add(pair=False)
        self.prepare("FEATURE_EXTRACTION")
        self.reader = (
            Reader.fit({text for pair in training for text in pair.texts}) if recipe.wording else None
        )  # of the training pairs only: a held-out text must not tell how rare its own words are
        self.loss = PairLoss(self.model, *self._wording_alone(), self.positive_weight())

    def fresh(self) -> Any:
        return load_encoder(resolve_base(self.recipe.base_model))

    def rows(self, pairs: Sequence[Pair]) -> dict[str, list[Any]]:
        return {
            "first": [self.cut(pair.first) for pair in pairs],
            "second": [self.cut(pair.second) for pair in pairs],
            "label": [
                [float(pair.similar) if pair.target is None else pair.target, *self._wording(pair)] for pair in pairs
            ],
        }

    def scores(self) -> np.ndarray:
        texts = list(dict.fromkeys(text for pair in self.validation for text in pair.texts))
        vectors = self.model.encode(
            [self.cut(text) for text in texts], batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )
        row = {text: number for number, text in enumerate(texts)}
        scale, weights = self.loss.scale.item(), self.loss.weights.detach().cpu().numpy()
        return np.array(
            [
                scale * (vectors[row[pair.first]] @ vectors[row[pair.second]]) + weights @ self._wording(pair)
                for pair in self.validation
            ]
        )

    def trainer(self, arguments: dict[str, Any], parts: dict[str, Any]) -> Any:
        from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments

        class Trainer(NoModelCard, SentenceTransformerTrainer):
            pass

        arguments["learning_rate_mapping"] = {r"^(scale|bias|weights)$": HEAD_RATE}
        return Trainer(
            model=self.model, args=SentenceTransformerTrainingArguments(**arguments), loss=self.loss, **parts
        )

    def checkpoints(self) -> Any:
        """The head goes with each checkpoint, and comes back with it."""
        from transformers import TrainerCallback
        from transformers.trainer_utils import get_last_checkpoint

        loss = self.loss

        class HeadCheckpoints(TrainerCallback):
            def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                loss.save(Path(args.output_dir) / f"checkpoint-{state.global_step}")

            def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                if state.global_step:  # resumed
                    loss.load(Path(get_last_checkpoint(args.output_dir)))

        return HeadCheckpoints()

    def restore(self, checkpoint: Path) -> None:
        self.loss.load(checkpoint)

    def save(self, folder: Path) -> Card:
        self.store(folder)
        if self.reader is not None:
            self.reader.save(folder)
        weights = self.loss.weights.tolist()
        return self.card(
            scale=self.loss.scale.item(),
            bias=self.loss.bias.item(),
            wording=dict(zip(FEATURES, weights, strict=True)) if self.reader else {},
        )

    def _wording_alone(self) -> tuple[list[float], float]:
        """Weights and bias of the wording features without an encoder: where the head starts."""
        if self.reader is None:
            return [], 0.0
        from sklearn.linear_model import LogisticRegression

        features = np.array([self._wording(pair) for pair in self.training])
        spread = features.std(axis=0) + 1e-6
        found = LogisticRegression(C=0.1).fit(features / spread, labels(self.training))
        return (found.coef_[0] / spread).tolist(), float(found.intercept_[0])

    def _wording(self, pair: Pair) -> np.ndarray:
        if self.reader is None:
            return np.empty(0)
        return self.reader.compare(self.reader.read(pair.first), self.reader.read(pair.second))
