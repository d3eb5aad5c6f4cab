"""The experiment's own forward pass against transformers': the same samples, log-probabilities and gradients."""

import pytest
import torch

from recipes.countdown.evaluate import generate
from recipes.countdown.experiment.forward import read, sample
from recipes.countdown.experiment.policy import END, load_policy, prompt_ids, written
from recipes.countdown.experiment.prompts import rl_prompts


@pytest.fixture
def policy(untrained):
    """With weights some times as wide as at the start, so that its distributions are far from even."""
    policy = load_policy(untrained)
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter += 0.15 * torch.randn(parameter.shape, generator=rng)
    return policy


def transformers(policy, prompts, responses):
    """Log-probabilities over the vocabulary at each token of the responses, shape (rows, tokens, vocabulary)."""
    logits = policy(torch.cat([prompts, responses], dim=1), use_cache=False).logits
    return logits[:, prompts.shape[1] - 1 : -1].log_softmax(-1)  # the last prompt token predicts the first


def test_it_samples_what_transformers_samples(policy):
    prompts = prompt_ids(rl_prompts(0, 5))
    expected = generate(policy, prompts, 3, 1.0, END, torch.Generator().manual_seed(1)).clone()
    found = sample(policy, prompts, 3, END, torch.Generator().manual_seed(1))
    assert torch.equal(found.tokens, expected)
    log_p = transformers(policy, prompts.repeat_interleave(3, dim=0), expected)
    mask = written(expected)
    assert mask.sum() > 15  # more than one token a response
    chosen = log_p.gather(2, expected[:, :, None])[:, :, 0]
    entropy = -(log_p.exp() * log_p).sum(-1)
    assert torch.allclose(found.log_prob[mask], chosen[mask], atol=1e-4)
    assert torch.allclose(found.entropy[mask], entropy[mask], atol=1e-4)
    assert entropy[mask].min() < 2  # nats; even would be 2.9


def test_reading_and_its_gradients_equal_transformers(policy):
    prompts = prompt_ids(rl_prompts(0, 4))
    prompt_of = torch.tensor([2, 0, 2, 1, 2])  # out of order, one of them never
    responses = torch.randint(0, 18, (5, 8), generator=torch.Generator().manual_seed(2))
    weights = torch.randn(5, 8, generator=torch.Generator().manual_seed(3))
    gradients = []
    for values in (
        read(policy, prompts, prompt_of, responses),
        transformers(policy, prompts[prompt_of], responses).gather(2, responses[:, :, None])[:, :, 0],
    ):
        policy.zero_grad()
        (values * weights).sum().backward()
        gradients.append((values.detach(), [p.grad.clone() for p in policy.parameters()]))
    assert torch.allclose(gradients[0][0], gradients[1][0], atol=1e-4)
    for own, theirs in zip(gradients[0][1], gradients[1][1], strict=True):
        assert torch.allclose(own, theirs, rtol=1e-3, atol=1e-4 * float(theirs.abs().max()))
