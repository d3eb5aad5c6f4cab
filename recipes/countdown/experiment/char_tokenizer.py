"""A response as words, for the baseline that counts n-grams of them: one character is a word, and so is its end.

`core.ngram_diversity` splits at white space, and `3*7-2` has none. Without the end, an answer of two digits (`8*3`)
would have no 4-gram, and never be rewarded.

In the loop, `spaced` does it. In verl, the policy is given a tokenizer of the same ids that decodes so, and the reward
reads through it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darling_plugin.countdown import reward
from recipes.countdown.model import build_tokenizer

END = "."


def spaced(text: str) -> str:
    """`3*7-2` as `3 * 7 - 2 .`; an empty text stays one."""
    return " ".join([*text, END]) if text else ""


def spaced_policy(folder: Path, policy: Path) -> Path:
    """Copy a policy into `folder` and give it a tokenizer that decodes responses as `spaced` writes them."""
    from tokenizers import Regex, decoders

    tokenizer = build_tokenizer()
    tokenizer.backend_tokenizer.decoder = decoders.Sequence(
        [
            decoders.Fuse(),
            decoders.Replace(Regex("(?<=.)(?=.)"), " "),
            decoders.Replace(Regex("$"), f" {END}"),
        ]
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "generation_config.json", "model.safetensors"):
        shutil.copy(policy / name, folder / name)
    tokenizer.save_pretrained(folder)
    return folder


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> dict[str, float]:
    """`countdown.reward.compute_score` of a spaced response."""
    text = solution_str.removesuffix(END).replace(" ", "")
    return reward.compute_score(data_source, text, ground_truth, extra_info, **kwargs)
