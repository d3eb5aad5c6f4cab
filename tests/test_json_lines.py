"""The one reader of JSON from outside."""

import json
import os

import pytest

from darling_plugin import json_lines
from darling_plugin.errors import InputError
from darling_plugin.json_lines import dump_line, finite, parse, read_document, read_lines, read_objects, read_values

ROWS = [{"a": "é"}, {"a": 2}]
TEXT = '{"a": "é"}\n\n{"a": 2}\n'


@pytest.fixture
def file(tmp_path):
    """file(bytes): a file that holds them."""

    def write(content, name="rows.jsonl"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_utf_8_with_and_without_a_byte_order_mark(file, encoding, end):
    path = file(TEXT.replace("\n", end).encode(encoding))
    assert [line.value for line in read_lines(path)] == ROWS
    assert [where for where, _ in read_objects(path)] == [f"{path}, line 1", f"{path}, line 3"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_one_list_and_one_document(file, encoding):
    path = file(json.dumps(ROWS, ensure_ascii=False).encode(encoding))
    assert [value for _, value in read_objects(path)] == ROWS
    assert read_document(path) == ROWS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TEXT.encode("utf-16"), "line 1: UTF-16, expected UTF-8"),
        (TEXT.encode("utf-16-le"), "line 1: UTF-16 or UTF-32, expected UTF-8"),
        (TEXT.encode("utf-32"), "line 1: UTF-32, expected UTF-8"),
        (b'{"a": 1}\n' + '{"a": "é"}\n'.encode("latin-1"), r"line 2: not UTF-8 \(byte 0xe9 at position 7; Latin-1"),
        (b'{"a": 1}\n{"a": \n', r"line 2: not JSON .*got '\{\"a\":', expected a JSON object"),
        (b"[" * 200_000 + b"\n", "line 1: nested too deep"),
        (b'{"a": ' * 100_000, "line 1: nested too deep"),
        (b"9" * 5000, "line 1: not JSON"),
        (b"[1]\n", r"line 1: got \[1\], expected a JSON object"),
        (b"null\n", "line 1: got None, expected a JSON object"),
    ],
)
def test_everything_else_names_the_file_and_the_line(file, content, said):
    with pytest.raises(InputError, match=rf"rows\.jsonl, {said}"):
        list(read_lines(file(content)))


def test_a_line_and_a_document_that_are_too_large(file, monkeypatch):
    monkeypatch.setattr(json_lines, "MOST_LINE", 1 << 20)
    monkeypatch.setattr(json_lines, "MOST_DOCUMENT", 1 << 20)
    content = b'{"a": 1}\n{"a": "' + b"x" * (1 << 20) + b'"}\n'
    with pytest.raises(InputError, match="line 2: longer than 1 MB, expected a JSON object"):
        list(read_lines(file(content)))
    with pytest.raises(InputError, match="larger than 1 MB"):
        read_document(file(content))


def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for name, said in (("fifo", "a FIFO, a socket or a device"), ("", "is a folder"), ("absent", "no such file")):
        for read in (read_lines, read_objects, read_values, lambda path: [read_document(path)]):
            with pytest.raises(InputError, match=said):
                list(read(tmp_path / name))
    for name in ("/dev/zero", "/dev/stdin", "x" * 5000, "a\0b"):
        with pytest.raises(InputError):
            list(read_lines(name))


def test_a_file_that_is_still_written(file):
    cut = file(b'{"a": 1}\n{"a": "\xc3')
    assert [line.value for line in read_lines(cut, growing=True)] == [{"a": 1}]
    with pytest.raises(InputError, match="line 2"):
        list(read_lines(cut))
    whole = list(read_lines(file(b'{"a": 1}\n{"a": 2}'), growing=True))
    assert [(line.value["a"], line.ended) for line in whole] == [(1, True), (2, False)]
    with pytest.raises(InputError, match="line 1"):  # not the last line: it is damaged
        list(read_lines(file(b'{"a": \n{"a": 2}\n'), growing=True))


def test_progress_is_of_all_bytes(file):
    seen = []
    content = TEXT.encode()
    list(read_lines(file(content), advance=seen.append))
    assert sum(seen) == len(content)


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1.0), (0.5, 0.5), (10**400, None), (-(10**400), None), (True, None), ("1", None), (None, None)],
)
def test_finite(value, number):
    assert finite(value) == number


def test_numbers_that_are_not_finite_are_read_and_are_not_finite():
    assert [finite(one) for one in parse("[NaN, Infinity, -Infinity, 1e999]", "x")] == [None] * 4


@pytest.mark.parametrize("text", ["é\n", "\ud83d", "a\u2028b", "\x00"])
def test_any_text_is_written_and_read_back(file, text):
    line = dump_line({"a": text})
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert [one.value for one in read_lines(file(line * 2))] == [{"a": text}] * 2
