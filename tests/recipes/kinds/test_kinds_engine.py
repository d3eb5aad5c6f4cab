import pytest
import torch

from darling_plugin.errors import InputError
from recipes.kinds.engine import Engine, Prompts, load_model
from recipes.kinds.warmstart import load_engine

# bfloat16 has eight bits of precision: logits of about 10 are known to 0.04, and these come through three layers.
CLOSE = 0.25


@pytest.fixture
def prompts():
    """Two prompts of 5 and 3 tokens."""
    ids = torch.tensor([[2, 3, 4, 5, 6], [0, 0, 2, 3, 7]])
    return Prompts(ids, torch.tensor([[False] * 5, [True, True, False, False, False]]))


def sampled(engine, prompts, **more):
    return engine.sample(prompts, 4, 7, torch.Generator().manual_seed(1), **more)


def by_transformers(model, engine, prompts, tokens, row, samples=4):
    """Log-probabilities of one row by transformers in float32, over the engine's vocabulary."""
    own = prompts.ids[row // samples][~prompts.pad[row // samples]]
    logits = model(torch.cat([own, tokens[row]])[None]).logits[0, len(own) - 1 : -1, engine.vocabulary]
    places = torch.searchsorted(engine.vocabulary, tokens[row])
    return torch.log_softmax(logits, dim=-1).gather(1, places[:, None])[:, 0]


def test_sampling_says_what_transformers_says(tiny_llama, prompts):
    engine, model = load_engine(tiny_llama, 1), load_model(tiny_llama)
    found = sampled(engine, prompts)
    for row in range(8):
        length = int((found.tokens[row] != engine.end).sum())
        expected = by_transformers(model, engine, prompts, found.tokens, row)[:length]
        torch.testing.assert_close(found.log_prob[row, :length], expected, atol=CLOSE, rtol=0)


def test_one_prompt_alone_is_sampled_too(tiny_llama, prompts):
    engine, model = load_engine(tiny_llama, 1), load_model(tiny_llama)
    one = Prompts(prompts.ids[:1], prompts.pad[:1])
    found = sampled(engine, one)
    expected = by_transformers(model, engine, one, found.tokens, 3)
    alive = found.tokens[3] != engine.end
    torch.testing.assert_close(found.log_prob[3][alive], expected[alive], atol=CLOSE, rtol=0)


def test_reading_says_what_sampling_said(tiny_llama, prompts):
    engine = load_engine(tiny_llama, 2)
    found = sampled(engine, prompts)
    rows = torch.tensor([0, 5, 6])
    read = engine.read(prompts, found, rows, rows // 4)
    alive = found.tokens[rows] != engine.end
    torch.testing.assert_close(read[alive], found.log_prob[rows][alive], atol=CLOSE, rtol=0)
    texts = engine.read_texts(prompts, found.tokens[rows], rows // 4)
    torch.testing.assert_close(texts, read, atol=CLOSE, rtol=0)


def test_gradients_are_those_of_transformers(tiny_llama, prompts):
    engine, model = load_engine(tiny_llama, 1), load_model(tiny_llama)
    found = sampled(engine, prompts)
    engine.read(prompts, found, torch.tensor([1]), torch.tensor([0])).sum().backward()
    by_transformers(model, engine, prompts, found.tokens, 1).sum().backward()
    expected = model.model.layers[-1].mlp.down_proj.weight.grad
    own = engine.parameters()[-1].grad
    assert torch.nn.functional.cosine_similarity(own.flatten(), expected.flatten(), dim=0) > 0.99
    torch.testing.assert_close(own.norm(), expected.norm(), rtol=0.05, atol=0)


def test_only_the_vocabulary_is_sampled_and_a_row_ends_with_its_end_token(tiny_llama, prompts):
    model = load_model(tiny_llama)
    engine = Engine(model, torch.tensor([0, 3, 9]), 0, 1)
    tokens = sampled(engine, prompts).tokens
    assert set(tokens.flatten().tolist()) <= {0, 3, 9}
    ended = (tokens == 0).cumsum(dim=1) > 0
    assert bool((tokens[ended] == 0).all())


def test_a_low_temperature_is_nearly_certain(tiny_llama, prompts):
    engine = load_engine(tiny_llama, 1)
    found = sampled(engine, prompts, temperature=1e-4)
    assert bool((found.tokens[:4] == found.tokens[0]).all())
    assert float(found.entropy[:, 0].max()) < 1e-3


def test_the_trained_weights_go_into_a_state_and_into_transformers_model(tiny_llama, prompts):
    engine, other, model = load_engine(tiny_llama, 2), load_engine(tiny_llama, 2), load_model(tiny_llama)
    with torch.no_grad():
        for weight in engine.parameters():
            weight.mul_(1.5)
    other.load_state_dict(engine.state_dict())
    first = sampled(other, prompts).log_prob
    engine.refresh()
    assert torch.equal(first, sampled(engine, prompts).log_prob)
    engine.save(model)
    again = Engine(model, engine.vocabulary, engine.end, 2)
    assert torch.equal(first, sampled(again, prompts).log_prob)


def test_more_trained_layers_than_there_are(tiny_llama):
    with pytest.raises(InputError, match="`trained` must be from 1 to 3 layers, got 4"):
        load_engine(tiny_llama, 4)
