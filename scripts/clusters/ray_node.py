"""Runs one node of a Ray cluster on this machine until it is stopped; `scripts/slurm.sbatch` starts one on each node.

    python ray_node.py head RUN_FOLDER      writes its address to RUN_FOLDER/head
    python ray_node.py worker RUN_FOLDER    waits for that file, and joins

RUN_FOLDER is on a disk that all nodes share. Settings come from the environment (the top of slurm.sbatch says what they
are). Ray's own files are on the machine's own disk; its logs are copied to RUN_FOLDER/ray/<host> at the end.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PORTS = (
    "object-manager-port",
    "node-manager-port",
    "runtime-env-agent-port",
    "dashboard-agent-grpc-port",
    "dashboard-agent-listen-port",
    "metrics-export-port",
)
"""Those of every node, in the order in which they follow RAY_PORT. Those that are not fixed Ray
chooses, and it gives a node up whose agents do not tell theirs within 15 s."""


def main(role: str, run: Path) -> int:
    settings = os.environ
    until = time.monotonic() + float(settings.get("WAIT_S") or 600)
    own = node_address(settings.get("INTERFACE", ""))
    port = int(settings.get("RAY_PORT") or 6379)
    head_file = run / "head"
    files = Path(f"/tmp/ray-{settings['SLURM_JOB_ID']}")  # short: the paths of sockets in it have at most 107 bytes
    command = start_command(role, own, port, files, settings)
    if role == "worker":
        command.append(f"--address={wait_for(head_file, until)}")
    node = Node(command)
    signal.signal(signal.SIGTERM, lambda *_: node.end())
    if role == "head":
        # In one step: who reads it reads all of it.
        (run / "head.part").write_text(f"{own}:{port}")
        (run / "head.part").rename(head_file)
    code = node.wait()
    while code != 0 and not node.ended and time.monotonic() < until:
        # Ray gives up after half a minute: on a machine that is busy, or on a head that still starts.
        time.sleep(5)
        node.start()
        code = node.wait()
    keep_logs(files, run / "ray" / socket.gethostname())
    return code


class Node:
    """The processes of `ray start --block`, which can be started again until they are told to end."""

    def __init__(self, command: list[str]) -> None:
        self.ended = False
        self._command = command
        self.start()

    def start(self) -> None:
        print(f"{socket.gethostname()}: {' '.join(self._command)}", flush=True)
        self._process = subprocess.Popen(self._command, env=environment(os.environ))

    def wait(self) -> int:
        return self._process.wait()

    def end(self) -> None:
        self.ended = True
        self._process.terminate()


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What Ray and its workers see of this process' environment."""
    seen = dict(given)
    # Told to end, Ray would wait 30 s for its workers to finish, which is as long as Slurm waits for all of it.
    seen["RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"] = "0"
    if "CUDA_VISIBLE_DEVICES" in seen:
        # Slurm may set both, to the same devices; verl 0.9.1 refuses that (single_controller/base/worker.py).
        seen.pop("ROCR_VISIBLE_DEVICES", None)
    if seen.get("VERL_PLATFORM") == "cpu":
        # What darling_plugin/cpu asks of a Ray that it starts itself: few cores cannot afford Ray's own settings.
        for name in ("RAY_enable_worker_prestart", "RAY_prestart_worker_first_driver", "RAY_worker_niceness"):
            seen.setdefault(name, "0")
    return seen


def start_command(role: str, own: str, port: int, files: Path, settings: Mapping[str, str]) -> list[str]:
    """`ray start` with every port that can be fixed, and as many slots as Slurm gives this node."""
    lowest, highest = (settings.get("WORKER_PORTS") or "20000-29999").split("-")
    options: dict[str, Any] = {
        "node-ip-address": own,
        "min-worker-port": lowest,
        "max-worker-port": highest,
        "temp-dir": files,
        "num-cpus": settings.get("RAY_CPUS") or settings.get("SLURM_CPUS_ON_NODE"),
        "num-gpus": settings.get("RAY_GPUS") or settings.get("SLURM_GPUS_ON_NODE"),
    }
    options |= {name: port + number for number, name in enumerate(PORTS, 1)}
    words = [f"--{name}={value}" for name, value in options.items() if value not in (None, "")]
    if role == "head":
        client, dashboard = port + len(PORTS) + 1, settings.get("DASHBOARD_PORT") or 8265
        words += ["--head", f"--port={port}", f"--ray-client-server-port={client}", f"--dashboard-port={dashboard}"]
        words += shlex.split(settings.get("RAY_HEAD_ARGS", ""))
    return [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats", *words]


def node_address(interface: str) -> str:
    """This machine's IPv4 address: of that interface, else what its host name resolves to, loopback left out.

    Ray's own guess is the address of the default route, which on many clusters is not the network between the nodes.
    """
    if interface:
        import psutil

        here = psutil.net_if_addrs()
        found = [address.address for address in here.get(interface, []) if address.family == socket.AF_INET]
        among = f"the interfaces here are {', '.join(sorted(here))}"
    else:
        with contextlib.suppress(socket.gaierror):
            found = []
            found = [str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
        among = "set INTERFACE to the network interface that the nodes talk through"
    found = [address for address in found if not address.startswith("127.")]
    if not found:
        what = f"INTERFACE={interface}" if interface else f"the host name {socket.gethostname()}"
        sys.exit(f"error: {what} has no IPv4 address that other nodes reach: {among}.")
    return found[0]


def wait_for(head_file: Path, until: float) -> str:
    while not head_file.exists():
        if time.monotonic() > until:
            sys.exit(f"error: the head of the Ray cluster has not started: there is no {head_file}. Raise WAIT_S.")
        time.sleep(1)
    return head_file.read_text()


def keep_logs(files: Path, folder: Path) -> None:
    """Copy the logs of the last session from this machine's disk to the shared one; delete what else Ray left there."""
    logs = files / "session_latest" / "logs"
    if logs.is_dir():
        shutil.copytree(logs, folder, dirs_exist_ok=True)
    shutil.rmtree(files, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("head", "worker"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
