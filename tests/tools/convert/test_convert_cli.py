import tiny_athene
import typer
from typer.testing import CliRunner

from darling_plugin.tools.convert.cli import convert_reward_model


def run(*arguments: str):
    app = typer.Typer()
    app.command()(convert_reward_model)
    return CliRunner().invoke(app, list(arguments))


def test_converts_and_says_what_to_set(tmp_path):
    source = tiny_athene.write(tmp_path / "[bold]source")
    done = run(str(source), str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert f"reward.reward_model.model_path={tmp_path / 'out'}" in done.output
    assert "v_head.weight → score.weight" in done.output
    assert (tmp_path / "out/darling_conversion.json").exists()


def test_an_error_is_one_message(tmp_path):
    done = run(str(tmp_path), str(tmp_path / "out"))
    assert done.exit_code == 1
    assert done.stderr == f"Error: SOURCE: {tmp_path} holds no config.json; give the folder of a complete model.\n"
