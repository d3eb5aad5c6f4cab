import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from darling_plugin.similarity.classifier.memory import Memory, digests


def test_what_was_kept_comes_back_by_content():
    memory = Memory()
    memory.keep(["a", ("a", "b")], np.array([[1.0, 2.0], [3.0, 4.0]]))
    one, other, none = memory.lookup(["".join(["a"]), ("a", "b"), ("b", "a")])
    assert (one.tolist(), other.tolist(), none) == ([1.0, 2.0], [3.0, 4.0], None)


def test_the_least_recently_used_go_first():
    memory = Memory(most_bytes=2 * (8 + 250))  # two rows of one number
    memory.keep(["a", "b"], np.array([[1.0], [2.0]]))
    memory.lookup(["a"])
    memory.keep(["c"], np.array([[3.0]]))
    assert [row is not None for row in memory.lookup(["a", "b", "c"])] == [True, False, True]


def test_it_holds_no_more_than_it_may():
    memory = Memory(most_bytes=10_000)
    for start in range(0, 10_000, 100):
        memory.keep([str(number) for number in range(start, start + 100)], np.zeros((100, 4)))
    assert len(memory) == 10_000 // (4 * 8 + 250)


def test_a_row_does_not_hold_its_batch():
    memory = Memory()
    memory.keep(["a"], np.zeros((1000, 4))[:1])
    assert memory.lookup(["a"])[0].base is None


@given(st.lists(st.text(max_size=3), min_size=2, max_size=2), st.lists(st.text(max_size=3), min_size=2, max_size=2))
def test_digests_tell_pairs_and_texts_apart(one, other):
    first, second, text = digests([tuple(one), tuple(other), "".join(one)])
    assert (first == second) == (one == other)
    assert first != text


def test_another_memory_takes_over_what_one_held():
    memory = Memory()
    memory.keep(["a", "b", ("a", "b")], np.array([[1.0], [2.0], [3.0]]))
    small = Memory(most_bytes=2 * (8 + 250))
    small.refill(memory.contents())
    assert [row if row is None else row.tolist() for row in small.lookup(["a", "b", ("a", "b")])] == [
        None,  # the oldest one
        [2.0],
        [3.0],
    ]


def test_rows_of_several_lengths_survive_a_file():
    memory, other = Memory(), Memory()
    memory.keep(["a", "b"], [np.array([1, 2, 3], dtype=np.uint32), np.array([4], dtype=np.uint32)])
    other.refill(memory.contents())
    assert [row.tolist() for row in other.lookup(["a", "b"])] == [[1, 2, 3], [4]]


def test_what_a_model_does_not_read_tells_no_text_from_another():
    memory = Memory(characters=3)
    memory.keep(["abcd"], np.array([[1.0]]))
    assert memory.lookup(["abcX"])[0].tolist() == [1.0] and memory.lookup(["abX"]) == [None]


def test_an_empty_memory_gives_nothing_to_take_over():
    memory = Memory()
    memory.refill(Memory().contents())
    assert len(memory) == 0


def test_what_is_known_already_stays():
    memory, other = Memory(), Memory()
    memory.keep(["a"], np.array([[1.0]]))
    other.keep(["a"], np.array([[2.0]]))
    memory.refill(other.contents())
    assert memory.lookup(["a"])[0].tolist() == [1.0]
