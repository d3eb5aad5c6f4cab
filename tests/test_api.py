"""The public functions, as a user calls them."""

import numpy as np
import pytest

import darling_plugin
from darling_plugin import fuse_rewards, group_advantages, load_similarity, partition, partition_diversity
from darling_plugin.errors import ConfigError, InputError


class Half:
    """P = 0.5 for every pair."""

    default_threshold = 0.6
    short_text_rule = False

    def __call__(self, pairs):
        return [0.5] * len(pairs)


def test_three_lines_from_texts_to_advantages():
    labels = partition(["a red car", "a red car", "one blue boat"], ["p"] * 3, "lexical")
    rewards = fuse_rewards([1.0, 1.0, 1.0], partition_diversity(labels, ["p"] * 3), ["p"] * 3)
    # d = 1/2, 1/2, 1; mean 2/3
    np.testing.assert_allclose(group_advantages(rewards, ["p"] * 3), [-1 / 6, -1 / 6, 1 / 3])


def test_a_similaritys_own_threshold_and_rule_are_used_unless_told():
    texts, uid = ["x", "y"], [0, 0]
    assert partition(texts, uid, Half()).tolist() == [0, 1]  # 0.5 is not above 0.6
    assert partition(texts, uid, Half(), threshold=0.4).tolist() == [0, 0]
    assert partition(texts, uid, Half(), threshold=0.4, short_text_rule=True).tolist() == [0, 1]  # no shared word


def test_a_plain_callable_has_the_authors_rule_and_one_half():
    assert partition(["x", "y"], [0, 0], lambda pairs: [0.9] * len(pairs)).tolist() == [0, 1]  # by the rule
    long = ["one two three four five six", "seven eight nine ten eleven twelve"]
    assert partition(long, [0, 0], lambda pairs: [0.5] * len(pairs)).tolist() == [0, 1]
    assert partition(long, [0, 0], lambda pairs: [0.51] * len(pairs)).tolist() == [0, 0]


def test_only_the_correct_ones():
    assert partition(["a", "a", "b"], [0] * 3, "lexical", correct=[True, False, True]).tolist() == [0, -1, 1]


@pytest.mark.parametrize("wrong", [None, 3, ["lexical"], object()])
def test_a_wrong_similarity_is_named(wrong):
    with pytest.raises(InputError, match=rf"`similarity` must be a name such as 'classifier'.*{type(wrong).__name__}"):
        partition(["a"], [0], wrong)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigError, match="must be one of classifier, cascade, judge, embedding, lexical, callable"):
        load_similarity("clasifier")


def test_the_embeddings_own_threshold():
    # 0.89: Rome is near Kyoto (above 0.5), and another answer.
    texts = [
        "I would travel to Kyoto in the spring.",
        "I'd go to Kyoto in spring.",
        "I would travel to Rome in the spring.",
    ]
    assert partition(texts, [0] * 3, "embedding").tolist() == [0, 0, 1]


def test_every_public_name_is_there():
    for name in darling_plugin.__all__:
        assert getattr(darling_plugin, name)
