"""What can go wrong with a question to the judge, and what follows.

    no answer (connection, timeout, 408, 409,   asked again with exponential backoff, and not before Retry-After, until
        425, 429, 5xx: `http_rules.py`)         the deadline, then skipped
    nonsense (no JSON, not the schema)          asked again, three times in all, then skipped
    refused (400, 413, 422: too long, …)        skipped: the same question gets the same refusal
    no key, wrong key, no such model or path    `EndpointError` at once

Skipping is `NoVerdictError`. Three skipped questions in a row without an answer, five requests that fail before
anything was ever heard, or twenty questions that are all refused, cut before their first word, or end in nonsense are
an `EndpointError`, too: nobody should wait for a dead endpoint, or pay for one that cannot do what it is asked.
"""

from __future__ import annotations

from typing import Any, Literal

from darling_plugin.endpoint.endpoint import DEFAULT_KEY, NO_KEY, OFFICIAL_HOST, Endpoint
from darling_plugin.endpoint.http_rules import is_retried, retry_after_s, said
from darling_plugin.errors import DarlingError

Failure = Literal["no answer", "nonsense", "refused"]

SILENT_AT_START = 5  # requests
UNANSWERED_IN_A_ROW = 3  # questions
NONSENSE_IN_A_ROW = 20  # questions, before any verdict
USELESS_IN_A_ROW = 20  # questions refused or cut, before any verdict
NONSENSE_TRIES = 3  # of one question
LONGEST_WAIT_S = 30.0


class EndpointError(DarlingError):
    """The judge's endpoint cannot be used. The message says what to set."""


class UselessEndpointError(EndpointError):
    """The endpoint answers, and has never given anything that can be used."""


class NoVerdictError(DarlingError):
    """The judge gave no verdict on one question; `kind` says in which way."""

    def __init__(self, kind: Failure, message: str):
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class TryAgainError(Exception):
    """One attempt failed in a way that another may not."""

    def __init__(self, kind: Failure, message: str, retry_after_s: float = 0.0):
        super().__init__(message)
        self.kind: Failure = kind
        self.retry_after_s = retry_after_s


class Patience:
    """What has failed so far, and so what another failure means. One object for all questions to an endpoint."""

    def __init__(self, endpoint: Endpoint):
        import tenacity

        self.endpoint = endpoint
        self._heard = False  # anything at all, an error included
        self._silent = 0  # requests in a row, while nothing was heard
        self._unanswered = 0  # questions in a row
        self._nonsense: int | None = 0  # questions; None once there was a verdict
        self._useless = 0  # questions that were refused or cut, while there was no verdict
        # Random, so that questions which failed together do not come back together.
        self._backoff = tenacity.wait_random_exponential(multiplier=endpoint.backoff_s, max=LONGEST_WAIT_S)

    def heard(self) -> None:
        """The server has sent something."""
        self._heard = True

    def verdict(self) -> None:
        """A question has its verdict."""
        self._unanswered, self._nonsense = 0, None

    def useless(self, why: str, remedy: str) -> None:
        """A question was refused, or cut before its first word. Raises where that is all there ever was."""
        self._unanswered = 0
        if self._nonsense is None:
            return
        self._useless += 1
        if self._useless >= USELESS_IN_A_ROW:
            raise UselessEndpointError(
                f"{self.endpoint.url}: none of {self._useless} questions had a usable answer (the last: "
                f"{why}); {remedy}"
            )

    def no_connection(self, error: Any) -> Exception:
        """What an `openai.APIConnectionError`, or its timeout, means."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return self.timed_out()
        words = f"{error} {self.clean(error.__cause__ or '')}".strip()
        return self._silence(words, f"start the server, or set {self.endpoint.called('url')} to where it listens")

    def timed_out(self) -> Exception:
        """What it means that a whole request took longer than `timeout_s`."""
        called = self.endpoint.called
        return self._silence(
            f"no answer within {self.endpoint.timeout_s:g} s",
            f"raise {called('timeout_s')} or lower {called('concurrency')}",
        )

    def _silence(self, words: str, remedy: str) -> Exception:
        url = self.endpoint.url
        self._silent += not self._heard
        if self._silent >= SILENT_AT_START and not self._heard:
            return EndpointError(f"{url}: {self._silent} requests in a row had no answer ({words}); {remedy}")
        return TryAgainError("no answer", words)

    def status(self, error: Any) -> Exception:
        """What an `openai.APIStatusError` means."""
        code, called, url = error.status_code, self.endpoint.called, self.endpoint.url
        # The library shows a body's "error" and no other, such as FastAPI's "detail".
        told = error.message if error.message != f"Error code: {code}" else error.response.text or error.message
        words = f"HTTP {code}: {self.clean(told)}"
        if code in {401, 403}:
            name = self.endpoint.key_variable
            if name is None:
                return EndpointError(
                    f"{url} requires a key ({words}), and none was sent: {DEFAULT_KEY} is sent to {OFFICIAL_HOST} "
                    f"only; set {called('api_key_env')} to an environment variable that holds the key"
                )
            return EndpointError(
                f"{url} refused the key in the environment variable {name} ({words}); set it to a valid key"
            )
        if code == 404:
            return EndpointError(
                f"{url} does not serve a model {self.endpoint.model!r}, or is not the root of an API ({words}); set "
                f"{called('model')} to a name that {url.rstrip('/')}/models lists, and {called('url')} to the root of "
                "the API, which usually ends in /v1"
            )
        if is_retried(code):
            return TryAgainError("no answer", words, retry_after_s(error.response.headers))
        self._unanswered = 0
        self.useless(words, f"set {called('url')} and {called('model')} to a server that accepts such requests")
        return NoVerdictError("refused", words)

    def given_up(self, error: TryAgainError) -> Exception:
        """What it means that a question was given up after its last attempt."""
        called, url = self.endpoint.called, self.endpoint.url
        if error.kind == "no answer":
            self._unanswered += 1
            if self._unanswered >= UNANSWERED_IN_A_ROW:
                return EndpointError(
                    f"{url}: {self._unanswered} questions in a row had no answer, each tried for "
                    f"{self.endpoint.deadline_s:g} s (the last: {error}); check the server, then lower "
                    f"{called('concurrency')} or raise {called('deadline_s')}"
                )
            return NoVerdictError(error.kind, str(error))
        self._unanswered = 0
        if self._nonsense is not None:
            self._nonsense += 1
            if self._nonsense >= NONSENSE_IN_A_ROW:
                return EndpointError(
                    f"{url}: no verdict on any of {self._nonsense} questions (the last: {error}); the server must "
                    f"support response_format json_schema; if it does, set {called('model')} to a model that can "
                    f"answer, or raise {called('max_tokens')}"
                )
        return NoVerdictError(error.kind, str(error))

    def stop(self, state: Any) -> bool:
        """For tenacity: whether this attempt was the last."""
        if state.outcome.exception().kind == "nonsense":
            return bool(state.attempt_number >= NONSENSE_TRIES)
        return bool(state.seconds_since_start >= self.endpoint.deadline_s)

    def wait_s(self, state: Any) -> float:
        """For tenacity: how long until the next attempt."""
        error = state.outcome.exception()
        if error.kind == "nonsense":
            return 0.0
        return max(self._backoff(state), min(error.retry_after_s, LONGEST_WAIT_S))

    def clean(self, text: object) -> str:
        """What a server or a library said: short, on one line, and without the key, which some servers repeat."""
        key = self.endpoint.api_key()
        return said(text, "" if key == NO_KEY else key)
