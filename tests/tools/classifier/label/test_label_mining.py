"""Which pairs are asked."""

import itertools
import json

import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.classifier.label.answers import AnswerReader, answer_classes
from darling_plugin.tools.classifier.label.mining import Counts, Groups, Question, mine, read_groups


def mined(responses, limit=None, seed=0, answers=None):
    counts = Counts()
    questions = [
        q for group in mine(Groups(responses, ""), counts, limit=limit, seed=seed, answers=answers) for q in group
    ]
    return questions, counts


def texts_of(questions):
    return {frozenset((question.first, question.second)) for question in questions}


def test_reads_every_form(write):
    path = write(
        {"prompt": "p", "responses": ["a", "b"], "id": 7},
        {"prompt": "q", "response": "c"},
        # as the plugin's own samples are written
        {"step": 1, "uid": "u", "prompt": "p", "response": "d", "class": 0, "quality": 1.0, "diversity": 1.0},
    )
    assert read_groups(path).responses == {"p": ["a", "b", "d"], "q": ["c"]}


def test_reads_a_folder_of_samples(tmp_path):
    for step, text in ((1, "a"), (2, "b")):
        (tmp_path / f"step_{step:06d}.jsonl").write_text(json.dumps({"prompt": "p\u2028", "response": text}) + "\n\n")
    (tmp_path / "notes.txt").write_text("not this")
    groups = read_groups(tmp_path)
    assert groups.responses == {"p\u2028": ["a", "b"]}
    (tmp_path / "step_000002.jsonl").write_text("")
    assert read_groups(tmp_path).digest != groups.digest


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: not JSON"),
        ("[]", r"line 2: got \[\], expected a JSON object"),
        ('{"prompt": 1, "response": "a"}', "line 2: no text in 'prompt'"),
        ('{"prompt": "p"}', "either 'responses' or 'response'"),
        ('{"prompt": "p", "response": "a", "responses": []}', "either 'responses' or 'response'"),
        ('{"prompt": "p", "response": null}', "every response must be text"),
        ('{"prompt": "p", "responses": "a"}', "every response must be text"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, said):
    path = tmp_path / "responses.jsonl"
    path.write_text('{"prompt": "p", "response": "a"}\n' + line + "\n")
    with pytest.raises(InputError, match=said):
        read_groups(path)


def test_no_file_no_lines(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_groups(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match=r"without \*.jsonl"):
        read_groups(tmp_path)
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(InputError, match="holds no responses"):
        read_groups(tmp_path)


def test_all_pairs_of_each_prompt_and_none_across():
    questions, counts = mined({"p": ["a", "b", "c"], "q": ["d", "e"], "r": ["f"], "s": []})
    assert texts_of(questions) == {frozenset(pair) for pair in ("ab", "ac", "bc", "de")}
    assert {q.prompt for q in questions if q.first in "de"} == {"q"}
    assert (counts.prompts, counts.responses, counts.mined, counts.over_limit) == (4, 6, 4, 0)


def test_identical_texts_are_one():
    questions, counts = mined({"p": ["a", "b", "a", "a"]})
    assert texts_of(questions) == {frozenset("ab")}
    assert (counts.identical, counts.mined) == (2, 1)


def test_a_limited_group_keeps_whole_sub_groups():
    responses = [f"text {i}" for i in range(10)]
    # 6 pairs are all those among 4 responses; of 45, 39 are left out. 7 pairs: one more, with a fifth response.
    questions, counts = mined({"p": responses}, limit=6)
    members = sorted({text for q in questions for text in (q.first, q.second)})
    assert len(members) == 4
    assert texts_of(questions) == {frozenset(pair) for pair in itertools.combinations(members, 2)}
    assert (counts.mined, counts.over_limit) == (6, 39)
    more, _ = mined({"p": responses}, limit=7)
    assert more[:6] == questions and len(more) == 7


def test_the_draw_follows_the_seed_and_not_the_order():
    responses = [f"text {i}" for i in range(10)]
    drawn = texts_of(mined({"p": responses}, limit=6, seed=1)[0])
    assert texts_of(mined({"p": responses[::-1]}, limit=6, seed=1)[0]) == drawn
    assert {frozenset(texts_of(mined({"p": responses}, limit=6, seed=s)[0])) for s in range(5)} != {frozenset(drawn)}


def test_the_key_ignores_the_order_of_the_texts_alone():
    assert Question("p", "a", "b").key == Question("p", "b", "a").key
    keys = {Question(*parts).key for parts in [("p", "a", "b"), ("pa", "", "b"), ("p", "ab", ""), ("p", "a", "\ud83d")]}
    assert len(keys) == 4


@pytest.fixture(scope="module")
def reader():
    with AnswerReader() as reader:
        yield reader


def test_maths_pairs_have_equal_answers(reader):
    responses = [
        "I double: \\boxed{18}",
        "I add 9 and 9: \\boxed{18.0}",
        "\\boxed{17}",
        "No idea.",
        "It is $\\frac{36}{2}$.",
    ]
    questions, counts = mined({"p": responses}, answers=reader)
    # Three answers of 18, of which 3 pairs; 17 differs from each of them: 3 pairs; one has no answer.
    assert texts_of(questions) == {
        frozenset(pair) for pair in itertools.combinations([responses[0], responses[1], responses[4]], 2)
    }
    assert (counts.different_answers, counts.without_answer) == (3, 1)


def test_an_equation_answers_as_its_right_side_does_whichever_comes_first():
    assert answer_classes(["\\boxed{x=2}", "\\boxed{2}"]) == answer_classes(["\\boxed{2}", "\\boxed{x=2}"]) == [0, 0]
    assert answer_classes([]) == []
    assert answer_classes(["\ud83d", ""]) == [None, None]


def test_a_group_that_hangs_is_left_out_and_the_next_is_read(caplog):
    # The child needs seconds to start, so it reads nothing within a hundredth of one.
    with AnswerReader(deadline_s=0.01) as reader:
        assert reader(["\\boxed{1}", "\\boxed{1.0}"]) == [None, None]
        assert reader.hung == 1 and "math-verify hung" in caplog.text
        reader.deadline_s = 120.0
        assert reader(["\\boxed{1}", "\\boxed{1.0}"]) == [0, 0]
