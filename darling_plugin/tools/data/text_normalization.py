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
_LATEX = re.compile(r"\\[a-zA-Z]+|\\.|\$+|\s+|[^\W\d_]+|.", re.DOTALL)
_GAP = re.compile(r"\$+|\s+|\\[ ,;:!]")

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
    r"""Equal for texts that differ in looks only: never for two different problems.

    Looks are: spaces beside signs and commands, dollars, \dfrac for \frac, \left, \text, braces around one character,
    and the case of words of two letters or more outside dollars. So \frac{11}{2} is not \frac{1}{12}, "1 1/2" is not
    "11/2", and neither N nor \Delta is written small.
    """
    found = _LATEX.findall(_FRACTION.sub(r"\\frac", _LOOK.sub(" ", text)))
    kept, math = [], False
    for token in found:
        math ^= token.startswith("$")
        kept.append(token if math or len(token) < 2 or token.startswith("\\") else token.casefold())
    return _joined(_without_needless_braces(kept))


def _without_needless_braces(found: list[str]) -> list[str]:
    """`{x}` is `x`: LaTeX takes one character for an argument. Not before a digit, as many read 2^13 as 2^{13}."""
    before: list[str] = []
    while before != found:
        before, found, at = found, [], 0
        while at < len(before):
            if before[at] == "{" and at + 2 < len(before) and before[at + 2] == "}" and _is_one(before[at + 1]):
                after = before[at + 3] if at + 3 < len(before) else ""
                if not after.isdigit():
                    found.append(before[at + 1])
                    at += 3
                    continue
            found.append(before[at])
            at += 1
    return found


def _is_one(token: str) -> bool:
    return token.startswith("\\") or (len(token) == 1 and token not in "{}$" and not token.isspace())


def _joined(found: list[str]) -> str:
    """The tokens, with a space only where two words, numbers or a command and a word would run together."""
    text, gap = "", False
    for token in found:
        if _GAP.fullmatch(token):
            gap = True
            continue
        if gap and text[-1:].isalnum() and token[:1].isalnum():
            text += " "
        text += f"{token} " if token[1:].isalpha() and token.startswith("\\") else token
        gap = False
    return text


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
