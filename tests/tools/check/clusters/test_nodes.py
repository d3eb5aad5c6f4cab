"""What runs on each node: how Ray is started there, and what is looked at before a job trains."""

import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from places import ROOT

sys.path.append(str(ROOT / "scripts/clusters"))

import check_nodes
import ray_node

VERSIONS = {"python": "3.12.3", "darling-plugin": "0.1.0", "verl": "0.9.1", "ray": "2.60.0"}


def found(**changes):
    return {"versions": VERSIONS, "loaded": True, "missing": []} | changes


def options(role, **settings):
    words = ray_node.start_command(role, "10.0.0.1", 7000, Path("/tmp/ray-5"), settings)
    return dict(word.removeprefix("--").partition("=")[::2] for word in words[4:])


def test_every_port_is_fixed():
    started = options("head", WORKER_PORTS="30000-30999", DASHBOARD_PORT="9000")
    ports = {name: int(value) for name, value in started.items() if name.endswith("port")}
    # The head's own, six that every node has, one for Ray's client; then the dashboard's and the workers'.
    assert sorted(set(ports.values())) == [*range(7000, 7008), 9000, 30000, 30999]
    assert len(ports) == 11


def test_a_worker_has_the_same_ports_and_no_head():
    head, worker = options("head"), options("worker")
    assert {name: head[name] for name in worker} == worker
    assert set(head) - set(worker) == {"head", "port", "ray-client-server-port", "dashboard-port"}


def test_the_slots_are_slurms_unless_others_are_asked_for():
    slurm = {"SLURM_CPUS_ON_NODE": "96", "SLURM_GPUS_ON_NODE": "8"}
    assert {(key, value) for key, value in options("worker", **slurm).items() if key.startswith("num")} == {
        ("num-cpus", "96"),
        ("num-gpus", "8"),
    }
    assert options("worker", **slurm, RAY_CPUS="16", RAY_GPUS="0")["num-cpus"] == "16"
    assert options("worker", **slurm, RAY_GPUS="0")["num-gpus"] == "0"
    assert "num-gpus" not in options("worker", SLURM_CPUS_ON_NODE="96")  # Ray looks for itself


def test_slurms_second_list_of_devices_is_left_out():
    seen = ray_node.environment({"CUDA_VISIBLE_DEVICES": "0,1", "ROCR_VISIBLE_DEVICES": "0,1", "HOME": "/me"})
    assert seen == {"CUDA_VISIBLE_DEVICES": "0,1", "HOME": "/me", "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0"}
    assert ray_node.environment({"ROCR_VISIBLE_DEVICES": "0"})["ROCR_VISIBLE_DEVICES"] == "0"


def test_the_heads_own_options():
    assert options("head", RAY_HEAD_ARGS="--include-dashboard=false")["include-dashboard"] == "false"
    assert "include-dashboard" not in options("worker", RAY_HEAD_ARGS="--include-dashboard=false")


def address(family, text):
    return SimpleNamespace(family=family, address=text)


def test_loopback_is_no_address_for_other_nodes(monkeypatch):
    monkeypatch.setattr("psutil.net_if_addrs", lambda: {"lo": [address(socket.AF_INET, "127.0.0.1")], "ib0": []})
    with pytest.raises(SystemExit, match=r"INTERFACE=lo has no IPv4 address .* the interfaces here are ib0, lo\."):
        ray_node.node_address("lo")


def test_the_address_of_an_interface(monkeypatch):
    both = [address(socket.AF_INET6, "fe80::1"), address(socket.AF_INET, "10.1.2.3")]
    monkeypatch.setattr("psutil.net_if_addrs", lambda: {"ib0": both})
    assert ray_node.node_address("ib0") == "10.1.2.3"


def test_an_interface_that_is_not_here():
    with pytest.raises(SystemExit, match=r"INTERFACE=ib7 has no IPv4 address"):
        ray_node.node_address("ib7")


def test_a_host_name_without_an_address(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "no-such-host.invalid")
    with pytest.raises(SystemExit, match=r"no-such-host.invalid has no IPv4 .* set INTERFACE"):
        ray_node.node_address("")


def test_a_head_that_never_starts(tmp_path):
    with pytest.raises(SystemExit, match=r"has not started: there is no .*head\. Raise WAIT_S"):
        ray_node.wait_for(tmp_path / "head", 0.0)


def test_logs_come_to_the_shared_disk_and_nothing_stays(tmp_path):
    logs = tmp_path / "ray-5/session_1/logs/old"
    logs.mkdir(parents=True)
    (logs / "raylet.out").write_text("a line")
    (tmp_path / "ray-5/session_latest").symlink_to(tmp_path / "ray-5/session_1")
    ray_node.keep_logs(tmp_path / "ray-5", tmp_path / "run/ray/node1")
    assert (tmp_path / "run/ray/node1/old/raylet.out").read_text() == "a line"
    assert not (tmp_path / "ray-5").exists()


def test_a_node_that_never_wrote_a_log(tmp_path):
    ray_node.keep_logs(tmp_path / "ray-5", tmp_path / "run/ray/node1")
    assert not (tmp_path / "run").exists()


def test_nodes_that_are_alike_are_ready():
    assert check_nodes.faults({"a": found()}) == []
    assert check_nodes.faults({"a": found(), "b": found()}) == []


def test_a_node_on_which_verl_would_find_no_plugin():
    (line,) = check_nodes.faults({"a": found(), "b": found(loaded=False)})
    assert line.startswith("b: verl would find no plugin there: darling-plugin is not installed.")
    assert "scripts/clusters/submit.py" in line


def test_a_node_that_lacks_what_the_plugin_needs():
    (line,) = check_nodes.faults({"a": found(missing=["math-verify (not installed)", "numpy>=1.26 (1.24.0)"])})
    assert line == (
        "a: darling-plugin lacks math-verify (not installed), numpy>=1.26 (1.24.0). Install that on all nodes."
    )


def test_another_verl_on_one_node():
    lines = check_nodes.faults({"a": found(), "b": found(versions=VERSIONS | {"verl": "0.9.0", "ray": ""})})
    assert lines == [
        "b: verl is 0.9.0, but 0.9.1 on a. Install the same on all nodes.",
        "b: ray is absent, but 2.60.0 on a. Install the same on all nodes.",
    ]


def test_this_machine_has_it_all():
    here = check_nodes.look()
    assert here["loaded"] and here["missing"] == []
    assert here["versions"]["verl"].startswith("0.9.")
