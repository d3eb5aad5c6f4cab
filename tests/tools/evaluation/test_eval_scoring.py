"""Reward models and functions of one's own as scorers."""

import json
import math
import shutil
from pathlib import Path

import pytest
from eval_rows import rows, summary

from darling_plugin.tools.evaluation.scoring.reward_folder import padded

torch = pytest.importorskip("torch")

PROMPTS = [{"id": number, "prompt": f"What is {number}?"} for number in range(4)]
GIVEN = [{"id": number, "responses": ["yes", "no " * (1 + 7 * number)]} for number in range(4)]


@pytest.fixture(scope="module")
def reward_model(tmp_path_factory) -> Path:
    """A sequence classifier of random weights that reads single characters; its padding is its end token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForSequenceClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("reward")
    words = {word: number for number, word in enumerate(["<end>", *map(chr, range(32, 127)), "\n"])}
    tokens = Tokenizer(models.WordLevel(words, unk_token="?"))
    tokens.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokens.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, eos_token="<end>", pad_token="<end>")
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}<end>{% endfor %}"
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(
        vocab_size=len(words), num_key_value_heads=2, max_position_embeddings=64, num_labels=1, pad_token_id=0, **shape
    )
    LlamaForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture
def arguments(write):
    def make(out, *more: object) -> list[object]:
        fixed = ["run", "own", "--prompts", write("prompts.jsonl", *PROMPTS)]
        return [*fixed, "--responses", write("given.jsonl", *GIVEN), "--samples", 2, "--out", out, *more]

    return make


def alone(folder: Path, prompt: str, response: str) -> float:
    """The last token's logit of one conversation, without a batch: what `/classify` answers."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    ids = tokenizer(f"user: {prompt}<end>assistant: {response}<end>", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        hidden = model.model(input_ids=ids).last_hidden_state[0, -1]
        return float(model.score(hidden)[0])


def test_a_reward_models_folder(reward_model, arguments, darling, tmp_path):
    code, printed = darling(*arguments(tmp_path / "a", "--reward-model", reward_model))
    # 6 + 10 + 1 characters of the prompt, 11 + 66 + 1 of the answer of 22 times "no ": more than 64 positions.
    assert code == 3 and "Failed in scores: 2 (refused)" in printed
    scores = rows(tmp_path / "a", "scores")
    assert {key for key, row in scores.items() if "refused" in row} == {("2", 1), ("3", 1)}
    scores = {key: row for key, row in scores.items() if "refused" not in row}
    assert scores.keys() == {("0", 0), ("0", 1), ("1", 0), ("1", 1), ("2", 0), ("3", 0)}
    for (name, sample), row in scores.items():
        response = GIVEN[int(name)]["responses"][sample]
        assert row["score"] == pytest.approx(alone(reward_model, f"What is {name}?", response), abs=1e-5)
    code, printed = darling(*arguments(tmp_path / "a", "--reward-model", reward_model))
    assert code == 3 and "refused" not in printed  # still missing, and not tried again
    metrics = summary(tmp_path / "a")["metrics"]
    assert metrics["score"]["problems"] == 4 and metrics["best score"]["problems"] == 2
    assert "pass@1" not in metrics


def test_a_filler_is_no_token_of_the_batch():
    assert padded([[5, 0], [1]]) == ([[5, 0], [1, 2]], [[1, 1], [1, 0]], 2)
    assert padded([[3]]) == ([[3]], [[1]], 0)


def test_a_served_reward_model(server, reward_model, arguments, darling, tmp_path):
    def answer(body):
        if "What is 2?" in body["input"]:
            return 400, "too long"
        return 200, {"data": [{"probs": [float(len(body["input"]))]}]}

    server.answer = answer
    served = ["--reward-model", "reward", "--reward-url", server.root, "--reward-tokenizer", reward_model]
    code, printed = darling(*arguments(tmp_path / "a", *served))
    assert code == 3 and "Failed in scores: 2 (no score)" in printed
    scores = rows(tmp_path / "a", "scores")
    assert scores["0", 0]["score"] == len("user: What is 0?<end>assistant: yes<end>")
    assert {name for name, _ in scores} == {"0", "1", "3"}
    assert server.requests[0].items() >= {"model": "reward", "use_activation": False}.items()
    assert summary(tmp_path / "a")["missing"]["scores"] == {"items": 8, "missing": 2, "share": 0.25}


def test_a_reward_server_that_knows_no_such_path_leaves_all_missing(server, reward_model, arguments, darling, tmp_path):
    server.answer = lambda body: (404, "not here")
    served = ["--reward-model", "reward", "--reward-url", server.root, "--reward-tokenizer", reward_model]
    # Eight responses, fewer than it takes to call it dead: all are missing.
    code, printed = darling(*arguments(tmp_path / "a", *served))
    assert code == 3 and "8 of 8 in scores are missing (100.0%)" in printed
    for wrong in ("https://h:1", "http://h:1/classify", "localhost:8000"):
        code, printed = darling(*arguments(tmp_path / "b", *served[:3], wrong))
        assert code == 1 and "`--reward-url` must have the form http://host:port" in printed


def test_a_function_of_ones_own(write, darling, tmp_path):
    prompts = write("prompts.jsonl", *({"id": number, "prompt": "?", "answer": number} for number in range(4)))
    given = write("given.jsonl", *({"id": number, "response": "r"} for number in range(4)))
    common = ["run", "own", "--prompts", prompts, "--responses", given, "--samples", 1]
    code, printed = darling(*common, "--scorer", "eval_scorers:odd_ones", "--out", tmp_path / "a")
    assert code == 3 and "Failed in scores: 2 (no score)" in printed
    found = summary(tmp_path / "a")
    assert found["metrics"]["score"]["mean"] == pytest.approx((1 / 2 + 3 / 2) / 2)  # as zeros, 1/2
    code, printed = darling(*common, "--scorer", "eval_scorers:odd_ones", "--binary", "--out", tmp_path / "b")
    assert code == 1 and "eval_scorers:odd_ones must give 1 or 0 with --binary, got 0.5" in printed
    for wrong, said in (
        ("nowhere:f", "no module 'nowhere'"),
        ("math:f", "has no 'f'"),
        ("f", "must be one of"),
    ):
        code, printed = darling(*common, "--scorer", wrong, "--out", tmp_path / "c")
        assert code == 1 and said in printed
    code, printed = darling(*common, "--scorer", "math:isqrt", "--out", tmp_path / "d", "--reward-model", "m")
    assert code == 1 and "`--reward-model` has no effect on the scorer 'math:isqrt'" in printed
    assert math.isqrt(4) == 2 and json.loads((tmp_path / "a" / "settings.json").read_text())["settings"]["scoring"] == {
        "kind": "function", "function": "eval_scorers:odd_ones", "binary": False, "scale": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("score", "expected"),
    [("numpy_truth", 1.0), ("numpy_number", 0.5), ("plain_truth", 1.0), ("whole", 3.0)],
)
def test_what_a_function_may_give(arguments, darling, tmp_path, score, expected):
    code, printed = darling(*arguments(tmp_path / "a", "--scorer", f"eval_scorers:{score}"))
    assert code == 0, printed
    assert {row["score"] for row in rows(tmp_path / "a", "scores").values()} == {expected}


@pytest.mark.parametrize("score", ["a_tuple", "a_text", "not_a_number", "a_huge_integer"])
def test_what_a_function_may_not_give_names_it(arguments, darling, tmp_path, score):
    code, printed = darling(*arguments(tmp_path / "a", "--scorer", f"eval_scorers:{score}"))
    assert code == 1
    assert f"Error: `--scorer` eval_scorers:{score} must give a finite number, or None, got" in printed


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (None, "whose tokenizer has no chat template"),
        (
            "{{ raise_exception('no system role') }}",
            "cannot format a conversation with the roles system, user, assistant: no system",
        ),
        ("{{ messages[0].nothing.at_all }}", "cannot format a conversation with the roles system, user, assistant"),
    ],
)
def test_a_template_that_cannot_write_the_conversation(reward_model, write, darling, tmp_path, template, said):
    folder = tmp_path / "reward"
    shutil.copytree(reward_model, folder)
    (folder / "chat_template.jinja").unlink()
    if template is not None:
        (folder / "chat_template.jinja").write_text(template)
    talk = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Yes?"}]
    code, printed = darling(
        "run", "own", "--prompts", write("prompts.jsonl", {"id": "a", "prompt": talk}), "--responses",
        write("given.jsonl", {"id": "a", "response": "yes"}), "--samples", 1, "--reward-model", folder,
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 1 and said in printed


def test_a_reward_model_that_is_not_there_is_named(arguments, darling, tmp_path):
    code, printed = darling(*arguments(tmp_path / "a", "--reward-model", tmp_path / "absent"))
    assert code == 1 and "`--reward-model` is" in printed and "there is no such folder" in printed
    (tmp_path / "empty").mkdir()
    code, printed = darling(*arguments(tmp_path / "b", "--reward-model", tmp_path / "empty"))
    assert code == 1 and "transformers finds no tokenizer there" in printed
