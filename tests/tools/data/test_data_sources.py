"""Where the files are found, what is downloaded by the hub's real client, and what is said when it cannot be."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_hub import serve

from darling_plugin.errors import DarlingError, InputError
from darling_plugin.tools.data.catalogue import SOURCES, UNPINNED
from darling_plugin.tools.data.hub import find

ROW = {"id": 0, "problem": "What is one and one?", "answer": "2"}


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_every_revision_is_a_commit_or_named_as_none():
    pinned = {name for name, source in SOURCES.items() if re.fullmatch("[0-9a-f]{40}", source.revision)}
    assert set(SOURCES) - pinned == {"noveltybench_curated", "noveltybench_wildchat"}
    assert {SOURCES[name].revision for name in set(SOURCES) - pinned} == {UNPINNED}


def test_files_of_a_folder(write):
    folder = write("aime25.jsonl", [ROW]).parent
    write("gsm8k_test.jsonl", [ROW])  # under its other name
    for name in ("test.json", "train.json", ".cache/download.json", "README.md"):
        write(name, [ROW], folder=f"sources/svamp/{'.cache' if name.startswith('.') else ''}".rstrip("/"))
    found = find([SOURCES[name] for name in ("aime25", "gsm8k", "svamp")], folder=folder)
    assert [file.name for file in found["aime25"].files] == ["aime25.jsonl"]
    assert [file.name for file in found["gsm8k"].files] == ["gsm8k_test.jsonl"]
    assert [file.name for file in found["svamp"].files] == ["test.json", "train.json"]
    assert {one.commit for one in found.values()} == {None}


def test_files_that_are_named_come_before_the_folders(write):
    folder = write("deepscaler.jsonl", [ROW]).parent
    own = write("mine.jsonl", [ROW], folder="elsewhere")
    found = find([SOURCES["deepscaler"]], folder=folder, given={"deepscaler": [own]})
    assert found["deepscaler"].files == (own,)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"folder": Path("nowhere")}, "--from: there is no folder nowhere"),
        ({"given": {"hmmt": [Path("nowhere.jsonl")]}}, "hmmt: there is no file or folder nowhere.jsonl"),
        ({"given": {"hmmt": [Path(__file__).parent]}}, "holds no file .jsonl, .json, .parquet"),
    ],
)
def test_files_that_are_not_there(options, said):
    with pytest.raises(InputError, match=said):
        find([SOURCES["hmmt"]], **options)


def test_all_that_is_missing_is_listed_at_once(tmp_path, write):
    folder = write("aime25.jsonl", [ROW]).parent
    with pytest.raises(DarlingError) as caught:
        find([SOURCES[name] for name in ("aime25", "hmmt", "gsm8k", "noveltybench_curated")], folder=folder)
    said = str(caught.value)
    assert "aime25" not in said
    assert "HF_HUB_OFFLINE is set" in said
    assert (
        "hf download MathArena/hmmt_feb_2025 data/train-00000-of-00001.parquet --repo-type dataset "
        f"--revision 6fdc4277120810ff75aa22d2d5489b91f7a262a1 --local-dir {folder}/hmmt\n"
    ) in said
    assert f"--local-dir {folder}/gsm8k\n" in said
    assert f"--revision main --local-dir {folder}/noveltybench_curated\n" in said


COMMAND = """
import sys
from darling_plugin.tools.data.cli import app
app()
"""


def darling_data(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: the hub's client reads its address when it is imported."""
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        env={key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_download_is_pinned_kept_and_written_down(tmp_path):
    aime = SOURCES["aime25"]
    content = (json.dumps(ROW) + "\n").encode()
    command = ("prepare", "math", "--out", tmp_path / "out", "--no-train", "--sets", "aime25")
    cache = {"HF_HOME": str(tmp_path / "cache"), "COLUMNS": "200"}
    with serve({f"{aime.repository}/test.jsonl": content}, aime.revision) as (address, asked):
        done = darling_data(*command, HF_ENDPOINT=address, **cache)
        assert done.returncode == 0, done.stderr
        assert f"/datasets/{aime.repository}/resolve/{aime.revision}/test.jsonl" in asked
        wrong = darling_data(*command, "--revision", f"aime25={'0' * 40}", HF_ENDPOINT=address, **cache)
    assert wrong.returncode == 1
    assert f"aime25: the Hugging Face hub refuses math-ai/aime25 at {'0' * 40}" in wrong.stderr
    said = json.loads((tmp_path / "out/manifest.json").read_text())["files"]["aime25.parquet"]
    assert said["origin"] == f"aime25: math-ai/aime25@{aime.revision}"
    # The hub is gone; its client has the file, and a commit's file is the same for ever.
    again = darling_data(*command, HF_ENDPOINT="http://127.0.0.1:9", **cache)
    assert again.returncode == 0, again.stderr
    assert "Nothing to do" in again.stdout


def test_a_branch_is_written_down_as_the_commit_it_was(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    source, commit = SOURCES["noveltybench_curated"], "ab" * 20
    pq.write_table(pa.table({"id": ["curated-0"], "prompt": ["Tell a joke."]}), tmp_path / "curated.parquet")
    files = {f"{source.repository}/{source.files[0]}": (tmp_path / "curated.parquet").read_bytes()}
    command = ("prepare", "creative", "--out", tmp_path / "out", "--no-train", "--sets", "curated")
    with serve(files, commit) as (address, _):
        done = darling_data(*command, HF_ENDPOINT=address, HF_HOME=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "out/manifest.json").read_text())["files"]["noveltybench.parquet"]
    assert said["origin"] == f"noveltybench_curated: yimingzhang/novelty-bench@{commit}, main that day"
    # Nobody can say whether the branch has moved: what the cache has is used, and is named by its commit.
    again = darling_data(*command, HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(tmp_path / "cache"))
    assert again.returncode == 0, again.stderr
    assert "Nothing to do" in again.stdout


def test_a_hub_out_of_reach_is_one_message_without_a_traceback(tmp_path):
    done = darling_data(
        *("prepare", "gsm8k", "--out", tmp_path / "out"),
        HF_ENDPOINT="http://127.0.0.1:9",  # nobody listens there
        HF_HOME=str(tmp_path / "cache"),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the Hugging Face hub is out of reach (")
    assert "Traceback" not in done.stderr and "Retrying" not in done.stderr
    assert done.stderr.count("hf download openai/gsm8k main/") == 2  # train and test
    assert "--local-dir sources/gsm8k_train" in done.stderr
    assert not (tmp_path / "out").exists()
