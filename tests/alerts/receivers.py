"""Real receivers on this machine, in threads or processes of their own: a mail server, a webhook's end, an Alertmanager."""

import contextlib
import email
import email.policy
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.live.running import until

HOST = "127.0.0.1"


def free_port() -> int:
    """A port that is free now."""
    with contextlib.closing(socket.socket()) as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


class Mailbox:
    """A mail server, and what it took."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.answer = "250 OK"
        self.port = free_port()

    async def handle_DATA(self, _: object, __: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.raw.append(content)
            self.mails.append(email.message_from_bytes(content, policy=email.policy.default))
        return self.answer

    @property
    def url(self) -> str:
        return f"mailto://{HOST}:{self.port}/?from=desk@steadyline.test&to=ann@example.test"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    controller = Controller(box, hostname=HOST, port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


class Call(NamedTuple):
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float
    """When it had come, in monotonic seconds."""


class Webhook:
    """The end of a webhook, and the calls that it answered with success."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.tried = 0
        self.answer: Callable[[int], int] = lambda _: 200
        """What it answers to the so-manieth call, from 1."""
        self.hangs = threading.Event()
        """It answers nobody while this is set."""
        self.freed = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"json://{HOST}:{self.port}/hook"

    def keys(self) -> list[str]:
        return [call.headers["Idempotency-Key"] for call in self.calls]


@contextmanager
def webhook(port: int = 0) -> Iterator[Webhook]:
    hook, lock = Webhook(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            at = time.monotonic()
            if hook.hangs.is_set():
                hook.freed.wait(30)
            with lock:
                hook.tried += 1
                status = hook.answer(hook.tried)
                if status == 200:
                    hook.calls.append(Call(self.path, dict(self.headers), json.loads(body), at))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://{HOST}:{hook.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nobody reads it."""

    server = ThreadingHTTPServer((HOST, port), Handler)
    server.daemon_threads = True
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield hook
    finally:
        hook.freed.set()
        server.shutdown()
        thread.join()
        server.server_close()


ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
_CONFIG = "route: {receiver: nobody, group_wait: 1s}\nreceivers: [{name: nobody}]\n"


class Alertmanager:
    """A real Alertmanager."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{HOST}:{port}"

    def firing(self) -> list[dict[str, Any]]:
        """The alerts that it holds to be firing."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/api/v2/alerts", params={"active": "true"}).json()
        return found

    def ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/-/ready").status_code == 200
        return False


@contextmanager
def alertmanager(folder: Path) -> Iterator[Alertmanager]:
    """A real one; skipped where there is none, and demanded where CI is set."""
    if ALERTMANAGER is None:
        reason = "no Alertmanager on the PATH (Debian: prometheus-alertmanager)"
        if os.environ.get("CI"):
            pytest.fail(f"CI must have it: {reason}")
        pytest.skip(reason)
    config = folder / "alertmanager.yml"
    config.write_text(_CONFIG)
    port = free_port()
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(
            [
                ALERTMANAGER,
                f"--config.file={config}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address={HOST}:{port}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
    found = Alertmanager(port)
    try:
        until(found.ready, lambda: f"Alertmanager:\n{(folder / 'alertmanager.log').read_text()}", 20.0)
        yield found
    finally:
        process.terminate()
        process.wait(10)


def eventually(condition: Callable[[], bool], what: str, patience: float = 15.0) -> None:
    """Wait for ``condition`` in a thread's time."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"waited {patience:g} s for {what}"
        time.sleep(0.01)
