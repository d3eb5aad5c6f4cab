"""Rules come before the similarity: in the partition, in its cheaper form, and where all P of a group are needed."""

import itertools

import numpy as np
import pytest

from darling_plugin.core.partition import PartitionRule, find_partition
from darling_plugin.core.rules import Rules, pair_rules
from darling_plugin.errors import InputError
from darling_plugin.step import InProcess

PLACES = ["Paris", "Paris.", "**Paris**", "the answer is paris\n", "42", "43", "Lyon"]


class Asked:
    """A similarity that says "distinct", and notes what it was asked."""

    default_threshold, short_text_rule = 0.5, "form"

    def __init__(self):
        self.pairs = []

    def __call__(self, pairs):
        self.pairs += pairs
        return np.full(len(pairs), 0.25)


@pytest.mark.parametrize("strategy", ["exact", "representatives"])
def test_form_settles_what_it_can(strategy):
    asked = Asked()
    found = find_partition(PLACES, [0] * 7, asked, short_text_rule="form", strategy=strategy)
    assert found.labels.tolist() == [0, 0, 0, 0, 1, 2, 3]
    # Left are Lyon with each place and number, and the numbers with Paris; never two forms of Paris, nor 42 with 43.
    assert ("42", "43") not in asked.pairs and not any("aris" in a and "aris" in b for a, b in asked.pairs)
    assert found.scored == len(asked.pairs) > 0


def test_three_rules_on_the_same_texts():
    texts = ["Paris", "Paris.", "in Paris"]
    classes = {
        rule: find_partition(texts, [0] * 3, Asked(), short_text_rule=rule).labels.tolist()
        for rule in ("form", "authors", "none")
    }
    # authors: "Paris" shares 1 of 2 words with "in Paris", and "Paris." is another word than "Paris".
    assert classes == {"form": [0, 0, 1], "authors": [0, 1, 0], "none": [0, 1, 2]}


def test_true_and_false_are_authors_and_none():
    assert PartitionRule(0.5, True) == PartitionRule(0.5, "authors")
    assert PartitionRule(0.5, False) == PartitionRule(0.5, "none")
    with pytest.raises(InputError, match="`short_text_rule` must be one of form, authors, none; got 'words'"):
        pair_rules("words")


def test_all_p_of_a_group_have_the_rules_verdicts():
    # What soft_darling and poly_epo read: a full stop must not pay there either.
    asked = Asked()
    p = InProcess(asked, PartitionRule(0.5, "form")).probabilities(
        list(itertools.combinations(PLACES[:2] + PLACES[4:], 2))
    )
    # Paris–Paris. | Paris–42, –43, –Lyon | Paris.–42, –43, –Lyon | 42–43 | 42–Lyon | 43–Lyon
    assert p.tolist() == [1, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0, 0.25, 0.25]
    assert len(asked.pairs) == 8


def test_the_first_rule_that_says_anything_counts():
    class Never:
        name = "never"

        def read(self, texts):
            return [text or None for text in texts]  # says nothing of an empty text

        def verdict(self, a, b):
            return False

    rules = pair_rules("form", Never())
    read = rules.read(["Paris", "Paris.", "", ""])
    assert rules.verdict(read[0], read[1]) == (False, "never")
    assert rules.verdict(read[2], read[3]) == (True, "form")
    assert not Rules() and Rules().verdict((), ()) is None
