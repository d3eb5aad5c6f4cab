"""Functions of the user's own, named `module:function`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from darling_plugin.errors import ConfigError

MOVED = {"darling_plugin.countdown.judge": "darling_plugin.countdown.similarity"}
"""Modules of this package that had another name, which a user's configuration may still hold."""


def load_function(setting: str, spec: str, example: str) -> Callable[..., Any]:
    """The function that `spec` names; `setting` is what the user calls it, `example` shows how it reads.

    Raises `ConfigError` where there is none. What its module raises when it is imported rises.
    """
    module_name, colon, path = spec.partition(":") if isinstance(spec, str) else ("", "", "")
    if not (module_name and colon and path):
        raise ConfigError(f"`{setting}` must have the form `module:function`, for example {example}; got {spec!r}")
    if module_name in MOVED:
        raise ConfigError(f"`{setting}` is {spec!r}, which was renamed; set {MOVED[module_name]}:{path}")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # A module that exists and misses one of its own imports: its own error says what is missing.
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise ConfigError(
            f"`{setting}` is {spec!r}, and there is no module {error.name!r} on the Python path; install its package "
            "in this environment, or set PYTHONPATH to its folder (on every node of the job)"
        ) from error
    function: Any = module
    for name in path.split("."):
        if not hasattr(function, name):
            raise ConfigError(f"`{setting}` is {spec!r}, and {module_name!r} has no {path!r}")
        function = getattr(function, name)
    if not callable(function):
        raise ConfigError(f"`{setting}` is {spec!r}, which is of type {type(function).__name__}, not a function")
    return function
