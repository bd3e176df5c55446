"""Whoever means harm, or does it without meaning to, gets an answer, holds nobody else up and breaks nothing."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from producers.gateway.limits import Limits
from tests.gateway.running import BATCH, MINE, ONE, STREAM, Running, event, incident, running

QUICK = Limits(idle_seconds=0.4, body_seconds=0.8, opening_seconds=0.4, at_once=4, batch_events=50, linger_seconds=0.1)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway with little patience."""
    with running(tmp_path_factory.mktemp("strict"), limits=QUICK) as made:
        yield made


def connected(gateway: Running) -> socket.socket:
    return socket.create_connection((gateway.gateway.bind.host, gateway.gateway.bind.port), timeout=10)


def rest(link: socket.socket) -> bytes:
    """What the other side says until it hangs up."""
    got = b""
    while piece := link.recv(65_536):
        got += piece
    return got


NONSENSE = {
    "empty": b"",
    "null": b"null",
    "no-json": b"{",
    "deep": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    "deep-list": b"[" * 100_000,
    "surrogate": json.dumps(incident("surrogate-\ud800")).encode(),
    "control": json.dumps(incident("con\ntrol\x1b[2J")).encode(),
    "bidi": json.dumps(incident("bidi\u202eevil")).encode(),
    "huge-number": b'{"data":' + b"9" * 10_000 + b"}",
    "not-utf8": b'{"id":"\xff\xfe"}',
    "bom": b"\xef\xbb\xbf" + json.dumps(incident("bom")).encode(),
    "array": b"[]",
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_refused_with_a_reason_and_kept(gateway: Running, body: bytes) -> None:
    answer = gateway.post(body)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert not {"\n", "\x1b"} & set(answer.text)
    assert body in [letter.data for letter in gateway.dead_letters()]


@pytest.mark.parametrize("body", [b"[" * 90_000, b"{}", b"[1,"], ids=["deep", "object", "cut"])
def test_a_batch_that_is_none_is_refused_and_kept(gateway: Running, body: bytes) -> None:
    assert gateway.post(body, BATCH).status_code == 422
    assert (body, "expected a JSON array of events") in [(letter.data, letter.reason) for letter in gateway.dead_letters()]


def test_what_is_too_large_is_refused_before_it_is_read(strict: Running) -> None:
    assert strict.post(b"x" * 300_000).status_code == 413
    assert strict.post(b"[" + b" " * 9_000_000, BATCH).status_code == 413
    assert strict.post([incident(f"n-{number}") for number in range(51)], BATCH).status_code == 413
    told = strict.client.post("/v1/events", content=(b" " * 65_536 for _ in range(200)), headers={"Content-Type": BATCH})
    assert told.status_code == 413


def test_an_event_that_is_too_long_within_a_batch_is_refused_alone(gateway: Running) -> None:
    answer = gateway.post([incident("fits"), incident("long", subject="x" * 262_144)], BATCH).json()
    assert (answer["accepted"], [one["index"] for one in answer["refused"]]) == (1, [1])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity"])
def test_what_is_compressed_is_not_unpacked(gateway: Running, encoding: str) -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000)
    answer = gateway.post(bomb, BATCH, **{"Content-Encoding": encoding})
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/cloudevents", "", "x" * 5_000])
def test_another_content_type_is_refused(gateway: Running, kind: str) -> None:
    assert gateway.post(incident("kind"), kind).status_code == 415


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "", "a b"])
def test_a_name_that_points_here_is_not_served(gateway: Running, host: str) -> None:
    for path in ("/healthz", "/metrics", "/openapi.json"):
        assert gateway.client.get(path, headers={"Host": host}).status_code == 421


def test_the_names_that_are_set_are_served(tmp_path: Path) -> None:
    with running(tmp_path, hosts=("gateway.example",)) as gateway:
        for host in ("gateway.example", "Gateway.Example:8090", "localhost:1", "[::1]:8090", "10.0.0.1"):
            assert gateway.client.get("/healthz", headers={"Host": host}).status_code == 200


def test_every_answer_says_that_it_is_no_page(gateway: Running) -> None:
    for answer in (gateway.client.get("/healthz"), gateway.client.get("/nothing"), gateway.post(b"{")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
    assert gateway.client.get("/nothing").headers["content-type"] == "application/problem+json"
    assert gateway.client.put("/v1/events").headers["content-type"] == "application/problem+json"


def test_headers_that_never_end_are_not_waited_for(strict: Running) -> None:
    for opening in (b"", b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nX-A: "):
        with connected(strict) as link:
            link.sendall(opening)
            began = time.monotonic()
            rest(link)
            assert time.monotonic() - began < 5


def test_headers_that_are_too_long_end_the_connection(strict: Running) -> None:
    with connected(strict) as link:
        link.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 40_000)
        assert b" 400 " in rest(link).split(b"\r\n")[0]


@pytest.mark.parametrize("kind", [ONE, BATCH, STREAM])
def test_a_body_that_does_not_come_is_not_waited_for(strict: Running, kind: str) -> None:
    with connected(strict) as link:
        head = f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {strict.secret}\r\n"
        link.sendall(f"{head}Content-Type: {kind}\r\nContent-Length: 1000\r\n\r\n{{".encode())
        assert b" 408 " in rest(link).split(b"\r\n")[0]


def test_a_body_that_drips_is_not_waited_for_either(strict: Running) -> None:
    def drops() -> Iterator[bytes]:
        for _ in range(200):
            yield b" "
            time.sleep(0.05)  # the dripping is what is tested

    began = time.monotonic()
    try:
        status = strict.client.post("/v1/events", content=drops(), headers={"Content-Type": ONE}).status_code
    except httpx.TransportError:
        status = 408  # it hung up while we were still dripping
    assert status == 408
    assert time.monotonic() - began < 6


def test_more_requests_than_are_served_are_told_to_come_again(strict: Running) -> None:
    links = [connected(strict) for _ in range(QUICK.at_once)]
    try:
        head = f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {strict.secret}\r\n"
        for link in links:
            link.sendall(f"{head}Content-Type: {ONE}\r\nContent-Length: 9\r\n\r\n".encode())
        end = time.monotonic() + 5
        answer = strict.client.get("/healthz")
        while answer.status_code != 503 and time.monotonic() < end:
            answer = strict.client.get("/healthz")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        for link in links:
            rest(link)
    finally:
        for link in links:
            link.close()
    assert strict.client.get("/healthz").status_code == 200


def test_who_hangs_up_in_the_middle_harms_nobody(gateway: Running) -> None:
    with connected(gateway) as link:
        head = f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {gateway.secret}\r\n"
        link.sendall(f"{head}Content-Type: {STREAM}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{{\r\n\r\n".encode())
    assert gateway.post(incident("after-hangup")).status_code == 202


def test_what_was_begun_is_ended_when_the_gateway_stops(tmp_path: Path) -> None:
    answers: list[int] = []
    with running(tmp_path) as gateway:
        begun, go = threading.Event(), threading.Event()

        def lines() -> Iterator[bytes]:
            yield msgspec.json.encode(incident("in-flight")) + b"\n"
            begun.set()
            go.wait(10)
            yield msgspec.json.encode(incident("in-flight-2")) + b"\n"

        def send() -> None:
            with httpx.Client(base_url=gateway.client.base_url, headers=gateway.client.headers) as client:
                answers.append(client.post("/v1/events", content=lines(), headers={"Content-Type": STREAM}).status_code)

        thread = threading.Thread(target=send)
        thread.start()
        assert begun.wait(10)
        end = time.monotonic() + 10
        while "in-flight" not in gateway.ids() and time.monotonic() < end:
            time.sleep(0.02)
        gateway.gateway.stop()
        go.set()
        thread.join(10)
    assert answers == [202]
    assert gateway.ids() == ["in-flight", "in-flight-2"]


def test_nothing_that_is_secret_or_hostile_gets_into_the_log_of_what_it_does(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path) as gateway:
        address = gateway.check(channel="jdec")
        gateway.client.get(address)
        gateway.client.get("/ping/evil%0a%1b[2Jname")
        gateway.post(incident("log\nentry=forged\x1b[2J"))
        gateway.post(incident("x", type="\n2026 [info] forged"))
        secret = gateway.secret
    told = "".join(capfd.readouterr())
    assert "listens" in told
    for never in (secret, address.rpartition("/")[2], "forged", "\x1b[2J"):
        assert never not in told


def test_what_was_taken_back_before_it_came_is_not_swallowed(gateway: Running) -> None:
    theirs = "urn:test:other"
    other, every = gateway.token(sources=(theirs,)), gateway.token(sources=("urn:test:every",), retracts_any=True)

    def back(name: str, of: str, source: str = theirs) -> dict[str, Any]:
        return event("retraction", name, {"retracts": of}, source=source)

    assert gateway.post(incident("guessed", source=theirs), **other).status_code == 202
    assert gateway.post(back("r-ahead", "guessed"), **other).status_code == 202
    # In the log it would be believed by no watch, and nobody would know.
    answer = gateway.post([incident("guessed"), incident("guessed-again")], BATCH).json()
    (refused,) = answer["refused"]
    assert (refused["id"], refused["field"], refused["status"], answer["accepted"]) == ("guessed", "$.id", 409, 1)
    assert "another id" in refused["reason"]
    assert any(b'"guessed"' in letter.data for letter in gateway.dead_letters())
    # Whoever took it back may go on under that id, and may take back the retraction; sent again, it is the same.
    assert gateway.post(back("r-ahead", "guessed"), **other).json()["duplicates"] == 1
    assert gateway.post(back("r-back", "r-ahead"), **other).status_code == 202
    # Nor is somebody's retraction made to count for nothing in that way, without a word.
    assert gateway.post(incident("mine-ahead")).status_code == 202
    assert gateway.post(incident("r-guessed", source=theirs), **other).status_code == 202
    assert gateway.post(back("r-2", "r-guessed"), **other).status_code == 202
    assert gateway.post(back("r-guessed", "mine-ahead", MINE)).status_code == 409
    # A token that may take back everybody's events means also those that come later.
    assert gateway.post(back("r-any", "late", "urn:test:every"), **every).status_code == 202
    assert gateway.post(incident("late")).status_code == 202
