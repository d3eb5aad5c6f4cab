"""Inject faults into the servers of the partition service, and check that no partition changes.

    python scripts/chaos_service.py --runs 50          # about five minutes on 2 cores

Each run streams 500 groups through a service over three real servers, each a process of its own. They answer some
requests with HTTP 500, late, not at all, with too few rows, with NaN or with no JSON, and are killed and started again
at random moments, by a seed that is printed. Every partition must be the one of a run without faults.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.progress import track

from darling_plugin.core import PartitionRule, find_partition
from darling_plugin.service.build import PlainReader
from darling_plugin.service.cached_model import Asker
from darling_plugin.service.counts import Counts
from darling_plugin.service.http_worker import HttpWorker
from darling_plugin.service.pool import Limits, Pool
from darling_plugin.service.protocols import Request
from darling_plugin.service.service import PartitionService
from darling_plugin.service.verdicts import Judging, Verdicts
from darling_plugin.similarity.classifier.memory import Item, Memory

TESTS = Path(__file__).parents[1] / "tests" / "service"
SERVER = """
import random, sys
sys.path.insert(0, sys.argv[1])
from pair_server import PairServer
faults, share = random.Random(int(sys.argv[3])), float(sys.argv[4])
ways = ["500", "hangs", "late", "too few", "nan", "no json", "closes"]
PairServer.allow_reuse_address = True
server = PairServer(
    lambda a, b: float(a[0] == b[0]), lambda n: faults.choice(ways) if faults.random() < share else None,
    port=int(sys.argv[2]),
)
print(server.server_port, flush=True)
server.serve_forever()
"""
LIMITS = Limits(tokens=1500, timeout_s=0.6, deadline_s=60, rest_s=0.02, longest_rest_s=0.5)
GROUPS, SIZE = 500, 8


class Server:
    """A server process that can be killed and started again at the same address."""

    def __init__(self, seed: int, share: float):
        self.seed, self.share, self.port = seed, share, 0
        self.start()

    def start(self) -> None:
        arguments = [str(TESTS), str(self.port), str(self.seed), str(self.share)]
        self.process = subprocess.Popen([sys.executable, "-c", SERVER, *arguments], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class PlainWire:
    """Texts as they are: none is cut."""

    truncated = 0

    def request(self, items: Sequence[Item]) -> Request:
        return Request("score", {"text_1": [pair[0] for pair in items], "text_2": [pair[1] for pair in items]})

    def rows(self, answer: dict[str, list[dict[str, float]]]) -> list[list[float]]:
        return [[float(entry["score"])] for entry in sorted(answer["data"], key=lambda entry: entry["index"])]


def responses(seed: int) -> tuple[list[str], list[int]]:
    """500 groups of 8 responses, in up to five classes, in the order in which they come in."""
    rng = random.Random(f"responses {seed}")
    rows = [
        (f"{rng.choice('abcde')}{g} {k} {'word ' * rng.randrange(20)}", g) for g in range(GROUPS) for k in range(SIZE)
    ]
    rng.shuffle(rows)
    return [text for text, _ in rows], [g for _, g in rows]


def one_run(seed: int, share: float) -> tuple[bool, Counts, int]:
    """Whether every partition was right, what was counted, and how many servers were killed."""
    rng = random.Random(f"kills {seed}")
    servers = [Server(seed * 3 + k, share) for k in range(3)]
    texts, uid = responses(seed)
    expected = find_partition(texts, uid, lambda pairs: [float(a[0] == b[0]) for a, b in pairs], short_text_rule=False)
    counts, killed, over = Counts(), 0, threading.Event()

    async def make() -> Judging:
        workers = [HttpWorker(f"http://127.0.0.1:{server.port}", PlainWire) for server in servers]
        return Verdicts(PlainReader(), Asker(Pool(workers, counts, LIMITS), Memory()))

    def kill_some() -> None:
        nonlocal killed
        while not over.wait(rng.uniform(0.1, 0.8)):
            server = rng.choice(servers)
            server.kill()
            killed += 1
            time.sleep(rng.uniform(0.0, 0.3))
            server.start()

    service = PartitionService(make, counts, PartitionRule(threshold=0.5, short_text_rule=False))
    killer = threading.Thread(target=kill_some)
    killer.start()
    try:
        right = True
        for text, name in zip(texts, uid, strict=True):
            service.submit(name, text)
        for first in range(0, GROUPS, 50):
            rows = [row for row, name in enumerate(uid) if first <= name < first + 50]
            found = service.partition([texts[row] for row in rows], [uid[row] for row in rows])
            right &= found.labels.tolist() == expected.labels[rows].tolist()
        return right, service.counts(), killed
    finally:
        over.set()
        killer.join()
        service.close()
        for server in servers:
            server.kill()


def main(
    runs: Annotated[int, typer.Option(min=1, help="Number of runs.")] = 50,
    seed: Annotated[int, typer.Option(help="Random seed of the first run.")] = 0,
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of requests that fail in some way.")] = 0.1,
) -> None:
    """Run, and exit with 1 when a partition was wrong or a process is left."""
    console, wrong, total, kills = Console(), [], Counts(), 0
    for number in track(range(seed, seed + runs), "Runs", console=console):
        right, counts, killed = one_run(number, share)
        kills += killed
        total.failures += counts.failures
        total.read += counts.read
        total.batches += counts.batches
        if not right:
            wrong.append(number)
    left = psutil.Process().children(recursive=True)
    console.print(
        f"Seeds {seed} to {seed + runs - 1}: {runs * GROUPS:,} groups, {total.read:,} verdicts in {total.batches:,} "
        f"batches; {total.failures:,} batches failed and were given to another server, {kills} servers were killed."
    )
    console.print(f"Wrong partitions: {wrong or 'none'}. Processes left: {left or 'none'}.")
    raise typer.Exit(1 if wrong or left else 0)


if __name__ == "__main__":
    typer.run(main)
