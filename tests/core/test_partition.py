import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from darling_plugin import partition
from darling_plugin.core import find_partition
from darling_plugin.errors import InputError


def no_rule(responses, uid, similarity, **options):
    return find_partition(responses, uid, similarity, short_text_rule=False, **options)


def test_classes_are_numbered_by_first_appearance_within_each_uid(similarity_saying_yes_to):
    # p holds a, b, c with b ~ c; q holds x, y with x ~ y. Rows interleaved: a0 x0 b1 y0 c1.
    similarity = similarity_saying_yes_to(["bc", "xy"])
    labels = partition(["a", "x", "b", "y", "c"], ["p", "q", "p", "q", "p"], similarity, short_text_rule=False)
    assert labels.tolist() == [0, 0, 1, 0, 1]
    assert labels.dtype == np.int64


def test_closure_joins_what_no_verdict_joined(similarity_saying_yes_to):
    # a ~ b and b ~ c, while the similarity denies a ~ c: one class all the same.
    assert no_rule(list("abc"), ["p"] * 3, similarity_saying_yes_to(["ab", "bc"])).labels.tolist() == [0, 0, 0]


def test_equivalent_means_strictly_above_the_threshold():
    def similarity(pairs):
        return [0.5] * len(pairs)

    assert partition(["a b c d e f", "g"], [0, 0], similarity, threshold=0.5).tolist() == [0, 1]
    assert partition(["a b c d e f", "g"], [0, 0], similarity, threshold=0.49).tolist() == [0, 0]


def test_incorrect_responses_are_left_out_and_never_asked_about(similarity_of):
    similarity = similarity_of(lambda a, b: True)
    found = no_rule(list("abcd"), [0] * 4, similarity, correct=[True, False, True, False])
    assert found.labels.tolist() == [0, -1, 0, -1]
    assert similarity.asked == [("a", "c")]
    assert (found.scored, found.skipped) == (1, 0)


@pytest.mark.parametrize(
    ("n", "classes", "asked", "rounds"),
    [
        # All distinct: every pair. A "no" settles only itself.
        (8, [8 * [1]], 28, 4),
        (16, [16 * [1]], 120, 5),
        (64, [64 * [1]], 2016, 7),
        # All the same: the first pivot against each other one.
        (8, [[8]], 7, 1),
        (16, [[16]], 15, 1),
        (64, [[64]], 63, 1),
        # Two halves of m: all m² cross pairs and m − 1 inside each. m = 4: 16 + 6; m = 8: 64 + 14; m = 32: 1024 + 62.
        (8, [[4, 4]], 22, 4),
        (16, [[8, 8]], 78, 5),
        (64, [[32, 32]], 1086, 7),
        # Half in one class of m, the others alone: all pairs less (m−1)(m−2)/2 inside: 28−3, 120−21, 2016−465.
        (8, [[4], 4 * [1]], 25, 4),
        (16, [[8], 8 * [1]], 99, 5),
        (64, [[32], 32 * [1]], 1551, 7),
    ],
)
def test_questions_asked(similarity_of, n, classes, asked, rounds):
    sizes = list(itertools.chain.from_iterable(classes))
    texts = [f"{name}-{copy}" for name, size in enumerate(sizes) for copy in range(size)]
    similarity = similarity_of(lambda a, b: a.split("-")[0] == b.split("-")[0])
    found = no_rule(texts, [0] * n, similarity)
    assert np.bincount(found.labels).tolist() == sizes
    assert (found.scored, found.rounds, found.skipped) == (asked, rounds, n * (n - 1) // 2 - asked)
    assert (len(similarity.asked), len(similarity.calls)) == (asked, rounds)


def test_a_round_is_one_call_for_all_groups(similarity_of):
    similarity = similarity_of(lambda a, b: True)
    uid = [row % 10 for row in range(80)]
    found = no_rule([f"text {row}" for row in range(80)], uid, similarity)
    assert [len(call) for call in similarity.calls] == [10 * 7]
    assert (found.scored, found.skipped, found.rounds) == (70, 10 * 21, 1)


def test_nothing_to_ask(similarity_of):
    similarity = similarity_of(lambda a, b: True)
    assert partition([], [], similarity).shape == (0,)
    assert partition(["only"], ["p"], similarity).tolist() == [0]
    assert partition(["a", "b"], ["p", "q"], similarity).tolist() == [0, 0]
    assert partition(["a", "b"], [0, 0], similarity, correct=[False, False]).tolist() == [-1, -1]
    assert similarity.calls == []


class TestIdenticalResponses:
    def test_are_put_to_the_similarity_once(self, similarity_of):
        similarity = similarity_of(lambda a, b: True)
        found = no_rule(["x"] * 8, [0] * 8, similarity)
        assert similarity.asked == [("x", "x")]
        assert found.labels.tolist() == [0] * 8
        assert (found.scored, found.skipped) == (1, 27)

    def test_are_as_distinct_as_the_similarity_says(self, similarity_of):
        # A similarity that denies x ~ x: every copy is a class, as asking every pair would give.
        assert no_rule(["x", "y", "x"], [0] * 3, similarity_of(lambda a, b: False)).labels.tolist() == [0, 1, 2]

    def test_are_joined_by_a_third(self, similarity_saying_yes_to):
        assert no_rule(["x", "y", "x"], [0] * 3, similarity_saying_yes_to(["xy"])).labels.tolist() == [0, 0, 0]

    def test_of_two_prompts_are_asked_about_in_each(self, similarity_of):
        similarity = similarity_of(lambda a, b: False)
        no_rule(["x", "y", "x", "y"], [0, 0, 1, 1], similarity)
        assert similarity.asked == [("x", "y"), ("x", "y")]


@pytest.mark.parametrize(
    ("a", "b", "equivalent", "why"),
    [
        ("", "", True, "0 ≥ 0"),
        ("", "word", False, "0 < 1"),
        (" Yes ", "yes", True, "case and outer space do not count"),
        ("a b c d", "a b x y", True, "two shared, 4 ≥ 4"),
        ("a b c d e", "a b x y z", False, "two shared, 4 < 5"),
        ("a a a", "a a a", False, "one distinct word shared, 2 < 3"),
        ("a\tb\nc  d e ", "a b c", True, "any whitespace separates"),
    ],
)
def test_short_texts_never_reach_the_similarity(similarity_of, a, b, equivalent, why):
    similarity = similarity_of(lambda a, b: not equivalent)
    labels = partition([a, b], [0, 0], similarity)
    assert (labels[0] == labels[1]) == equivalent, why
    assert similarity.calls == []


def test_a_short_and_a_long_text_reach_the_similarity(similarity_of):
    similarity = similarity_of(lambda a, b: True)
    long = "one two three four five six"
    assert partition(["one", long], [0, 0], similarity).tolist() == [0, 0]
    assert similarity.asked == [("one", long)]


@st.composite
def batches(draw):
    """Copies, several prompts and a random symmetric relation, transitive or not, with x ~ x or without."""
    words = [f"w{number}" for number in range(9)]
    responses = draw(st.lists(st.sampled_from(words), max_size=24))
    uid = draw(st.lists(st.integers(0, 2), min_size=len(responses), max_size=len(responses)))
    pairs = list(itertools.combinations_with_replacement(words, 2))
    yes = frozenset(draw(st.lists(st.sampled_from(pairs), max_size=12)))
    correct = draw(st.none() | st.lists(st.booleans(), min_size=len(responses), max_size=len(responses)))
    return responses, uid, yes, correct


class Relation:
    def __init__(self, yes):
        self.yes = yes
        self.asked = []

    def says(self, a, b):
        return (a, b) in self.yes or (b, a) in self.yes

    def __call__(self, pairs):
        self.asked += pairs
        return np.array([self.says(a, b) for a, b in pairs], dtype=float)


class Reflexive(Relation):
    def says(self, a, b):
        return a == b or super().says(a, b)


def closure_of_all_pairs(responses, uid, correct, says):
    """The reference: SciPy's connected components over every pair of rows, relabeled within each uid."""
    n = len(responses)
    inside = [True] * n if correct is None else correct
    graph = np.zeros((n, n))
    for i, j in itertools.combinations(range(n), 2):
        graph[i, j] = uid[i] == uid[j] and inside[i] and inside[j] and says(responses[i], responses[j])
    components = connected_components(graph, directed=False)[1] if n else []
    names = {}
    labels = []
    for row in range(n):
        own = names.setdefault(uid[row], {})
        labels.append(own.setdefault(components[row], len(own)) if inside[row] else -1)
    return labels


@given(batches())
@settings(max_examples=300, deadline=None)
def test_lazy_equals_the_closure_of_all_pairs(batch):
    responses, uid, yes, correct = batch
    lazy, every = Relation(yes), Relation(yes)
    found = no_rule(responses, uid, lazy, correct=correct)
    whole = no_rule(responses, uid, every, correct=correct, skip_implied=False)
    expected = closure_of_all_pairs(responses, uid, correct, lazy.says)
    assert found.labels.tolist() == whole.labels.tolist() == expected
    assert found.scored <= whole.scored == found.scored + found.skipped - whole.skipped
    assert whole.rounds <= 1


SHORT_AND_LONG = ["", "a", "a b", "b A", "a a a", "b c d e f", "a b c d e f", "b c d e f g", "c d e f g h"]


@given(batches())
@settings(max_examples=150, deadline=None)
def test_the_short_text_rule_takes_the_place_of_the_similarity_pair_by_pair(batch):
    numbers, uid, yes, _ = batch
    responses = [SHORT_AND_LONG[int(number[1:])] for number in numbers]
    similarity = Relation({(SHORT_AND_LONG[int(a[1:])], SHORT_AND_LONG[int(b[1:])]) for a, b in yes})

    def says(a, b):
        first, second = a.lower().split(), b.lower().split()
        longer = max(len(first), len(second))
        return 2 * len(set(first) & set(second)) >= longer if longer <= 5 else similarity.says(a, b)

    assert partition(responses, uid, similarity).tolist() == closure_of_all_pairs(responses, uid, None, says)
    assert all(max(len(a.split()), len(b.split())) > 5 for a, b in similarity.asked)


@given(batches())
@settings(max_examples=150, deadline=None)
def test_a_pair_of_texts_is_asked_at_most_once_and_never_across_prompts(batch):
    responses, uid, yes, _ = batch
    tagged = [f"{name}:{text}" for name, text in zip(uid, responses, strict=True)]
    similarity = Relation({(f"{name}:{a}", f"{name}:{b}") for name in range(3) for a, b in yes})
    found = no_rule(tagged, uid, similarity)
    assert all(a.split(":")[0] == b.split(":")[0] for a, b in similarity.asked)
    assert len({frozenset(pair) for pair in similarity.asked}) == len(similarity.asked) == found.scored
    assert all(tagged.index(a) <= tagged.index(b) for a, b in similarity.asked), "the earlier text comes first"


@given(batches(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_shuffling_the_batch_shuffles_the_classes(batch, random):
    responses, uid, yes, _ = batch
    order = list(range(len(responses)))
    random.shuffle(order)
    labels = no_rule(responses, uid, Relation(yes)).labels
    shuffled = no_rule([responses[row] for row in order], [uid[row] for row in order], Relation(yes)).labels
    for (new_i, i), (new_j, j) in itertools.combinations(enumerate(order), 2):
        if uid[i] == uid[j]:
            assert (labels[i] == labels[j]) == (shuffled[new_i] == shuffled[new_j])


def test_uid_may_be_an_array_of_anything_hashable(similarity_of):
    similarity = similarity_of(lambda a, b: True)
    for uid in (np.array([3, 3]), np.array(["p", "p"]), np.array(["p", "p"], dtype=object), [("p", 1), ("p", 1)]):
        assert no_rule(["a", "b"], uid, similarity).labels.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([0.1], r"`similarity` must return one probability per pair, shape \(2,\) for 2 pairs; got shape \(1,\)"),
        ([[0.1], [0.2]], r"got shape \(2, 1\)"),
        ([0.1, float("nan")], r"`similarity` must return probabilities in \[0, 1\]; got nan for pair 1 of 2 \(1 are"),
        ([1.5, -0.1], r"got 1.5 for pair 0 of 2 \(2 are wrong\)"),
        ("no", r"`similarity` must return one probability per pair, got str"),
        (None, r"`similarity`"),
    ],
)
def test_a_similarity_must_give_one_probability_per_pair(answer, message):
    with pytest.raises(InputError, match=message):
        no_rule(["a", "b", "c"], [0, 0, 0], lambda pairs: answer)


def test_an_error_of_the_similarity_rises():
    def similarity(pairs):
        raise RuntimeError("server gone")

    with pytest.raises(RuntimeError, match="server gone"):
        no_rule(["a", "b"], [0, 0], similarity)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((["a", "b"], [0]), {}, "`uid` has 1 entries and `responses` has 2"),
        (("ab", [0, 0]), {}, "`responses` must be a sequence of strings, got one string"),
        ((["a", 3], [0, 0]), {}, r"`responses\[1\]` must be a string, got int: 3"),
        ((["a"], [[1]]), {}, "`uid` must hold one hashable per response: unhashable type: 'list'"),
        ((["a"], "p"), {}, "`uid` must be a sequence .* got one string"),
        ((["a"], [0]), {"threshold": 1.1}, r"`threshold` must be in \[0, 1\], got 1.1"),
        ((["a"], [0]), {"threshold": float("nan")}, "`threshold` must be a finite number"),
        ((["a"], [0]), {"threshold": "0.5"}, "`threshold` must be a finite number, got '0.5'"),
        ((["a"], [0]), {"correct": [0.3]}, r"`correct` must be booleans of shape \(1,\), got float64"),
        ((["a"], [0]), {"correct": [1]}, "`correct` must be booleans"),
        ((["a"], [0]), {"correct": [True, False]}, "`correct` has 2 entries and `responses` has 1"),
        ((["a"], [0]), {"short_text_rule": "yes"}, "`short_text_rule` must be one of form, authors, none; got 'yes'"),
    ],
)
def test_wrong_arguments_are_named(arguments, options, message):
    with pytest.raises(InputError, match=message):
        partition(*arguments, lambda pairs: [0.0] * len(pairs), **options)


def test_strategies_are_named():
    with pytest.raises(InputError, match="`strategy` must be one of exact, representatives; got 'fast'"):
        find_partition(["a"], [0], lambda pairs: [], strategy="fast")


@given(batches(), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=150, deadline=None)
def test_verdicts_given_before_are_not_asked_again_and_change_nothing(batch, random, rule):
    responses, uid, yes, _ = batch
    fresh = find_partition(responses, uid, Relation(yes), short_text_rule=rule)
    relation, rest, known = Relation(yes), Relation(yes), {}

    def lookup(pairs):
        return [known.setdefault(p, random.choice([float("nan"), float(relation.says(*p))])) for p in pairs]

    found = find_partition(responses, uid, rest, short_text_rule=rule, lookup=lookup)
    assert found.labels.tolist() == fresh.labels.tolist()
    assert all(np.isnan(known[pair]) for pair in rest.asked)


def test_all_known_asks_nothing(similarity_saying_yes_to):
    similarity = similarity_saying_yes_to(["ab"])
    found = no_rule(list("abc"), [0] * 3, similarity, lookup=lambda pairs: [float(p == ("a", "b")) for p in pairs])
    assert (found.labels.tolist(), found.scored, found.looked_up, found.skipped) == ([0, 0, 1], 0, 3, 3)


def test_representatives_ask_about_one_member_of_each_class(similarity_of):
    # Two classes of 4. Texts 2 … 4 meet one representative (3 questions); text 5 too, and opens the second class (1);
    # texts 6 … 8 meet both (6): 10, where the exact partition asks 22.
    texts = [f"{name}-{copy}" for name in "xy" for copy in range(4)]
    similarity = similarity_of(lambda a, b: a[0] == b[0])
    found = no_rule(texts, [0] * 8, similarity, strategy="representatives")
    assert (found.labels.tolist(), found.scored, found.skipped) == ([0] * 4 + [1] * 4, 10, 18)


def test_representatives_miss_a_link_between_members(similarity_saying_yes_to):
    # a ~ c, b ~ d, c ~ d: one class. c joins a and d joins b, and the link between c and d is never asked about.
    similarity = similarity_saying_yes_to(["ac", "bd", "cd"])
    assert no_rule(list("abcd"), [0] * 4, similarity).labels.tolist() == [0] * 4
    assert no_rule(list("abcd"), [0] * 4, similarity, strategy="representatives").labels.tolist() == [0, 1, 0, 1]


def test_a_text_may_join_the_classes_of_two_representatives(similarity_saying_yes_to):
    similarity = similarity_saying_yes_to(["ac", "bc"])
    assert no_rule(list("abcd"), [0] * 4, similarity, strategy="representatives").labels.tolist() == [0, 0, 0, 1]


@given(batches(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_representatives_never_join_what_the_exact_partition_parts(batch, rule):
    responses, uid, yes, _ = batch
    exact = find_partition(responses, uid, Reflexive(yes), short_text_rule=rule)
    found = find_partition(responses, uid, Reflexive(yes), short_text_rule=rule, strategy="representatives")
    for i, j in itertools.combinations(range(len(uid)), 2):
        if uid[i] == uid[j] and found.labels[i] == found.labels[j]:
            assert exact.labels[i] == exact.labels[j]
    assert found.scored <= exact.scored + found.skipped
