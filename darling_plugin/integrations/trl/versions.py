"""The TRL versions that this package was tested with. Reads metadata only: imports nothing of TRL."""

from __future__ import annotations

import os

from packaging.version import Version

from darling_plugin.errors import ConfigError, MissingDependencyError
from darling_plugin.packages import installed

OLDEST = Version("1.8")
BEFORE = Version("1.17")
ALLOW_UNTESTED = "DARLING_ALLOW_UNTESTED_TRL"
INSTALL = f"pip install 'trl>={OLDEST},<{BEFORE}'"


def check_trl_version(found: str | None = None) -> None:
    """Raise unless the installed TRL is one that this package was tested with. Before 1.8 an unscorable completion
    counted as a reward of 0."""
    found = found or installed("trl")
    if found is None:
        raise MissingDependencyError(f"TRL is not installed. Install it: {INSTALL}.")
    if OLDEST <= Version(found) < BEFORE or os.environ.get(ALLOW_UNTESTED) == "1":
        return
    raise ConfigError(
        f"trl {found} is not supported: this darling-plugin was tested with trl >={OLDEST},<{BEFORE}. Install one of "
        f"these ({INSTALL}), update darling-plugin, or try at your own risk with {ALLOW_UNTESTED}=1."
    )
