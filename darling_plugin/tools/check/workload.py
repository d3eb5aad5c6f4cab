"""What the similarity has to read in one step: pairs or texts, and the arithmetic behind them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from darling_plugin.config import DarlingSettings
from darling_plugin.similarity.classifier import DEFAULT_FOLDER
from darling_plugin.similarity.classifier.card import read_card
from darling_plugin.step import needs_similarity
from darling_plugin.tools.check.job import ROLLOUT, Job
from darling_plugin.tools.check.models import find_shape

FORMAT_OF = {
    "dogtooth/similarity-classifier-f168-hf": "ModernBertForSequenceClassification",
    "dogtooth/qwen3-4b-emb-finetuned-step-70-hf": "Qwen3ForSequenceClassification",
    "yimingzhang/deberta-v3-large-generation-similarity": "DebertaV2ForSequenceClassification",
}
SHIPPED_CLASSIFIER = "shipped classifier"
SHIPPED_PARAMETERS = 22_700_000  # all-MiniLM-L6-v2


@dataclass(frozen=True)
class SimilarityWork:
    """What a step asks of the similarity.

    model: its name, for people. reads: "pairs" or "texts"; per_prompt: the fewest and the most of them. reads_most:
    words or tokens (`unit`) of a response that the model reads, None where nothing is cut or it is not known.
    parameters: None where not known.
    """

    model: str
    reads: str
    per_prompt: tuple[int, int]
    reads_most: int | None = None
    unit: str = "tokens"
    parameters: int | None = None

    def petaflop(self, prompts: int, response_tokens: int) -> float | None:
        """At most, for one step: 2 × parameters × tokens read."""
        if self.parameters is None:
            return None
        tokens = min(response_tokens, self.reads_most or response_tokens) * (2 if self.reads == "pairs" else 1)
        return 2 * self.parameters * tokens * self.per_prompt[1] * prompts / 1e15


def similarity_work(job: Job, settings: DarlingSettings) -> SimilarityWork | None:
    """Of one step; None where nothing is compared (n-grams, or an estimator that is not watched).

    Pairs: the exact partition scores n−1 (all the same) to n(n−1)/2 (all distinct). Texts: each is encoded once.
    """
    if not needs_similarity(settings.build_objective()) or not (
        job.estimator == "darling" or settings.monitor or settings.reward
    ):
        return None
    n = int(job[f"{ROLLOUT}.n"])
    pairs, texts = (n - 1, n * (n - 1) // 2), (n, n)
    name, model = settings.similarity.name, settings.similarity.model
    if name == "embedding":
        shape = find_shape(model)
        parameters = SHIPPED_PARAMETERS if model is None else None if shape is None else shape.parameters
        return SimilarityWork(model or "shipped encoder", "texts", texts, parameters=parameters)
    if name == "judge":  # both orders of a pair
        return SimilarityWork(f"{model} at {settings.similarity.url}", "pairs", (2 * pairs[0], 2 * pairs[1]))
    if name != "classifier":
        return SimilarityWork(settings.similarity.function or name, "pairs", pairs)
    if model is None or model == "default":
        card = read_card(DEFAULT_FOLDER)
        return SimilarityWork(SHIPPED_CLASSIFIER, "texts", texts, card.tokens_read, "tokens", SHIPPED_PARAMETERS)
    return _classifier(model, pairs, texts)


def _classifier(model: str, pairs: tuple[int, int], texts: tuple[int, int]) -> SimilarityWork:
    from darling_plugin.similarity.classifier.card import FILE
    from darling_plugin.similarity.classifier.published_formats import FORMATS

    shape = find_shape(model)
    parameters = None if shape is None else shape.parameters
    folder = Path(model).expanduser()
    if (folder / FILE).is_file():
        card = read_card(folder)
        bi = card.kind == "bi-encoder"
        reads, per_prompt = ("texts", texts) if bi else ("pairs", pairs)
        return SimilarityWork(model, reads, per_prompt, card.tokens_read, "tokens", parameters)
    form = FORMATS.get(FORMAT_OF.get(model, ""))
    if form is None:
        return SimilarityWork(model, "pairs", pairs, parameters=parameters)
    return SimilarityWork(model, "pairs", pairs, form.per_response, "words" if form.served else "tokens", parameters)
