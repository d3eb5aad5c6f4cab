"""Filters of one item: what each drops, and what it must leave."""

import pytest

from darling_plugin.tools.data import checks
from darling_plugin.tools.data.item import Item
from darling_plugin.tools.data.text_normalization import is_english, key, tokens, words


def said(text, **more):
    return Item("x-1", text, **more)


@pytest.mark.parametrize("text", ["", " \n\t ", "a\x00b", "half a pair \ud83d", "a bell \x07", "rub out \x7f"])
def test_text_that_no_file_should_hold(text):
    assert checks.text(said(text)) in {"empty", "control characters or broken Unicode"}


def test_text_as_people_write_it():
    assert checks.text(said("Line one,\n\tline two: naïve 😀 \\frac{1}{2}\r\n")) is None


def test_broken_answers_and_ids_count_as_well():
    assert checks.text(said("fine", answer="1\x00")) is not None
    assert checks.text(Item("x-\ud83d", "fine")) is not None


def test_flags():
    assert checks.flags(said("fine")) is None
    assert checks.flags(said("not fine", flags=("toxic", "redacted"))) == "toxic and redacted"


def test_length_is_inclusive():
    why_not = checks.length(3, 5)
    assert [why_not(said("x" * size)) for size in (2, 3, 5, 6)] == [
        "under 3 characters", None, None, "over 5 characters",
    ]  # fmt: skip
    assert why_not(said("x" * 2**20)) == "over 5 characters"


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("Write a poem about the sea.", True),
        (
            "Dave had 15 apps on his phone. He added 71 new apps. After deleting some he had 14 left. How many more?",
            True,
        ),
        (r"Find $\int_0^1 x^2 \, dx$ where $\alpha = \beta$.", True),
        ("x = 3", True),
        ("1 2 3", True),
        ("芳芳买了一本书有99页，看了90页，她还剩多少页没有看？", False),
        ("Напиши стихотворение о море", False),
        ("Write this: 芳芳买了一本书有九十九页看了九十页她还剩多少页没有看", False),
        (
            "Schreibe eine Geschichte über einen Hund, der in einem kleinen Dorf lebt und jeden Tag zum Meer läuft, um "
            "dort auf seinen Freund zu warten.",
            False,
        ),
        (
            "Escribe un cuento corto sobre una niña que encuentra un dragón en el bosque y decide llevarlo a su casa "
            "para que conozca a su familia.",
            False,
        ),
    ],
)
def test_language_of_the_words(text, english):
    assert is_english(text) is english
    assert (checks.language(said(text)) is None) is english


def test_the_sources_own_word_on_language_counts_more():
    assert checks.language(said("Напиши", language="English")) is None
    assert checks.language(said("Write a poem.", language="Latin")) == "marked Latin"


@pytest.mark.parametrize(
    "text",
    [
        "What is the area of the triangle in the figure?",
        "As shown, two circles meet.",
        "The diagram below has six squares.",
        "Use the graph shown to find f(2).",
        "In the following diagram, AB = 3.",
        "![](https://example.org/a.png) Find x.",
        "See https://example.org/figure.PNG and find x.",
        "The cube pictured on the right is cut.",
    ],
)
def test_figures_that_are_not_there(text):
    assert checks.figures(said(text)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "How many six-figure numbers are there?",
        "Find the image of the set under f.",
        "Figure out how many ways there are.",
        "Sketch the graph of f and find its area.",
        "Two minor arcs, as shown. [asy] draw((0,0)--(1,1)); [/asy]",
        "It can be shown that x = 3.",
        "The first rows of the array are shown below.\n1\n1 1\n1 3 1\nWhat is the sum of the tenth row?",
        "The numbers are placed as shown: | 1 | 2 |",
    ],
)
def test_figures_that_nobody_misses(text):
    assert checks.figures(said(text)) is None


def test_words_are_what_two_spellings_share():
    assert words(r"Let $\dfrac{1}{2}x$ be  LEFT.") == ["let", "frac", "1", "2", "x", "be", "left"]
    assert words(r"\left( x \right)") == ["x"]
    assert words(r"\leftarrow") == ["leftarrow"]  # another command that begins alike
    assert words("") == []


def test_keys_keep_what_makes_another_problem():
    assert key(r"Find $\frac{1}{2}$ of  x") == key(r"find \dfrac12 of x")
    assert key("2 + 3") != key("2 - 3")
    assert key("1.5") != key("15")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"Find $\frac{11}{2}+1$.", r"Find $\frac{1}{12}+1$."),
        (r"Find $2^{13}$.", r"Find $2^{1}3$."),
        (r"Find $\binom{10}{2}$.", r"Find $\binom{1}{02}$."),
        (r"Find $a_{12}$.", r"Find $a_{1}2$."),
        ("Find 2^13.", "Find 2^{1}3."),
        ("Find 1 1/2 of 6.", "Find 11/2 of 6."),
        ("Add 3 5 and 7.", "Add 35 and 7."),
        ("Add $3$ $5$.", "Add $35$."),
        (r"Find $\Delta$.", r"Find $\delta$."),
        ("Find $N$ for n = 2.", "Find $n$ for n = 2."),
        (r"Find $\sqrt{xy}$.", r"Find $\sqrt{x}y$."),
        (r"Find $e^{ab}$.", r"Find $e^{a}b$."),
    ],
)
def test_two_problems_are_never_one(one, other):
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"Find $\frac{1}{2}$.", r"FIND $\dfrac 12$."),
        (r"Find $x^{2}+y$.", r"Find  $x^2 + y$ ."),
        (r"Find $\left( x \right)$.", r"Find $(x)$."),
        (r"Find $\sqrt{x}$", r"Find $\sqrt x$"),
        ("How many   apples are\nthere?", "how many apples are there?"),
        (r"Find $3\,x$.", r"Find $3 x$."),
    ],
)
def test_looks_make_no_other_problem(one, other):
    assert key(one) == key(other)


def test_tokens_keep_signs():
    assert tokens("x = -3^2") == ["x", "=", "-", "3", "^", "2"]
