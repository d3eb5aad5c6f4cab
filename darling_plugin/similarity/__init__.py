"""What says how likely two responses mean the same.

A similarity is a callable from pairs of texts to probabilities (`base.py` has the protocol). One file, or folder, each:

    classifier/     a trained classifier, the shipped one by default
    llm_judge/      an LLM behind an OpenAI-compatible endpoint, named `judge`
    cascade.py      a cheap classifier decides the confident pairs, an expensive one the rest
    embedding.py    close in a sentence encoder's space: one encoding per response
    lexical.py      the same words: no model, no meaning
    callable.py     a function of yours, `module:function`

    domains/        what counts as the same in a domain: rules that come before any similarity
    text.py         what of a response is compared: all of it, its answer, its head and tail
    base.py         the protocol
    packaged.py     the encoder that comes as a Python package
    quiet_loading.py    a model from a folder, without a bar

To add one: a file here, and a line in the table below.
"""

import inspect
from typing import Any

from darling_plugin.core.rules import short_text_rule as rule_called
from darling_plugin.errors import ConfigError
from darling_plugin.similarity.base import Similarity
from darling_plugin.similarity.callable import CallableSimilarity
from darling_plugin.similarity.cascade import CascadeSimilarity
from darling_plugin.similarity.classifier.similarity import ClassifierSimilarity
from darling_plugin.similarity.domains import domain_rule
from darling_plugin.similarity.embedding import EmbeddingSimilarity
from darling_plugin.similarity.lexical import LexicalSimilarity
from darling_plugin.similarity.llm_judge.similarity import JudgeSimilarity

SIMILARITIES: dict[str, Any] = {
    "classifier": ClassifierSimilarity,
    "cascade": CascadeSimilarity,
    "judge": JudgeSimilarity,
    "embedding": EmbeddingSimilarity,
    "lexical": LexicalSimilarity,
    "callable": CallableSimilarity,
}


def build_similarity(
    name: str,
    *,
    model: str | None = None,
    url: str | None = None,
    domain: str | None = None,
    function: str | None = None,
    short_text_rule: str | bool | None = None,
    **options: Any,
) -> Similarity:
    """The similarity called `name`, from the settings of `darling.similarity`.

    Args:
        name: a key of `SIMILARITIES`.
        model: the model of `classifier`, `embedding` and `judge`, the file of `cascade`; the last two must have one.
        url: the endpoint of `judge`, which must have it.
        domain: what counts as the same (`domains/`): a rule before the similarity, and the definition of `judge`.
        function: the `module:function` of `callable`, which must have it.
        short_text_rule: what decides pairs of short texts before it is asked; None is its class's own.
        options: further arguments of its class, such as `n` or `device`.

    A setting that the similarity does not take is an error, never ignored. The rules for short texts and of the domain
    come before the similarity wherever responses are partitioned; a call of the similarity itself gives its own P.
    """
    if name not in SIMILARITIES:
        raise ConfigError(f"`darling.similarity.name` must be one of {', '.join(SIMILARITIES)}; got {name!r}")
    own_rule = domain_rule(domain)
    settings = {"model": model, "url": url, "function": function} | options
    if name == "judge" and own_rule is not None:
        settings["domain"] = own_rule.name
    given = {key: value for key, value in settings.items() if value is not None}
    accepted = inspect.signature(SIMILARITIES[name]).parameters
    for key in given.keys() - accepted.keys():
        raise ConfigError(f"`darling.similarity.{key}` has no effect on {name!r}; it takes {', '.join(accepted)}")
    for key, parameter in accepted.items():
        if parameter.default is parameter.empty and key not in given:
            raise ConfigError(f"`darling.similarity.{key}` must be set for {name!r}")
    similarity: Any = SIMILARITIES[name](**given)
    if short_text_rule is not None:
        similarity.short_text_rule = rule_called(short_text_rule, called="darling.similarity.short_text_rule")
    similarity.domain = own_rule
    return similarity


__all__ = [
    "SIMILARITIES",
    "CallableSimilarity",
    "CascadeSimilarity",
    "ClassifierSimilarity",
    "EmbeddingSimilarity",
    "JudgeSimilarity",
    "LexicalSimilarity",
    "Similarity",
    "build_similarity",
]
