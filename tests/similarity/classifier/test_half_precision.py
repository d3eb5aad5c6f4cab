import numpy as np
import pytest
import tiny_published
import torch

from darling_plugin.similarity.classifier.forward import half_precision
from darling_plugin.similarity.classifier.scorer import load_scorer

PAIRS = [("a cat sat", "a cat"), ("cats", "a cat sat on a cat"), ("sat", "the dog"), ("a", "b")]


def test_a_cpu_computes_as_it_is():
    model = torch.nn.Linear(2, 2)
    model.device = torch.device("cpu")
    with half_precision(model):
        assert model(torch.ones(2)).dtype == torch.float32


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_multiplies_in_bfloat16_and_says_nearly_the_same(tmp_path):
    folder = str(tiny_published.modernbert(tmp_path))
    on_cpu, on_gpu = load_scorer(folder, device="cpu"), load_scorer(folder, device="cuda")
    with half_precision(on_gpu.forward.classifier.model):
        matrix = torch.full((2, 2), 1 + 2**-10, device="cuda")
        assert (matrix @ matrix).dtype == torch.bfloat16
    expected, found = on_cpu.logits(PAIRS), on_gpu.logits(PAIRS)
    assert np.abs(found - expected).max() > 0
    np.testing.assert_allclose(found, expected, atol=0.1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_model_in_another_precision_computes_as_it_is():
    model = torch.nn.Linear(2, 2, dtype=torch.float64, device="cuda")
    model.device = torch.device("cuda")
    with half_precision(model):
        assert model(torch.ones(2, dtype=torch.float64, device="cuda")).dtype == torch.float64
