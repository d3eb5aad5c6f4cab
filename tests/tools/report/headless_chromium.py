"""A real browser for the tests, spoken to over its debugging pipe: standard library only, nothing listens on a port."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import Any

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
PLAYWRIGHT = ("chromium*/chrome-linux*/chrome", "chromium*/chrome-linux*/headless_shell")
ANSWER_SECONDS = 60


def find() -> str | None:
    """A Chromium on the PATH, or one that Playwright has installed; None where there is neither."""
    cache = Path.home() / ".cache/ms-playwright"
    installed = [str(path) for pattern in PLAYWRIGHT for path in sorted(cache.glob(pattern))]
    return next((path for name in COMMANDS if (path := shutil.which(name))), next(iter(installed), None))


class Browser:
    """One page. `with Browser(command, folder) as browser: browser.open(path); browser.run("1 + 1")`."""

    def __init__(self, command: str, folder: Path) -> None:
        """`folder` takes the profile."""
        to_browser, self._writes = os.pipe()
        self._reads, from_browser = os.pipe()
        # The browser reads the file descriptor 3 and writes 4; a container's root has no sandbox.
        flags = ["--headless", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
        flags = ["--no-sandbox", *flags] if os.geteuid() == 0 else flags
        script = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, command, *flags], pass_fds=(to_browser, from_browser), stderr=subprocess.DEVNULL
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer, self._count, self._session = b"", 0, None
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:
        target = next(each for each in self.send("Target.getTargets")["targetInfos"] if each["type"] == "page")
        attached = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        self._session = None
        self.send("Browser.close")
        self._process.wait(ANSWER_SECONDS)
        os.close(self._reads)
        os.close(self._writes)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, and its answer. What happens meanwhile is kept in `events`."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def open(self, path: Path) -> None:
        """Load a file; returns when it is loaded."""
        self.events.clear()
        self.send("Page.navigate", url=path.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            assert select.select([self._reads], [], [], ANSWER_SECONDS)[0], "the browser does not answer"
            received = os.read(self._reads, 1 << 20)
            assert received, "the browser has ended"
            self._buffer += received
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)
