import pytest

from darling_plugin.countdown.data import split
from darling_plugin.countdown.task import PROMPT_LENGTH, verify
from recipes.countdown import model
from recipes.countdown.warmstart import IGNORED, Settings, sample_examples, warm_start

THREE_STEPS = Settings(steps=3, batch=4)
CHARACTERS = {index: token for token, index in model.VOCABULARY.items()}


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    return warm_start(tmp_path_factory.mktemp("warm"), settings=THREE_STEPS)


def test_examples_are_right_answers_to_training_prompts():
    training = set(split().train)
    for row in sample_examples(50, seed=0).tokens.tolist():
        text = "".join(CHARACTERS[i] for i in row)
        prompt, response = text[:PROMPT_LENGTH], text[PROMPT_LENGTH:].split(model.EOS)[0]
        digits, target = [int(c) for c in prompt[:5]], int(prompt[6:8])
        assert verify(digits, target, response)
        assert (tuple(sorted(digits)), target) in training


def test_loss_covers_the_response_and_its_end_only():
    tokens, labels = sample_examples(50, seed=0)
    for row, label in zip(tokens.tolist(), labels.tolist(), strict=True):
        end = row.index(model.VOCABULARY[model.EOS])
        assert label[:PROMPT_LENGTH] == [IGNORED] * PROMPT_LENGTH
        assert label[PROMPT_LENGTH : end + 1] == row[PROMPT_LENGTH : end + 1]
        assert set(label[end + 1 :]) <= {IGNORED}


def test_times_weight_makes_multiplication_rarer():
    times = model.VOCABULARY["*"]
    shares = [(sample_examples(500, 0, weight).tokens == times).any(dim=1).float().mean() for weight in (0.15, 1.0)]
    assert shares[0] < 0.8 * shares[1]


def test_writes_a_model_that_loads(policy):
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    tokenizer = AutoTokenizer.from_pretrained(policy.folder)
    loaded = AutoModelForCausalLM.from_pretrained(policy.folder)
    assert loaded.config.eos_token_id == tokenizer.eos_token_id
    generation = GenerationConfig.from_pretrained(policy.folder)
    assert (generation.eos_token_id, generation.pad_token_id) == (tokenizer.eos_token_id, tokenizer.pad_token_id)
    assert (policy.steps, policy.reused) == (3, False)


def test_reuses_what_matches(policy):
    weights = (policy.folder / "model.safetensors").read_bytes()
    again = warm_start(policy.folder, settings=THREE_STEPS)
    assert again.reused
    assert (again.loss, again.seconds, again.folder) == (policy.loss, policy.seconds, policy.folder)
    assert (policy.folder / "model.safetensors").read_bytes() == weights


def test_same_seed_same_weights(policy, tmp_path):
    same = warm_start(tmp_path / "same", settings=THREE_STEPS)
    other = warm_start(tmp_path / "other", seed=1, settings=THREE_STEPS)
    weights = (policy.folder / "model.safetensors").read_bytes()
    assert (same.folder / "model.safetensors").read_bytes() == weights
    assert (other.folder / "model.safetensors").read_bytes() != weights
    assert not warm_start(other.folder, settings=THREE_STEPS).reused  # seed 0 where seed 1 is
