"""A learned similarity in place of the symbolic one, as a task needs where no program can say what is equivalent.

Labeled pairs (`pairs.py`) train a siamese encoder with the package's own classifier (`classifier/`). The packaged
encoder reads words and is a hundred times too big for expressions of seven characters, so the base model is made here:
a ModernBERT with 0.1M parameters, one token per character, and a network of one hidden layer over the mean of the
tokens. That mean knows no order, and the layer after it sets sums apart that are nearly equal. Of what was tried, BERT,
which learns its positions one by one, needed more than twice the steps, and without the layer no encoder got there.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darling_plugin.similarity.classifier.card import FILE, read_card
from darling_plugin.tools.classifier.pairs import Pair, digest
from darling_plugin.tools.classifier.recipe import Recipe
from darling_plugin.tools.classifier.train import train
from recipes.countdown.model import EOS, VOCABULARY, build_tokenizer
from recipes.countdown.threads import torch_threads

HIDDEN, LAYERS, HEADS, INTERMEDIATE, UNITS = 64, 2, 4, 128, 256
MAX_TOKENS = 16  # of a response and its end; the task's have at most 8
ENCODER = "untrained-1"  # raise the number when the encoder is built in another way, so that classifiers are retrained


@dataclass(frozen=True)
class LearnedSimilarity:
    """A classifier's folder; `seconds`: what this run spent on training it, 0 where it was there."""

    folder: Path
    pairs: int
    seconds: float
    reused: bool

    @property
    def overrides(self) -> list[str]:
        """The settings of a Countdown job that trains with this similarity."""
        return [
            "darling.similarity.name=classifier",
            "darling.similarity.function=null",
            f"darling.similarity.model={self.folder}",
            # An expression is one word: the rule would compare it as text and never ask the classifier.
            "darling.similarity.short_text_rule=false",
        ]


def recipe(folder: Path, seed: int) -> Recipe:
    """How the classifier in this folder is trained. No wording: rare words and names mean nothing here."""
    return Recipe(
        kind="bi-encoder",
        base_model=str(folder / ENCODER),
        epochs=2.0,
        learning_rate=2e-3,
        batch_size=128,
        wording=False,
        validation_share=0.0,
        calibration_share=0.1,
        seed=seed,
    )


def learn_similarity(
    folder: Path, pairs: Sequence[Pair], *, seed: int = 0, settings: Recipe | None = None, threads: int = 1
) -> LearnedSimilarity:
    """Train the classifier into `folder`, or return the one there if it was trained on these pairs with these settings.

    Anything else in the folder, such as an interrupted training, is removed.
    """
    settings = settings or recipe(folder, seed)
    reused, seconds = _matches(folder, pairs, settings), 0.0
    if not reused:
        shutil.rmtree(folder, ignore_errors=True)
        with torch_threads(threads):
            build_encoder(Path(settings.base_model), seed)
            seconds = train(pairs, folder, settings, quiet=True).seconds
    return LearnedSimilarity(folder, len(pairs), seconds, reused)


def build_encoder(folder: Path, seed: int = 0) -> None:
    """Write an untrained character encoder as a sentence-transformers folder; the same weights for the same seed."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers.processors import TemplateProcessing
    from transformers import ModernBertConfig, ModernBertModel

    tokenizer = build_tokenizer()
    tokenizer.chat_template = None
    end = VOCABULARY[EOS]
    # An end token, so that an empty response is something too.
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"$A {EOS}", special_tokens=[(EOS, end)])
    config = ModernBertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=HIDDEN,
        intermediate_size=INTERMEDIATE,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=MAX_TOKENS,
        layer_types=["full_attention"] * LAYERS,
        # A small base of the rotation: neighbors matter here, not thousands of tokens.
        rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 100.0}},
        initializer_range=0.05,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=end,
        eos_token_id=end,
        cls_token_id=end,
        sep_token_id=end,
    )
    bare = folder / "bare"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        ModernBertModel(config).save_pretrained(bare)
        tokenizer.save_pretrained(bare)
        layers = [
            Dense(HIDDEN, UNITS, activation_function=torch.nn.ReLU()),
            Dense(UNITS, HIDDEN, activation_function=torch.nn.Identity()),
        ]
        encoder = SentenceTransformer(modules=[Transformer(str(bare)), Pooling(HIDDEN), *layers], device="cpu")
        encoder.save_pretrained(str(folder), create_model_card=False)
    shutil.rmtree(bare)


def _matches(folder: Path, pairs: Sequence[Pair], settings: Recipe) -> bool:
    if not (folder / FILE).is_file():
        return False
    card = read_card(folder)
    made_by = {key: card.provenance.get(key) for key in ("training_digest", "recipe")}
    # Calibration comes last: without one, training was interrupted before it.
    return card.calibration is not None and made_by == {
        "training_digest": digest(pairs),
        "recipe": settings.model_dump(),
    }
