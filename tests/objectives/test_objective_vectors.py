"""The numbers of the authors' own code, recorded: each was run once on random groups, and only its numbers are here.

The rows of a case belong to several groups, interleaved; −1 is a response in no class. What the code is, and where it
differs from its paper, is in the docstring of each objective.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from darling_plugin.core import group_advantages
from darling_plugin.objectives import (
    negative_reinforcement_advantages,
    pass_at_k_advantages,
    poly_epo_advantages,
    unlikeliness_rewards,
)
from darling_plugin.objectives.dra import dra_weights
from darling_plugin.objectives.rep_exp import elliptical_bonus

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "objectives.json").read_text())


def cases(name):
    return [pytest.param(case, id=f"{name}-{number}") for number, case in enumerate(VECTORS[name])]


@pytest.mark.parametrize("case", cases("poly_epo"))
def test_poly_epo(case):
    # The authors divide by the number of sets + 1e-6.
    got = poly_epo_advantages(case["quality"], case["labels"], case["uid"], m=case["m"])
    np.testing.assert_allclose(got, case["advantages"], atol=1e-6)


@pytest.mark.parametrize("case", cases("pass_at_k"))
def test_pass_at_k(case):
    got = pass_at_k_advantages(np.array(case["correct"], bool), [0] * len(case["correct"]), k=case["k"])
    np.testing.assert_allclose(got, case["advantages"], atol=1e-8)


@pytest.mark.parametrize("case", cases("unlikeliness"))
def test_unlikeliness(case):
    rewards = unlikeliness_rewards(case["quality"], case["logprobs"], case["uid"], beta=case["beta"])
    got = group_advantages(rewards, case["uid"], normalize_by_std=True)
    np.testing.assert_allclose(got, case["advantages"], atol=1e-6)


@pytest.mark.parametrize("case", cases("negative_reinforcement"))
def test_negative_reinforcement(case):
    got = negative_reinforcement_advantages(np.array(case["correct"], bool), weight=case["weight"])
    np.testing.assert_allclose(got, case["advantages"], atol=1e-12)


@pytest.mark.parametrize("case", cases("rep_exp"))
def test_rep_exp(case):
    # Their bonus is written into float32.
    got = elliptical_bonus(case["vectors"], case["uid"], ridge=case["ridge"])
    np.testing.assert_allclose(got, case["bonus"], atol=1e-6)


@pytest.mark.parametrize("case", cases("dra"))
def test_dra_of_one_prompt_and_cosines_above_zero(case):
    uid = [0] * len(case["quality"])
    got = group_advantages(case["quality"] * dra_weights(case["vectors"], uid), uid)
    np.testing.assert_allclose(got, case["advantages"], atol=1e-8)
