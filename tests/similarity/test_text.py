import numpy as np
import pytest

from darling_plugin.config import parse_settings
from darling_plugin.errors import ConfigError, SimilarityError
from darling_plugin.rollouts import Rollouts
from darling_plugin.similarity.text import MARK, read_text
from darling_plugin.step import Step


def shouted(texts):
    return [text.upper() for text in texts]


def one_too_few(texts):
    return texts[1:]


@pytest.mark.parametrize(
    ("setting", "text", "read"),
    [
        ("whole", "<think>a</think>b", "<think>a</think>b"),
        ("answer", "<think>a</think>\n b ", "b"),
        ("answer", "a</think>b</think>c", "c"),  # the last one
        ("answer", "never closed", "never closed"),
        ("answer", "all thought</think> ", "all thought</think> "),  # nothing follows
        ("head_tail", "short", "short"),
        ("test_text:shouted", "a", "A"),
    ],
)
def test_what_is_read(setting, text, read):
    assert read_text([text], setting) == [read]


def test_head_and_tail_are_as_much_as_the_model_reads():
    # 6 tokens are 12 characters here: six of each end.
    assert read_text(["abcdefghijklmnop", "abcdefghijkl"], "head_tail", max_tokens=6) == [
        f"abcdef{MARK}klmnop",
        "abcdefghijkl",
    ]


def test_settings_that_name_nothing_are_errors():
    for setting in ("tail", "no_such_module:f"):
        with pytest.raises(ConfigError, match=r"darling\.similarity\.text"):
            read_text(["a"], setting)
    with pytest.raises(ConfigError, match=r"darling\.similarity\.text"):
        parse_settings({"similarity": {"text": "tail", "name": "lexical"}}).similarity.build()


def test_a_function_that_loses_a_text_is_an_error():
    with pytest.raises(SimilarityError, match="must return 2 texts for 2 texts"):
        read_text(["a", "b"], "test_text:one_too_few")


def test_a_step_compares_what_is_read_and_nothing_else():
    # The answers are equal, the thoughts are not: one class of two, by the answers alone.
    texts = ["<think>apples pears</think>the sum is six", "<think>count with fingers</think>the sum is six"]
    settings = {"similarity": {"name": "lexical", "short_text_rule": False}}
    labels = {}
    for setting in ("whole", "answer"):
        step = Step(parse_settings({"similarity": settings["similarity"] | {"text": setting}}))
        labels[setting] = step(Rollouts(texts, np.array(["p", "p"]), [1.0, 1.0])).labels.tolist()
    assert labels == {"whole": [0, 1], "answer": [0, 0]}
