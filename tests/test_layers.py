"""What may import what: no two folders of the package import each other."""

import ast
from collections import defaultdict

from places import ROOT

PACKAGE = ROOT / "darling_plugin"
NESTED = ("tools", "integrations")


def folder_of(parts: tuple[str, ...]) -> str:
    """`core`, `step`, `tools.check` …: what counts as one folder, from a module's parts below the package."""
    return ".".join(parts[:2]) if parts[0] in NESTED and len(parts) > 1 else parts[0]


def imports() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        own = folder_of(path.relative_to(PACKAGE).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("darling_plugin."):
                other = folder_of(tuple(node.module.split(".")[1:]))
                if other != own:
                    found[own].add(other)
    return found


def test_no_two_folders_import_each_other():
    found = imports()
    assert [(a, b) for a in found for b in found[a] if a < b and a in found.get(b, ())] == []
