"""Changes to one text: those that keep its meaning, and those that do not. None where the change does not apply."""

from __future__ import annotations

import random
import re

NEGATIONS = [
    (" is not ", " is "), (" is ", " is not "), (" are not ", " are "), (" are ", " are not "), (" can ", " cannot "),
    (" should ", " should not "), (" will ", " will not "), (" was ", " was not "), (" were ", " were not "),
    (" has ", " has no "), (" have ", " do not have "), (" always ", " never "), (" with ", " without "),
    (" must ", " must not "), (" likes ", " dislikes "), (" wants to ", " refuses to "), (" all ", " none of the "),
]  # fmt: skip
FRAMES = [
    "Sure! {}", "Answer: {}", "Here is my answer: {}", "{} I hope this helps!", "Certainly. {}", "The answer: {}",
    "Of course! Here you go: {}", "{} Let me know if you need anything else.", "## Answer\n\n{}", "Well, {}",
    "Final answer: {}", "{}\n\nFeel free to ask for more.", "Great question! {}",
]  # fmt: skip
NAME = re.compile(r"(?<=[a-z,] )([A-Z][a-z]{3,})")
NUMBER = re.compile(r"\d+")


def change_number(text: str, rng: random.Random) -> str | None:
    found = list(NUMBER.finditer(text))
    if not found:
        return None
    spot = rng.choice(found)
    value = int(spot.group()[:7])
    new = rng.choice([value + 1, abs(value - 1), value * 2 + 1, value + 10, rng.randint(0, 99)])
    return None if new == value else text[: spot.start()] + str(new) + text[spot.end() :]


def change_name(text: str, names: list[str], rng: random.Random) -> str | None:
    found = list(NAME.finditer(text))
    if not found:
        return None
    spot = rng.choice(found)
    new = rng.choice(names)
    return None if new == spot.group() else text[: spot.start()] + new + text[spot.end() :]


def negate(text: str, rng: random.Random) -> str | None:
    able = [(old, new) for old, new in NEGATIONS if old in text]
    if not able:
        return None
    old, new = rng.choice(able)
    return text.replace(old, new, 1)


def reformat(text: str, rng: random.Random) -> str:
    """Case, punctuation, Markdown, quotation marks, a polite frame: the same content."""
    ways = [
        str.lower, str.upper, lambda t: t.rstrip(".!?"), lambda t: f"**{t}**", lambda t: f"- {t}", lambda t: f"1. {t}",
        lambda t: re.sub(r"[,;:]", "", t), lambda t: f'"{t}"', lambda t: f"# {t}", lambda t: f"> {t}",
        lambda t: re.sub(r"(?<=[.!?]) ", "\n\n", t), lambda t: "\n".join("- " + s for s in sentences(t)),
        lambda t: rng.choice(FRAMES).format(t), lambda t: re.sub(r"(\w+)", r"*\1*", t, count=3),
        lambda t: t.replace(".", "!"), lambda t: f"```\n{t}\n```",
    ]  # fmt: skip
    for way in rng.sample(ways, rng.choice([1, 1, 2])):
        text = way(text)
    return text


def shuffle_sentences(text: str, rng: random.Random) -> str | None:
    parts = sentences(text)
    if len(parts) < 3:
        return None
    moved = parts[:]
    rng.shuffle(moved)
    return None if moved == parts else " ".join(moved)


def sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.?!])\s+", text) if part.strip()]


RENAMES = [
    "x",
    "y",
    "z",
    "tmp",
    "val",
    "res",
    "acc",
    "data",
    "cur",
    "node",
    "out",
    "elem",
    "idx",
    "item_a",
    "foo",
    "bar",
    "s",
    "t",
    "p",
    "q",
    "buf",
    "left_part",
    "obj",
    "entry",
]
KEPT = frozenset(
    [
        "def",
        "return",
        "for",
        "in",
        "if",
        "else",
        "elif",
        "while",
        "not",
        "and",
        "or",
        "is",
        "None",
        "True",
        "False",
        "import",
        "from",
        "len",
        "range",
        "sum",
        "sorted",
        "max",
        "min",
        "enumerate",
        "print",
        "int",
        "float",
        "str",
        "list",
        "dict",
        "set",
        "re",
        "findall",
        "I",
        "lower",
        "get",
        "append",
        "push",
        "map",
        "filter",
        "const",
        "let",
        "function",
        "of",
        "public",
        "static",
        "java",
        "util",
        "Arrays",
        "sort",
        "length",
        "SELECT",
        "FROM",
        "WHERE",
        "ORDER",
        "BY",
        "DESC",
        "ASC",
        "collections",
        "Counter",
        "most_common",
        "age",
        "name",
        "salary",
        "employees",
    ]
)


def rename_variables(code: str, rng: random.Random) -> str:
    """Every identifier of the code's own under another name; strings and attributes of others stay."""
    own = [word for word in dict.fromkeys(re.findall(r"\b[a-z_][a-z_0-9]*\b", code)) if word not in KEPT]
    new = rng.sample(RENAMES, len(RENAMES)) * (1 + len(own) // len(RENAMES))
    table = {
        word: f"{name}{'' if k < len(RENAMES) else k}" for k, (word, name) in enumerate(zip(own, new, strict=False))
    }
    parts = re.split(r'("[^"]*")', code)
    swap = lambda match: table.get(match.group(), match.group())  # noqa: E731
    return "".join(part if part.startswith('"') else re.sub(r"\b[a-z_][a-z_0-9]*\b", swap, part) for part in parts)


def decorate_code(code: str, rng: random.Random) -> str:
    """Comments, a fence, wider indentation: the same program."""
    ways = [
        lambda c: f"```python\n{c}\n```", lambda c: c.replace("    ", "  "), lambda c: "# solution\n" + c,
        lambda c: "Here is the code:\n\n" + c, lambda c: c.replace("\n", "\n\n", 1), lambda c: c,
    ]  # fmt: skip
    return rng.choice(ways)(code)
