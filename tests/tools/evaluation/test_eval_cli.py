"""The commands as a user types them."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from darling_plugin.tools.evaluation.cli import app


def test_help_is_light():
    program = (
        "import sys; from darling_plugin.tools.evaluation import cli;"
        "print(sorted({'numpy', 'scipy', 'torch', 'openai', 'vllm', 'datasets', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert set(json.loads(done.stdout.replace("'", '"'))) <= {"numpy"}  # the package itself costs NumPy
    said = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    for option in ("--tensor-parallel", "--data-parallel", "--shard", "--baseline", "--reward-scale", "--max-missing"):
        assert option in said


def test_texts_are_no_markup(write, darling, tmp_path):
    prompts = write("p.jsonl", {"id": "[red]a", "prompt": "?", "source": "[bold]x"}, {"id": "b", "prompt": "?"})
    given = write("[link=x]g.jsonl", {"id": "b", "responses": ["1", "[/]"]})
    code, printed = darling(
        "run", "own", "--prompts", prompts, "--responses", given, "--samples", 2, "--out", tmp_path / "[o]",
        "--scorer", "eval_scorers:one_is_right", "--binary",
    )  # fmt: skip
    assert code == 3
    for text in ("[red]a, sample", "[bold]x", "[link=x]g.jsonl has 0 responses", "[o]/summary.json"):
        assert text in printed


def test_json_and_the_summary_of_a_folder(write, tmp_path):
    prompts, given = write("p.jsonl", {"id": 1, "prompt": "?"}), write("g.jsonl", {"id": 1, "response": "1"})
    common = [
        "run",
        "own",
        "--prompts",
        prompts,
        "--responses",
        given,
        "--samples",
        1,
        "--out",
        tmp_path / "o",
        "--json",
    ]
    result = CliRunner().invoke(app, [str(one) for one in common])
    found = json.loads(result.stdout)
    assert result.exit_code == 0 and found == json.loads((tmp_path / "o" / "summary.json").read_text())
    assert (found["prompts"], found["samples"], found["complete"]) == (1, 1, True)
    result = CliRunner().invoke(app, ["summary", str(tmp_path / "o"), "--json"])
    assert result.exit_code == 0 and json.loads(result.stdout) == found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["maths"], "TASK must be one of"),
        (["own"], "`--model` must name a Hugging Face folder"),
        (["own", "--model", "m", "--responses", "x.jsonl"], "remove --model and --url"),
        (["own", "--responses", "x.jsonl"], "x.jsonl: there is no such file"),
        (["own", "--url", "http://h/v1"], "`--model` must name"),
        (["own", "--model", "m", "--url", "h:1"], "`--url` must begin with http:// or https://"),
        (["own", "--model", "m", "--url", "http://h/v1", "--entropy"], "`--entropy` needs the model itself"),
        (["own", "--model", "m", "--temperature", "-1"], "`--temperature` must be at least 0"),
        (["own", "--model", "m", "--top-p", "0"], "`--top-p` must be above 0"),
        (["own", "--model", "m", "--entropy", "--temperature", "0.5"], "and needs --temperature 1"),
        (["own", "--model", "m", "--template", "[1]"], "`--template` must be a JSON object, got '[1]'"),
        (["own", "--model", "m", "--executor", "slurm"], "`--executor` must be one of mp, ray"),
        (["own", "--model", "m", "--engine-args", '{"trust_remote_code": true}'], "is never run here"),
        (["own", "--model", "m", "--tensor-parallel", "0"], "`--tensor-parallel` must be a whole number"),
        (["own", "--model", "m", "--shard", "2/2"], "`--shard` must have the form i/m"),
        (["own", "--model", "m", "--reward-scale", "mine"], "`--reward-scale` must be one of skywork, athene"),
        (["math", "--model", "m", "--baseline", "b"], "`--baseline` has no effect on the task math"),
        (["own", "--model", "m", "--scorer", "reward-model"], "`--reward-model` must name a folder"),
        (["own", "--model", "m", "--samples", "0", "--prompts", "p"], "p: there is no such file"),
    ],
)
def test_what_is_wrong_is_said_at_once(arguments, message, darling, tmp_path):
    code, printed = darling("run", *arguments, "--out", tmp_path / "o")
    assert code == 1 and message in printed and not (tmp_path / "o").exists()
