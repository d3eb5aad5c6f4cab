"""An HTTP server that answers `/score` as a classifier's would, and fails when it is told to."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "a key for this job"


class PairServer(ThreadingHTTPServer):
    """says(a, b) → the output for a pair. fault(number of the request) → what goes wrong with it, or None."""

    daemon_threads = True

    def __init__(self, says, fault=None, key=None, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.says, self.fault, self.key = says, fault or (lambda number: None), key
        self.requests, self.pairs = 0, 0
        self.released = threading.Event()  # what hangs, hangs until then
        self.counting = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: PairServer
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._send(200, {})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.counting:
            number = self.server.requests
            self.server.requests += 1
        if self.server.key and self.headers["Authorization"] != f"Bearer {self.server.key}":
            return self._send(401, {"error": {"message": "wrong key"}})
        pairs = list(zip(body["text_1"], body["text_2"], strict=True))
        data = [{"index": k, "score": self.server.says(*pair)} for k, pair in enumerate(pairs)]
        match self.server.fault(number):
            case "500":
                return self._send(500, {"error": {"message": "out of memory"}})
            case "400":
                return self._send(400, {"error": {"message": "the model does not support scoring"}})
            case "hangs":
                self.server.released.wait()
            case "late":
                time.sleep(0.3)
            case "too few":
                data = data[:-1]
            case "nan":
                data[0]["score"] = float("nan")
            case "no json":
                return self._raw(200, b"<html>busy</html>")
            case "closes":
                self.close_connection = True
                return None
        with self.server.counting:
            self.server.pairs += len(pairs)
        # A server need not keep the order; the index says what belongs where.
        return self._send(200, {"data": data[::-1]})

    def _send(self, status, answer):
        self._raw(status, json.dumps(answer).encode())

    def _raw(self, status, body):
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the client has given up
            self.close_connection = True

    def log_message(self, *args):
        """Nothing: a test's output is no server's log."""


@contextmanager
def pair_servers(*servers):
    """Run them until the end of the block."""
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield servers
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.released.set()
            server.shutdown()
            thread.join()
            server.server_close()
