"""What is true of every HTTP server that is asked: which answers are worth another try, and how much is read of one."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping
from email.utils import parsedate_to_datetime

from darling_plugin.errors import DarlingError

RETRIED = frozenset({408, 409, 425, 429})
MOST_BODY = 16 << 20  # bytes of one answer; 128k tokens of text are below 1 MB
SHOWN = 300  # characters of what a server said

# C0, DEL, C1, and the marks that change the direction of what follows: a terminal would obey them.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class BodyTooLargeError(DarlingError):
    """A server sent more than `MOST_BODY`."""


def is_retried(status: int) -> bool:
    """Whether the same request may get another answer later: 408, 409, 425, 429 and 5xx."""
    return status in RETRIED or status >= 500


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds that a server asks to be left alone, from `Retry-After` in seconds or as a date; 0 without one."""
    said = headers.get("retry-after") or headers.get("Retry-After") or "0"
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return max(0.0, seconds) if seconds < float("inf") else 0.0


async def bounded(blocks: AsyncIterator[bytes], where: str, most: int = MOST_BODY) -> bytes:
    """The blocks of a body, joined. Raises `BodyTooLargeError` as soon as there are more than `most` bytes."""
    body = bytearray()
    async for block in blocks:
        body += block
        if len(body) > most:
            raise BodyTooLargeError(f"{where}: the answer is larger than {most >> 20} MB")
    return bytes(body)


def said(text: object, secret: str = "") -> str:
    """What a server or a library said: one short line without control characters, and without `secret`."""
    line = " ".join(str(text).split())
    if secret:
        line = line.replace(secret, "…")
    line = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", line)
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
