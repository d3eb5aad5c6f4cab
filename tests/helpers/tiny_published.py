"""Tiny random models in the format of the authors' checkpoints: same architectures, same layout of special tokens."""

from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

# A byte-level vocabulary in GPT-2's order, as ModernBERT's and Qwen's are: "!" is 0, so an ASCII letter is its code
# minus 33 and a space ("Ġ") is 220; then the merges: Ġc 256, Ġca 257, Ġcat 258, Ġs 259, Ġsa 260, Ġsat 261, ĠĠ 262.
MERGES = [("Ġ", "c"), ("Ġc", "a"), ("Ġca", "t"), ("Ġ", "s"), ("Ġs", "a"), ("Ġsa", "t"), ("Ġ", "Ġ")]
LIMIT = 128
PAIRS = [
    ("cat sat", "cat"),
    ("", ""),
    ("\x00猫", "a cat sat\n\non\tthe cat"),
    ("cat " * 300, "sat"),
    ("x", "x" * 100_000),
]


def modernbert(folder: Path) -> Path:
    """[UNK] 263, [CLS] 264, [SEP] 265, [PAD] 266, [MASK] 267; [CLS] and [SEP] are put around any text."""
    from transformers import ModernBertConfig, ModernBertForSequenceClassification, PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE(vocab=_vocabulary(), merges=MERGES))
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    backend.add_special_tokens([AddedToken(text, special=True, lstrip=text == "[MASK]") for text in special])
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 264), ("[SEP]", 265)]
    )
    names = {f"{text[1:-1].lower()}_token": text for text in special}
    PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=8192, **names).save_pretrained(folder)
    config = ModernBertConfig(
        vocab_size=268,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=1,
        max_position_embeddings=LIMIT,
        classifier_pooling="mean",
        pad_token_id=266,
        bos_token_id=264,
        eos_token_id=265,
        cls_token_id=264,
        sep_token_id=265,
        initializer_range=0.5,
    )
    return _saved(ModernBertForSequenceClassification, config, folder)


def qwen3(folder: Path) -> Path:
    """<|endoftext|> 151643, put after any text and the padding; <|im_start|> 151644; <|im_end|> 151645."""
    from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3ForSequenceClassification

    special = {"<|endoftext|>": 151643, "<|im_start|>": 151644, "<|im_end|>": 151645}
    tokenizer = Qwen2Tokenizer(vocab=_vocabulary() | special, merges=MERGES, model_max_length=131072)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.backend_tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="$A <|endoftext|>", pair="$A $B <|endoftext|>", special_tokens=[("<|endoftext|>", 151643)]
            ),
        ]
    )
    tokenizer.save_pretrained(folder)
    config = Qwen3Config(
        vocab_size=151669,
        hidden_size=8,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=LIMIT,
        num_labels=2,
        pad_token_id=151643,
        tie_word_embeddings=True,
        initializer_range=0.5,
    )
    return _saved(Qwen3ForSequenceClassification, config, folder)


def deberta(folder: Path) -> Path:
    """[PAD] 0, [CLS] 1, [SEP] 2, [UNK] 3, ▁cat 4, ▁sat 5, ▁ 6, x 7, then [MASK] 8."""
    from transformers import DebertaV2Config, DebertaV2ForSequenceClassification, DebertaV2Tokenizer

    pieces = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "▁cat", "▁sat", "▁", "x"]
    vocabulary = [(piece, 0.0 if piece.startswith("[") else -1.0) for piece in pieces]
    DebertaV2Tokenizer(vocab=vocabulary, unk_id=3).save_pretrained(folder)
    config = DebertaV2Config(
        vocab_size=16,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        # As DeBERTa-v3-large has them:
        relative_attention=True,
        position_buckets=256,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
        type_vocab_size=0,
        initializer_range=0.5,
    )
    return _saved(DebertaV2ForSequenceClassification, config, folder)


def _vocabulary() -> dict[str, int]:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return {piece: token for token, piece in enumerate([*alphabet, *("".join(pair) for pair in MERGES)])}


def _saved(architecture: Any, config: Any, folder: Path) -> Path:
    import torch

    torch.manual_seed(1)
    architecture(config).save_pretrained(folder)
    return folder
