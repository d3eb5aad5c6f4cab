"""The measured classifiers as folders that a server can load."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from darling_plugin.similarity.classifier.card import read_card, write_card
from darling_plugin.similarity.classifier.cross_encoder import load_pair_model

HERE = Path(__file__).parent


class Folders(NamedTuple):
    """text, countdown: pair classifiers, whole. cascade: the file of the cascade whose second is `countdown`."""

    text: Path
    countdown: Path
    cascade: Path


def unpack(work: Path) -> Folders:
    """Put the text classifier's adapter into its base model, in a folder below `work`; the others are whole."""
    folder = work / "text"
    card = read_card(HERE / "text")
    load_pair_model(HERE / "text", base=card.base_model, device="cpu").save_pretrained(
        str(folder), create_model_card=False
    )
    write_card(folder, card.model_copy(update={"adapter": False}))
    return Folders(folder, HERE / "countdown_pairs", HERE / "cascade.json")
