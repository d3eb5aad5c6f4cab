"""Code up to the names of its variables: `total = total + x` and `s = s + value` have one form.

The form is the sequence of tokens, comments, fences and layout left out except indentation that changes what a Python
line is part of. Each identifier is replaced by the number of its first appearance, unless it is a keyword, an attribute
or a function from elsewhere: max is not min, while the code's own functions may be renamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

TOKEN = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[A-Za-z_]\w*|\d+(?:\.\d+)?|[<>=!+\-*/%&|^]=?|[⇥⇤]|[^\s\w]")
COMMENT = re.compile(r"(?m)(?<!\S)#[^\n]*$|//[^\n]*$|/\*[\s\S]*?\*/|--\s[^\n]*$")
BLOCK = re.compile(r"```[\w+-]*\n(.*?)(?:```|\Z)", re.DOTALL)
PYTHON = re.compile(r"(?m)^\s*(?:(?:async )?def|class|for|while|if|elif|with)\b.*:\s*$|^\s*(?:else|try):\s*$")
SELECT = re.compile(r"(?is)^\s*select\b.*\bfrom\b")
SIGNS = (
    re.compile(r"(?m)^\s*(?:async )?def \w+\(.*\).*:|^\s*(?:class|import|from) \w+"),
    re.compile(r"(?m)[;{}]\s*$|^\s*(?:for|while|if|with)\b.*[:{]\s*$"),
    re.compile(r"(?m)^\s*[\w.\[\], ]+\s(?:=|\+=|-=|\*=|:=)\s\S|^\s*return\b"),
    SELECT,
    re.compile(r"\w\([^()\n]*\)\s*(?:\{|;|$|\.)|=>|\bfor \w+ in \w+"),
)
KEYWORD_LIST = (
    "def return for in if else elif while not and or is none true false import from as with lambda class pass "
    "break continue try except finally raise yield async await global nonlocal assert del len range sum sorted "
    "max min abs enumerate zip map filter print list dict set tuple open any all reversed round function const "
    "let var new this public private static void null switch case default do struct using namespace std include "
    "select where by desc asc having join on limit distinct insert between like"
)
KEYWORDS = frozenset(KEYWORD_LIST.split())
DEFINES = frozenset(("def", "function", "class", "fn", "func", "int", "float", "long", "bool", "auto"))


def program_form(text: str) -> tuple[str, ...] | None:
    """The form of a text's code: of its fenced blocks, or of all of it where it looks like code; None without any."""
    blocks = BLOCK.findall(text)
    code = "\n".join(blocks) if blocks else text
    found = sum(bool(sign.search(code)) for sign in SIGNS)
    if found < (1 if blocks else 2) and not SELECT.search(code):
        return None
    tokens = TOKEN.findall(_indented(COMMENT.sub("", code)))
    names: dict[str, str] = {}
    form = []
    for k, token in enumerate(tokens):
        before, after = tokens[k - 1 : k], tokens[k + 1 : k + 2]
        foreign = after == ["("] and token not in names and not (before and before[0] in DEFINES)
        if not (token[0].isalpha() or token[0] == "_"):
            form.append(token.replace("'", '"') if token[0] in "'\"" else token)
        elif token.casefold() in KEYWORDS or before == ["."] or foreign:
            form.append(token.casefold())
        else:
            form.append(names.setdefault(token, f"v{len(names)}"))
    return tuple(token for token in form if token not in {";", ","}) or None


def _indented(code: str) -> str:
    """Python code with a sign where a line is deeper or less deep than the one before it; other code as it is."""
    return "\n".join(_with_signs(code)) if PYTHON.search(code) else code


def _with_signs(code: str) -> Iterator[str]:
    depths = [0]
    for line in code.expandtabs(4).split("\n"):
        if not line.strip():
            continue
        depth, signs = len(line) - len(line.lstrip()), ""
        if depth > depths[-1]:
            depths.append(depth)
            signs = "⇥ "
        while depth < depths[-1]:
            depths.pop()
            signs += "⇤ "
        yield signs + line
