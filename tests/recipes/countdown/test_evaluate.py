import itertools

import pytest

from darling_plugin.core.pass_at_k import pass_at_k
from darling_plugin.countdown.data import Prompt
from darling_plugin.errors import InputError
from recipes.countdown import evaluate as module
from recipes.countdown import model
from recipes.countdown.evaluate import evaluate, sample

PROMPT = Prompt((3, 8, 1, 7, 2), 19)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("untrained")
    model.build_model().save_pretrained(folder)
    model.build_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("n", [1, 4, 6])
def test_pass_at_k_agrees_with_every_subset(n):
    for count, k in itertools.product(range(n + 1), range(1, n + 1)):
        subsets = list(itertools.combinations(range(n), k))
        expected = sum(min(subset) < count for subset in subsets) / len(subsets)  # samples 0 … count−1 are the ones
        assert pass_at_k(n, count, k) == pytest.approx(expected)


def _evaluate(monkeypatch, responses, **settings):
    monkeypatch.setattr(module, "sample", lambda *args, **kwargs: responses)
    return evaluate("unused", [PROMPT] * len(responses), **settings)


def test_worked_by_hand(monkeypatch):
    # Four samples, two right answers of one class, one of another, one wrong; k = 2, C(4, 2) = 6.
    result = _evaluate(monkeypatch, [["3*7-2", "7*3-2", "2*8+3", "1+2"]], samples=4, k=2)
    assert result.pass_at_1 == 3 / 4
    assert result.pass_at_k == 1  # C(1, 2) = 0: two samples cannot both be wrong
    # class of two: 1 − C(2, 2)/6 = 5/6; class of one: 1 − C(3, 2)/6 = 1/2
    assert result.distinct_correct == pytest.approx(5 / 6 + 1 / 2)
    assert result.standard_error["pass_at_1"] == 0.0  # one prompt


def test_distinct_correct_agrees_with_every_subset(monkeypatch):
    responses = ["3*7-2", "7*3-2", "2*8+3", "8+7+3+1", "1+3+7+8", "1+2"]
    classes = [0, 0, 1, 2, 2, None]
    subsets = list(itertools.combinations(classes, 3))
    expected = sum(len(set(subset) - {None}) for subset in subsets) / len(subsets)
    assert _evaluate(monkeypatch, [responses], samples=6, k=3).distinct_correct == pytest.approx(expected)


@pytest.mark.parametrize(
    ("response", "expected"), [("1+2", 0.0), ("3*7-2", 1.0)], ids=["nothing right", "all the same"]
)
def test_degenerate(monkeypatch, response, expected):
    result = _evaluate(monkeypatch, [[response] * 4], samples=4, k=3)
    assert (result.pass_at_1, result.pass_at_k, result.distinct_correct) == (expected, expected, expected)


def test_means_and_standard_errors_over_prompts(monkeypatch):
    # pass@1 of the prompts: 1 and 0. Variance ((1/2)² + (1/2)²)/1 = 1/2; of the mean, /2 = 1/4; its root 1/2.
    result = _evaluate(monkeypatch, [["3*7-2"] * 2, ["1+2"] * 2], samples=2, k=2)
    assert result.pass_at_1 == 0.5
    assert result.standard_error["pass_at_1"] == pytest.approx(0.5)


def test_sample_shape_and_determinism(untrained):
    prompts = [PROMPT, Prompt((9, 9, 1, 2, 5), 7)]
    first = sample(untrained, prompts, samples=5, seed=1)
    assert [len(texts) for texts in first] == [5, 5]
    assert sample(untrained, prompts, samples=5, seed=1) == first
    assert sample(untrained, prompts, samples=5, seed=2) != first


def test_the_cached_loop_agrees_with_transformers_greedily(untrained):
    """As the temperature goes to zero, sampling is the argmax of a forward pass without a cache."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(untrained)
    policy = AutoModelForCausalLM.from_pretrained(untrained)
    ids = torch.tensor(tokenizer([PROMPT.text])["input_ids"])
    expected = policy.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=8)
    texts = sample(untrained, [PROMPT], samples=2, temperature=1e-4)[0]
    assert texts == [tokenizer.decode(expected[0, 9:], skip_special_tokens=True)] * 2


@pytest.mark.parametrize("settings", [{"k": 0}, {"k": 5, "samples": 4}])
def test_impossible_k(settings):
    with pytest.raises(InputError, match="1 <= k <= samples"):
        evaluate("unused", [PROMPT], **settings)


def test_no_prompts():
    with pytest.raises(InputError, match="at least one prompt"):
        evaluate("unused", [])
