import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from darling_plugin.classifier.memory import Memory, digests


def test_what_was_kept_comes_back_by_content():
    memory = Memory()
    memory.keep(["a", ("a", "b")], np.array([[1.0, 2.0], [3.0, 4.0]]))
    one, other, none = memory.recall(["".join(["a"]), ("a", "b"), ("b", "a")])
    assert (one.tolist(), other.tolist(), none) == ([1.0, 2.0], [3.0, 4.0], None)


def test_the_least_recently_used_go_first():
    memory = Memory(most_bytes=2 * (8 + 250))  # two rows of one number
    memory.keep(["a", "b"], np.array([[1.0], [2.0]]))
    memory.recall(["a"])
    memory.keep(["c"], np.array([[3.0]]))
    assert [row is not None for row in memory.recall(["a", "b", "c"])] == [True, False, True]


def test_it_holds_no_more_than_it_may():
    memory = Memory(most_bytes=10_000)
    for start in range(0, 10_000, 100):
        memory.keep([str(number) for number in range(start, start + 100)], np.zeros((100, 4)))
    assert len(memory) == 10_000 // (4 * 8 + 250)


def test_a_row_does_not_hold_its_batch():
    memory = Memory()
    memory.keep(["a"], np.zeros((1000, 4))[:1])
    assert memory.recall(["a"])[0].base is None


@given(st.lists(st.text(max_size=3), min_size=2, max_size=2), st.lists(st.text(max_size=3), min_size=2, max_size=2))
def test_digests_tell_pairs_and_texts_apart(one, other):
    first, second, text = digests([tuple(one), tuple(other), "".join(one)])
    assert (first == second) == (one == other)
    assert first != text
