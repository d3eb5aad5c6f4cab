import json
import os

import pytest
from typer.testing import CliRunner

from darling_plugin.errors import InputError
from darling_plugin.kinds import data
from darling_plugin.kinds.task import kinds_of
from darling_plugin.kinds.wordnet import INSTALLED, VARIABLE
from darling_plugin.tools.data.cli import app


def test_categories_are_common_words_with_enough_kinds(tiny):
    # trout has one kind; perch, fox and the others have none; neither was tagged.
    assert [category.word for category in data.categories()] == ["fish", "tree"]


def test_categories_that_share_a_kind_are_one_family(tiny, monkeypatch):
    fish, tree = data.categories()
    trout = data.Category("trout", tiny.senses["trout"][0])
    assert data.families([fish, tree, trout]) == [[fish, trout], [tree]]
    assert data.families([]) == []


@pytest.mark.skipif(
    not (INSTALLED / "data.noun").is_file() and not os.environ.get(VARIABLE), reason="needs WordNet: wordnet-base"
)
def test_no_kind_is_in_two_parts():
    parts = [{key for one in part for key in kinds_of(one.key) | {one.key}} for part in data.split()]
    assert [len(part) for part in data.split()] == [129, 39, 73]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]


@pytest.fixture
def parts(tiny, monkeypatch):
    """A split of the tiny WordNet: its two categories are too few for three parts."""
    fish, tree = data.categories()
    monkeypatch.setattr(data, "split", lambda: data.Split((fish, tree), (fish,), (tree,)))
    return fish, tree


def test_prepare_writes_what_verl_reads_and_reuses_it(parts, tmp_path):
    fish, tree = parts
    first = data.prepare(tmp_path / "out")
    assert not first.reused and data.prepare(tmp_path / "out").reused
    assert data.read_categories(first.train) == [fish, tree]
    assert data.read_categories(first.test) == [tree]
    row = data.rows([fish], "train")[0]
    assert row["prompt"] == [{"role": "user", "content": "Name a kind of fish and say something about it."}]
    assert json.loads(row["reward_model"]["ground_truth"]) == {"word": "fish", "key": fish.key}


def test_prepare_writes_anew_when_a_file_or_an_argument_changed(parts, tmp_path):
    done = data.prepare(tmp_path / "out")
    done.test.write_bytes(b"other")
    assert not data.prepare(tmp_path / "out").reused
    assert not data.prepare(tmp_path / "out", train_prompts=1).reused
    assert len(data.read_categories(done.train)) == 1


def test_more_prompts_than_there_are(parts, tmp_path):
    with pytest.raises(InputError, match=r"kinds test prompts: got 3, expected 1 to 1, or 0 for all"):
        data.prepare(tmp_path / "out", eval_prompts=3)


def test_the_command(parts, tmp_path):
    result = CliRunner().invoke(app, ["prepare", "kinds", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0 and result.output.startswith("Made: ")
