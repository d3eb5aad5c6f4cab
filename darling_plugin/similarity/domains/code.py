"""Code: two Python programs with the same syntax tree up to names are equivalent. The similarity decides the rest.

Names that a program binds itself (variables, parameters, functions, imports under another name) are numbered in each
scope by first appearance; names from elsewhere, attributes and constants stay. Comments, docstrings, annotations and
layout do not count. A response's program is its fenced blocks, or all of it; a text that is no Python has no tree, and
neither has a bare expression. Code is parsed by `ast`, never executed.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

MAX_CHARACTERS = 100_000
BLOCK = r"(?ms)^[ \t]*```(?:python3?|py)?[ \t]*\n(.*?)(?:^[ \t]*```|\Z)"
BINDS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class CodeRule:
    """The rule above, as `core/rules.py` applies it."""

    name: str = "code"

    def read(self, texts: Sequence[str]) -> list[str | None]:
        return [syntax(text) for text in texts]

    def verdict(self, a: str, b: str) -> bool | None:
        return True if a == b else None


def syntax(text: str) -> str | None:
    """The digest of the program's syntax tree, its own names numbered; None for a text that has no program."""
    blocks = _blocks().findall(text[:MAX_CHARACTERS])
    source = "\n".join(blocks) if blocks else text
    if len(source) > MAX_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strings with an invalid escape
            tree = ast.parse(source)
        if all(isinstance(statement, ast.Expr) for statement in tree.body):
            return None
        return hashlib.sha256(ast.dump(_Numbered().visit(tree)).encode("utf-8", "replace")).hexdigest()
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # no Python; null bytes; too many levels
        return None


class _Numbered(ast.NodeTransformer):
    """Numbers the names that are bound in each scope. `scopes` has the innermost scope last."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, str]] = []
        self.bound: list[frozenset[str]] = []

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._in_scope(node, _bound(node.body))

    def visit_FunctionDef(self, node: Any) -> ast.AST:
        node.name = self._called(node.name)
        node.returns = None
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        self._visit_defaults(node.args)
        parameters = {arg.arg for arg in _parameters(node.args)}
        return self._in_scope(node, parameters | _bound(node.body), body_only=True)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._visit_defaults(node.args)
        return self._in_scope(node, {arg.arg for arg in _parameters(node.args)}, body_only=True)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._called(node.name)
        node.body = _without_docstring(node.body)
        # What a class binds are attributes, which are used by their names.
        return self._in_scope(node, set())

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._called(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg, node.annotation, node.type_comment = self._called(node.arg), None, None
        return node

    def visit_alias(self, node: ast.alias) -> ast.AST:
        return ast.alias(node.name, None)

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            if alias.asname and self.scopes:
                self.scopes[-1][alias.asname] = alias.name  # np is numpy
        return self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        for alias in node.names:
            if alias.asname and self.scopes:
                self.scopes[-1][alias.asname] = alias.name
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.visit(ast.Assign([node.target], node.value))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = None if node.name is None else self._called(node.name)
        return self.generic_visit(node)

    def _called(self, name: str) -> str:
        for depth in range(len(self.scopes) - 1, -1, -1):
            scope = self.scopes[depth]
            if name in self.bound[depth]:
                return scope.setdefault(name, f"v{depth}.{len(scope)}")
        return name

    def _visit_defaults(self, arguments: ast.arguments) -> None:
        """They are of the scope around the function."""
        arguments.defaults = [self.visit(value) for value in arguments.defaults]
        arguments.kw_defaults = [None if value is None else self.visit(value) for value in arguments.kw_defaults]

    def _in_scope(self, node: Any, names: set[str], *, body_only: bool = False) -> ast.AST:
        self.scopes.append({})
        self.bound.append(frozenset(names))
        if body_only:
            for argument in _parameters(node.args):
                self.visit(argument)
            if isinstance(node, ast.Lambda):
                node.body = self.visit(node.body)
            else:
                node.body = _visited(self, _without_docstring(node.body))
        elif isinstance(node, ast.Module):
            node.body = _visited(self, _without_docstring(node.body))
        else:
            self.generic_visit(node)
        self.scopes.pop()
        self.bound.pop()
        return node


def _visited(visitor: ast.NodeTransformer, body: list[ast.stmt]) -> list[ast.stmt]:
    return [found for statement in body if (found := visitor.visit(statement)) is not None]


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    several = [arguments.vararg, arguments.kwarg]
    return [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        *(arg for arg in several if arg is not None),
    ]


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return body[1:] if text else body


def _bound(body: list[ast.stmt]) -> set[str]:
    """The names that these statements bind in their own scope; not those of functions and classes inside."""
    found: set[str] = set()
    outside: set[str] = set()
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, BINDS):
            found.add(node.name)
            waiting += node.decorator_list
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            outside.update(node.names)
        elif isinstance(node, ast.alias) and node.asname:
            found.add(node.asname)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        waiting += ast.iter_child_nodes(node)
    return found - outside


@cache
def _blocks() -> Any:
    import regex

    return regex.compile(BLOCK, regex.VERSION1)
