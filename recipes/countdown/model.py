"""The policy of the Countdown quickstart: a Llama with 0.34M parameters and one token per character.

It is written as an ordinary Hugging Face folder, so transformers, verl and vLLM load it as they would load any model.
Attention heads are 32 wide, the smallest that vLLM's CPU backend supports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from darling_plugin.countdown.task import ALPHABET

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

PAD, EOS, UNKNOWN = "<pad>", "<eos>", "<unk>"
VOCABULARY = {token: index for index, token in enumerate([PAD, EOS, UNKNOWN, *ALPHABET])}
HIDDEN, LAYERS, HEADS, INTERMEDIATE = 96, 3, 3, 256
MAX_POSITIONS = 64


def build_tokenizer() -> PreTrainedTokenizerFast:
    """One token per character of the task's alphabet. Its chat template joins the messages and adds no token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    characters = Tokenizer(models.WordLevel(VOCABULARY, unk_token=UNKNOWN))
    characters.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    characters.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=characters,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNKNOWN,
        clean_up_tokenization_spaces=False,
        model_max_length=MAX_POSITIONS,
    )
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    return tokenizer


def build_model(seed: int = 0) -> LlamaForCausalLM:
    """A freshly initialized policy: the same weights for the same seed, the caller's random state untouched."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    end, pad = VOCABULARY[EOS], VOCABULARY[PAD]
    config = LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=HIDDEN,
        intermediate_size=INTERMEDIATE,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=MAX_POSITIONS,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=pad,
    )
    config._attn_implementation = "eager"  # on so few tokens as fast as the fused kernels
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(do_sample=True, bos_token_id=None, eos_token_id=end, pad_token_id=pad)
    return model
