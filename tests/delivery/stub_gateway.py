"""A stand-in for the gateway: a real HTTP server whose answers a test decides. It keeps what it was sent."""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

TOKEN = "a-token-of-the-test"


class Answer(NamedTuple):
    """One answer: a status with headers and a body, or a connection that breaks once the body was taken."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""
    drop: bool = False
    took: bool = False
    """Whether the batch was taken in all the same."""


class StubGateway:
    """Takes everything, but where a test says otherwise: ``answers`` first, then what ``refuse`` says of each event."""

    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.refuse: Callable[[dict[str, Any]], str | None] = lambda event: None
        self.whole: Callable[[list[dict[str, Any]]], Answer | None] = lambda events: None
        self.log: dict[tuple[str, str], dict[str, Any]] = {}
        """What is in the log, by source and id, in the order in which it came."""
        self.requests: list[tuple[dict[str, str], list[str]]] = []
        """The headers (in lower case) and the events' ids of each request."""
        self.url = ""

    @property
    def ids(self) -> list[str]:
        """The ids in the log, in order."""
        return [name for _, name in self.log]

    def take(self, events: list[dict[str, Any]]) -> Answer:
        """Take a batch in, each event once."""
        accepted, duplicates, refused = 0, 0, []
        for index, event in enumerate(events):
            reason = self.refuse(event)
            place = (event["source"], event["id"])
            if reason is not None:
                refused.append({"index": index, "id": event["id"], "reason": reason})
            elif place in self.log:
                duplicates += 1
            else:
                self.log[place] = event
                accepted += 1
        body = {"accepted": accepted, "duplicates": duplicates, "refused": refused}
        return Answer(202, body=json.dumps(body).encode())

    def answer(self, events: list[dict[str, Any]]) -> Answer:
        if self.answers:
            answer = self.answers.popleft()
            if answer.took:
                self.take(events)
            return answer
        return self.whole(events) or self.take(events)


@contextmanager
def stub_gateway(port: int = 0) -> Iterator[StubGateway]:
    """One that listens on this machine for as long as the test needs it."""
    stub = StubGateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            stub.requests.append((headers, [event["id"] for event in events]))
            if headers.get("authorization") != f"Bearer {TOKEN}":
                answer = Answer(401, body=b'{"detail": "no such token"}')
            elif self.path != "/v1/events":
                answer = Answer(404)
            else:
                answer = stub.answer(events)
            if answer.drop:
                # A connection that is reset, not closed: the client cannot know what became of its batch.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Server(("127.0.0.1", port), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
