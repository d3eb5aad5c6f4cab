"""Files that are replaced as a whole, or made by one process alone; the versions of packages."""

import hashlib

import pytest

from darling_plugin.files import file_digest, replacing, write_new
from darling_plugin.packages import versions_of


@pytest.mark.parametrize("shared", [False, True])
def test_a_file_is_replaced_when_the_block_has_ended(tmp_path, shared):
    path = tmp_path / "card.json"
    path.write_text("old")
    with replacing(path, shared=shared) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("shared", [False, True])
def test_a_block_that_raises_leaves_the_old_file_and_nothing_else(tmp_path, shared):
    path = tmp_path / "card.json"
    path.write_text("old")
    with pytest.raises(KeyError), replacing(path, shared=shared) as part:
        part.write_text("half of the n")
        raise KeyError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_the_first_makes_a_new_file(tmp_path):
    path = tmp_path / "claim"
    assert write_new(path, b"mine")
    assert not write_new(path, b"yours")
    assert path.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_digest_is_sha256_of_the_bytes(tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(b"abc" * 1_000_000)  # more than is read at once
    assert file_digest(path) == hashlib.sha256(b"abc" * 1_000_000).hexdigest()


def test_packages_that_are_absent_have_no_version():
    found = versions_of(["numpy", "no-such-package-here"])
    assert list(found) == ["numpy"] and found["numpy"][0].isdigit()
