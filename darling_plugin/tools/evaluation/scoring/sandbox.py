"""A program that a model wrote, in a process of its own with limits on time, memory and output.

    ran = run("print(input())", stdin="1", limits=Limits(seconds=10))        ran.ok, ran.stdout == "1\n"

The process gets an empty folder, no environment, and is killed with all of its children at the time limit. Where the
system allows it (`isolation`), it also has user, network and process namespaces of its own (`unshare` of util-linux),
and so no network. It sees the disk as this user does: for models that you do not trust, run the whole command in a
container.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

NAMESPACES = ("--user", "--map-root-user", "--net", "--ipc", "--pid", "--fork", "--kill-child")
PROGRAM = "program.py"
# The limit of processor time ends what escaped the kill at the time limit. It comes later than that: where a signal
# ends its child, `unshare` 2.38 says "sigprocmask unblock failed" and not which signal.
CPU_AFTER = 2
LAUNCH = """
import resource, runpy, sys
seconds, memory, output = map(int, sys.argv[1:4])
for name, limit in (("CPU", seconds), ("AS", memory), ("FSIZE", output), ("CORE", 0), ("NOFILE", 256)):
    resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))
sys.argv[:] = ["program.py"]
runpy.run_path("program.py", run_name="__main__")
"""


@dataclass(frozen=True)
class Limits:
    """seconds: of wall time; memory: address space in bytes; output: bytes of any one file."""

    seconds: int = 10
    memory: int = 1 << 30
    output: int = 1 << 20


@dataclass(frozen=True)
class Ran:
    """How a program ended. `result`: what it wrote to the file `result`, None without one."""

    code: int | None
    """Its exit code, negative for a signal; None if it was killed at the time limit."""
    stdout: str
    stderr: str
    result: str | None

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def failure(self) -> str:
        """Why it is not `ok`, in a line."""
        if self.code is None:
            return "time limit"
        last = self.stderr.strip().splitlines()[-1:] or [f"exit code {self.code}"]
        return last[0][:200]


def run(program: str, stdin: str = "", limits: Limits = Limits()) -> Ran:
    """Run a Python program to its end, or to one of its limits. It never raises for what the program does."""
    with TemporaryDirectory(prefix="darling_sandbox_") as name, TemporaryDirectory() as outside:
        folder, outputs = Path(name), Path(outside)
        (folder / PROGRAM).write_text(program, encoding="utf-8", errors="surrogatepass")
        (outputs / "stdin").write_text(stdin, encoding="utf-8", errors="replace")
        with (
            (outputs / "stdin").open("rb") as source,
            (outputs / "stdout").open("wb") as out,
            (outputs / "stderr").open("wb") as err,
        ):
            process = subprocess.Popen(
                [*isolation(), sys.executable, "-I", "-B", "-c", LAUNCH,
                 str(limits.seconds + CPU_AFTER), str(limits.memory), str(limits.output)],
                cwd=folder, stdin=source, stdout=out, stderr=err, start_new_session=True,
                env={"PATH": os.defpath, "HOME": name, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
            )  # fmt: skip
            try:
                code: int | None = process.wait(limits.seconds + 1)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if code in (-signal.SIGXCPU, 128 + signal.SIGXCPU, -signal.SIGKILL, 128 + signal.SIGKILL):
            code = None
        stdout, stderr, result = (
            _read(path, limits) for path in (outputs / "stdout", outputs / "stderr", folder / "result")
        )
        return Ran(code, stdout or "", stderr or "", result)


@cache
def isolation() -> tuple[str, ...]:
    """The command that gives a program namespaces of its own; empty where the system has or allows none."""
    command = shutil.which("unshare")
    if command is None:
        return ()
    tried = subprocess.run([command, *NAMESPACES, "true"], capture_output=True, timeout=30, check=False)
    return (command, *NAMESPACES) if tried.returncode == 0 else ()


def _read(path: Path, limits: Limits) -> str | None:
    """What a regular file holds; a link could be to any file of this machine, and a FIFO has no end."""
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        return file.read(limits.output).decode("utf-8", "replace")
