"""Which Countdown responses are the same solution: an exact similarity, so no classifier is needed.

Use it as the similarity `darling_plugin.countdown.similarity:equivalent`.
"""

from __future__ import annotations

from darling_plugin.countdown.task import parse


def equivalent(pairs: list[tuple[str, str]]) -> list[float]:
    """P(equivalent) for each pair, 1.0 or 0.0; shape (len(pairs),).

    Two expressions are equivalent when their forms are equal (`darling_plugin.countdown.task`), right or wrong:
    `1+2*3` and `3*2+1` are, `1+2` and `3` are not. A text that is no expression has no form: it is equivalent only to
    the same text, space around it ignored, so broken responses do not all fall into one class. No pairs: [].
    """
    return [float(_same(a, b)) for a, b in pairs]


def _same(a: str, b: str) -> bool:
    first, second = parse(a), parse(b)
    if first is None or second is None:
        return a.strip() == b.strip()
    return first.form == second.form
