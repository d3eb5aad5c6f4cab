from hypothesis import given
from hypothesis import strategies as st

from darling_plugin.similarity.classifier.batches import by_length


def test_the_longest_first_within_the_budget():
    # 5 alone would take two of it: 10 > 9. Then 3 × 3 = 9, and the fourth opens a batch: 2 × 2 ≤ 9.
    assert by_length([3, 5, 3, 3, 2, 1], budget=9) == [[1], [0, 2, 3], [4, 5]]


def test_a_row_over_the_budget_is_alone_and_no_rows_are_no_batches():
    assert by_length([50, 1], budget=9) == [[0], [1]]
    assert by_length([], budget=9) == []
    assert by_length([0, 0], budget=9) == [[0, 1]]


@given(st.lists(st.integers(0, 40)), st.integers(1, 100))
def test_every_row_once_and_no_batch_over_the_budget(lengths, budget):
    batches = by_length(lengths, budget)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget for batch in batches)
