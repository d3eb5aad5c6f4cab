"""What was tested with which verl. Reads metadata only: imports nothing of verl."""

from __future__ import annotations

import sys

from packaging.version import Version

from darling_plugin.errors import ConfigError
from darling_plugin.integrations.versions import VERL

TESTED = {
    "0.9.1": "tested: V1 trains on a CPU; V0's own functions on real batches",
    "0.9.0": "tested: V0's own functions on real batches; V1's _compute_advantage is 0.9.1's",
    "0.8.0": "tested: V0's own functions on real batches",
}
"""What was tested, by version; docs/verl.md has the same table."""
EXTERNAL_MODULES = "VERL_USE_EXTERNAL_MODULES"
PLUGIN = "darling_plugin.integrations.verl.plugin"
PYTHON_BEFORE = (3, 13)
"""What verl 0.9.1 declares (requires-python); this package itself has no such bound."""


def verl_version() -> str | None:
    """The installed verl's version, or None where there is none."""
    return VERL.installed()


def needs_external_module(found: str) -> bool:
    """Whether this verl has no entry points for plugins, and loads one from `VERL_USE_EXTERNAL_MODULES` only."""
    return Version(found) < Version("0.9.0")


def check_verl_version(found: str | None = None) -> None:
    """Raise unless the installed verl, and this Python, are ones that this package was tested with."""
    if sys.version_info[:2] >= PYTHON_BEFORE and not VERL.anything_passes:
        raise ConfigError(
            f"Python {sys.version_info[0]}.{sys.version_info[1]}: verl needs Python <3.13. Make the "
            "environment with Python 3.12 (uv venv --python 3.12 .venv), train with TRL, or try at your own risk with "
            f"{VERL.allow}=1."
        )
    VERL.check(found or verl_version())
