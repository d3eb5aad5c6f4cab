"""A YAML file, read as data: nothing in it is looked up on this machine, and its size is bounded.

OmegaConf would resolve `${oc.env:NAME}` with the environment of whoever exports. Here only `${a.b}` and `${.b}` are
replaced, by other values of the same file. Everything else in `${…}` stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from darling_plugin.errors import InputError

BYTES = 4_000_000
VALUES = 100_000  # with aliases and interpolations expanded; verl's own configuration has about 1,000
CHARACTERS = 10_000_000
INTERPOLATION = re.compile(r"(?<!\\)\$\{(\.*[\w-]+(?:\.[\w-]+)*)\}")
DEPTH = 100
DAMAGED = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What PyYAML lets through for a wrong value under a tag such as `!!int`, or an integer of thousands of digits."""
RUN = "the configuration of a run"


class _Loader(yaml.SafeLoader):
    """A safe loader that counts values, each alias as often as it is used."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._count = self._depth = 0
        self._sizes: dict[str, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        before, event = self._count, self.peek_event()
        alias = isinstance(event, yaml.AliasEvent)
        self._count += self._sizes.get(event.anchor, VALUES) if alias else 1
        self._depth += 1
        if self._count > VALUES or self._depth > DEPTH:
            raise yaml.YAMLError(f"more than {VALUES:,} values, or {DEPTH} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if not alias and event.anchor is not None:
            self._sizes[event.anchor] = self._count - before
        return node


def read_config(file: Path) -> dict[str, Any]:
    """The configuration with its plain interpolations replaced. Raises `InputError` with the file's name."""
    tree = read_tree(file)
    try:
        return _Resolver(tree).all()
    except _UnresolvedError as error:
        raise InputError(f"{file}: got no configuration ({error}), expected one that Hydra wrote.") from error


def read_tree(file: Path, expected: str = RUN) -> dict[Any, Any]:
    """The file's mapping as it is written; `expected` says what that is. Raises `InputError` with the file's name."""
    if not file.is_file():
        raise InputError(f"{file}: is not a regular file, expected {expected}.")
    if file.stat().st_size > BYTES:
        raise InputError(f"{file}: larger than {BYTES:,} bytes, expected {expected}.")
    try:
        tree = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, RecursionError, *DAMAGED) as error:
        said = " ".join(str(error).split())[:300]
        raise InputError(f"{file}: got no configuration ({said}), expected {expected}.") from error
    if not isinstance(tree, dict):
        raise InputError(f"{file}: got a {type(tree).__name__}, expected {expected}.")
    return tree


class _UnresolvedError(Exception):
    """An interpolation of nothing, of itself, or of too much."""


class _Resolver:
    def __init__(self, tree: Mapping[Any, Any]) -> None:
        self._tree = tree
        self._values = self._characters = 0

    def all(self) -> dict[str, Any]:
        return {str(name): self._resolve(value, (str(name),), ()) for name, value in self._tree.items()}

    def _resolve(self, value: Any, path: Sequence[str], within: tuple[tuple[str, ...], ...]) -> Any:
        self._count(1)
        if len(path) > DEPTH:
            raise _UnresolvedError(f"more than {DEPTH} levels")
        if isinstance(value, Mapping):
            return {str(name): self._resolve(each, (*path, str(name)), within) for name, each in value.items()}
        if isinstance(value, list):
            return [self._resolve(each, (*path, str(i)), within) for i, each in enumerate(value)]
        if not isinstance(value, str):
            return value
        whole = INTERPOLATION.fullmatch(value)
        if whole:
            return self._look_up(whole[1], path, within)
        text = INTERPOLATION.sub(lambda found: str(self._look_up(found[1], path, within)), value)
        self._characters += len(text)
        if self._characters > CHARACTERS:
            raise _UnresolvedError(f"more than {CHARACTERS:,} characters")
        return text

    def _look_up(self, name: str, path: Sequence[str], within: tuple[tuple[str, ...], ...]) -> Any:
        dots = len(name) - len(name.lstrip("."))
        target = (*(path[: len(path) - dots] if dots else ()), *name.lstrip(".").split("."))
        if target in within or len(within) > DEPTH:
            raise _UnresolvedError(f"{'.'.join(path)}: ${{{name}}} is a circular reference")
        found: Any = self._tree
        for part in target:
            if isinstance(found, Mapping) and part in found:
                found = found[part]
            elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
                found = found[int(part)]
            else:
                raise _UnresolvedError(f"{'.'.join(path)}: ${{{name}}} refers to a key that does not exist")
        return self._resolve(found, target, (*within, target))

    def _count(self, more: int) -> None:
        self._values += more
        if self._values > VALUES:
            raise _UnresolvedError(f"more than {VALUES:,} values")
