"""What importing the package costs, its version, and that the maps in its docstrings name every module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

import darling_plugin


def test_the_package_imports_numpy_and_nothing_heavy():
    heavy = "torch verl ray transformers sentence_transformers pydantic typer httpx scipy"
    code = f"import sys, darling_plugin; sys.exit(str([m for m in '{heavy}'.split() if m in sys.modules] or ''))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_the_version_is_that_of_the_project():
    assert f'\nversion = "{darling_plugin.__version__}"\n' in (ROOT / "pyproject.toml").read_text()


PACKAGES = sorted(path.parent for path in (ROOT / "darling_plugin").rglob("__init__.py"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_map_in_a_packages_docstring_names_every_module(package: Path):
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    names = [path.name for path in package.glob("*.py") if path.name not in ("__init__.py", "__main__.py")]
    names += [f"{path.name}/" for path in package.iterdir() if path.is_dir() and any(path.glob("*.py"))]
    missing = [name for name in names if name not in text]
    assert missing == [], f"{package.relative_to(ROOT)}/__init__.py does not say what these are"


def test_the_runtime_never_imports_a_tool():
    runtime = [p for p in (ROOT / "darling_plugin").rglob("*.py") if "tools" not in p.relative_to(ROOT).parts]
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in runtime
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("darling_plugin.tools", "recipes"))
    ]
    assert found == []
