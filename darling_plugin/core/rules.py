"""Rules that decide pairs of responses before a similarity is asked.

A rule reads each text once and gives a verdict on what it read of two texts: True, equivalent; False, distinct; None,
the next rule or the similarity decides. The rule for short texts is chosen by name:

    form       the same form is equivalent, another number or the opposite is distinct (`form/short_text.py`)
    authors    the authors' rule for texts of at most five words (`short_text.py`)
    none       the similarity decides every pair

A rule of a domain (`similarity/domains/`) comes before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from darling_plugin.core.short_text import AuthorsRule
from darling_plugin.errors import InputError
from darling_plugin.form.short_text import FormRule

ShortTextRule = Literal["form", "authors", "none"]
SHORT_TEXT_RULES = ("form", "authors", "none")
FLAGS = {True: "authors", False: "none"}  # what the setting was when there was one rule


class PairRule(Protocol):
    """One rule."""

    @property
    def name(self) -> str: ...

    def read(self, texts: Sequence[str]) -> Sequence[Any]:
        """What the rule reads of each text; None where it says nothing of that text."""
        ...

    def verdict(self, a: Any, b: Any) -> bool | None:
        """On what was read of two texts, in either order."""
        ...


class Verdict(NamedTuple):
    """equivalent, and the name of the rule that says so."""

    equivalent: bool
    rule: str


class Rules:
    """Rules in the order in which they are asked; the first verdict counts."""

    def __init__(self, rules: Sequence[PairRule] = ()):
        self.rules = tuple(rules)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def read(self, texts: Sequence[str]) -> list[tuple[Any, ...]]:
        """read[k] = what each rule reads of texts[k]."""
        if not self.rules:
            return [()] * len(texts)
        return list(zip(*(rule.read(texts) for rule in self.rules), strict=True))

    def verdict(self, a: tuple[Any, ...], b: tuple[Any, ...]) -> Verdict | None:
        """On what was read of two texts; None where no rule decides."""
        for rule, first, second in zip(self.rules, a, b, strict=True):
            if first is not None and second is not None and (found := rule.verdict(first, second)) is not None:
                return Verdict(found, rule.name)
        return None

    def settled(self, texts: Sequence[str]) -> dict[tuple[int, int], bool]:
        """The verdict on each pair (i, j), i ≤ j, of the texts of a group that a rule decides; (i, i) is i's copy."""
        known: dict[tuple[int, int], bool] = {}
        for rule in self.rules:
            read = rule.read(texts)
            says = [k for k, own in enumerate(read) if own is not None]
            for place, j in enumerate(says):
                for i in says[: place + 1]:
                    if (i, j) not in known and (found := rule.verdict(read[i], read[j])) is not None:
                        known[i, j] = found
        return known

    def probabilities(
        self, pairs: Sequence[tuple[str, str]], score: Callable[[list[tuple[str, str]]], np.ndarray]
    ) -> np.ndarray:
        """P of each pair, shape (len(pairs),): 1 or 0 where a rule decides, else what `score` says of it."""
        if not self.rules:
            return score(list(pairs))
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        read = dict(zip(texts, self.read(texts), strict=True))
        verdicts = [self.verdict(read[a], read[b]) for a, b in pairs]
        p = np.array([np.nan if verdict is None else float(verdict.equivalent) for verdict in verdicts])
        open_pairs = np.flatnonzero(np.isnan(p)).tolist()
        if open_pairs:
            p[open_pairs] = score([pairs[k] for k in open_pairs])
        return p


def short_text_rule(name: str | bool, *, called: str = "short_text_rule") -> str:
    """The rule's name; true and false are `authors` and `none`. Raises `InputError`, which names `called`."""
    if isinstance(name, (bool, np.bool_)):
        return FLAGS[bool(name)]
    if name not in SHORT_TEXT_RULES:
        raise InputError(f"`{called}` must be one of {', '.join(SHORT_TEXT_RULES)}; got {name!r}")
    return name


def pair_rules(name: str | bool, domain: PairRule | None = None) -> Rules:
    """The rules of a run: its domain's, then the one for short texts."""
    short: dict[str, Callable[[], list[PairRule]]] = {
        "form": lambda: [FormRule()],
        "authors": lambda: [AuthorsRule()],
        "none": list,
    }
    return Rules([*([] if domain is None else [domain]), *short[short_text_rule(name)]()])
