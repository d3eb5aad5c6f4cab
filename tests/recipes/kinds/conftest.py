import json
from functools import cache

import pytest
from tiny_wordnet import use_tiny_wordnet

from darling_plugin.kinds import data

WORDS = (
    "<end> <unk> Name a kind of fish tree and say something about it . A An The One is the I would name example trout "
    "perch bass oak ash : , any various food fishes cool fresh waters spiny lakes seas deciduous"
)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The tiny WordNet; its two categories are in every part."""
    for nouns in use_tiny_wordnet(tmp_path / "wordnet", monkeypatch):
        both = tuple(data.categories())
        monkeypatch.setattr(data, "_split", cache(lambda folder, both=both: data.Split(both, both, both[::-1])))
        yield nouns


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory):
    """A folder as the warm start writes it: a random Llama of three layers, a word for a token, the vocabulary."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny_llama")
    words = {word: number for number, word in enumerate(WORDS.split())}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", unk_token="<unk>").save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=48, intermediate_size=64, num_hidden_layers=3, num_attention_heads=6,
        num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=True, eos_token_id=0, bos_token_id=None,
        initializer_range=0.3,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    (folder / "vocabulary.json").write_text(json.dumps([n for n in range(len(words)) if n != words["<unk>"]]))
    return folder
