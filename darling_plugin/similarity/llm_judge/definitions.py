"""What the judge is asked: when two responses count as the same, for each domain."""

from __future__ import annotations

from dataclasses import dataclass

from darling_plugin.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Domain:
    """One meaning of "the same".

    version: raised whenever `definition` changes, because another definition gives other labels.
    states_reason: the judge writes one sentence before its verdict; worth its tokens where the verdict needs thought.
    same_answer: only pairs with equal final answers are mined, so that a label is about the method, not the answer.
    """

    name: str
    version: int
    definition: str
    states_reason: bool
    same_answer: bool


WRITING = Domain(
    "writing",
    version=1,
    definition=(
        "Ask yourself: would a reader who has read one of the responses gain anything from reading the other?\n"
        "same: the reader would gain nothing of substance. Both give the same answer, idea, plot, argument or "
        "information. Other words, another order, length, layout or tone for the same content are no gain.\n"
        "different: the other response gives that reader something that matters and that the first does not: another "
        "answer, idea, plot, point of view or piece of information.\n"
        "Quality does not count: a good and a bad telling of one story are the same. Two refusals are the same; a "
        "refusal and an answer are different."
    ),
    states_reason=False,
    same_answer=False,
)

MATH = Domain(
    "math",
    version=1,
    definition=(
        "Both responses solve one problem. Compare their strategies: the key idea and the main steps that lead to the "
        "final answer.\n"
        "same: one strategy, told in other words, in other notation, with more or fewer details, with small steps in "
        "another order, or with a check added at the end.\n"
        "different: a reader would learn another way to solve the problem. For example: equations against "
        "enumeration, geometry against coordinates, induction against a closed formula, counting cases against "
        "counting the complement.\n"
        "Final answers do not count, nor whether they are right, nor slips in arithmetic: only the way does."
    ),
    states_reason=True,
    same_answer=True,
)

CODE = Domain(
    "code",
    version=1,
    definition=(
        "Both responses solve one programming problem. Compare the algorithm and the data structures that it needs.\n"
        "same: one algorithm, with other names, in another order of independent steps, as a loop or as a "
        "comprehension, with other comments, explanations, types or checks of the input, or in another language.\n"
        "different: a reader would learn another way to solve the problem. For example: a hash map against two nested "
        "loops, recursion against a table, sorting against a heap, a formula against a simulation.\n"
        "Whether a program is right, fast or well written does not count: only the way does."
    ),
    states_reason=True,
    same_answer=False,
)

ANSWERS = Domain(
    "answers",
    version=1,
    definition=(
        "Both responses answer one question. Compare what they answer, not how they say it.\n"
        "same: one answer, in other words, in another unit or notation, more or less precisely, with or without an "
        "explanation.\n"
        "different: another thing, person, place, number, date, or yes against no.\n"
        "Whether an answer is right does not count. Two refusals are the same; a refusal and an answer are different."
    ),
    states_reason=False,
    same_answer=False,
)

DOMAINS = {domain.name: domain for domain in (WRITING, MATH, CODE, ANSWERS)}
ALIASES = {"maths": "math"}


def domain_called(name: str, setting: str = "--domain") -> Domain:
    """The domain of that name; raises `ConfigError`, which names `setting`."""
    if (name := ALIASES.get(name, name)) not in DOMAINS:
        raise ConfigError(f"`{setting}` must be one of {', '.join(DOMAINS)}; got {name!r}")
    return DOMAINS[name]
