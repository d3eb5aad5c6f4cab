"""The quality of one response, from the reward manager that verl's reward worker makes."""

import json
from pathlib import Path

import pytest
from places import SHARED

from darling_plugin.errors import ConfigError, InputError

GSM8K = SHARED / "data/math/gsm8k_test.jsonl"
ON = ["algorithm.adv_estimator=darling", "reward.reward_manager.name=darling"]


@pytest.fixture(scope="module")
def make_manager(compose, tokenizer):
    from verl.trainer.ppo.reward import load_reward_manager

    return lambda *overrides: load_reward_manager(compose(*ON, *overrides), tokenizer)


@pytest.fixture(scope="module")
def by_verl(make_manager):
    return make_manager()


@pytest.fixture(scope="module")
def by_math_verify(make_manager):
    return make_manager("+darling.quality.verifier=math_verify")


@pytest.fixture(scope="module")
def score(tokenizer):
    """score(manager, response, truth) -> what `run_single` gives for one response, padded as in a batch."""
    import numpy as np
    import torch
    from verl import DataProto

    def run(manager, response, truth, data_source="openai/gsm8k", extra_info=None):
        prompt = tokenizer("How many?")["input_ids"]
        ids = [*tokenizer(response)["input_ids"], tokenizer.eos_token_id]
        padding = [tokenizer.pad_token_id] * 3
        data = DataProto.from_dict(
            tensors={
                "prompts": torch.tensor([prompt]),
                "responses": torch.tensor([ids + padding]),
                "attention_mask": torch.tensor([[1] * (len(prompt) + len(ids)) + [0] * 3]),
            },
            non_tensors={
                "data_source": np.array([data_source], dtype=object),
                "reward_model": np.array([{"ground_truth": truth}], dtype=object),
                "extra_info": np.array([extra_info or {}], dtype=object),
            },
        )
        return manager.loop.run_until_complete(manager.run_single(data))

    return run


def quality(result) -> float:
    """The score, which is also in the extra information under a name of its own."""
    assert result["reward_extra_info"]["quality"] == result["reward_score"]
    return result["reward_score"]


def test_verl_makes_this_manager(by_verl):
    assert type(by_verl).__name__ == "DarlingRewardManager"


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("9 eggs at $2 each.\n#### 18", 1.0),
        ("#### 17", 0.0),
        ("It is 18.", 0.0),  # GSM8K's own format is missing
        ("", 0.0),
    ],
)
def test_verls_own_score(response, expected, by_verl, score):
    assert quality(score(by_verl, response, "18")) == expected


def test_an_unknown_data_source_says_what_to_set(by_verl, score):
    with pytest.raises(ConfigError, match=r"data_source='mine'.*darling.quality.verifier=math_verify.*custom_reward"):
        score(by_verl, "18", "18", data_source="mine")


@pytest.mark.parametrize(
    ("response", "truth", "expected"),
    [
        (r"So it is \boxed{18}.", "18", 1.0),
        (r"\boxed{\frac12}", "0.5", 1.0),
        (r"\boxed{0.5}", r"\frac{1}{2}", 1.0),
        (r"\boxed{1,000}", "1000", 1.0),
        (r"\boxed{17}", "18", 0.0),
        ("I do not know.", "18", 0.0),
        ("", "18", 0.0),
    ],
)
def test_math_verify_asks_no_data_source(response, truth, expected, by_math_verify, score):
    assert quality(score(by_math_verify, response, truth, data_source="mine")) == expected


def test_a_truth_that_is_a_number(by_math_verify, score):
    assert quality(score(by_math_verify, r"\boxed{18}", 18)) == 1.0


@pytest.mark.parametrize(
    ("truth", "response"),
    [(0.00001, r"\boxed{0.00001}"), (0.00001, r"\boxed{10^{-5}}"), (6.02e23, r"\boxed{602000000000000000000000}")],
)
def test_a_truth_that_python_writes_with_an_exponent(by_math_verify, score, truth, response):
    assert quality(score(by_math_verify, response, truth)) == 1.0
    assert quality(score(by_math_verify, r"\boxed{e-5}", truth)) == 0.0


@pytest.mark.parametrize("truth", [None, {"answer": "5"}, float("nan"), b"5", ["5", "6"], " "])
def test_a_truth_that_is_no_value_names_its_row(by_math_verify, score, truth):
    with pytest.raises(InputError, match=r"data_source='mine', index 7, reward_model.ground_truth: "):
        score(by_math_verify, r"\boxed{5}", truth, data_source="mine", extra_info={"index": 7})


def test_no_truth_is_an_error_with_verls_own_score_too(by_verl, score):
    with pytest.raises(InputError, match=r"data_source='openai/gsm8k', id a-1, reward_model.ground_truth: got None"):
        score(by_verl, "#### 5", None, extra_info={"id": "a-1"})


@pytest.mark.parametrize("name", ["gives_none", "gives_a_tuple", "gives_no_score", "gives_nan"])
def test_a_custom_function_that_gives_no_number_is_named(make_manager, score, name):
    path = Path(__file__).with_name("hook_similarities.py")
    manager = make_manager(f"reward.custom_reward_function.path={path}", f"reward.custom_reward_function.name={name}")
    with pytest.raises(
        InputError, match=rf"reward.custom_reward_function .*{name}.*: returned .*expected a finite number"
    ):
        score(manager, "four", "18", data_source="mine")


def test_a_custom_function_s_own_keys_stay(make_manager, score):
    path = Path(__file__).with_name("hook_similarities.py")
    manager = make_manager(
        f"reward.custom_reward_function.path={path}", "reward.custom_reward_function.name=own_quality"
    )
    result = score(manager, "four", "18")
    assert (result["reward_score"], result["reward_extra_info"]["quality"]) == (4.0, "good")


def test_a_custom_function_comes_first(make_manager, score):
    path = Path(__file__).with_name("hook_similarities.py")
    manager = make_manager(
        "+darling.quality.verifier=math_verify",
        f"reward.custom_reward_function.path={path}",
        "reward.custom_reward_function.name=length_score",
    )
    result = score(manager, "four", "18", data_source="mine")
    assert quality(result) == 4.0
    assert result["reward_extra_info"]["source"] == "mine"
    assert result["reward_extra_info"]["acc"] == "not a number"  # what the function says stays as it is


@pytest.mark.skipif(not GSM8K.exists(), reason=f"needs {GSM8K}")
def test_the_reference_solutions_of_gsm8k_are_right(by_verl, by_math_verify, score):
    with GSM8K.open(encoding="utf-8") as lines:
        problems = [json.loads(next(lines)) for _ in range(20)]
    for problem in problems:
        solution, _, answer = problem["answer"].partition("\n#### ")
        truth = answer.replace(",", "")  # as verl's own preprocessing of GSM8K leaves it
        assert quality(score(by_verl, problem["answer"], truth)) == 1.0
        assert quality(score(by_math_verify, f"{solution}\nThe answer is \\boxed{{{answer}}}.", truth)) == 1.0
        wrong = str(int(truth) + 1)
        assert quality(score(by_verl, f"{solution}\n#### {wrong}", truth)) == 0.0
        assert quality(score(by_math_verify, f"{solution}\n\\boxed{{{wrong}}}", truth)) == 0.0
