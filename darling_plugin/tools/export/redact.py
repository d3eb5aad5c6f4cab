"""What must not leave with a run's configuration: passwords, tokens, and the environment of its processes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LEFT_OUT = "(left out)"
SECRET = re.compile(r"(^|_)(api_?key|secret|password|passwd|token|credentials?)$", re.IGNORECASE)
ENVIRONMENTS = ("env_vars", "environment", "env")
IN_A_URL = re.compile(r"(?<=://)[^/@\s]+@")


def redact(value: Any, key: str = "") -> Any:
    """The same tree, with `(left out)` for texts under such keys, and names without values of environment variables.

    A number is no password, and `api_key_env` is the name of a variable: both stay. `user:password@` in a URL goes.
    """
    if isinstance(value, Mapping):
        if key in ENVIRONMENTS:
            return dict.fromkeys(value, LEFT_OUT)
        return {name: redact(each, str(name)) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [redact(each, key) for each in value]
    if isinstance(value, str):
        return LEFT_OUT if value and SECRET.search(key) else IN_A_URL.sub("", value)
    return value
