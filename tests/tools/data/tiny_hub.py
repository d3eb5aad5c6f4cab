"""A hub of a few files on this machine, for the real client: what it asks for when it downloads, and no more."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serve(files: Mapping[str, bytes], commit: str) -> Iterator[tuple[str, list[str]]]:
    """`files`: "owner/name/path" → content. Gives the address, and the paths asked for so far."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            asked.append(self.path)
            repository, found, rest = self.path.removeprefix("/datasets/").partition("/resolve/")
            revision, _, path = rest.partition("/")
            content = files.get(f"{repository}/{path}") if revision in {commit, "main"} else None
            if not found:
                self.send_response(200)
            elif content is None:
                self.send_response(404)
                missing = "EntryNotFound" if revision in {commit, "main"} else "RevisionNotFound"
                self.send_header("X-Error-Code", missing)
            else:
                self.send_response(200)
                self.send_header("X-Repo-Commit", commit)
                self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            if content and self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
