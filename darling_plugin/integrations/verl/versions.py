"""The verl versions that this package was tested with. Reads metadata only: imports nothing of verl."""

from __future__ import annotations

import os
import sys

from packaging.version import Version

from darling_plugin.errors import ConfigError
from darling_plugin.packages import installed

OLDEST = Version("0.8.0")
BEFORE = Version("0.10")
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
ALLOW_UNTESTED = "DARLING_ALLOW_UNTESTED_VERL"


def verl_version() -> str | None:
    """The installed verl's version, or None where there is none."""
    return installed("verl")


def needs_external_module(found: str) -> bool:
    """Whether this verl has no entry points for plugins, and loads one from `VERL_USE_EXTERNAL_MODULES` only."""
    return Version(found) < Version("0.9.0")


def check_verl_version(found: str | None = None) -> None:
    """Raise `ConfigError` unless the installed verl, and this Python, are ones that this package was tested with."""
    if sys.version_info[:2] >= PYTHON_BEFORE and os.environ.get(ALLOW_UNTESTED) != "1":
        raise ConfigError(
            f"Python {sys.version_info[0]}.{sys.version_info[1]}: verl needs Python <3.13. Make the "
            "environment with Python 3.12 (uv venv --python 3.12 .venv), train with TRL, or try at your own risk with "
            f"{ALLOW_UNTESTED}=1."
        )
    found = found or verl_version()
    if found is None:
        raise ConfigError(f"verl is not installed. Install it: pip install 'verl>={OLDEST},<{BEFORE}'.")
    if OLDEST <= Version(found) < BEFORE or os.environ.get(ALLOW_UNTESTED) == "1":
        return
    raise ConfigError(
        f"verl {found} is not supported: this darling-plugin was tested with verl >={OLDEST},<{BEFORE}. "
        f"Install one of these (pip install 'verl>={OLDEST},<{BEFORE}'), update darling-plugin, "
        f"or try at your own risk with {ALLOW_UNTESTED}=1."
    )
