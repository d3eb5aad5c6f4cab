"""What counts as the same in a domain, by rules that come before the similarity: `darling.similarity.domain`.

    writing.py   no rule: the similarity decides everything
    math.py      other final answers are distinct; of equal ones the similarity compares the method
    code.py      programs that are the same up to names are equivalent; the similarity decides the rest
    answers.py   equal answers are equivalent, other numbers distinct; the similarity decides the rest

A domain goes with any similarity: its rule is one `PairRule` (`core/rules.py`), which the partition, the service and
`darling partition` apply alike. The LLM judge also takes its definition of "the same" from the domain
(`llm_judge/definitions.py`). To add one: a file here, a line below, and a definition there.
"""

from __future__ import annotations

from collections.abc import Callable

from darling_plugin.core.rules import PairRule
from darling_plugin.errors import ConfigError
from darling_plugin.similarity.domains.answers import AnswersRule
from darling_plugin.similarity.domains.code import CodeRule
from darling_plugin.similarity.domains.math import MathRule
from darling_plugin.similarity.domains.writing import WritingRule
from darling_plugin.similarity.llm_judge.definitions import ALIASES

DOMAINS: dict[str, Callable[[], PairRule]] = {
    "writing": WritingRule,
    "math": MathRule,
    "code": CodeRule,
    "answers": AnswersRule,
}
KEY = "darling.similarity.domain"


def domain_rule(name: str | None) -> PairRule | None:
    """The rule of that domain; None has none. Raises `ConfigError`, and `MissingDependencyError` for its packages."""
    if name is None:
        return None
    if (name := ALIASES.get(name, name)) not in DOMAINS:
        raise ConfigError(f"`{KEY}` must be one of {', '.join(DOMAINS)}; got {name!r}")
    return DOMAINS[name]()
