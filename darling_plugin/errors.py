"""Errors that a user meets. Each message says what is wrong, where, what was got, and what to set instead."""

from collections.abc import Mapping
from typing import Any


class DarlingError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(DarlingError, ValueError):
    """An argument has the wrong shape, type or value. The message names the argument."""


class SimilarityError(InputError):
    """A similarity failed, or returned something that is not one probability per pair."""


class ConfigError(DarlingError, ValueError):
    """A setting is wrong or missing. The message names its key and what to set instead."""


class MissingDependencyError(DarlingError, ImportError):
    """An optional package is needed. The message holds the command that installs it."""


def reason(problem: Mapping[str, Any]) -> str:
    """What pydantic says of one problem of a `ValidationError`, without the words that it adds to a `ValueError`."""
    return str(problem["msg"]).removeprefix("Value error, ")
