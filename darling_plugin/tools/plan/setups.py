"""The four systems as setups, and the classifiers that docs/service_plan.md compares."""

from __future__ import annotations

from collections.abc import Callable

from darling_plugin.tools.plan.cascade import Cascade
from darling_plugin.tools.plan.exact_stream import ExactStream
from darling_plugin.tools.plan.machines import Classifier
from darling_plugin.tools.plan.results import Setup
from darling_plugin.tools.plan.systems import AllPairs, EncodeEach

CPU_TOKENS_PER_SECOND = 2_300.0
"""Of the shipped classifier on one core: `darling plan --measure`, an AMD EPYC, fp32, one thread."""
SHIPPED_RESPONSE_S, SHIPPED_PAIR_S = 1.7e-4, 2.6e-6
"""Of one core for each response and each pair of siblings, words compared as well as vectors; responses of 8,000
tokens: `darling plan --measure`."""
QWEN_TOKENS_PER_WORD = 2.8
"""Of mathematics: the authors cut a response by words separated by spaces, and LaTeX has several tokens a word. Counted
on OlympiadBench's solutions with the packaged encoder's tokenizer."""
SHIPPED = 22.7e6
"""Parameters of the shipped classifier."""
READS_SHIPPED = 762
"""Tokens that the shipped classifier reads of a long response, function words left out."""


def utilization(parameters: float) -> float:
    """Of a GPU's peak in bfloat16, by `2 × parameters` FLOPs a token: 40 % from 1B on, 5 % from 100M, 2 % below.

    Measured on an H200 by `scripts/bench_classifiers.py` (docs/service.md). Small models wait for launches and for the
    host; attention over 4,096 tokens, which the count of FLOPs leaves out, is much of what a model of 149M does.
    """
    return 0.4 if parameters >= 1e9 else 0.05 if parameters >= 1e8 else 0.02


SetupOf = Callable[[int], Setup]
"""A system on so many replicas."""


def cross_encoder() -> Classifier:
    """The authors' math classifier."""
    return Classifier("4B cross-encoder", "cross-encoder", tokens_per_word=QWEN_TOKENS_PER_WORD)


def medium_encoder() -> Classifier:
    """ModernBERT-base's size; smaller models use less of a GPU."""
    return Classifier(
        "150M bi-encoder",
        "bi-encoder",
        parameters=149e6,
        reads=4096,
        utilization=utilization(149e6),
        source="ModernBERT-base",
    )


def small_encoder() -> Classifier:
    """The shipped classifier on a GPU, little of which it can use."""
    return Classifier(
        "22M bi-encoder",
        "bi-encoder",
        parameters=SHIPPED,
        reads=READS_SHIPPED,
        utilization=utilization(SHIPPED),
        pair_s=SHIPPED_PAIR_S,
        response_s=SHIPPED_RESPONSE_S,
        source="shipped",
    )


def small_encoder_on_cpu(tokens_per_second: float = CPU_TOKENS_PER_SECOND) -> Classifier:
    """The shipped classifier on one core."""
    return Classifier(
        "22M bi-encoder on a core",
        "bi-encoder",
        parameters=SHIPPED,
        reads=READS_SHIPPED,
        batch_tokens=8192,
        pair_s=SHIPPED_PAIR_S,
        response_s=SHIPPED_RESPONSE_S,
        tokens_per_second=tokens_per_second,
        gpus=0,
        source="shipped; batches as in classifier/batches.py",
    )


def all_pairs(classifier: Classifier) -> SetupOf:
    """(a) As the authors do."""
    return lambda replicas: Setup(
        f"all pairs, {classifier.name}",
        lambda drawn, seed: AllPairs(drawn, classifier),
        (classifier,),
        replicas,
        streamed=False,
    )


def exact(classifier: Classifier) -> SetupOf:
    """(b) Streamed, exact."""
    return lambda replicas: Setup(
        f"exact, {classifier.name}", lambda drawn, seed: ExactStream(drawn, classifier), (classifier,), replicas
    )


def cascade(encoder: Classifier, classifier: Classifier, doubtful: float) -> SetupOf:
    """(c) Both on the same GPUs."""
    return lambda replicas: Setup(
        f"cascade, {encoder.name} and {classifier.name}",
        lambda drawn, seed: Cascade(drawn, encoder, classifier, doubtful=doubtful, seed=seed),
        (encoder, classifier),
        replicas,
    )


def encode_each(encoder: Classifier) -> SetupOf:
    """(d) One encoding each."""
    return lambda replicas: Setup(encoder.name, lambda drawn, seed: EncodeEach(drawn, encoder), (encoder,), replicas)
