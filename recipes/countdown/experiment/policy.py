"""The policy as the loop needs it: loaded, asked in token ids, responses decoded. What it computes: `forward.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from darling_plugin.countdown.data import Prompt
from recipes.countdown.model import EOS, VOCABULARY

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM

END = VOCABULARY[EOS]
CHARACTERS = {token_id: token if len(token) == 1 else "" for token, token_id in VOCABULARY.items()}


def load_policy(folder: Path) -> LlamaForCausalLM:
    """In float32, whatever the folder says: verl writes float32 weights and calls them bfloat16."""
    import torch
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def prompt_ids(prompts: Sequence[Prompt]) -> torch.Tensor:
    """Shape (prompts, PROMPT_LENGTH)."""
    import torch

    return torch.tensor([[VOCABULARY[character] for character in prompt.text] for prompt in prompts])


def decode(responses: torch.Tensor) -> list[str]:
    """The text of each row up to its end token, special tokens left out, as verl decodes it."""
    texts = []
    for row in responses.tolist():
        own = row[: row.index(END)] if END in row else row
        texts.append("".join(CHARACTERS[token] for token in own))
    return texts


def written(responses: torch.Tensor) -> torch.Tensor:
    """Which tokens the policy wrote: those up to the first end token, and that one. Booleans, shape of `responses`."""
    ends = (responses == END).int()
    return (ends.cumsum(dim=1) - ends) == 0
