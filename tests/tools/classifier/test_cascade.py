import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_bert import make_encoder
from tiny_classifier import make_classifier

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.similarity import CascadeSimilarity, ClassifierSimilarity, build_similarity
from darling_plugin.tools.classifier.cascade import choose_bounds, make_cascade


def test_bounds_leave_what_the_two_might_disagree_on():
    #                distinct       mixed        equivalent
    p = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9])
    equivalent = np.array([False, False, False, True, False, True, True, True])
    bounds = choose_bounds(p, equivalent, most=0.0)
    # Nothing may be lost: below 0.4 is distinct for sure, above 0.5 equivalent; 0.4 and 0.5 are asked about.
    assert (bounds.low, bounds.high) == pytest.approx((0.35, 0.55))
    assert (bounds.settled, bounds.agreement, bounds.equivalent) == (6 / 8, 1.0, 0.5)


def test_a_share_of_the_equivalent_may_be_lost():
    p = np.linspace(0.05, 0.95, 10)
    equivalent = np.array([True, False, False, False, False, True, True, True, True, True])
    # One of six may be lost (most = 0.2), the one at 0.05; then nothing is equivalent up to 0.45.
    assert choose_bounds(p, equivalent, most=0.2).low == pytest.approx(0.5)


def test_pairs_of_one_kind_choose_nothing():
    with pytest.raises(InputError, match="calls 0 of 2 pairs equivalent"):
        choose_bounds(np.array([0.1, 0.2]), np.array([False, False]))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60), st.floats(0, 0.3))
def test_no_more_is_wrong_than_may_be(rows, most):
    p, equivalent = (np.array(column) for column in zip(*rows, strict=True))
    if not 0 < equivalent.sum() < len(p):
        return
    bounds = choose_bounds(p, equivalent, most)
    assert 0 <= bounds.low <= bounds.high <= 1
    assert (p[equivalent] < bounds.low).sum() <= most * equivalent.sum()
    above = p > bounds.high
    assert (~equivalent[above]).sum() <= most * above.sum() + 1e-9


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    path = tmp_path_factory.mktemp("cascade")
    encoder = make_encoder(path)
    return path, *(
        make_classifier(path / name, encoder, scale=scale, bias=-0.95 * scale)
        for name, scale in (("first", 20.0), ("second", 100.0))
    )


TEXTS = ["a red apple", "the red apple", "paris", "rome and oslo", "i would say lemon", "my answer is plum", "a fig"]


def test_a_cascade_is_a_judge_by_its_file_wherever_that_is_moved(folders, tmp_path):
    path, first, second = folders
    pairs = [(a, b) for a in TEXTS for b in TEXTS if a < b]
    bounds = make_cascade(str(first), str(second), pairs, path / "cascade.json", most=0.0, device="cpu")
    assert bounds.agreement == 1.0
    card = json.loads((path / "cascade.json").read_text())
    assert (card["first"], card["second"]) == ("first", "second")
    path.rename(tmp_path / "moved")
    judge = build_similarity("cascade", model=str(tmp_path / "moved" / "cascade.json"), device="cpu")
    dear = ClassifierSimilarity(str(tmp_path / "moved" / "second"), "cpu")
    assert isinstance(judge, CascadeSimilarity) and judge.default_threshold == dear.default_threshold
    assert ((judge(pairs) > 0.5) == (dear(pairs) > 0.5)).all()
    # It asks the second only what lies between the bounds.
    asked = (judge.first(pairs) >= bounds.low) & (judge.first(pairs) <= bounds.high)
    assert len(judge.second.memory) == asked.sum() < len(pairs)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "first: Field required"),
        ('{"first": "a", "second": "b", "low": 0.9, "high": 0.1}', "low must not be above high"),
        ("no json", "Invalid JSON"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(tmp_path, text, message):
    (tmp_path / "cascade.json").write_text(text)
    with pytest.raises(ConfigError, match=message):
        CascadeSimilarity(str(tmp_path / "cascade.json"))


def test_no_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match="darling classifier cascade"):
        CascadeSimilarity(str(tmp_path / "none.json"))
