"""Paths and loaders that the scripts of this folder share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DATA = Path(__file__).parents[3] / "shared" / "data"


def read_jsonl(path: str | Path) -> list[dict[str, Any]]:
    with Path(path).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def fresh_encoder() -> tuple[Any, Any]:
    """(SegmentEncoder over the packaged MiniLM, its TokenReader)."""
    from transformers import AutoModel, AutoTokenizer

    from darling_plugin.similarity.packaged import packaged_encoder
    from recipes.similarity.candidate.encoder import SegmentEncoder
    from recipes.similarity.candidate.reading import TokenReader

    folder = packaged_encoder()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    bert = AutoModel.from_pretrained(folder, add_pooling_layer=False)
    return (
        SegmentEncoder(bert, tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id),
        TokenReader(tokenizer.backend_tokenizer),
    )
