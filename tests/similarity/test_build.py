import pytest

from darling_plugin.errors import ConfigError
from darling_plugin.similarity import (
    SIMILARITIES,
    CallableSimilarity,
    EmbeddingSimilarity,
    LexicalSimilarity,
    build_similarity,
)


def test_every_judge_is_built_by_its_name():
    assert type(build_similarity("lexical")) is LexicalSimilarity
    assert type(build_similarity("embedding")) is EmbeddingSimilarity
    assert type(build_similarity("callable", function="operator:itemgetter")) is CallableSimilarity
    assert list(SIMILARITIES) == ["classifier", "cascade", "judge", "embedding", "lexical", "callable"]


def test_options_reach_the_judge():
    assert build_similarity("lexical", n=3).n == 3
    embedding = build_similarity("embedding", model="some/name", device="cpu", batch_size=7)
    assert (embedding.model, embedding.device, embedding.batch_size) == ("some/name", "cpu", 7)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("bleu", {}, "must be one of classifier, cascade, judge, embedding, lexical, callable; got 'bleu'"),
        ("lexical", {"model": "m"}, "`darling.similarity.model` has no effect on 'lexical'; it takes n"),
        ("embedding", {"function": "m:f"}, "`darling.similarity.function` has no effect on 'embedding'"),
        ("lexical", {"size": 3}, "`darling.similarity.size` has no effect on 'lexical'"),
        ("callable", {}, "`darling.similarity.function` must be set for 'callable'"),
    ],
)
def test_wrong_settings_are_named(name, options, message):
    with pytest.raises(ConfigError, match=message):
        build_similarity(name, **options)
