"""Code up to the names of its variables: `total = total + x` and `s = s + value` have one form.

The form is the sequence of tokens, comments, fences and layout left out, each identifier that is neither a keyword nor
an attribute nor called from elsewhere replaced by the number of its first appearance.
"""

from __future__ import annotations

import difflib

import regex

_TOKEN = regex.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[A-Za-z_]\w*|\d+(?:\.\d+)?|[<>=!+\-*/%&|^]=?|=>|&&|\|\||\*\*|[^\s\w]")
_COMMENT = regex.compile(r"(?m)(?<!\S)#[^\n]*$|//[^\n]*$|/\*.*?\*/|--\s[^\n]*$", regex.DOTALL)
_BLOCK = regex.compile(r"```[\w+-]*\n(.*?)(?:```|\Z)", regex.DOTALL)
_SIGNS = (
    regex.compile(r"(?m)^\s*(?:async )?def \w+\(.*\).*:|^\s*(?:class|import|from) \w+"),
    regex.compile(r"(?m)[;{}]\s*$|^\s*(?:for|while|if|with)\b.*[:{]\s*$"),
    regex.compile(r"(?m)^\s*[\w.\[\], ]+\s(?:=|\+=|-=|\*=|:=)\s\S|^\s*return\b"),
    regex.compile(r"(?i)^\s*select\b.*\bfrom\b", regex.DOTALL),
    regex.compile(r"\w\([^()\n]*\)\s*(?:\{|;|$|\.)|=>|\bfor \w+ in \w+"),
)
KEYWORDS = frozenset(
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
        "none",
        "true",
        "false",
        "import",
        "from",
        "as",
        "with",
        "lambda",
        "class",
        "pass",
        "break",
        "continue",
        "try",
        "except",
        "finally",
        "raise",
        "yield",
        "async",
        "await",
        "global",
        "nonlocal",
        "assert",
        "del",
        "len",
        "range",
        "sum",
        "sorted",
        "max",
        "min",
        "abs",
        "enumerate",
        "zip",
        "map",
        "filter",
        "print",
        "list",
        "dict",
        "set",
        "tuple",
        "open",
        "any",
        "all",
        "reversed",
        "round",
        "function",
        "const",
        "let",
        "var",
        "new",
        "this",
        "public",
        "private",
        "static",
        "void",
        "null",
        "switch",
        "case",
        "default",
        "do",
        "struct",
        "using",
        "namespace",
        "std",
        "include",
        "select",
        "where",
        "by",
        "desc",
        "asc",
        "having",
        "join",
        "on",
        "limit",
        "distinct",
        "insert",
        "between",
        "like",
    ]
)
_DEFINES = frozenset(["def", "function", "class", "fn", "func", "int", "float", "long", "bool", "auto"])
NEAR = 0.8


def code_form(text: str) -> tuple[str, ...] | None:
    """The form of a text's code: its fenced blocks, or all of it where it looks like code; None where there is none."""
    blocks = _BLOCK.findall(text)
    code = "\n".join(blocks) if blocks else text
    if sum(bool(sign.search(code)) for sign in _SIGNS) < (1 if blocks else 2) and not _SIGNS[3].search(code):
        return None
    tokens = _TOKEN.findall(_COMMENT.sub("", code))
    names: dict[str, str] = {}
    form = []
    for k, token in enumerate(tokens):
        before, after = tokens[k - 1 : k], tokens[k + 1 : k + 2]
        # A function from elsewhere is what it is called: max is not min. The code's own functions may be renamed.
        foreign = after == ["("] and token not in names and not (before and before[0] in _DEFINES)
        if not (token[0].isalpha() or token[0] == "_"):
            form.append(token.replace("'", '"') if token[0] in "'\"" else token)
        elif token.casefold() in KEYWORDS or before == ["."] or foreign:
            form.append(token.casefold())
        else:
            form.append(names.setdefault(token, f"v{len(names)}"))
    return tuple(token for token in form if token not in {";", ","})


def compare_forms(a: tuple[str, ...], b: tuple[str, ...]) -> float:
    """1 for the same form, −1 for near forms that differ (an operator, a constant), 0 for other programs."""
    if a == b:
        return 1.0
    shorter, longer = sorted((len(a), len(b)))
    if shorter < NEAR * longer:
        return 0.0
    return -1.0 if difflib.SequenceMatcher(None, a, b, autojunk=False).ratio() >= NEAR else 0.0
