"""The files: repaired after a kill, refused for other settings, joined from shards."""

import json
import logging

import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation import rows as lines
from darling_plugin.tools.evaluation.folder import Folder, Shard, differences
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.rows import Rows

PROMPTS = [Prompt(f"p{number}", f"text {number}", number) for number in range(5)]
SETTINGS = {"task": "own", "samples": 2, "sampling": {"temperature": 1.0, "stop": (1, 2)}}


def made(path, **changed) -> Folder:
    return Folder.make(path, SETTINGS | changed, {"model": "m"}, PROMPTS)


def test_a_last_line_that_a_kill_cut_off_is_removed(tmp_path, caplog):
    path = tmp_path / "samples.jsonl"
    path.write_bytes(b'{"id": "a"}\n{"id": "b", "response": "caf\xc3')
    assert [row for _, row in lines.read(path)] == [{"id": "a"}]  # somebody may be writing it
    with caplog.at_level(logging.WARNING), Rows(path) as rows:
        rows.add({"id": "c", "response": "\ud800 \n é"})  # half a surrogate pair is no UTF-8
    assert "its last line was cut off by a kill" in caplog.text
    assert [row for _, row in lines.read(path)] == [{"id": "a"}, {"id": "c", "response": "\ud800 \n é"}]
    path.write_bytes(b'{"id"')
    with Rows(path):
        pass
    assert path.read_bytes() == b""


def test_two_processes_do_not_write_one_file(tmp_path):
    path = tmp_path / "samples.jsonl"
    with Rows(path) as first:
        with pytest.raises(InputError, match=r"samples.jsonl: another process is writing it; .*--shard"), Rows(path):
            pass
        first.add({"id": "a"})
    with Rows(path) as second:
        second.add({"id": "b"})
    assert [row["id"] for _, row in lines.read(path)] == ["a", "b"]


def test_damaged_lines_are_named(tmp_path):
    path = tmp_path / "samples.jsonl"
    for damaged in ("{", "[]", "\0\0"):
        path.write_text(f'{{"id": "a"}}\n{damaged}\n')
        with pytest.raises(InputError, match=r"samples.jsonl, line 2: .*repair or delete that line"):
            list(lines.read(path))


def test_a_folder_reads_back_and_refuses_other_settings(tmp_path):
    made(tmp_path / "f")
    folder = made(tmp_path / "f")
    assert (folder.prompts, folder.samples, folder.noted) == (PROMPTS, 2, {"model": "m"})
    assert not [path for path in folder.path.iterdir() if path.suffix == ".part"]
    with pytest.raises(InputError, match=r"other settings \(samples: 2 there, 3 here; sampling.temperature: 1.0"):
        made(tmp_path / "f", samples=3, sampling={"temperature": 0.5, "stop": [1, 2]})
    assert Folder.read(tmp_path / "f").settings == folder.settings
    with pytest.raises(InputError, match=r"no settings.json; expected a folder that `darling eval run` made"):
        Folder.read(tmp_path)
    (tmp_path / "f" / "prompts.jsonl").unlink()
    with pytest.raises(
        InputError, match=r"has no prompts.jsonl, because its first run was killed too early; run it again"
    ):
        Folder.read(tmp_path / "f")
    assert made(tmp_path / "f").prompts == PROMPTS
    (tmp_path / "f" / "settings.json").write_text("{}")
    with pytest.raises(InputError, match="not what `darling eval run` writes"):
        Folder.read(tmp_path / "f")


def test_another_kind_of_folder_is_left_alone(tmp_path):
    (tmp_path / "summary.json").write_text("a training run's")
    with pytest.raises(InputError, match=r"holds summary.json but no evaluation; give an empty or a new folder"):
        made(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


def test_differences_are_of_leaves():
    assert differences({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 2, "d": 4}, "e": None}) == [
        ("a", 1, None),
        ("b.d", 3, 4),
    ]


def test_shards_are_parts_whose_rows_join(tmp_path):
    folder = made(tmp_path)
    parts = [folder.own(Shard.parse(f"{index}/3")) for index in range(3)]
    assert [prompt.id for part in parts for prompt in part] == ["p0", "p3", "p1", "p4", "p2"]
    folder.file("samples", Shard(0, 3)).write_text('{"id": "p0", "sample": 0, "response": "x"}\n')
    folder.file("samples", Shard(1, 3)).write_text('{"id": "p1", "sample": 1, "response": "y"}\n')
    (tmp_path / "samples.copy.jsonl").write_text("not ours\n")
    assert {key: row["response"] for key, row in folder.rows("samples").items()} == {("p0", 0): "x", ("p1", 1): "y"}
    for wrong in ("1", "4/4", "-1/2", "a/b", "1/2/3", "0/0"):
        with pytest.raises(InputError, match="`--shard` must have the form i/m"):
            Shard.parse(wrong)


def test_rows_that_do_not_belong_are_refused(tmp_path):
    folder = made(tmp_path)
    file = folder.file("samples", Shard())
    for row in ({"id": "q", "sample": 0}, {"id": "p0", "sample": 2}, {"id": "p0", "sample": "0"}, {"sample": 0}):
        file.write_text(json.dumps(row) + "\n")
        with pytest.raises(InputError, match=r"samples.jsonl, line 1: no such prompt or sample"):
            folder.rows("samples")
    row = '{"id": "p0", "sample": 0, "response": "x"}\n'
    file.write_text(row)
    folder.file("samples", Shard(0, 2)).write_text(row)
    assert len(folder.rows("samples")) == 1  # the same twice is one
    folder.file("samples", Shard(1, 2)).write_text(row.replace("x", "y"))
    with pytest.raises(InputError, match="'p0', sample 0, is there twice with different content"):
        folder.rows("samples")
