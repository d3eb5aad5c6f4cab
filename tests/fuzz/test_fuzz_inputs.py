"""Every parser of outside input against made-up input: it reads it, or says in our own words what is wrong."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from darling_plugin.errors import DarlingError, InputError
from darling_plugin.json_lines import parse, read_document, read_lines, read_objects
from darling_plugin.quality.reference import reference_text
from darling_plugin.similarity.llm_judge.definitions import DOMAINS
from darling_plugin.similarity.llm_judge.prompt import encode, read_answer
from darling_plugin.tools.classifier.label.mining import read_groups
from darling_plugin.tools.classifier.pairs import FIELDS, read_pairs
from darling_plugin.tools.data.near_misses import equals, near_misses
from darling_plugin.tools.data.read import read_rows
from darling_plugin.tools.data.text_normalization import is_english, key, tokens, words
from darling_plugin.tools.evaluation.folder import PROMPTS, SETTINGS, Folder
from darling_plugin.tools.evaluation.judging.rubric import CRITERIA, QUESTION
from darling_plugin.tools.evaluation.precomputed import Given
from darling_plugin.tools.evaluation.tasks.base import Source, own_prompts
from darling_plugin.tools.report.groups import read_groups as read_samples
from darling_plugin.tools.report.metrics import read_metrics
from darling_plugin.tools.report.results import read_summary

quick = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)

TEXTS = st.text(st.characters(codec=None), max_size=20)  # lone surrogates, too
NUMBERS = st.integers(-9, 10**20) | st.floats() | st.sampled_from([1e308, 10**308, -0.0, 10**400, -(10**400)])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
BRACKETS = st.sampled_from([b"[" * 50_000, b'{"a":' * 50_000, b"9" * 6000, b"-", b"\xff\xfe[\x00", b"\xef\xbb\xbf"])
NAMES = ("id", "uid", "prompt", "answer", "source", "responses", "response", "generations", "step", "data", "class",
         "quality", "problem", "final_answer", "conversation", "before", "after", "details", "pass@1", "k", "title",
         "pass_at_k_curve", "standard_error", *FIELDS)  # fmt: skip


def objects(names: tuple[str, ...] = NAMES) -> st.SearchStrategy[bytes]:
    """A line with some fields that the parsers know, and anything in them."""
    known = st.dictionaries(st.sampled_from(names), VALUES | st.just("a text") | st.just(1), max_size=6)
    return known.map(lambda row: json.dumps(row).encode())


LINES = st.lists(objects() | VALUES.map(lambda one: json.dumps(one).encode()) | BRACKETS | st.binary(max_size=30))
FILES = LINES.map(b"\n".join) | objects().map(lambda row: b"[" + row + b"]") | st.binary(max_size=60)


READERS = {
    "lines": lambda path: list(read_lines(path)),
    "growing lines": lambda path: list(read_lines(path, growing=True)),
    "objects": lambda path: list(read_objects(path)),
    "document": read_document,
    "prompts": lambda path: own_prompts(Source(prompts=path)),
    "responses": lambda path: Given(path, "--responses"),
    "pairs": read_pairs,
    "groups": read_groups,
    "data, lines": lambda path: list(read_rows(path)),
    "data, list": lambda path: list(read_rows(path.rename(path.with_suffix(".json")))),
    "data, parquet": lambda path: list(read_rows(path.rename(path.with_suffix(".parquet")))),
    "metrics": lambda path: read_metrics(path.rename(path.with_name("metrics.jsonl")).parent),
}


@pytest.mark.parametrize("reader", READERS)
@quick
@given(content=FILES)
def test_files(reader, content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_bytes(content)
        with suppress(DarlingError):
            READERS[reader](path)


@quick
@given(content=FILES)
def test_the_samples_of_a_run(content):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "samples").mkdir()
        (Path(folder) / "samples" / "a.jsonl").write_bytes(content)
        with suppress(DarlingError):
            read_samples(Path(folder))


@quick
@given(content=objects() | BRACKETS | st.binary(max_size=40))
def test_the_summary_of_a_run(content):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "summary.json").write_bytes(content)
        with suppress(DarlingError):
            read_summary(Path(folder))


@quick
@given(
    head=objects(("format", "settings", "noted")) | BRACKETS,
    prompts=objects(("id", "text", "answer", "source")),
    rows=FILES,
)
def test_the_folder_of_an_evaluation(head, prompts, rows):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / SETTINGS).write_bytes(head)
        (path / PROMPTS).write_bytes(prompts + b"\n")
        (path / "samples.jsonl").write_bytes(rows + b"\n")
        with suppress(DarlingError):
            Folder.read(path)
        (path / SETTINGS).write_text('{"format": 1, "settings": {"samples": 2}, "noted": {}}')
        with suppress(DarlingError):
            Folder.read(path).rows("samples")


@quick
@given(
    text=TEXTS
    | objects(("verdict", "reason", *CRITERIA)).map(bytes.decode)
    | BRACKETS.map(lambda data: data.decode("latin-1"))
)
def test_the_reply_of_a_judge(text):
    for domain in DOMAINS.values():
        with suppress(ValueError):
            read_answer(domain, text)
    with suppress(ValueError):
        QUESTION.read(text)


@quick
@given(value=VALUES)
def test_a_reply_that_is_no_text(value):
    if not isinstance(value, str):
        with pytest.raises(ValueError, match="expected an object"):
            QUESTION.read(value)


@quick
@given(first=TEXTS, second=TEXTS)
def test_texts_in_a_judge_s_question_come_back(first, second):
    line = encode({"response_1": first, "response_2": second})
    assert "\n" not in line and "<" not in line
    assert json.loads(line) == {"response_1": first, "response_2": second}
    line.encode()


@quick
@given(value=VALUES | st.binary())
def test_a_ground_truth_is_a_text_or_an_error(value):
    with suppress(InputError):
        text = reference_text(value, "row 1")
        assert text.strip() and (isinstance(value, str) or "e" not in text.lower() or isinstance(value, bool))


PIECES = st.sampled_from([*"0123456789{}$^_\\ .,+-/x", "\\frac", "\\text", "\\left", "é", "\ud83d"])
LATEX = st.lists(PIECES, max_size=20).map("".join)


@quick
@given(text=LATEX | TEXTS)
def test_the_words_of_any_text(text):
    assert key(text) == key(text) and key(f" {text} ".strip()) == key(text.strip())
    words(text), tokens(text), is_english(text)
    list(equals(text))
    assert text not in near_misses(text)


@quick
@given(text=st.text(max_size=200) | st.sampled_from(["[" * 10, "[" * 50_000, "9" * 5_000]))
def test_an_option_in_json(text):
    with suppress(DarlingError):
        parse(text, "--template")
