"""Whoever means harm to the watch page holds nobody else up."""

import socket
from functools import partial

import httpx
import pytest

from streams.web.guard import Guard
from tests.page.serving import served

HEAD = b"POST /api/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
DRIBBLES = {"nothing": b"Content-Length: 100\r\n\r\n", "a piece": b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n'}


@pytest.mark.parametrize("body", DRIBBLES.values(), ids=DRIBBLES)
def test_a_body_that_does_not_come_holds_no_place(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.page.serve.Guard", partial(Guard, body_seconds=0.4))
    with served() as page:
        links = [socket.create_connection((page.bind.host, page.bind.port), timeout=10) for _ in range(20)]
        for link in links:
            link.sendall(HEAD + body)
        assert httpx.get(f"http://{page.bind}/healthz").status_code == 200
        for link in links:
            told = b""
            while piece := link.recv(65_536):
                told += piece
            link.close()
            assert b" 408 " in told.split(b"\r\n")[0]
            assert b"expected the whole body sooner" in told


@pytest.mark.parametrize(
    "body", [b"[" * 60_000, b'{"a":' * 10_000, b"{" + b" " * 100_000, b"\xff", b'{"name":"' + b"x" * 60_000]
)
def test_a_body_that_is_no_sign_in_is_refused(body: bytes) -> None:
    with served() as page:
        answer = httpx.post(f"http://{page.bind}/api/sign-in", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 413)
        assert httpx.get(f"http://{page.bind}/healthz").status_code == 200
