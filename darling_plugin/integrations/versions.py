"""The hosts' versions that the adapters were tested with. Reads metadata only: imports no host.

verl's are in `verl/versions.py`, with its own variable to try another.
"""

from __future__ import annotations

from packaging.version import Version

from darling_plugin.errors import ConfigError
from darling_plugin.packages import installed

# distribution: (oldest, the first one that is too new)
SUPPORTED = {
    "openrlhf": ("0.11", "0.12"),
}


def requirement(host: str) -> str:
    """As pip reads it, such as `openrlhf>=0.11,<0.12`."""
    oldest, before = SUPPORTED[host]
    return f"{host}>={oldest},<{before}"


def check_version(host: str, found: str | None = None) -> None:
    """Raise `ConfigError` unless the host that is installed is one that its adapter was tested with."""
    found = found or installed(host)
    if found is None:
        raise ConfigError(f"{host} is not installed. Install it: pip install '{requirement(host)}'.")
    oldest, before = SUPPORTED[host]
    if not Version(oldest) <= Version(found) < Version(before):
        raise ConfigError(
            f"{host} {found} is not supported: this darling-plugin was tested with {requirement(host)}. "
            f"Install one of these (pip install '{requirement(host)}'), or update darling-plugin."
        )
