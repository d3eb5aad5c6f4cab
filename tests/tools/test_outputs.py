"""No command writes over what it reads."""

import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.outputs import check_output, prepare_file


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "rows.jsonl").write_text("{}")
    (tmp_path / "linked.jsonl").symlink_to(folder / "rows.jsonl")
    (tmp_path / "hard.jsonl").hardlink_to(folder / "rows.jsonl")
    return folder


@pytest.mark.parametrize("out", ["data/rows.jsonl", "data/../data/rows.jsonl", "linked.jsonl", "hard.jsonl"])
def test_an_input_under_any_of_its_names(tmp_path, data, out):
    with pytest.raises(
        InputError, match=r"--out: .* is an input of this command, or is inside one: .*rows.jsonl; name another"
    ):
        check_output("--out", tmp_path / out, [data / "rows.jsonl"])


def test_a_file_in_an_input_folder(data):
    with pytest.raises(InputError, match="--plot"):
        check_output("--plot", data / "rows.jsonl", [data])
    check_output("--plot", data / "new.png", [data])  # nothing is there that could be lost


def test_what_is_no_input(tmp_path, data):
    check_output("--out", tmp_path / "new.jsonl", [data / "rows.jsonl", None, "owner/name", "default"])


def test_a_file_is_prepared_before_work_is_spent(tmp_path, data):
    prepare_file("--out", tmp_path / "a/b/c.json")
    assert (tmp_path / "a/b").is_dir() and not (tmp_path / "a/b/c.json").exists()
    with pytest.raises(InputError, match="is a folder"):
        prepare_file("--out", data)
