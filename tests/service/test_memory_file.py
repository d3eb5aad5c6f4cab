import numpy as np
import pytest

from darling_plugin.config import SimilaritySettings
from darling_plugin.service.memory_file import read, similarity_digest, write
from darling_plugin.similarity.classifier.memory import Memory


@pytest.fixture
def contents():
    memory = Memory()
    memory.keep(["a", ("a", "b")], np.array([[0.25], [0.5]], dtype=np.float32))
    return {"similarity": memory.contents()}


def test_what_was_written_is_read(tmp_path, contents):
    path = tmp_path / "checkpoints" / "memory.npz"
    write(path, contents, "me")
    memory = Memory()
    memory.refill(read(path, "me")["similarity"])
    assert [row.tolist() for row in memory.lookup(["a", ("a", "b")])] == [[0.25], [0.5]]
    assert [file.name for file in path.parent.iterdir()] == ["memory.npz"]  # nothing half-written beside it


def test_the_file_of_another_similarity_is_not_used(tmp_path, contents):
    write(tmp_path / "memory.npz", contents, "another")
    assert read(tmp_path / "memory.npz", "me") is None


@pytest.mark.parametrize("damage", [lambda whole: whole[: len(whole) // 2], lambda whole: b"", lambda whole: b"PK" * 9])
def test_a_damaged_file_costs_the_memory_and_no_more(tmp_path, contents, caplog, damage):
    path = tmp_path / "memory.npz"
    write(path, contents, "me")
    path.write_bytes(damage(path.read_bytes()))
    assert read(path, "me") is None
    assert "cannot be read" in caplog.text and str(path) in caplog.text


def test_pickles_are_not_opened(tmp_path, caplog):
    path = tmp_path / "memory.npz"
    np.savez(path, **{"similarity.of": np.array("me"), "similarity.keys": np.array([{}], dtype=object)})
    assert read(path, "me") is None
    assert "allow_pickle" in caplog.text


def test_a_similarity_is_its_settings_and_its_files(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_bytes(b"1234")
    settings = SimilaritySettings(model=str(model))
    before = similarity_digest(settings)
    assert similarity_digest(SimilaritySettings(model=str(model), threshold=0.7)) == before  # what it says is the same
    assert similarity_digest(SimilaritySettings()) != before
    (model / "weights").write_bytes(b"12345")
    assert similarity_digest(settings) != before
