"""A model that is not there is an error before an engine starts."""

import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.model_check import check_model


@pytest.mark.parametrize("name", ["/nowhere/model", "./nowhere", "~/nowhere", "a/b/c"])
def test_a_path_that_is_not_there(name):
    with pytest.raises(InputError, match="is not a folder; give a Hugging Face folder"):
        check_model(name)


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(InputError, match=r"holds no config\.json, expected a Hugging Face folder"):
        check_model(str(tmp_path))


def test_a_folder_with_a_model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    check_model(str(tmp_path))


def test_a_name_that_the_cache_does_not_have(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="there is no folder my_checkpoint, and no model of that name could be loaded"):
        check_model("my_checkpoint")


def test_the_command_says_so_before_anything_is_sampled(darling, tmp_path, write):
    prompts = write("prompts.jsonl", {"id": "p", "prompt": "Hi."})
    code, printed = darling(
        "run", "own", "--prompts", prompts, "--model", tmp_path / "absent", "--out", tmp_path / "out"
    )
    assert code == 1 and "there is no such folder" in printed and "Traceback" not in printed
    assert not (tmp_path / "out" / "samples.jsonl").exists()
