"""Which versions of a trainer this package was tested with. Reads metadata only: imports no trainer."""

from __future__ import annotations

import os
from dataclasses import dataclass

from packaging.version import Version

from darling_plugin.errors import ConfigError, MissingDependencyError
from darling_plugin.packages import installed


@dataclass(frozen=True)
class Tested:
    """A package and the range of its versions, oldest ≤ version < before.

    allow: the environment variable that, set to 1, lets any other version pass.
    """

    package: str
    oldest: str
    before: str
    allow: str

    @property
    def range(self) -> str:
        return f">={self.oldest},<{self.before}"

    @property
    def install(self) -> str:
        return f"pip install '{self.package}{self.range}'"

    @property
    def anything_passes(self) -> bool:
        return os.environ.get(self.allow) == "1"

    def installed(self) -> str | None:
        """The installed version, or None."""
        return installed(self.package)

    def check_installed(self) -> None:
        """`check` of the installed version."""
        self.check(self.installed())

    def check(self, found: str | None) -> None:
        """Raise `MissingDependencyError` for None, and `ConfigError` for a version outside the range."""
        if found is None:
            raise MissingDependencyError(f"{self.package} is not installed. Install it: {self.install}.")
        if Version(self.oldest) <= Version(found) < Version(self.before) or self.anything_passes:
            return
        raise ConfigError(
            f"{self.package} {found} is not supported: this darling-plugin was tested with {self.package} "
            f"{self.range}. Install one of these ({self.install}), update darling-plugin, or try at your own risk with "
            f"{self.allow}=1."
        )


VERL = Tested("verl", "0.8.0", "0.10", "DARLING_ALLOW_UNTESTED_VERL")
OPENRLHF = Tested("openrlhf", "0.11", "0.12", "DARLING_ALLOW_UNTESTED_OPENRLHF")
TRL = Tested("trl", "1.8", "1.17", "DARLING_ALLOW_UNTESTED_TRL")
"""Before 1.8, TRL counted a completion that could not be scored as a reward of 0."""
