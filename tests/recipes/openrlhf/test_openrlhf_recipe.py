"""The recipe's reward, its data, and the arguments of its script."""

import json
import os
import subprocess

import pytest
from places import ROOT

from darling_plugin.integrations import versions
from darling_plugin.integrations.command_line import parse_node, split_arguments
from darling_plugin.integrations.openrlhf.arguments import check_job

RECIPE = ROOT / "recipes/openrlhf"


def test_the_reward_reads_the_response_alone():
    from recipes.openrlhf.reward_math import reward_func

    prompt = "What is \\boxed{1+1}? "
    found = [
        reward_func([prompt + response], [prompt], ["2"]) for response in (r"So \boxed{2}.<eos>", r"\boxed{3}", "none")
    ]
    assert [one["rewards"].tolist() for one in found] == [[1.0], [0.0], [0.0]]
    assert found[0]["scores"].tolist() == [1.0]


def test_rows_of_verl_as_json_lines(tmp_path):
    import pandas as pd

    from recipes.openrlhf.to_jsonl import convert
    from recipes.smoke import sum_row

    pd.DataFrame([sum_row(0), sum_row(1)]).to_parquet(tmp_path / "rows.parquet")
    assert convert(tmp_path / "rows.parquet", tmp_path / "rows.jsonl") == 2
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_bytes().splitlines()]
    # index + (2 · index + 1)
    assert lines[1] == {"prompt": [{"role": "user", "content": "What is 1 + 3?"}], "answer": "4"}


def test_the_script_passes_the_check(monkeypatch):
    monkeypatch.setattr(versions, "installed", lambda name: "0.11.2")
    environment = os.environ | {"PYTHON": "echo", "DATA": "train.jsonl"}
    command = ["bash", str(RECIPE / "run.sh"), "--darling.diversity.scope", "correct"]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert printed[:2] == ["-m", "darling_plugin.integrations.openrlhf"]
    given, rest = split_arguments(printed[2:])
    node = parse_node(given)
    assert node["diversity"] == {"floor": 0.1, "scope": "correct"}
    assert check_job(node, rest) == ["--reward.clip_range -10 10: advantages are clipped to this range."]


@pytest.mark.parametrize("name", ["reward_math.py", "to_jsonl.py"])
def test_what_the_script_names_is_there(name):
    assert name in (RECIPE / "run.sh").read_text() and (RECIPE / name).is_file()
