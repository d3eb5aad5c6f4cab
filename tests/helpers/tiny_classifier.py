"""A folder of a real bi-encoder, made without training."""

import shutil
from pathlib import Path
from typing import Any

from darling_plugin.similarity.classifier.card import Card, write_card


def make_classifier(folder: Path, encoder: str, **settings: Any) -> Path:
    """A copy of that encoder, with a card; `settings` go into the card."""
    shutil.copytree(encoder, folder)
    write_card(folder, Card(kind="bi-encoder", base_model="tiny", **{"max_tokens": 8, "scale": 4.0} | settings))
    return folder
