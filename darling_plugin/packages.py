"""Which packages are installed, and where this one keeps its configs. Reads metadata only: imports none of them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from darling_plugin.errors import MissingDependencyError


def installed(name: str) -> str | None:
    """The installed version of a distribution; None where there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def versions_of(names: Iterable[str]) -> dict[str, str]:
    """Those of the distributions that are installed."""
    return {name: found for name in names if (found := installed(name)) is not None}


def configs_folder() -> Path:
    """The folder that Hydra searches for `darling/NAME.yaml`: in a wheel inside the package, in a checkout beside it.

    A symbolic link would not do: an sdist drops it, and `+darling=NAME` then finds nothing.
    """
    package = Path(__file__).parent
    for folder in (package / "configs", package.parent / "configs"):
        if (folder / "darling" / "base.yaml").is_file():
            return folder
    raise MissingDependencyError(
        f"darling-plugin in {package} was installed without its configs folder; install it again: "
        "pip install --force-reinstall darling-plugin"
    )
