import pytest

from darling_plugin.countdown.task import ALPHABET, PROMPT_LENGTH
from recipes.countdown.model import HEADS, HIDDEN, build_model, build_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """Written and read again, as verl and vLLM get it."""
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp("policy")
    build_tokenizer().save_pretrained(folder)
    build_model().config.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("text", ["38172=19:", "3*7-2", ALPHABET])
def test_round_trip_one_token_per_character(tokenizer, text):
    ids = tokenizer(text)["input_ids"]
    assert len(ids) == len(text)
    assert tokenizer.decode(ids) == text


def test_chat_template_adds_nothing(tokenizer):
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "38172=19:"}], add_generation_prompt=True, return_dict=False
    )
    assert ids == tokenizer("38172=19:")["input_ids"]
    assert len(ids) == PROMPT_LENGTH


def test_a_foreign_character_is_unknown_and_dropped_like_other_specials(tokenizer):
    assert tokenizer("1x2")["input_ids"][1] == tokenizer.unk_token_id
    assert tokenizer.decode([tokenizer.eos_token_id, tokenizer.pad_token_id], skip_special_tokens=True) == ""


def test_size_and_vocabulary(tokenizer):
    model = build_model()
    assert 300_000 < model.num_parameters() < 350_000
    assert model.config.vocab_size == len(tokenizer)
    assert HIDDEN // HEADS == 32  # the smallest head that vLLM's CPU backend supports


def test_seed_decides_the_weights_and_nothing_else():
    import torch

    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    first, second, other = build_model(0), build_model(0), build_model(1)
    assert torch.equal(torch.rand(1), expected)  # the caller's random state is untouched
    assert torch.equal(first.lm_head.weight, second.lm_head.weight)
    assert not torch.equal(first.lm_head.weight, other.lm_head.weight)
