import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from darling_plugin import __version__
from darling_plugin.cli import app
from darling_plugin.integrations.verl import versions
from darling_plugin.integrations.versions import VERL

WIDE = {"COLUMNS": "250"}


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("VERL_USE_EXTERNAL_PLUGINS", "VERL_PLATFORM", VERL.allow):
        monkeypatch.delenv(name, raising=False)


def run(*arguments):
    return CliRunner().invoke(app, arguments, env=WIDE)


def test_version():
    result = run("--version")
    assert (result.exit_code, result.output) == (0, f"darling-plugin {__version__}\n")


def test_starts_light():
    heavy = "{'torch', 'verl', 'ray', 'transformers', 'vllm'}"
    code = f"import sys, darling_plugin.cli, darling_plugin.tools.doctor; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_doctor_here():
    """The one slow run: the installed command, and a verl that loads the plugin."""
    command = [sys.executable, "-m", "darling_plugin.cli", "doctor", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ | WIDE)
    report = json.loads(result.stdout)
    checks = {check["name"]: check for check in report["checks"]}
    assert [check for check in checks.values() if check["status"] == "problem"] == []
    assert (result.returncode, report["ok"]) == (0, True)
    assert "sync" in checks["loaded by verl"]["detail"]
    assert checks["+darling=base"]["status"] == "ok"
    assert checks["verl"]["detail"].startswith("0.9.1")


def test_doctor_prints_a_table(monkeypatch):
    from darling_plugin.tools.doctor import checks as doctor

    everything = {
        "estimator": True,
        "reward_manager": True,
        "trainers": {"sync": True},
        "v0": True,
        "config": True,
        "devices": [],
    }
    monkeypatch.setattr(doctor, "run_probe", lambda environ: (everything, ""))
    result = run("doctor")
    assert result.exit_code == 0  # no GPU here, or no megatron-core: notes
    assert "✗" not in result.output
    assert "+darling=[base,cpu]" in result.output  # brackets are not taken for markup
    assert "darling-plugin is ready." in result.output


def test_doctor_shows_why_verl_did_not_load_the_plugin(monkeypatch):
    from darling_plugin.tools.doctor import checks as doctor

    monkeypatch.setattr(doctor, "run_probe", lambda environ: ({}, "OSError: libcudart.so.13: [Errno 2]"))
    result = run("doctor")
    assert result.exit_code == 1
    assert "OSError: libcudart.so.13: [Errno 2]" in result.output


def test_doctor_with_the_plugin_excluded(monkeypatch):
    monkeypatch.setenv("VERL_USE_EXTERNAL_PLUGINS", "none")
    result = run("doctor")
    assert result.exit_code == 1
    assert "✗" in result.output and "unset VERL_USE_EXTERNAL_PLUGINS" in result.output
    assert "not tried" in result.output  # the slow part is left out


def test_doctor_with_an_unsupported_verl(monkeypatch):
    monkeypatch.setattr(versions, "verl_version", lambda: "0.7.1")
    result = run("doctor", "--json")
    assert result.exit_code == 1
    verl = next(check for check in json.loads(result.output)["checks"] if check["name"] == "verl")
    assert verl["status"] == "problem" and "0.7.1" in verl["detail"] and "pip install" in verl["remedy"]


def test_doctor_without_verl(monkeypatch):
    monkeypatch.setattr(versions, "verl_version", lambda: None)
    result = run("doctor")
    assert result.exit_code == 1 and "not installed" in result.output
