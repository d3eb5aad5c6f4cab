"""A real vLLM server for a pair classifier, on a free port of the loopback interface."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

READY_WITHIN_S = 400
ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}


class Server:
    """`vllm serve` of a classifier's folder; starting, until `wait`."""

    def __init__(self, folder: Path, log: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        command = [sys.executable, "-m", "vllm.entrypoints.cli.main", "serve", str(folder), "--runner", "pooling"]
        command += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--enforce-eager"]
        with log.open("w") as said:
            self._process = subprocess.Popen(
                command,
                env=os.environ | ENVIRONMENT | {"OMP_NUM_THREADS": str(os.cpu_count() or 1)},
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health", timeout=5, trust_env=False).status_code == 200:
                    return
            time.sleep(0.5)
        raise RuntimeError(f"vllm serve did not start; the end of {self.log}:\n{self.log.read_text()[-3000:]}")

    def end(self) -> None:
        """End it and its children, which are a session of their own."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()


@contextmanager
def serving(*folders: Path, logs: Path) -> Iterator[list[Server]]:
    """Servers for the folders, started side by side."""
    servers: list[Server] = []
    try:
        servers += [Server(folder, logs / f"{folder.name}.server.log") for folder in folders]
        for server in servers:
            server.wait()
        yield servers
    finally:
        for server in servers:
            server.end()
