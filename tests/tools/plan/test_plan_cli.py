import json

import pytest
from typer.testing import CliRunner

from darling_plugin.cli import app
from darling_plugin.errors import ConfigError, InputError
from darling_plugin.tools.plan import document, draw, study
from darling_plugin.tools.plan.request import parse_request
from darling_plugin.tools.plan.shapes import Job

SMALL = ("train_batch_size=16", "n=4", "response_length=512", "gpus=8", "seeds=2")


def run(*arguments):
    return CliRunner().invoke(app, ["plan", *arguments], env={"COLUMNS": "200"})


def test_prints_a_page():
    result = run(*SMALL)
    assert result.exit_code == 0
    assert "16 prompts × 4 responses of up to 512 tokens, 8 × H100 SXM" in result.output
    assert "darling.service.replicas=" in result.output
    # collapsed 3, mixed (a class of 2, two alone) 5 + 1, distinct 6, of each of 16 prompts
    row = next(line for line in result.output.splitlines() if "pairs of an exact" in line)
    assert [cell.strip() for cell in row.split("│")[2:5]] == ["48", "96", "96"]


def test_prints_json():
    found = json.loads(run(*SMALL, "classifier=cross-encoder", "--json").output)
    assert found["compositions"]["collapsed"]["passes"] == {"4B cross-encoder": 48}
    assert set(found["advice"]) == {"backend", "replicas", "gpus_per_replica", "strategy", "reason"}
    assert [each["system"].split(",")[0] for each in found["candidates"]] == ["exact", "cascade", "150M bi-encoder"]


def test_takes_a_file_and_verls_names(tmp_path):
    file = tmp_path / "job.yaml"
    file.write_text("train_batch_size: 32\nn: 4\ngpu: a100\n")
    request = parse_request(["actor_rollout_ref.rollout.n=16", "policy_parameters=1.5B"], file)
    assert (request.train_batch_size, request.n, request.gpu, request.policy_parameters) == (32, 16, "a100", 1.5e9)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["n"], "'n': settings are given as key=value"),
        (["clasifier=cascade"], "clasifier: unknown setting. Did you mean classifier?"),
        (["n=0"], "n: Input should be greater than or equal to 1, got '0'."),
        (["gpu=z9"], "gpu: Input should be 'h100' or 'a100', got 'z9'."),
        (["policy_parameters=4Q"], "policy_parameters: Input should be a valid number"),
        (["gpus=2", "tensor_parallel=4"], "tensor_parallel is 4, more than the 2 of `gpus`"),
        (["response_median=9000"], "response_median is 9000, above the 8192 of `response_length`"),
        (["classifier=cross-encoder", "classifier_device=cpu"], "needs classifier_tokens_per_second"),
        (["classifier_parameters=150M", "classifier_device=cpu"], "darling plan --measure"),
        (["response_sigma=nan"], "response_sigma"),
    ],
)
def test_a_wrong_setting_says_what_to_set(settings, message):
    with pytest.raises(ConfigError) as error:
        parse_request(settings)
    assert message in str(error.value)


def test_the_command_prints_the_error_and_exits_with_1(tmp_path):
    result = run("n=zero")
    assert (result.exit_code, "Error: n: Input should be a valid integer" in result.output) == (1, True)
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [")
    assert "got no configuration" in run("--config", str(broken)).output
    assert "is not a regular file" in run("--config", str(tmp_path / "absent.yaml")).output
    broken.write_text("- a list")
    assert "got a list, expected lines of `key: value`" in run("--config", str(broken)).output


def test_lists_its_keys():
    result = run("help")
    assert "classifier_tokens_per_second" in result.output and "train_batch_size" in result.output


@pytest.fixture
def small_study(monkeypatch):
    shapes = (study.Shape("one", Job(4, 4, 200, 50), 2), study.Shape("two", Job(2, 3, 200, 50), 1))
    for module in (study, document, draw):
        monkeypatch.setattr(module, "SHAPES", shapes)
    return study.study()


def test_the_document_keeps_the_words_around_the_numbers(tmp_path, small_study):
    page = tmp_path / "plan.md"
    page.write_text(f"Before.\n{document.BEGIN}\nof last year\n{document.END}\nAfter.\n")
    document.write(page, small_study)
    text = page.read_text()
    assert text.startswith("Before.\n") and text.endswith("After.\n") and "of last year" not in text
    # 4 prompts × 6 pairs, and × 3 for the group that collapses
    assert "24 × 4B cross-encoder" in text and "12 × 4B cross-encoder" in text
    document.write(page, small_study)
    assert page.read_text() == text
    draw.draw(tmp_path / "plan.png", small_study)
    assert (tmp_path / "plan.png").stat().st_size > 10_000


def test_a_document_without_marks_is_left_alone(tmp_path, small_study):
    page = tmp_path / "plan.md"
    page.write_text("by hand")
    with pytest.raises(InputError, match="must hold the lines"):
        document.write(page, small_study)
    assert page.read_text() == "by hand"


def test_a_study_is_the_same_each_time(small_study):
    again = study.study()
    assert [cell.row for cell in again.cells] == [cell.row for cell in small_study.cells]
