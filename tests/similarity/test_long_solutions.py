"""The shipped classifier on long solutions, whose openings are longer than one chunk of what it reads."""

import pytest
from long_solutions import BARS, BARS_AGAIN, CASES, OPENING, OTHER_OPENING

from darling_plugin.similarity import ClassifierSimilarity
from darling_plugin.similarity.text import read_text


def thinking(opening: str, solution: str) -> str:
    return f"<think>{opening}</think>{solution}"


PAIRS = {
    "same opening, different methods": (thinking(OPENING, BARS), thinking(OPENING, CASES)),
    "different openings, same method": (thinking(OPENING, BARS), thinking(OTHER_OPENING, BARS)),
    "different openings, same method in other words": (thinking(OPENING, BARS), thinking(OTHER_OPENING, BARS_AGAIN)),
}


@pytest.fixture(scope="module")
def shipped():
    return ClassifierSimilarity(device="cpu")


def test_the_answer_decides_and_not_the_opening(shipped):
    p = {}
    for name, pair in PAIRS.items():
        first, second = read_text(pair, "answer")
        p[name] = float(shipped([(first, second)])[0])
    assert p["same opening, different methods"] < shipped.default_threshold
    assert p["different openings, same method"] > shipped.default_threshold
    assert p["same opening, different methods"] < p["different openings, same method in other words"]


def test_the_order_is_right_for_whole_texts_too(shipped):
    other, same, again = shipped(
        [
            (OPENING + BARS, OPENING + CASES),
            (OPENING + BARS, OTHER_OPENING + BARS),
            (OPENING + BARS, OTHER_OPENING + BARS_AGAIN),
        ]
    )
    assert other < again < same
