"""Where the judge is and how it is asked."""

from __future__ import annotations

import ipaddress
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from darling_plugin.core import checks
from darling_plugin.errors import ConfigError, MissingDependencyError

logger = logging.getLogger(__name__)

DEFAULT_KEY = "OPENAI_API_KEY"
OFFICIAL_HOST = "api.openai.com"
NO_KEY = "none"  # the client insists on one; a server without keys takes any
INSTALL = 'pip install "darling-plugin[classifier]"'


def as_option(name: str) -> str:
    """How `darling classifier label` calls a setting."""
    return "--judge" if name == "model" else f"--{name.replace('_', '-')}"


def as_key(name: str) -> str:
    """How a training run calls a setting."""
    return f"darling.similarity.{name}"


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint, checked. Raises `ConfigError` or `MissingDependencyError`.

    The key is read from the environment when the judge is asked; it is never part of this object, so it reaches no
    file, no log and no pickle.

    Args:
        url: up to and with the version, such as http://localhost:8000/v1; it holds no password.
        model: the name under which the endpoint serves the judge.
        api_key_env: the environment variable with the key. None sends OPENAI_API_KEY to https://api.openai.com and
            no key to any other host.
        concurrency: questions in flight at once.
        timeout_s: seconds after which one request is given up and tried again.
        deadline_s: seconds of trying after which one question is given up.
        max_tokens: of one answer, an invisible chain of thought included.
        temperature, seed: of the judge's sampling.
        backoff_s: upper bound of the first wait before another try; it doubles each time, up to 30 s.
        called: the name of a setting as the user knows it, for messages.
    """

    url: str
    model: str
    api_key_env: str | None = None
    concurrency: int = 16
    timeout_s: float = 120.0
    deadline_s: float = 300.0
    max_tokens: int = 1024
    temperature: float = 0.0
    seed: int = 0
    backoff_s: float = 0.5
    called: Callable[[str], str] = as_option

    def __post_init__(self) -> None:
        for module in ("openai", "tenacity"):
            if find_spec(module) is None:
                raise MissingDependencyError(f"an LLM judge needs the module {module}: {INSTALL}")
        if not isinstance(self.model, str) or not self.model:
            raise ConfigError(
                f"`{self.called('model')}` must be the name of the judge at the endpoint; got {self.model!r}"
            )
        self._check_url()
        for name in ("concurrency", "max_tokens"):
            checks.at_least_one(self.called(name), getattr(self, name))
        for name, least in (("timeout_s", 1e-3), ("deadline_s", 0), ("temperature", 0), ("backoff_s", 0)):
            if checks.number(self.called(name), getattr(self, name)) < least:
                raise ConfigError(f"`{self.called(name)}` must be at least {least}, got {getattr(self, name)!r}")
        if self.api_key_env is not None and not os.environ.get(self.api_key_env):
            raise ConfigError(
                f"`{self.called('api_key_env')}` is {self.api_key_env!r}, and there is no such environment variable; "
                "export the key under that name, or leave the setting out for an endpoint without one"
            )
        if self.api_key() != NO_KEY and urlsplit(self.url).scheme == "http" and not self._is_local:
            logger.warning(
                "%s: the key in %s is sent over plain HTTP to another machine; use https://",
                self.url, self.key_variable,
            )  # fmt: skip

    @property
    def key_variable(self) -> str | None:
        """The environment variable whose key is sent; None where no key is."""
        parts = urlsplit(self.url)
        official = parts.scheme == "https" and parts.hostname == OFFICIAL_HOST
        return self.api_key_env or (DEFAULT_KEY if official else None)

    @property
    def _is_local(self) -> bool:
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    def api_key(self) -> str:
        """The key, or `NO_KEY`."""
        variable = self.key_variable
        if variable is None:
            return NO_KEY
        key = os.environ.get(variable, "").strip()
        if not key.isascii() or not key.isprintable():
            raise ConfigError(f"the environment variable {variable} must hold one line of ASCII; export the key again")
        return key or NO_KEY

    def _check_url(self) -> None:
        called = self.called("url")
        example = "for example http://localhost:8000/v1"
        if not isinstance(self.url, str) or not self.url:
            raise ConfigError(f"`{called}` must be the address of an OpenAI-compatible endpoint, {example}")
        try:
            parts = urlsplit(self.url)
            valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is no number, or half an IPv6 address
            raise ConfigError(f"`{called}` is not a valid address; write it like {example[12:]}") from None
        # The address goes into files and messages, so a secret in it would go there too: it is not even repeated here.
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ConfigError(
                f"`{called}` must not contain a user, a password, `?` or `#`; export the key as an environment "
                f"variable, and name it in `{self.called('api_key_env')}`"
            )
        if not valid:
            raise ConfigError(f"`{called}` must begin with http:// or https:// and a host, {example}; got {self.url!r}")
