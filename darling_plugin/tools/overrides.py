"""Settings as a shell and Hydra take them, to be printed and pasted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

PLAIN = re.compile(r"[\w./:@%+-]+")


def as_overrides(settings: Mapping[str, object]) -> list[str]:
    """`{"darling.service.backend": "ray"}` as `++darling.service.backend=ray`, quoted where Hydra or a shell needs it.

    `++` sets a key whether or not the job has it already: with and without `+darling=NAME`.
    """
    return [shlex.quote(f"++{key}={_value(value)}") for key, value in settings.items()]


def _value(value: object) -> str:
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
