import json

import pytest
from report_folders import write_lines, write_run
from typer.testing import CliRunner

from darling_plugin.cli import app

COMMANDS = CliRunner()


def test_writes_page_numbers_and_figures(tmp_path):
    runs = [str(write_run(tmp_path / "a_$1")), str(write_run(tmp_path / "_b", steps=70))]
    out = tmp_path / "new/page.html"
    result = COMMANDS.invoke(app, ["report", *runs, "--out", str(out), "--png", str(tmp_path / "png"), "--json"])
    assert result.exit_code == 0, result.output
    assert out.read_text().startswith("<!doctype html>")
    assert [run["name"] for run in json.loads(result.stdout)["runs"]] == ["a_$1", "_b"]
    figures = sorted((tmp_path / "png").iterdir())
    assert [path.name for path in figures] == ["curves.png", "pass_at_k.png", "plane.png", "time.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in figures)
    assert str(out) in result.stderr


def test_the_old_form_of_json_says_the_new_one(tmp_path):
    run = str(write_run(tmp_path / "run"))
    result = COMMANDS.invoke(app, ["report", run, "--json", str(tmp_path / "n.json")])
    assert result.exit_code == 1 and "darling report RUN --json > " in result.stderr


def test_out_overwrites_nothing_but_a_page(tmp_path):
    run = write_run(tmp_path / "run")
    before = (run / "metrics.jsonl").read_bytes()
    result = COMMANDS.invoke(app, ["report", str(run), "--out", str(run / "metrics.jsonl")])
    assert result.exit_code == 1 and "is not a page of this command" in result.stderr
    assert (run / "metrics.jsonl").read_bytes() == before
    for _ in range(2):
        assert COMMANDS.invoke(app, ["report", str(run), "--out", str(tmp_path / "p.html")]).exit_code == 0


@pytest.mark.parametrize("rows", [[{"step": 1, "critic/score/mean": 0.5}], [{"step": 1, "lr": 1.0}]])
def test_missing_parts_have_no_figure_and_are_said(tmp_path, rows):
    write_lines(tmp_path / "run/metrics.jsonl", rows)
    result = COMMANDS.invoke(
        app, ["report", str(tmp_path / "run"), "--out", str(tmp_path / "p.html"), "--png", str(tmp_path / "png")]
    )
    assert result.exit_code == 0, result.output
    drawn = ["curves.png"] if "critic/score/mean" in rows[0] else []
    assert [path.name for path in (tmp_path / "png").iterdir()] == drawn
    assert "run: no summary.json" in result.output


def test_png_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setattr("darling_plugin.tools.report.figures.find_spec", lambda name: None)
    run = str(write_run(tmp_path / "run"))
    result = COMMANDS.invoke(app, ["report", run, "--out", str(tmp_path / "p.html"), "--png", str(tmp_path / "png")])
    assert result.exit_code == 1
    assert "pip install matplotlib" in result.output


def test_a_folder_with_nothing_is_an_error(tmp_path):
    result = COMMANDS.invoke(app, ["report", str(tmp_path), "--out", str(tmp_path / "page.html")])
    assert result.exit_code == 1
    assert "has nothing to report" in result.output
    assert list(tmp_path.iterdir()) == []
