"""The launch scripts as text: they parse, name no site, and say what can be set."""

import re
import shutil
import subprocess

import pytest
from places import ROOT as PROJECT

SCRIPTS = [PROJECT / name for name in ("scripts/slurm.sbatch", "scripts/local_slurm.sh", "scripts/clusters/train.sh")]
VARIABLE = re.compile(r"^(?:export )?([A-Z_]+)=\$\{\1:-.*\}(.*)$")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_bash_reads_it(script):
    assert subprocess.run(["bash", "-n", script], capture_output=True, text=True).stderr == ""


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script):
    done = subprocess.run(["shellcheck", "--shell=bash", script], capture_output=True, text=True)
    assert done.stdout == ""


def directives():
    """{option: value} of the #SBATCH lines; Slurm stops reading them at the first command."""
    found = {}
    for line in (PROJECT / "scripts/slurm.sbatch").read_text().splitlines():
        if line.startswith("#SBATCH "):
            option, _, value = line.removeprefix("#SBATCH --").partition("=")
            found[option] = value
        elif line and not line.startswith("#"):
            break
    return found


def test_slurm_requeues_the_job_and_keeps_its_log():
    found = directives()
    assert "requeue" in found and found["open-mode"] == "append"
    # To the script (B), two minutes before the time limit: that is when it asks to be started again.
    assert found["signal"] == "B:USR1@120"


def test_one_task_starts_ray_on_each_node_with_all_that_it_has():
    found = directives()
    assert found["ntasks-per-node"] == "1" and found["mem"] == "0" and "exclusive" in found
    # math_size/64gpu, which is the script's default: 8 nodes of 8 GPUs.
    assert (found["nodes"], found["gpus-per-node"]) == ("8", "8")


def test_every_directive_comes_before_the_first_command():
    text = (PROJECT / "scripts/slurm.sbatch").read_text()
    assert len(directives()) == text.count("\n#SBATCH ")


def test_no_site_is_named():
    assert not {"partition", "account", "qos", "constraint", "nodelist", "reservation"} & set(directives())


def variables(script):
    """[(name, comment)] of what can be set from outside."""
    lines = (PROJECT / script).read_text().splitlines()
    return [match.groups() for match in map(VARIABLE.match, lines) if match]


@pytest.mark.parametrize("script", ["scripts/slurm.sbatch", "scripts/local_slurm.sh", "scripts/clusters/train.sh"])
def test_what_can_be_set_is_on_the_cluster_page(script):
    page = (PROJECT / "docs/clusters.md").read_text()
    found = variables(script)
    assert found
    assert [name for name, _ in found if f"`{name}`" not in page] == []


def test_the_launcher_hands_on_what_the_recipes_read(tmp_path):
    """`train.sh` with a `python` that only writes down what it gets: the address, and the overrides in their order."""
    python = tmp_path / "python"
    python.write_text('#!/usr/bin/env bash\nprintf "%s\\t" "$RAY_ADDRESS" "$@" >> "$CALLS"; echo >> "$CALLS"\n')
    python.chmod(0o755)
    (tmp_path / "head").write_text("10.0.0.1:6379")
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHON": str(python),
        "CALLS": str(tmp_path / "calls"),
        "HEAD_FILE": str(tmp_path / "head"),
        "NODES": "2",
        "SIZE": "smoke",
        "CHECKPOINTS": "/shared/run",
        "SAVE_EVERY": "5",
    }
    command = ["bash", PROJECT / "scripts/clusters/train.sh", "math", "data.seed=3"]
    subprocess.run(command, env=environment, check=True)
    nodes, check, train = [line.split("\t")[:-1] for line in (tmp_path / "calls").read_text().splitlines()]
    assert {nodes[0], check[0], train[0]} == {"10.0.0.1:6379"}
    assert nodes[2:] == ["--nodes", "2", "--timeout", "600"]
    assert check[1:4] == ["-m", "darling_plugin.cli", "check"] and train[1:3] == ["-m", "verl.trainer.main_ppo"]
    assert check[4:] == train[3:]
    assert train[4:] == [
        "trainer.default_local_dir=/shared/run",
        "trainer.resume_mode=auto",
        "trainer.save_freq=5",
        "ray_kwargs.ray_init.num_cpus=null",
        "ray_kwargs.ray_init.num_gpus=null",
        "data.seed=3",
    ]


def test_the_launcher_does_not_wait_for_ever(tmp_path):
    command = ["bash", PROJECT / "scripts/clusters/train.sh", "math"]
    environment = {"PATH": "/usr/bin:/bin", "HEAD_FILE": str(tmp_path / "head"), "WAIT_S": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no head of the Ray cluster after 0 s" in done.stderr
