"""Athene's shape to a sequence classifier: equal scores, the tokenizer's corners, and what is refused."""

import json
import pickle
from pathlib import Path

import pytest
import tiny_athene
from tiny_athene import BOS, CLS, CLS_ID, CONVERSATIONS, PAD, TEMPLATE, whole

from darling_plugin.errors import ConfigError, DarlingError, InputError
from darling_plugin.files import file_digest
from darling_plugin.quality.reward_model import conversation
from darling_plugin.tools.convert.convert import RECORD, convert


def load(folder: Path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model, report = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    assert type(model).__name__ == "LlamaForSequenceClassification"
    assert not any(report.values()), report  # nothing missing, unexpected or of another shape
    return model.eval(), AutoTokenizer.from_pretrained(folder)


def batched_scores(folder: Path) -> list[float]:
    import torch

    model, tokenizer = load(folder)
    texts = [conversation(messages, response, tokenizer) for messages, response in CONVERSATIONS]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    assert not batch["attention_mask"].all()  # some of it is padding
    with torch.inference_mode():
        return model(**batch).logits[:, 0].tolist()


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return tiny_athene.write(tmp_path_factory.mktemp("athene") / "source")


@pytest.fixture(scope="module")
def expected(source) -> list[float]:
    scores = tiny_athene.original_scores(
        source, tiny_athene.original_ids(source, [whole(*each) for each in CONVERSATIONS])
    )
    assert max(scores) - min(scores) > 1  # else equal scores would show little
    return scores


@pytest.mark.parametrize(("shards", "binary"), [(1, False), (2, False), (1, True), (3, True)])
def test_scores_equal_the_originals(tmp_path, expected, shards, binary):
    source = tiny_athene.write(tmp_path / "source", shards=shards, binary=binary)
    convert(source, tmp_path / "out")
    assert batched_scores(tmp_path / "out") == pytest.approx(expected, abs=1e-5)
    # A server is asked one by one, or with any other neighbors.
    model, tokenizer = load(tmp_path / "out")
    text = conversation(*CONVERSATIONS[2], tokenizer)
    alone = model(**tokenizer(text, return_tensors="pt")).logits.item()
    assert alone == pytest.approx(expected[2], abs=1e-5)


@pytest.mark.parametrize("binary", [False, True])
def test_weights_are_the_same_bits(tmp_path, binary):
    source = tiny_athene.write(tmp_path / "source", binary=binary, dtype="bfloat16")
    convert(source, tmp_path / "out")
    before, after = tiny_athene.read_weights(source), tiny_athene.read_weights(tmp_path / "out")
    before["score.weight"] = before.pop("v_head.weight")
    assert before.keys() == after.keys()
    assert all(before[name].dtype == after[name].dtype and before[name].equal(after[name]) for name in before)


def test_padding_on_the_left_changes_nothing(source, tmp_path, expected):
    import torch

    convert(source, tmp_path / "out")
    model, tokenizer = load(tmp_path / "out")
    texts = [conversation(*each, tokenizer) for each in CONVERSATIONS]
    batch = tokenizer(texts, padding=True, padding_side="left", return_tensors="pt")
    places = (batch["attention_mask"].cumsum(-1) - 1).clamp(min=0)  # transformers counts the padding otherwise
    with torch.inference_mode():
        assert model(**batch, position_ids=places).logits[:, 0].tolist() == pytest.approx(expected, abs=1e-5)


def test_the_template_ends_with_cls(source, tmp_path):
    from transformers import AutoTokenizer

    convert(source, tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    for messages, response in CONVERSATIONS:
        ids = tokenizer.apply_chat_template(whole(messages, response), return_dict=False)
        assert ids[0] == BOS and ids[1] != BOS and ids[-1] == CLS_ID
        # What verl sends, tokenized as a server does, is the same.
        assert tokenizer(conversation(messages, response, tokenizer))["input_ids"] == ids
    # "hi" and "there" with Llama 3's headers, written out.
    assert conversation(*CONVERSATIONS[0], tokenizer) == (
        "<|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>"
        f"<|start_header_id|>assistant<|end_header_id|>\n\nthere<|eot_id|>{CLS}"
    )


@pytest.mark.parametrize(
    "tokenizer",
    [
        {"adds_bos": False},  # Llama 3's first tokenizer.json
        {"cls_token": None},
        {"pad_token": None},
        {"pad_token": CLS},  # transformers would leave it out and read the token before
        {"template": TEMPLATE.removesuffix("\n")},
        {"template": TEMPLATE.removesuffix("\n") + "{{ '' }}\n"},  # Jinja drops the line end at a template's end
        {"template": TEMPLATE.removesuffix("\n") + "{{ cls_token }}"},  # it ends so already
        {"template": TEMPLATE.removesuffix("\n") + "{{ cls_token }}\n"},
    ],
    ids=[
        "no BOS",
        "no CLS",
        "no pad",
        "pad is CLS",
        "no line end",
        "text and line end",
        "ends so",
        "ends so, line end",
    ],
)
def test_other_tokenizers_of_the_same_model(tmp_path, expected, tokenizer):
    source = tiny_athene.write(tmp_path / "source", **tokenizer)
    record = convert(source, tmp_path / "out")
    assert batched_scores(tmp_path / "out") == pytest.approx(expected, abs=1e-5)
    assert record["tokenizer"]["bos_added"] is (tokenizer.get("adds_bos") is False)
    assert record["tokenizer"]["cls"] == CLS
    # <|eot_id|> is this tokenizer's EOS.
    assert record["tokenizer"]["pad_id"] == (PAD if tokenizer.get("pad_token", 1) == 1 else 128009)


def test_a_template_in_a_file_of_its_own(tmp_path, expected):
    # transformers 5 writes it so, and reads the file before the settings.
    source = tiny_athene.write(tmp_path / "source", template=None)
    (source / "chat_template.jinja").write_text(TEMPLATE)
    convert(source, tmp_path / "out")
    assert "chat_template" not in json.loads((tmp_path / "out/tokenizer_config.json").read_text())
    assert batched_scores(tmp_path / "out") == pytest.approx(expected, abs=1e-5)


def test_what_is_written(source, tmp_path):
    (source / "Nexusflow_Research_License.pdf").write_bytes(b"terms")
    (source / "modeling_athene.py").write_text("raise SystemExit")
    record = convert(source, tmp_path / "models" / "out")
    out = tmp_path / "models" / "out"
    assert {path.name for path in out.iterdir()} == {
        "Nexusflow_Research_License.pdf",
        "config.json",
        RECORD,
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert [path.name for path in out.parent.iterdir()] == ["out"]  # no half of it beside it
    assert json.loads((out / RECORD).read_text()) == record
    assert record["renamed"] == {"v_head.weight": "score.weight"} and record["read_at"] == CLS_ID
    assert record["architectures"] == ["CustomAutoModelForSequenceClassification"]
    for name, digest in record["sha256_read"].items():
        assert digest == file_digest(source / name), name
    assert {"config.json", "tokenizer.json", "model-00002-of-00002.safetensors"} <= record["sha256_read"].keys()
    for name, digest in record["sha256_written"].items():
        assert digest == file_digest(out / name), name
    config = json.loads((out / "config.json").read_text())
    assert config["architectures"] == ["LlamaForSequenceClassification"]
    assert config["rope_parameters"] == json.loads((source / "config.json").read_text())["rope_parameters"]


def test_a_folder_that_is_there_is_left_alone(source, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=r"OUT: .*out exists"):
        convert(source, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def edit_config(folder: Path, **changes) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_weights(folder: Path, change) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def rename_head(weights) -> None:
    weights["score.weight"] = weights.pop("v_head.weight")


def widen_head(weights) -> None:
    weights["v_head.weight"] = weights["v_head.weight"].repeat(2, 1)


def add_bias(weights) -> None:
    weights["v_head.bias"] = weights["v_head.weight"][0, :1].clone()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / "config.json").unlink(), r"holds no config\.json; give the folder"),
        (lambda f: (f / "config.json").write_text("{"), r"config\.json: not JSON"),
        (lambda f: edit_config(f, model_type="qwen2"), r"model_type 'qwen2' \(\['Custom.*expected a Llama with v_head"),
        (
            lambda f: edit_config(f, hidden_size=32),
            r"embed_tokens\.weight has shape \(128256, 16\), but .* by its config",
        ),
        (lambda f: edit_config(f, num_hidden_layers=4), r"model\.layers\.3\.\S+ is missing; .* and 4 more"),
        (lambda f: edit_config(f, num_hidden_layers="3"), r"config\.json does not describe a Llama"),
        (lambda f: (f / "model.safetensors").unlink(), r"holds no weights, expected model\.safetensors or"),
        (lambda f: truncate(f / "model.safetensors"), r"model\.safetensors is damaged .*download it again"),
        (lambda f: edit_weights(f, rename_head), "already is a sequence classifier .*nothing to convert"),
        (lambda f: edit_weights(f, dict.clear), "v_head"),
        (lambda f: edit_weights(f, widen_head), r"v_head\.weight has shape \(2, 16\), but \(1, 16\) by its config"),
        (lambda f: edit_weights(f, add_bias), r"v_head\.bias of shape \(1,\) is unexpected"),
        (lambda f: (f / "tokenizer.json").unlink(), r"holds no tokenizer\.json"),
        (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer in .* cannot be loaded"),
        (lambda f: tiny_athene.write_tokenizer(f, cls_token="<|eot_id|>"), "CLS token of .* with id 128009, expected"),
        (lambda f: tiny_athene.write_tokenizer(f, template=None), "chat templates of .*: none; expected one"),
        (lambda f: tiny_athene.write_tokenizer(f, adds_eos=True), r"cannot be converted: .*128003, 128001\]"),
    ],
)
def test_another_shape_is_refused_and_nothing_is_left(tmp_path, damage, said):
    folder = tiny_athene.write(tmp_path / "source", shards=1)
    damage(folder)
    with pytest.raises(ConfigError, match=said) as caught:
        convert(folder, tmp_path / "out")
    assert str(caught.value).startswith("SOURCE: ")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_bin_that_holds_code_is_not_run(tmp_path):
    import torch

    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    folder = tiny_athene.write(tmp_path / "source", shards=1, binary=True)
    torch.save({"v_head.weight": Bomb()}, folder / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"pytorch_model\.bin is damaged, or holds more than tensors"):
        convert(folder, tmp_path / "out")
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(ConfigError, match="holds more than tensors"):
        convert(folder, tmp_path / "out")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["../model.safetensors", "/etc/passwd", "absent.safetensors"])
def test_an_index_does_not_lead_out_of_the_folder(tmp_path, name):
    folder = tiny_athene.write(tmp_path / "source", shards=1)
    (folder / "model.safetensors").rename(tmp_path / "model.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"v_head.weight": name}}))
    with pytest.raises(ConfigError, match="which is not in"):
        convert(folder, tmp_path / "out")


def test_by_name_from_the_hubs_cache(source, tmp_path, monkeypatch, expected):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DarlingError, match=r"SOURCE: Nexusflow/Athene-RM-8B is not a folder here.*out of reach"):
        convert("Nexusflow/Athene-RM-8B", tmp_path / "out")
    repository, commit = tmp_path / "hub/models--Nexusflow--Athene-RM-8B", "0" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(commit)
    (repository / "snapshots" / commit).mkdir(parents=True)
    for file in source.iterdir():
        (repository / "snapshots" / commit / file.name).symlink_to(file)  # as the hub's client keeps them
    record = convert("Nexusflow/Athene-RM-8B", tmp_path / "out")
    assert (record["source"], record["commit"]) == ("Nexusflow/Athene-RM-8B", commit)
    assert not any(path.is_symlink() for path in (tmp_path / "out").iterdir())
    assert batched_scores(tmp_path / "out") == pytest.approx(expected, abs=1e-5)


def test_a_mistyped_folder(tmp_path):
    with pytest.raises(ConfigError, match=f"there is no athene in {tmp_path}; give the folder of the reward model"):
        convert(tmp_path / "athene", tmp_path / "out")
    (tmp_path / "here").mkdir()
    with pytest.raises(ConfigError, match=r"--revision: .* is a folder here"):
        convert(tmp_path / "here", tmp_path / "out", revision="main")
