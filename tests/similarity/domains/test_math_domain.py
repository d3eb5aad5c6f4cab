"""Math: another final answer is another class; the similarity compares the methods of equal ones."""

import numpy as np
import pytest

from darling_plugin import load_similarity, partition
from darling_plugin.errors import ConfigError, MissingDependencyError
from darling_plugin.similarity.domains import DOMAINS, domain_rule, math

HALF = r"By symmetry half of the cases count, so the probability is \boxed{\frac{1}{2}}."
DECIMAL = r"We list all of the eight cases, of which four count: \boxed{0.5}."
THIRD = r"By symmetry a third of the cases count, so the probability is \boxed{\frac{1}{3}}."
ROOT = r"The diagonal is \boxed{\frac{\sqrt{2}}{2}}."
ROOT_AGAIN = r"The diagonal is \boxed{\frac{1}{\sqrt{2}}}."
NONE = "I do not know how to begin with this problem, sorry."


def everything_equivalent(pairs):
    return np.ones(len(pairs))


def test_another_answer_is_another_class():
    texts = [HALF, DECIMAL, THIRD, ROOT, ROOT_AGAIN]
    assert partition(texts, [0] * 5, everything_equivalent).tolist() == [0] * 5
    assert partition(texts, [0] * 5, everything_equivalent, domain="math").tolist() == [0, 0, 1, 2, 2]


def test_of_equal_answers_the_similarity_compares_the_methods():
    asked = []

    def distinct(pairs):
        asked.extend(pairs)
        return np.zeros(len(pairs))

    assert partition([HALF, DECIMAL, THIRD, NONE], [0] * 4, distinct, domain="math").tolist() == [0, 1, 2, 3]
    # The three pairs of unequal answers with THIRD are not asked; those with NONE, which has no answer, are.
    assert sorted(asked) == sorted([(HALF, DECIMAL), (HALF, NONE), (DECIMAL, NONE), (THIRD, NONE)])


def test_domains_by_name(monkeypatch):
    assert list(DOMAINS) == ["writing", "math", "code", "answers"]
    assert [domain_rule(name).name for name in DOMAINS] == list(DOMAINS)
    assert domain_rule("maths") == domain_rule("math") and domain_rule(None) is None
    assert load_similarity("lexical", domain="code").domain == domain_rule("code")
    with pytest.raises(ConfigError, match=r"`darling.similarity.domain` must be one of writing, math, code, answers"):
        load_similarity("lexical", domain="poetry")
    monkeypatch.setattr(math, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install math-verify"):
        domain_rule("math")


def test_writing_has_no_rule():
    assert partition(
        ["a b", "c d"], [0, 0], everything_equivalent, domain="writing", short_text_rule="none"
    ).tolist() == [
        0,
        0,
    ]
