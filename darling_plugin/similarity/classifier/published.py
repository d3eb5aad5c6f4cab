"""The classifiers that DARLING's authors published, by name or from a folder.

    dogtooth/similarity-classifier-f168-hf              ModernBERT, general text: their writing recipe
    dogtooth/qwen3-4b-emb-finetuned-step-70-hf          Qwen3-Embedding-4B: their math recipe
    yimingzhang/deberta-v3-large-generation-similarity  DeBERTa-v3-large, NoveltyBench's (arXiv 2504.05228)

Read as their own code reads them, but for one thing: the order of a pair does not depend on who came first
(`PublishedClassifier`). The architecture in a model's config decides the format (`published_formats.py`), so that
another model trained with their scripts works too. A folder is one when its config names a classifier into two of those
architectures and it holds no `darling_classifier.json`.

    scorer = load("dogtooth/similarity-classifier-f168-hf")
    scorer.logits([(a, b)])                      in this process, with transformers
    outputs = llm.classify([{"prompt_token_ids": ids} for ids in scorer.vllm_inputs([(a, b)])])
    scorer.from_vllm([output.outputs.probs for output in outputs])      the same numbers, from vLLM
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.errors import ConfigError
from darling_plugin.similarity.classifier.batches import TOKENS, Progress, by_length
from darling_plugin.similarity.classifier.card import FILE, Card
from darling_plugin.similarity.classifier.forward import half_precision
from darling_plugin.similarity.classifier.hub import absent_path
from darling_plugin.similarity.classifier.published_formats import PairReader, PublishedFormat, find_format

# Name → whose tokenizer its authors load with it; None for its own.
TOKENIZERS = {
    "dogtooth/similarity-classifier-f168-hf": None,
    "dogtooth/qwen3-4b-emb-finetuned-step-70-hf": None,
    "yimingzhang/deberta-v3-large-generation-similarity": "microsoft/deberta-v3-large",
}
HUB_NAME = re.compile(r"\w[\w.-]*/[\w.-]+")


def is_published(model: str) -> bool:
    """Whether `load` is the one to ask: for a folder of that kind, or what reads like a name on the hub."""
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return HUB_NAME.fullmatch(model) is not None
    if (folder / FILE).exists():
        return False
    try:
        config = json.loads((folder / "config.json").read_bytes())
        return find_format(config.get("architectures"), len(config.get("id2label") or (0, 1))) is not None
    except (OSError, ValueError, AttributeError):
        return False


def load(
    model: str, *, device: str | None = None, tokens: int = TOKENS, both_orders: bool = False
) -> PublishedClassifier:
    """The model with its weights, ready to score. Raises `ConfigError` where it cannot be reached, or is damaged."""
    return PublishedClassifier(model, device=device, tokens=tokens, both_orders=both_orders)


def open_reader(model: str) -> PairReader:
    """What turns pairs into the model's token ids, without its weights: all that a server's client needs."""
    from transformers import AutoConfig, AutoTokenizer

    if missing := absent_path(model):
        raise ConfigError(f"there is no classifier {model}: {missing}; check the name")
    source = _source(model)
    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        form = find_format(config.architectures, config.num_labels)
        tokenizer: Any = (
            AutoTokenizer.from_pretrained(TOKENIZERS.get(source) or source, trust_remote_code=False) if form else None
        )
    except (OSError, ValueError, KeyError) as error:
        raise _unloadable(model, error) from error
    if form is None:
        raise ConfigError(
            f"{model} is a {' '.join(config.architectures or ['model of an unknown kind'])} with {config.num_labels} "
            "classes, but none of the classifiers that DARLING's authors published has this form; name one of "
            + ", ".join(TOKENIZERS)
        )
    try:
        # The smaller of the two is also what vLLM takes by default.
        return PairReader(form, tokenizer, limit=min(config.max_position_embeddings, tokenizer.model_max_length))
    except ConfigError as error:
        raise ConfigError(f"{model}: {error}") from error


class PublishedClassifier:
    """logit(a, b) = log-odds of the model's last class; the smaller text is read first.

    The model gives (b, a) another number than (a, b), and a verdict must not depend on the order. The authors ask with
    the earlier response first, but the responses to a prompt are in no order that means anything: any fixed order is as
    good, and this one makes a verdict symmetric in one forward pass. Equal texts are one pair either way.

    The card's `max_tokens` counts words of a response for the models that the authors serve (their cut), and tokens for
    DeBERTa-v3. `truncated` counts a response once per call.

    Args:
        model: a name on the Hugging Face hub, or a folder.
        device: as torch names it; None takes an accelerator when there is one.
        tokens: of one forward pass, padding included.
        both_orders: mean of the logits of (a, b) and (b, a), for twice the cost. Off, one order is asked, as the
            authors do; their models were trained on both orders of each pair.
    """

    def __init__(self, model: str, *, device: str | None = None, tokens: int = TOKENS, both_orders: bool = False):
        self.name = model
        self.reader = open_reader(model)
        self.tokens = tokens
        self.card = _card(model, self.form, both_orders)
        self.model = _load_weights(model, device)

    @property
    def form(self) -> PublishedFormat:
        return self.reader.form

    @property
    def truncated(self) -> int:
        return self.reader.truncated

    def logits(self, pairs: Sequence[tuple[str, str]], /, progress: Progress | None = None) -> np.ndarray:
        rows = self.reader.ids(self._asked(pairs))
        scores = np.empty(len(rows), dtype=np.float64)
        for batch in by_length([len(row) for row in rows], self.tokens):
            scores[batch] = score_with_transformers(self.model, [rows[row] for row in batch], self.form)
            if progress is not None:
                progress(sum(row < len(pairs) for row in batch))
        return self._answers(scores)

    def vllm_inputs(self, pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
        """Token ids for vLLM's `/classify`, or `LLM.classify`, the smaller text of each pair first.

        With `both_orders`, the other order of every pair comes after all of these.
        """
        if not self.form.served:
            raise ConfigError(
                f"{self.name} is a DeBERTa-v2, which vLLM does not serve; run it in process, or name a ModernBERT or "
                "Qwen3 classifier: " + ", ".join(name for name, other in TOKENIZERS.items() if other is None)
            )
        return self.reader.ids(self._asked(pairs))

    def from_vllm(self, probabilities: Sequence[Sequence[float]]) -> np.ndarray:
        """What `logits` gives, from the class probabilities that vLLM gave for `vllm_inputs`."""
        return self._answers(log_odds(probabilities))

    def _asked(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        asked = [(min(pair), max(pair)) for pair in pairs]
        return [*asked, *((b, a) for a, b in asked)] if self.card.both_orders else asked

    def _answers(self, scores: np.ndarray) -> np.ndarray:
        return scores.reshape(2, -1).mean(axis=0) if self.card.both_orders else scores


class PublishedForward:
    """The heavy half of such a classifier: log-odds of ordered pairs, (n, 1). Its light half is a `PairFront`."""

    def __init__(self, classifier: PublishedClassifier):
        self.classifier = classifier

    @property
    def truncated(self) -> int:
        return self.classifier.truncated

    def __call__(self, items: Sequence[Any], progress: Progress | None = None) -> np.ndarray:
        return self.classifier.logits(items, progress).astype(np.float32)[:, None]


def log_odds(probabilities: Sequence[Sequence[float]]) -> np.ndarray:
    """Log-odds of the last of two classes, from a server's probabilities of both; shape (pairs,), float64."""
    # The smallest float32 stands in for a probability that underflowed to 0.
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64).reshape(-1, 2), np.finfo(np.float32).tiny))
    return np.asarray(logs[:, -1] - logs[:, 0])


def open_card(model: str) -> Card:
    """What is to be known of the model without its weights. Raises `ConfigError` where it cannot be reached."""
    return _card(model, open_reader(model).form, both_orders=False)


def _card(model: str, form: PublishedFormat, both_orders: bool) -> Card:
    return Card(
        kind="cross-encoder",
        base_model=model,
        max_tokens=form.per_response,
        both_orders=both_orders,
        threshold=form.threshold,
        provenance={"format": "facebookresearch/darling"},
    )


def score_with_transformers(model: Any, rows: Sequence[Sequence[int]], form: PublishedFormat) -> np.ndarray:
    """Log-odds of the last of two classes for each row of token ids, shape (len(rows),), float64. One forward pass."""
    import torch

    lengths = torch.tensor([len(row) for row in rows])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    ids = torch.zeros(mask.shape, dtype=torch.long)
    ids[mask] = torch.tensor([token for row in rows for token in row])
    ids, mask = ids.to(model.device), mask.long().to(model.device)
    with torch.inference_mode(), half_precision(model):
        if form.last_token:
            # transformers reads the last token that is not the padding's; Qwen3-Embedding ends a text with that token.
            hidden = model.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
            outputs = model.score(hidden[torch.arange(len(rows)), lengths - 1])
        else:
            outputs = model(input_ids=ids, attention_mask=mask).logits
    outputs = outputs.double().cpu().numpy()
    return np.asarray(outputs[:, -1] - outputs[:, 0])


def _load_weights(model: str, device: str | None) -> Any:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification

    try:
        loaded, report = AutoModelForSequenceClassification.from_pretrained(
            _source(model), dtype="auto", output_loading_info=True, trust_remote_code=False
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise _unloadable(model, error) from error
    if report["missing_keys"]:
        # transformers would score with random numbers in their place.
        raise ConfigError(
            f"{model} has missing weights: {', '.join(sorted(report['missing_keys'])[:3])}; download it again"
        )
    return loaded.to(device or torch.accelerator.current_accelerator(check_available=True) or "cpu").eval()


def _source(model: str) -> str:
    folder = Path(model).expanduser()
    return str(folder) if folder.is_dir() else model


def _unloadable(model: str, error: Exception) -> ConfigError:
    if Path(model).expanduser().is_dir():
        reason = "its folder is damaged; download it again"
    else:
        parts = f"it, or the tokenizer of {TOKENIZERS[model]}," if TOKENIZERS.get(model) else "it"
        reason = (
            f"there is no such folder here, and {parts} could not be downloaded from the Hugging Face hub, which may "
            "be out of reach; download the model on a machine with a network, and give its folder"
        )
    return ConfigError(f"cannot load the classifier {model}: {reason}. The error was: {error}")
