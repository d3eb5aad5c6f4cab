import pytest
import torch

from darling_plugin.kinds.data import split
from recipes.countdown.request import Estimator
from recipes.kinds.engine import load_model
from recipes.kinds.quickstart import evaluate
from recipes.kinds.trl_train import read_data, settings
from recipes.kinds.warmstart import sharpen


def test_the_policy_is_measured_on_validation_categories(tiny, tiny_llama):
    found = evaluate(tiny_llama, tiny_llama)
    assert (found.prompts, found.samples, found.k) == (len(split().validation), 16, 8)
    assert set(found.as_dict()) >= {"pass@1", "pass@k", "distinct_correct", "standard_error"}


def test_verl_is_asked_for_the_shipped_configuration(tiny, tmp_path):
    from darling_plugin.kinds.data import prepare
    from recipes.kinds.quickstart import command

    data = prepare(tmp_path / "data")
    words = command(Estimator.grpo, 3, tmp_path / "run", data, tmp_path / "policy", ("a.b=1",))
    assert "+darling=[kinds,cpu]" in words and "algorithm.adv_estimator=grpo" in words and words[-1] == "a.b=1"
    assert read_data(data.train)[0]["prompt"].endswith("say something about it.\n")


def test_sharpening_divides_the_logits(tiny_llama):
    model, ids = load_model(tiny_llama), torch.tensor([[2, 3, 4]])
    before = model(ids).logits
    sharpen(model, 0.5)
    torch.testing.assert_close(model(ids).logits, 2 * before, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("objective", "similarity", "expected"),
    [
        ("grpo", "exact", None),
        ("darling", "exact", {"name": "callable", "function": "darling_plugin.kinds.similarity:equivalent"}),
        ("darling", "shipped", {"name": "classifier", "short_text_rule": False}),
        ("soft_darling", "a/folder", {"name": "classifier", "short_text_rule": False, "model": "a/folder"}),
    ],
)
def test_settings_of_trl(objective, similarity, expected):
    assert settings(objective, similarity).get("similarity") == expected
