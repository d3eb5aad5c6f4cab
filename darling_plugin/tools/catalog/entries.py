"""What there is, by name: the first line of each one's own description."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from darling_plugin.packages import configs_folder


def similarities() -> dict[str, str]:
    """Names of `darling.similarity.name`."""
    from darling_plugin.similarity import SIMILARITIES

    return {name: _first_line(found) for name, found in SIMILARITIES.items()}


def objectives() -> dict[str, str]:
    """Names of `darling.objective`: the claim that opens the method's file."""
    from darling_plugin.objectives import OBJECTIVES

    return {name: _first_line(sys.modules[found.__module__]) for name, found in OBJECTIVES.items()}


def recipes() -> dict[str, str]:
    """Names that `+darling=NAME` finds: the first comment of each file that says something."""
    folder = configs_folder() / "darling"
    return {
        path.relative_to(folder).with_suffix("").as_posix(): _comment(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.yaml"))
    }


def tasks() -> dict[str, str]:
    """Names that `darling eval run` takes."""
    from darling_plugin.tools.evaluation.tasks import TASKS

    return {name: _first_line(sys.modules[f"darling_plugin.tools.evaluation.tasks.{name}"]) for name in TASKS}


KINDS: dict[str, Callable[[], dict[str, str]]] = {
    "similarities": similarities,
    "objectives": objectives,
    "recipes": recipes,
    "tasks": tasks,
}


def _first_line(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").split("\n\n")[0].replace("\n", " ")


def _comment(yaml: str) -> str:
    lines = [line[1:].strip() for line in yaml.splitlines() if line.startswith("#")]
    text = " ".join(line for line in lines if not line.startswith("@package")).strip()
    sentence, dot, _ = text.partition(". ")
    return sentence + dot.strip()
