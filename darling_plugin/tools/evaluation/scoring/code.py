"""Programs: 1 if all tests of a prompt pass, else 0. Each test runs in a process with limits (`sandbox.py`).

`tests` of a prompt has one of three forms:

    {"inputs": ["1 2\\n"], "outputs": ["3\\n"]}                     standard input → standard output
    {"fn_name": "add", "inputs": [[1, 2]], "outputs": [3]}        arguments → result, compared as JSON
    "assert add(1, 2) == 3"                                       statements that follow the program

The first two are those of APPS (Hendrycks et al. 2021, arXiv 2105.09938), which verl's `prime_code` reads too; output
is compared by line, without trailing space. The program is the response's last block of ```python (or of ```), or the
whole response without one. A response without a program, and one that exits before the statements end, scores 0.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from darling_plugin.errors import InputError, MissingDependencyError
from darling_plugin.tools.evaluation.scoring.sandbox import Limits, isolation, run
from darling_plugin.tools.evaluation.stage import Item, Report

logger = logging.getLogger(__name__)

MOST_PROCESSES = 8
FENCE = re.compile(r"```[ \t]*(?:python3?|py)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
FORM = (
    'a text of Python statements, {"inputs": […], "outputs": […]} of equal length, or that with "fn_name" and a list '
    "of arguments for each input"
)
CALL = """
import json as _json, sys as _sys
_function = globals().get({name!r}) or getattr(globals()["Solution"](), {name!r})
_found = _function(*_json.load(_sys.stdin))
open("result", "w").write(_json.dumps(_found))
"""
STATEMENTS = """
{tests}
open("result", "w").write({token!r})
"""
PRIME = """
import json, sys
sys.path.insert(0, {folder!r})
from prime_code import compute_score
response, tests = json.load(sys.stdin)
score, _ = compute_score(response, tests, continuous=True)
open("result", "w").write(json.dumps(float(score)))
"""
PRIME_LIMITS = Limits(seconds=120, memory=4 << 30)  # prime_code has a limit of its own for each test


class CodeScorer:
    """Runs every test of a response, until one fails. Rows: score, and why it is 0."""

    binary = True
    kind = "code"

    def __init__(self, limits: Limits = Limits()):  # noqa: B008 (frozen)
        self.limits = limits

    @property
    def settings(self) -> dict[str, Any]:
        return {"kind": self.kind, "seconds": self.limits.seconds, "memory": self.limits.memory}

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        for item in items:
            check_tests(item.prompt.answer, f"prompt {item.prompt.id!r}")
        if not isolation():
            logger.warning("programs can use the network of this machine, because `unshare` is missing or not allowed")

        def one(item: Item) -> None:
            failure = self.failure(item.response, item.prompt.answer)
            report.done(item, {"score": float(failure is None)} | ({"failure": failure} if failure else {}))

        with ThreadPoolExecutor(min(MOST_PROCESSES, len(os.sched_getaffinity(0)))) as pool:
            for job in [pool.submit(one, item) for item in items]:
                job.result()

    def failure(self, response: str, tests: Any) -> str | None:
        """Why the response's program is wrong; None if all tests pass."""
        program = program_of(response)
        if not program.strip():
            return "no program"
        if isinstance(tests, str):
            token = secrets.token_hex(8)
            ran = run(program + STATEMENTS.format(tests=tests, token=token), limits=self.limits)
            if not ran.ok:
                return ran.failure
            return None if ran.result == token else "exit before the tests end"
        name = tests.get("fn_name")
        for number, (given, wanted) in enumerate(zip(tests["inputs"], tests["outputs"], strict=True), 1):
            if name is None:
                ran = run(program, given, self.limits)
                passed = ran.ok and lines(ran.stdout) == lines(wanted)
            else:
                ran = run(program + CALL.format(name=name), json.dumps(given), self.limits)
                passed = ran.ok and ran.result == json.dumps(wanted)
            if not passed:
                return f"test {number}: {'another result' if ran.ok else ran.failure}"
        return None


class PrimeCodeScorer(CodeScorer):
    """verl's `prime_code`, in the same sandbox. Tests are of the first two forms."""

    kind = "prime_code"

    def __init__(self) -> None:
        super().__init__(PRIME_LIMITS)
        found = find_spec("verl")  # not imported: that takes ten seconds, for every response
        if found is None or not found.submodule_search_locations:
            raise MissingDependencyError(
                "--scorer prime_code needs verl: pip install verl==0.9.1, or set --scorer code"
            )
        self.folder = Path(next(iter(found.submodule_search_locations))) / "utils" / "reward_score"

    def failure(self, response: str, tests: Any) -> str | None:
        if isinstance(tests, str):
            raise InputError(
                "--scorer prime_code only reads inputs and outputs; set --scorer code for tests that are statements"
            )
        program = PRIME.format(folder=str(self.folder))
        ran = run(program, json.dumps([response, tests]), self.limits)
        if ran.result is None:
            return ran.failure
        share = json.loads(ran.result)  # of the tests that pass, as verl calls it
        return None if share == 1 else f"{share:.0%} of the tests pass"


def program_of(response: str) -> str:
    """The last fenced block; the whole response without any."""
    blocks = FENCE.findall(response)
    return blocks[-1] if blocks else response


def lines(text: str) -> list[str]:
    """The lines without trailing space, and without blank ones at the end."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def check_tests(tests: Any, where: str) -> None:
    """Raise `InputError` for tests of another form."""
    if isinstance(tests, str) and tests.strip():
        return
    if isinstance(tests, dict):
        inputs, outputs, name = tests.get("inputs"), tests.get("outputs"), tests.get("fn_name")
        if isinstance(inputs, list) and isinstance(outputs, list) and len(inputs) == len(outputs) > 0:
            plain = name is None and all(isinstance(text, str) for text in (*inputs, *outputs))
            called = isinstance(name, str) and name.isidentifier() and all(isinstance(one, list) for one in inputs)
            if plain or called:
                return
    raise InputError(f"{where}: `tests` must be {FORM}; got {tests!r:.200}")
