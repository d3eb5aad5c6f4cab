"""The files as verl's own data set reads them, with a tokenizer whose lengths are known."""

import json
import os
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

from darling_plugin.tools.data.prepare import Options, prepare
from darling_plugin.tools.data.tasks import BOXED, TASKS

pytestmark = [
    pytest.mark.verl,
    pytest.mark.skipif(find_spec("verl") is None, reason="verl is not installed"),
    pytest.mark.filterwarnings("ignore"),  # of verl's imports
]


@pytest.fixture(autouse=True)
def _own_environ(monkeypatch):
    """`datasets` 5 leaves a plain copy in place of `os.environ` when it maps in several processes, as verl does."""
    monkeypatch.setattr(os, "environ", os.environ)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory) -> Path:
    """One token per byte, and a template that adds the role, a colon, a space and a line's end."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<eos>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokens = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<pad>"))
    tokens.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False), pre_tokenizers.Split("", "isolated")]
    )
    made = PreTrainedTokenizerFast(tokenizer_object=tokens, pad_token="<pad>", eos_token="<eos>")
    made.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    folder = tmp_path_factory.mktemp("tokenizer")
    made.save_pretrained(folder)
    return folder


def read_by_verl(files: list[Path], tokenizer: Path, cache: Path, **settings):
    from omegaconf import OmegaConf
    from transformers import AutoTokenizer

    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("VERL_PLATFORM", "cpu")  # verl chooses it when it is imported, for the whole session
        patch.setenv("VERL_ENGINE_DEVICE", "cuda")
        from verl.utils.dataset.rl_dataset import RLHFDataset

    config = OmegaConf.create({"cache_dir": str(cache), "filter_overlong_prompts": True, **settings})
    return RLHFDataset([str(file) for file in files], AutoTokenizer.from_pretrained(tokenizer), config)


def test_all_validation_files_are_one_data_set_for_verl(tmp_path, write, tokenizer, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = write("aime25.jsonl", [{"id": 0, "question": "What is one and one?", "answer": "2"}]).parent
    write("hmmt.jsonl", [{"id": 1, "question": "What is one and two?", "answer": "3"}])
    write("curated.jsonl", [{"id": "curated-0", "prompt": "Tell a joke."}])
    maths = prepare(TASKS["math"], Options(tmp_path / "math", folder, train=False, sets=["aime25", "hmmt"]))
    creative = prepare(TASKS["creative"], Options(tmp_path / "creative", folder, train=False, sets=["curated"]))
    files = [output.path for output in [*maths, *creative]]
    read = read_by_verl(files, tokenizer, tmp_path / "cache", max_prompt_length=512)
    rows = [read[index] for index in range(len(read))]
    assert [row["data_source"] for row in rows] == ["aime25", "hmmt", "noveltybench_curated"]
    assert [row["reward_model"]["ground_truth"] for row in rows] == ["2", "3", ""]
    assert rows[0]["raw_prompt"] == [{"role": "user", "content": f"What is one and one? {BOXED}"}]
    assert [row["extra_info"]["prompt"] for row in rows] == [row["raw_prompt"][0]["content"] for row in rows]
    assert [row["index"] for row in rows] == [0, 0, 0]


def test_a_tokenizers_limit_is_verls(tmp_path, write, tokenizer, problems, monkeypatch):
    """What the token filter leaves, verl's own filter leaves too; one token less, and verl drops the longest."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    sent = sorted(len(f"user: {problem['problem']} {BOXED}\n") for problem in problems)
    limit = sent[100]  # of 144
    fitting = sum(length <= limit for length in sent)
    train = write("train.jsonl", problems)
    options = Options(
        tmp_path / "out", train_files=[train], sets=[], size=0, tokenizer=str(tokenizer), most_tokens=limit
    )
    made = prepare(TASKS["math"], options)[-1]
    assert made.rows == fitting < 144
    counted = next(step for step in made.filters if step["step"] == "tokens")
    assert counted["dropped"] == {f"over {limit} tokens": 144 - fitting}
    assert len(read_by_verl([made.path], tokenizer, tmp_path / "cache", max_prompt_length=limit)) == fitting
    fewer = read_by_verl([made.path], tokenizer, tmp_path / "cache", max_prompt_length=limit - 1)
    assert len(fewer) == sum(length < limit for length in sent)
    # another template is another recipe
    config = tokenizer / "chat_template.jinja"
    config.write_text(config.read_text() + "!")
    assert prepare(TASKS["math"], options)[-1].made
    assert json.loads((tmp_path / "out/manifest.json").read_text())["files"][made.path.name]["rows"] <= fitting
