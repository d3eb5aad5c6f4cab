"""A configuration is read as data, within bounds."""

import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.plain_yaml import read_config


def read(tmp_path, text):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return read_config(file)


def test_plain_interpolations_are_replaced(tmp_path):
    text = "a: {b: 1, c: [x, y]}\nwhole: ${a}\nnumber: ${a.b}\ntext: n=${a.b}\n"
    text += "item: ${a.c.1}\ninner: {d: 2, e: '${.d}'}\n"
    found = read(tmp_path, text)
    assert found["whole"] == {"b": 1, "c": ["x", "y"]} and found["number"] == 1
    assert (found["text"], found["item"], found["inner"]) == ("n=1", "y", {"d": 2, "e": 2})


@pytest.mark.parametrize(
    "text", ["${oc.env:HOME}", "${oc.env:HOME,x}", "${oc.decode:x}", "x ${env:HOME}", "${${a}:HOME}", "${hydra:x}"]
)
def test_nothing_of_this_machine_is_looked_up(tmp_path, monkeypatch, text):
    monkeypatch.setenv("HOME", "/home/somebody")
    found = read(tmp_path, f"a: oc.env\nb: '{text}'\nc: ${{b}}\n")
    assert found["b"] == text.replace("${a}", "oc.env") == found["c"] or found["c"] == found["b"]
    assert "somebody" not in str(found)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)
DOUBLING = "a0: x\n" + "".join(f"a{i}: '${{a{i - 1}}}${{a{i - 1}}}'\n" for i in range(1, 60))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "more than 100,000 values"),
        (BOMB.replace("[*", "{<<: [*").replace("]\n", "]}\n").replace("&a0 [x, x", "&a0 {x: 1} #"), "values"),
        (DOUBLING, "more than"),
        ("a: " + "[" * 5000, "levels"),
        ("a: ${b}\nb: ${a}\n", "circular"),
        ("a: ${b.c}", r"b\.c. refers to a key that does not exist"),
    ],
)
def test_bombs_are_refused(tmp_path, text, said):
    with pytest.raises(InputError, match=f"config.yaml: got no configuration .*{said}"):
        read(tmp_path, text)


def test_aliases_of_ordinary_size_are_read(tmp_path):
    assert read(tmp_path, "a: &x {b: 1}\nc: *x\n")["c"] == {"b": 1}


def test_what_is_not_a_regular_file_is_not_read(tmp_path):
    import os

    os.mkfifo(tmp_path / "config.yaml")
    with pytest.raises(InputError, match="not a regular file"):
        read_config(tmp_path / "config.yaml")
