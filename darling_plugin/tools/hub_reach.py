"""Whether the Hugging Face hub answers, asked once: its clients try for half a minute before they say that it does not.

with hub_or_cache() as why:
    datasets.load_dataset(…)     from the client's cache at once if `why` says that the hub is out of reach
"""

from __future__ import annotations

import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

PROBE_S = 10.0


def out_of_reach() -> str | None:
    """Why the hub cannot be asked, or None if it answers."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return "HF_HUB_OFFLINE is set"
    try:
        urllib.request.urlopen(urllib.request.Request(constants.ENDPOINT, method="HEAD"), timeout=PROBE_S).close()
    except urllib.error.HTTPError:
        return None  # it answered
    except urllib.error.URLError as error:
        # certificates of a company's own are the client's to check
        return None if isinstance(error.reason, ssl.SSLError) else str(error.reason)
    except OSError as error:
        return str(error)
    return None


@contextmanager
def hub_or_cache() -> Iterator[str | None]:
    """`out_of_reach()`. If it has a reason, the hub's clients look only into their caches inside the block."""
    from huggingface_hub import constants

    why = out_of_reach()
    if why is None:
        yield None
        return
    settings: list[object] = [constants]  # both read the environment once, when they are imported
    if find_spec("datasets") is not None:
        import datasets

        settings.append(datasets.config)
    before = [vars(module)["HF_HUB_OFFLINE"] for module in settings]
    try:
        for module in settings:
            vars(module)["HF_HUB_OFFLINE"] = True
        yield why
    finally:
        for module, value in zip(settings, before, strict=True):
            vars(module)["HF_HUB_OFFLINE"] = value
