import json

import pytest

from darling_plugin.errors import InputError
from darling_plugin.json_lines import read_objects
from darling_plugin.tools.evaluation.prompts import Prompt, digest, parse, sample_seed, unique


def test_a_sample_has_a_seed_of_its_own():
    seed = sample_seed(0, "math", "aime24/60", 0)
    # `printf '[0, "math", "aime24/60", 0]' | sha256sum` begins with 5b55a44d; its last bit is dropped.
    assert seed == 0x5B55A44D >> 1 == 766169638
    others = [(1, "math", "aime24/60", 0), (0, "novelty", "aime24/60", 0), (0, "math", "aime24/61", 0)]
    assert seed not in {sample_seed(*other) for other in [*others, (0, "math", "aime24/60", 1)]}
    assert len({sample_seed(0, "math", "p", sample) for sample in range(64)}) == 64


def test_a_prompt_is_a_text_or_a_conversation():
    text = parse({"id": 3, "prompt": "Why?", "answer": 7}, "f, line 1", source="part")
    assert text == Prompt("3", "Why?", 7, "part")
    assert text.messages == [{"role": "user", "content": "Why?"}] and text.shown == "Why?"
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    talk = parse({"id": "t", "prompt": turns}, "f, line 2")
    assert talk.messages == turns and talk.shown == "system: Be brief.\n\nuser: Why?"
    assert parse(json.loads(json.dumps({"id": "t", "prompt": talk.as_json()["text"]})), "") == talk


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"prompt": "p"}, "`id` must be a text or a whole number, got None"),
        ({"id": True, "prompt": "p"}, "`id` must be"),
        ({"id": 1}, "`prompt` must be a text, or a list of messages"),
        ({"id": 1, "prompt": " \n"}, "`prompt` must be"),
        ({"id": 1, "prompt": [{"role": "user"}]}, "`prompt` must be"),
        ({"id": 1, "prompt": []}, "`prompt` must be"),
    ],
)
def test_what_is_no_prompt_is_named(fields, message):
    with pytest.raises(InputError, match=f"f, line 1: .*{message}"):
        parse(fields, "f, line 1")


def test_ids_are_unique_and_the_digest_has_everything():
    a, b = Prompt("a", "x"), Prompt("b", "x")
    with pytest.raises(InputError, match="the id 'a' appears twice"):
        unique([a, b, a], "f")
    with pytest.raises(InputError, match="no prompts"):
        unique([], "f")
    others = [[b, a], [a], [a, Prompt("b", "y")], [a, Prompt("b", "x", 1)], [a, Prompt("b", "x", None, "s")]]
    assert digest([a, b]) not in {digest(other) for other in others}


def test_files_are_lines_or_one_list(tmp_path):
    lines, one_list = tmp_path / "lines.jsonl", tmp_path / "list.json"
    lines.write_text('{"id": 1}\n\n{"id": "\u2028"}')  # a line separator that is no line feed, no last line feed
    one_list.write_text('[{"id": 1},\n {"id": 2}]')
    assert [found for _, found in read_objects(lines)] == [{"id": 1}, {"id": "\u2028"}]
    assert [where for where, _ in read_objects(one_list)] == [f"{one_list}, entry 1", f"{one_list}, entry 2"]
    lines.write_text('{"id": 1}\n{"id": ')
    with pytest.raises(InputError, match=r"lines.jsonl, line 2: not JSON"):
        list(read_objects(lines))
    lines.write_text("[1]")
    with pytest.raises(InputError, match="got 1, expected a JSON object"):
        list(read_objects(lines))
    with pytest.raises(InputError, match="there is no such file"):
        list(read_objects(tmp_path / "absent.jsonl"))
