"""Settings on a command line: `--darling.a.b value`, or `--darling.a.b=value`, is the setting `darling.a.b`.

For hosts without a configuration file of their own. A value is read as YAML.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from darling_plugin.errors import ConfigError

PREFIX = "--darling."


def split_arguments(arguments: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Pairs of a path below `darling` and its value as text, and all other arguments. Raises `ConfigError`."""
    given, rest = [], []
    waiting = iter(arguments)
    for argument in waiting:
        if not argument.startswith(PREFIX):
            rest.append(argument)
            continue
        path, equals, value = argument.removeprefix(PREFIX).partition("=")
        following = value if equals else next(waiting, None)
        if following is None or (not equals and following.startswith("--")):
            raise ConfigError(f"{PREFIX}{path}: got no value, expected {PREFIX}{path} VALUE.")
        given.append((path, following))
    return given, rest


def parse_node(given: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The `darling:` node that these pairs spell; of the same path given twice, the later one. Raises `ConfigError`."""
    import yaml

    node: dict[str, Any] = {}
    for path, text in given:
        *sections, last = path.split(".")
        inner = node
        for section in sections:
            inner = inner.setdefault(section, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{PREFIX}{path}: {PREFIX}{section} already has the value {inner!r}.")
        try:
            inner[last] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"{PREFIX}{path}: got {text!r}, expected a value in YAML: {error}") from None
    return node
