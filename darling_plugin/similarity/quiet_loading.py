"""Loads a model from a folder without transformers' bar over its weights, which takes a second and fills logs.

The bars of a download from the hub stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def quiet_loading(source: str) -> Iterator[None]:
    """No bar inside the block where `source` is a folder; a name of the hub keeps its bars."""
    from transformers.utils import logging

    hidden = Path(source).is_dir() and logging.is_progress_bar_enabled()
    if hidden:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if hidden:
            logging.enable_progress_bar()
