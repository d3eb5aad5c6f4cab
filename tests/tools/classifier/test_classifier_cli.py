"""The commands as a user types them."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from darling_plugin.cli import app
from darling_plugin.similarity.classifier.card import read_card


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["classifier", *map(str, arguments)], env={"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_train_calibrate_and_eval(written: Path, encoder: str, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    code, said = run(
        "train", "--pairs", written, "--out", out, "--base", encoder, "--learning-rate", 3e-3, "--epochs", 4
    )  # fmt: skip
    assert code == 0
    assert re.search(r"best validation AUC 0\.9|best validation AUC 1\.0", said)
    assert "of the responses are longer than the 62 tokens" in said
    assert f"darling.similarity.model={out}" in said.replace("\n", "")

    code, said = run("calibrate", "--model", out, "--pairs", written, "--aim", "false_merges", "--most", 0.01)
    assert code == 0
    card, parts = read_card(out), read_card(out).provenance["pairs"]
    assert card.calibration is not None
    assert card.calibration.pairs == parts["calibration"] == 240 - parts["train"] - parts["validation"]
    assert card.calibration is not None and card.calibration.aim == "false_merges"
    assert card.calibration.metrics["false_merges"] <= 0.01
    assert "accuracy" in said and "f1" in said  # what the other aims would have chosen

    plot = tmp_path / "roc.png"
    code, said = run("eval", "--model", out, "--pairs", written, "--json", "--no-baselines", "--plot", plot)
    assert code == 0
    found = json.loads(said[said.index("{") :])
    assert found["n"] == 240 and found["auc"] > 0.9 and found["baselines"] == {}
    assert found["own_training_data"] is True
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_the_shipped_one_beside_every_baseline(written: Path) -> None:
    few = written.with_name("few.jsonl")
    few.write_text("".join(written.read_text().splitlines(keepends=True)[:30]))
    code, said = run("eval", "--model", "default", "--pairs", few, "--json")
    assert code == 0
    found = json.loads(said[said.index("{") :])
    assert {"auc", "accuracy", "f1", "n", "baselines"} <= found.keys()
    assert found["n"] == 30 and len(found["baselines"]) == 5
    assert all(0 <= auc <= 1 for auc in found["baselines"].values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--pairs", "absent.jsonl", "--out", "out"], "no such file of labeled pairs: absent.jsonl"),
        (["train", "--pairs", "PAIRS", "--out", "out", "--kind", "x"], "--kind: Input should be 'bi-encoder'"),
        (["train", "--pairs", "BAD", "--out", "out"], "line 1: 'similar' must be 0 (distinct) or 1 (equivalent)"),
        (["calibrate", "--model", "absent", "--pairs", "PAIRS"], "holds no darling_classifier.json"),
        (["calibrate", "--model", "absent", "--pairs", "PAIRS", "--aim", "auc"], "the aim must be one of accuracy"),
        (["eval", "--model", "absent", "--pairs", "PAIRS"], "holds no darling_classifier.json"),
        (["eval", "--pairs", "BAD"], "'similar' must be 0"),
    ],
)
def test_a_mistake_is_one_message(
    arguments: list[str], message: str, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"prompt": "p", "generation_0": "a", "generation_1": "b", "similar": "maybe"}\n')
    files = {"PAIRS": str(written), "BAD": str(bad)}
    code, said = run(*(files.get(argument, argument) for argument in arguments))
    assert code == 1
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()
