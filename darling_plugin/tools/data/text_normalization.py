r"""The words of a text, for comparing texts; and whether a text is English.

Words are runs of letters and digits, case folded: punctuation, spaces, dollars and braces play no part, and LaTeX that
only changes the look (\left, \dfrac for \frac, \text) neither. "$\dfrac{1}{2}x$" is: frac 1 2 x.
"""

from __future__ import annotations

import re

_LOOK = re.compile(r"\\(?:left|right|displaystyle|text(?:bf|it|rm)?|math(?:rm|bf|it)|operatorname|q?quad)(?![a-zA-Z])")
_FRACTION = re.compile(r"\\[dt]frac(?![a-zA-Z])")
_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"[^\W_]+|[-+*/^=<>|]")
_NO_MATTER = re.compile(r"[\s$\\{}]+")

# The commonest words of English running text. Any prose of twenty words has several; a table or a formula has none.
_COMMON = """
    the of and to in a is that for it as with are on be this by an at or from which have was not you i what how if
    your my can we they all so but one has had will do did me he she his her about when who their there would its
    than more many some after each write find
"""
COMMON = frozenset(_COMMON.split())
LEAST_LATIN = 0.9  # of the letters
LEAST_COMMON = 0.08  # of the words, in a text of at least ENOUGH words
ENOUGH = 20


def words(text: str) -> list[str]:
    """In order, case folded."""
    return _WORD.findall(_FRACTION.sub(r"\\frac", _LOOK.sub(" ", text)).casefold())


def tokens(text: str) -> list[str]:
    """The words, and between them the signs of formulas: θ = π is not θ = −π."""
    return _TOKEN.findall(_FRACTION.sub(r"\\frac", _LOOK.sub(" ", text)).casefold())


def key(text: str) -> str:
    """Equal for texts that differ in case, spaces, dollars, braces, or LaTeX's looks only; signs and digits count."""
    return _NO_MATTER.sub("", _FRACTION.sub(r"\\frac", _LOOK.sub("", text)).casefold())


def is_english(text: str) -> bool:
    """Whether a text reads as English: Latin letters, and common English words where it is long enough to tell.

    A rule of thumb for files whose source names no language; LaTeX commands and formulas count as Latin. A text
    without any letter is of no language, and passes.
    """
    letters = [char for char in text if char.isalpha()]
    if letters and sum(char.isascii() for char in letters) < LEAST_LATIN * len(letters):
        return False
    spoken = [word for word in words(re.sub(r"\$[^$]*\$|\\[a-zA-Z]+", " ", text)) if word.isalpha()]
    return len(spoken) < ENOUGH or sum(word in COMMON for word in spoken) >= LEAST_COMMON * len(spoken)
