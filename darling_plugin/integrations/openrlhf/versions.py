"""The OpenRLHF versions that this package was tested with. Reads metadata only: imports nothing of OpenRLHF."""

from __future__ import annotations

import os

from packaging.version import Version

from darling_plugin.errors import ConfigError
from darling_plugin.packages import installed

OLDEST = Version("0.11")
BEFORE = Version("0.12")
ALLOW_UNTESTED = "DARLING_ALLOW_UNTESTED_OPENRLHF"
INSTALL = f"pip install 'openrlhf>={OLDEST},<{BEFORE}'"


def check_openrlhf_version(found: str | None = None) -> None:
    """Raise `ConfigError` unless the installed OpenRLHF is one that this package was tested with."""
    found = found or installed("openrlhf")
    if found is None:
        raise ConfigError(f"openrlhf is not installed. Install it: {INSTALL}.")
    if OLDEST <= Version(found) < BEFORE or os.environ.get(ALLOW_UNTESTED) == "1":
        return
    raise ConfigError(
        f"openrlhf {found} is not supported: this darling-plugin was tested with openrlhf >={OLDEST},<{BEFORE}. "
        f"Install one of these ({INSTALL}), update darling-plugin, or try at your own risk with {ALLOW_UNTESTED}=1."
    )
