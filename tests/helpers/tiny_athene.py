"""A tiny random reward model in the shape of Athene-RM-8B, and the original's forward pass, stated again in torch.

The format is that of the checkpoint's own modeling code: a Llama under `model.`, a linear layer `v_head` from hidden
size to 1 without bias, the score read at the last token 128003. Llama 3's special tokens have Llama 3's ids.
"""

import json
from pathlib import Path
from typing import Any

CLS = "<|reserved_special_token_1|>"
SPECIAL = {
    "<|begin_of_text|>": 128000,
    "<|end_of_text|>": 128001,
    "<|reserved_special_token_0|>": 128002,
    CLS: 128003,
    "<|start_header_id|>": 128006,
    "<|end_header_id|>": 128007,
    "<|eot_id|>": 128009,
}
BOS, PAD, CLS_ID = 128000, 128002, 128003
# Llama 3's: each turn under a header with its role, contents trimmed.
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}"
    "{% endfor %}\n"
)

# (messages, response); lengths differ, so that a batch is padded.
CONVERSATIONS = [
    ([{"role": "user", "content": "hi"}], "there"),
    (
        [
            {"role": "system", "content": "short"},
            {"role": "user", "content": "one\ntwo"},
            {"role": "assistant", "content": "three"},
            {"role": "user", "content": " 猫 "},
        ],
        "a longer answer, " * 10,
    ),
    ([{"role": "user", "content": "empty"}], ""),
    ([{"role": "user", "content": "spelled"}], f"no {CLS} end"),  # the original reads at the last of them
]


def whole(messages: list[dict[str, str]], response: str) -> list[dict[str, str]]:
    """The conversation with its last turn."""
    return [*messages, {"role": "assistant", "content": response}]


def write(folder: Path, *, shards: int = 2, binary: bool = False, dtype: str = "float32", **tokenizer: Any) -> Path:
    """Write the checkpoint. `tokenizer`: arguments of `write_tokenizer`."""
    import torch
    from safetensors.torch import save_file
    from transformers import LlamaConfig, LlamaModel

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=128256,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,  # the least that vLLM's CPU attention takes
        max_position_embeddings=512,
        rope_theta=500000.0,
        bos_token_id=BOS,
        eos_token_id=128009,
        pad_token_id=None,
        initializer_range=0.5,
        dtype=dtype,
    )
    weights = {f"model.{name}": tensor for name, tensor in LlamaModel(config).state_dict().items()}
    weights["v_head.weight"] = torch.randn(1, config.hidden_size)
    weights = {name: tensor.to(getattr(torch, dtype)) for name, tensor in weights.items()}
    names = sorted(weights)
    parts = [{name: weights[name] for name in names[part::shards]} for part in range(shards)]
    stem, end = ("pytorch_model", "bin") if binary else ("model", "safetensors")
    files = [
        f"{stem}-{part + 1:05d}-of-{shards:05d}.{end}" if shards > 1 else f"{stem}.{end}" for part in range(shards)
    ]
    for file, tensors in zip(files, parts, strict=True):
        if binary:
            torch.save(tensors, folder / file)
        else:
            save_file(tensors, folder / file, metadata={"format": "pt"})
    if shards > 1:
        places = {name: file for file, tensors in zip(files, parts, strict=True) for name in tensors}
        (folder / f"{stem}.{end}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    described = config.to_dict() | {"architectures": ["CustomAutoModelForSequenceClassification"]}
    (folder / "config.json").write_text(json.dumps(described))
    write_tokenizer(folder, **tokenizer)
    return folder


def write_tokenizer(
    folder: Path, *, adds_bos: bool = True, adds_eos: bool = False, template: str | None = TEMPLATE, **names: Any
) -> None:
    """Single bytes as tokens 0–255. `names`: cls_token and pad_token, with Athene's as defaults."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: token for token, piece in enumerate(alphabet)} | SPECIAL
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(text, special=True) for text in SPECIAL])
    single = [*(["<|begin_of_text|>"] if adds_bos else []), "$A", *(["<|end_of_text|>"] if adds_eos else [])]
    around = processors.TemplateProcessing(single=single, special_tokens=list(SPECIAL.items()))
    backend.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), around])
    backend.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 512,
        "bos_token": "<|begin_of_text|>",
        "eos_token": "<|eot_id|>",
        "cls_token": CLS,
        "pad_token": "<|reserved_special_token_0|>",
        "chat_template": template,
        "clean_up_tokenization_spaces": False,
    }
    present = {name: value for name, value in (settings | names).items() if value is not None}
    (folder / "tokenizer_config.json").write_text(json.dumps(present))


def original_ids(folder: Path, conversations: list[list[dict[str, str]]]) -> list[list[int]]:
    """What the original reads: the chat's text and the CLS token, with the one BOS that the template writes."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = [tokenizer.apply_chat_template(each, tokenize=False) + CLS for each in conversations]
    return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]


def original_scores(folder: Path, rows: list[list[int]]) -> list[float]:
    """The original's forward pass, all rows padded to one batch: v_head at each row's last CLS token."""
    import torch
    from transformers import LlamaConfig, LlamaModel

    weights = read_weights(folder)
    model = LlamaModel(LlamaConfig.from_pretrained(folder)).eval()
    model.load_state_dict(
        {name.removeprefix("model."): each for name, each in weights.items() if name != "v_head.weight"}
    )
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    with torch.inference_mode():
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        every = (hidden @ weights["v_head.weight"].T)[..., 0]  # (rows, tokens)
    last = [max(place for place, token in enumerate(row) if token == CLS_ID) for row in rows]
    return [every[row, place].item() for row, place in enumerate(last)]


def read_weights(folder: Path) -> dict[str, Any]:
    """Every tensor of a folder, whatever its format."""
    import torch
    from safetensors.torch import load_file

    weights: dict[str, Any] = {}
    for file in folder.iterdir():
        if file.suffix == ".safetensors":
            weights |= load_file(file)
        elif file.suffix == ".bin":
            weights |= torch.load(file, weights_only=True)
    return weights
