"""A model's shape: from its config.json where that is on this machine, else from a small table of names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HUB_NAME = re.compile(r"\w[\w.-]*/[\w.-]+")


@dataclass(frozen=True)
class Shape:
    """A dense transformer with grouped queries and a gated MLP, as Llama and Qwen are.

    parameters = embeddings (twice where the output layer has its own) + layers × (q, k, v, o, three MLP matrices, two
    norms) + the last norm. Biases are left out: below 0.1 %.
    """

    layers: int
    hidden: int
    mlp: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    tied: bool
    positions: int

    @property
    def parameters(self) -> int:
        attention = 2 * self.hidden * (self.heads + self.kv_heads) * self.head_size
        layer = attention + 3 * self.hidden * self.mlp + 2 * self.hidden
        return self.vocabulary * self.hidden * (1 if self.tied else 2) + self.layers * layer + self.hidden

    def adapter_parameters(self, rank: int) -> int:
        """Of a LoRA adapter on all seven matrices of each layer: rank × (rows + columns) of each."""
        q, kv = self.heads * self.head_size, self.kv_heads * self.head_size
        sides = 2 * (self.hidden + q) + 2 * (self.hidden + kv) + 3 * (self.hidden + self.mlp)
        return self.layers * rank * sides

    @property
    def cache_bytes_per_token(self) -> int:
        """Keys and values in bfloat16, all layers."""
        return 2 * self.layers * self.kv_heads * self.head_size * 2


# From each model's config.json on the Hugging Face hub.
_QWEN3_4B = Shape(36, 2560, 9728, 32, 8, 128, 151936, True, 32768)
_LLAMA_8B = Shape(32, 4096, 14336, 32, 8, 128, 128256, False, 131072)
_LLAMA_1B = Shape(16, 2048, 8192, 32, 8, 64, 128256, True, 131072)
KNOWN = {
    "Qwen/Qwen3-0.6B-Base": Shape(28, 1024, 3072, 16, 8, 128, 151936, True, 32768),
    "Qwen/Qwen3-1.7B-Base": Shape(28, 2048, 6144, 16, 8, 128, 151936, True, 32768),
    "Qwen/Qwen3-4B-Base": _QWEN3_4B,
    "Qwen/Qwen3-8B-Base": Shape(36, 4096, 12288, 32, 8, 128, 151936, False, 32768),
    "Qwen/Qwen2.5-0.5B-Instruct": Shape(24, 896, 4864, 14, 2, 64, 151936, True, 32768),
    "meta-llama/Llama-3.1-8B-Instruct": _LLAMA_8B,
    "meta-llama/Llama-3.2-1B-Instruct": _LLAMA_1B,
    "Skywork/Skywork-Reward-V2-Llama-3.2-1B": _LLAMA_1B,
    "dogtooth/qwen3-4b-emb-finetuned-step-70-hf": _QWEN3_4B,
}


def is_hub_name(path: str) -> bool:
    """Whether verl would ask the hub for it: `owner/name`, and no folder here is called so."""
    return HUB_NAME.fullmatch(path) is not None and not path.startswith(".") and not Path(path).expanduser().exists()


def find_shape(path: str | None) -> Shape | None:
    """The shape of a model; None where it is not known. Never asks the network."""
    if path is None:
        return None
    file = Path(path).expanduser() / "config.json"
    if not file.is_file():
        file = _downloaded(path) or file
    if file.is_file():
        try:
            return _read(json.loads(file.read_bytes()))
        except ValueError:
            return None  # a damaged file: loading it fails with a better message than this could give
    return KNOWN.get(path)


def _downloaded(name: str) -> Path | None:
    """The config.json that an earlier download left in the hub's cache."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, "config.json") if is_hub_name(name) else None
    return Path(found) if isinstance(found, str) else None


def _read(config: Mapping[str, Any]) -> Shape | None:
    if any(key in config for key in ("num_experts", "num_local_experts", "n_routed_experts")):
        return None  # a mixture of experts is another shape
    try:
        heads = config["num_attention_heads"]
        return Shape(
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            mlp=config["intermediate_size"],
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            head_size=config.get("head_dim") or config["hidden_size"] // heads,
            vocabulary=config["vocab_size"],
            tied=config.get("tie_word_embeddings", True),
            positions=config["max_position_embeddings"],
        )
    except (KeyError, TypeError):
        return None
