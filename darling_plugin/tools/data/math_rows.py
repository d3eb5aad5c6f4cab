r"""A row of a math data set → an item. Column names differ among the sets.

    problem:  problem | question | Body and Question (SVAMP), after `context` where there is one (OlympiadBench)
    answer:   final_answer (a list: all of them, with commas) | answer | Answer | expected_answer;
              GSM8K's is what follows "####"; numbers are written as decimals, LaTeX loses its outer dollars
    id:       id | ID | problem_idx | idx | unique_id, after the set's name; else made of the problem

Some files were written with LaTeX in unescaped JSON strings, where "\frac" is a form feed and "rac", "\triangle" a tab
and "riangle" (copies of AIME 2025 have both). No text has such characters otherwise: they are put back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.quality.reference import reference_text
from darling_plugin.tools.data.item import Item, Unusable, text_id

PROBLEM = ("problem", "question")
ANSWER = ("final_answer", "answer", "Answer", "expected_answer")
ID = ("id", "ID", "problem_idx", "idx", "unique_id")

_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\v": r"\v", "\t": r"\t"}
_BROKEN = re.compile(r"[\a\b\f\v](?=[a-zA-Z])|\t(?=(?:riangle|ext|imes|heta|frac|ilde|an|au|o)(?![a-z]))")


def problem(row: Mapping[str, Any], name: str) -> Item:
    """The item of one row of the set `name`. Raises `Unusable` where problem or answer is missing or no text."""
    repaired, row = _repair(row)
    text, answer = _problem(row), _answer(row)
    own = next((row[column] for column in ID if isinstance(row.get(column), int | str) and row[column] != ""), None)
    identity = f"{name}-{text_id(text) if own is None else own}"
    return Item(identity, text, answer, repaired="LaTeX commands restored" if repaired else "")


def _repair(row: Mapping[str, Any]) -> tuple[bool, Mapping[str, Any]]:
    r"""Whether anything had to be put back, and the row with it. Before anything is stripped: \f counts as a space."""
    broken = {
        column: _BROKEN.sub(lambda found: _ESCAPES[found[0]], text)
        for column in (*PROBLEM, "Body", "Question", "context", *ANSWER)
        if isinstance(text := row.get(column), str) and _BROKEN.search(text)
    }
    return bool(broken), {**row, **broken} if broken else row


def _problem(row: Mapping[str, Any]) -> str:
    if "Body" in row and "Question" in row:
        body, question = row["Body"], row["Question"]
        if not isinstance(body, str) or not isinstance(question, str):
            raise Unusable("the problem is not text")
        body = body.strip()
        return f"{body if body.endswith(('.', '?', '!')) or not body else body + '.'} {question.strip()}".strip()
    column = next((column for column in PROBLEM if row.get(column) is not None), None)
    if column is None:
        raise Unusable(f"no column {' or '.join(PROBLEM)}")
    if not isinstance(row[column], str):
        raise Unusable("the problem is not text")
    context = row.get("context")
    parts = [context, row[column]] if isinstance(context, str) else [row[column]]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _answer(row: Mapping[str, Any]) -> str:
    column = next((column for column in ANSWER if row.get(column) is not None), None)
    if column is None:
        raise Unusable(f"no column {', '.join(ANSWER)}")
    value = row[column]
    values = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    return ", ".join(_latex(one) for one in values)


def _latex(value: Any) -> str:
    if isinstance(value, str) and not value.strip():
        return ""  # the answers' own filter counts it
    try:
        text = reference_text(value, "answer")
    except InputError:
        raise Unusable("the answer is neither text nor a number") from None
    if "####" in text:  # GSM8K: the solution, then the answer, with commas for thousands
        text = text.rpartition("####")[2].replace(",", "")
    text = text.strip()
    if len(text) > 1 and text.startswith("$") and text.endswith("$") and "$" not in text[1:-1]:
        text = text[1:-1].strip()
    return text
