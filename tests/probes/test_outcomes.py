"""What each kind of probe says of each kind of server, over real sockets."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from producers.probes.attempt import LONGEST, Outcome, Result, Transport
from producers.probes.model import AnyTarget, Http, Sip, Smtp, Tcp, Tls, Trust
from streams.spans import Span
from tests.probes.conftest import Certificates, made, ran
from tests.probes.servers import (
    HOST,
    Handler,
    answers,
    closed_port,
    datagram_server,
    drips,
    floods,
    mail_server,
    says,
    silence,
    sip_response,
    stream_server,
)

LONG, SHORT = Span(seconds=15), Span(seconds=0.15)
"""Time for a server that answers, however busy the machine is; and for one that never will."""
CA = Trust(ca="ca.pem")
NO_ADDRESSES = ("file:///etc/passwd", "http://u:p@127.0.0.1/", "http://127.0.0.1:0/", "http://127.0.0.1:65536/")
PAGE = b"HTTP/1.1 %b\r\nContent-Length: 5\r\n\r\nready"


def tcp(port: int, **fields: Any) -> Tcp:
    return Tcp(id="t", host=HOST, port=port, **{"timeout": LONG, **fields})


def tls(port: int, **fields: Any) -> Tls:
    return Tls(id="t", host=HOST, port=port, **{"timeout": LONG, "tls": CA, **fields})


def http(port: int, path: str = "/", **fields: Any) -> Http:
    return Http(id="t", url=f"http://{HOST}:{port}{path}", **{"timeout": LONG, **fields})


def https(port: int, **fields: Any) -> Http:
    return Http(id="t", url=f"https://{HOST}:{port}/", **{"timeout": LONG, "tls": CA, **fields})


def smtp(port: int, **fields: Any) -> Smtp:
    return Smtp(id="t", host=HOST, port=port, **{"timeout": LONG, **fields})


def sip(port: int, **fields: Any) -> Sip:
    return Sip(id="t", host=HOST, port=port, **{"timeout": LONG, **fields})


def sips(port: int, **fields: Any) -> Sip:
    return sip(port, transport="tls", tls=CA, **fields)


def sip_tcp(port: int, **fields: Any) -> Sip:
    return sip(port, transport="tcp", **fields)


def check(result: Result, outcome: Outcome, transport: Transport, words: str) -> None:
    """The outcome, with evidence for it, and a latency where there is an answer."""
    assert (result.outcome, result.transport) == (outcome, transport), result
    assert words in result.evidence
    assert len(result.evidence) <= LONGEST
    assert result.evidence.isascii()
    assert result.evidence.isprintable()
    assert (result.latency_ms is not None) == (outcome == "answered")
    assert result.latency_ms is None or 0 < result.latency_ms < 15_000


def responder(status: str = "200 OK", *more: str, body: bytes = b"", **changed: str) -> Handler:
    """A SIP server over a stream, a test double: it gives these responses to one request."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        for each in (status, *more):
            writer.write(sip_response(request, each, body, **changed))
            await writer.drain()
        await silence(reader, writer)

    return handle


class Case(NamedTuple):
    """A server's behaviour, a probe of it, and what comes of that."""

    name: str
    server: Handler
    target: Callable[..., AnyTarget]
    fields: dict[str, Any]
    outcome: Outcome
    words: str


HANGS = {"timeout": SHORT}
WANTS = {"expect": "ready"}
CASES = (
    Case("tcp: the line is taken", silence, tcp, {}, "answered", "connected to 127.0.0.1"),
    Case("tcp: the expected words", says(b"rea", b"dy\n"), tcp, WANTS, "answered", "got 'rea"),
    Case("tcp: the words after a question", answers(b"ready", b"?"), tcp, {"send": "are you?", **WANTS}, "answered", "ready"),
    Case("tcp: half-open", silence, tcp, WANTS | HANGS, "unanswered", "nothing within 0.15 s while waiting for the expected"),
    Case("tcp: other words", says(b"\x00\xff\x1b[2Jgarbage"), tcp, WANTS, "unanswered", r"without the expected words"),
    Case("tcp: hangs up", says(), tcp, WANTS, "unanswered", "without the expected words, after ''"),
    Case("tcp: without end", floods(b""), tcp, WANTS, "unanswered", "not in the first 65536 bytes"),
    Case("tcp: drip by drip", drips(b"." * 100_000), tcp, WANTS | HANGS, "unanswered", "nothing within"),
    Case("http: as expected", answers(PAGE % b"200 OK"), http, {"body": "ready"}, "answered", "HTTP 200 OK"),
    Case("http: HEAD", answers(b"HTTP/1.1 204 No\r\n\r\n"), http, {"method": "HEAD"}, "answered", "HTTP 204"),
    Case(
        "http: another status", answers(PAGE % b"200 OK"), http, {"status": (204,)}, "unanswered", "HTTP 200 OK, expected 204"
    ),
    Case("http: 503", answers(PAGE % b"503 Away"), http, {}, "unanswered", "HTTP 503 Away, expected 2xx"),
    Case("http: 404 is expected", answers(PAGE % b"404 No"), http, {"status": ("2xx", 404)}, "answered", "HTTP 404 No"),
    Case("http: other words", answers(PAGE % b"200 OK"), http, {"body": "READY"}, "unanswered", "expected words"),
    Case("http: half-open", silence, http, HANGS, "unanswered", "nothing within 0.15 s while waiting for an answer"),
    Case("http: hangs up", says(), http, {}, "unanswered", ""),
    Case("http: garbage", says(b"\x00\xff\x1b[2J not http\r\n\r\n", stay=True), http, {}, "unanswered", "no answer in HTTP"),
    Case("http: a head without end", floods(b"HTTP/1.1 200 OK\r\nX: "), http, {}, "unanswered", "no answer in HTTP"),
    Case("http: a page without end", floods(b"HTTP/1.1 200 OK\r\n\r\n"), http, {}, "answered", "HTTP 200 OK"),
    Case("http: words behind the end", floods(b"HTTP/1.1 200 OK\r\n\r\n"), http, {"body": "y"}, "unanswered", "65536 bytes"),
    Case("http: drip by drip", drips(PAGE % b"200 OK" + b"." * 9_999), http, HANGS, "unanswered", "nothing within"),
    Case("http: a redirect is no answer", answers(b"HTTP/1.1 302 F\r\nLocation: /\r\n\r\n"), http, {}, "unanswered", "302"),
    Case("smtp: busy", says(b"554 no\r\n", stay=True), smtp, {}, "unanswered", "554"),
    Case("smtp: no EHLO", says(b"220 hi\r\n", b"500 no\r\n", stay=True), smtp, HANGS, "unanswered", "greeted 220"),
    Case("smtp: half-open", silence, smtp, HANGS, "unanswered", "while waiting for a mail server's greeting"),
    Case("smtp: hangs up", says(), smtp, {}, "unanswered", "no answer as of a mail server"),
    Case("smtp: garbage", says(b"\x00\xff\x1b[2J\r\n", stay=True), smtp, {}, "unanswered", "no answer as of a mail server"),
    Case("smtp: without end", floods(b"220-"), smtp, {}, "unanswered", "no answer as of a mail server"),
    Case("smtp: drip by drip", drips(b"220-" + b"." * 9_999), smtp, HANGS, "unanswered", "nothing within"),
    Case("sip/tcp: 200", responder(), sip_tcp, {}, "answered", "SIP 200 OK"),
    Case("sip/tcp: 200 after 100", responder("100 Trying", "200 OK", body=b"v=0"), sip_tcp, {}, "answered", "SIP 200 OK"),
    Case("sip/tcp: 503", responder("503 Away"), sip_tcp, {}, "unanswered", "SIP 503 Away, expected 2xx"),
    Case("sip/tcp: 404 is expected", responder("404 No"), sip_tcp, {"status": (404,)}, "answered", "SIP 404 No"),
    Case("sip/tcp: only 100", responder("100 Trying"), sip_tcp, HANGS, "unanswered", "final SIP response after 100"),
    Case("sip/tcp: another call's", responder(Call_ID="x"), sip_tcp, HANGS, "unanswered", "nothing within"),
    Case("sip/tcp: half-open", silence, sip_tcp, HANGS, "unanswered", "while waiting for a final SIP response"),
    Case("sip/tcp: hangs up", answers(b""), sip_tcp, {}, "unanswered", "the connection ended"),
    Case("sip/tcp: garbage", answers(b"HTTP/1.1 400 Bad\r\n\r\n"), sip_tcp, {}, "unanswered", "no answer in SIP"),
    Case("sip/tcp: without end", floods(b"SIP/2.0 200 OK\r\nX: "), sip_tcp, {}, "unanswered", "no answer in SIP"),
    Case("sip/tcp: a huge body", responder(Content_Length="99999999"), sip_tcp, {}, "unanswered", "at most 65536"),
    Case("sip/tcp: drip by drip", drips(b"SIP/2.0 200 OK\r\n" + b"." * 9_999), sip_tcp, HANGS, "unanswered", "nothing within"),
)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_a_server_does_decides(case: Case) -> None:
    async def run() -> Result:
        async with stream_server(case.server) as port:
            return await made(case.target(port, **case.fields))

    check(ran(run()), case.outcome, "up", case.words)


@pytest.mark.parametrize("kind", [tcp, tls, http, https, smtp, sip_tcp, sips], ids=lambda kind: kind.__name__)
def test_a_closed_port_is_no_carrier(kind: Callable[..., AnyTarget], certificates: Certificates) -> None:
    with closed_port() as port:
        check(ran(made(kind(port), certificates.base)), "no-carrier", "down", "Connection refused")


@pytest.mark.parametrize("kind", [tcp, smtp, sip_tcp, sip], ids=lambda kind: kind.__name__)
def test_a_name_that_nobody_knows_is_no_carrier(kind: Callable[..., AnyTarget]) -> None:
    target = msgspec.structs.replace(kind(9), host="gone.test")
    check(ran(made(target, allow=("gone.test",))), "no-carrier", "down", "no address for gone.test: Name or service not known")


def test_a_full_backlog_is_no_carrier() -> None:
    """Nobody takes the connection, and nobody refuses it."""

    async def run() -> Result:
        with socket.socket() as listener:
            listener.bind((HOST, 0))
            listener.listen(0)
            crowd = []
            try:
                for _ in range(8):
                    sock = socket.socket()
                    sock.setblocking(False)
                    sock.connect_ex(listener.getsockname())
                    crowd.append(sock)
                return await made(tcp(listener.getsockname()[1], timeout=SHORT))
            finally:
                for sock in crowd:
                    sock.close()

    check(ran(run()), "no-carrier", "down", "while connecting to 127.0.0.1")


class Trusted(NamedTuple):
    """A certificate, what is asked of it, and what comes of that."""

    name: str
    server: str
    asked: dict[str, Any]
    outcome: Outcome
    words: str


TRUSTED = (
    Trusted("trusted", "server", {"ca": "ca.pem"}, "answered", "TLSv1.3, certificate sha256:"),
    Trusted("of another authority", "server", {"ca": "other.pem"}, "unanswered", "not trusted: unable to get local issuer"),
    Trusted("of nobody known", "server", {}, "unanswered", "the certificate is not trusted"),
    Trusted("over", "over", {"ca": "ca.pem"}, "unanswered", "certificate has expired"),
    Trusted("of another host", "server", {"ca": "ca.pem", "server_name": "elsewhere.test"}, "unanswered", "Hostname mismatch"),
    Trusted("of the name it should have", "server", {"ca": "ca.pem", "server_name": "hotline.test"}, "answered", "it ends"),
    Trusted("pinned", "pinned", {"ca": "ca.pem", "pin": "PIN"}, "answered", "certificate sha256"),
    Trusted("another than the pinned one", "server", {"ca": "ca.pem", "pin": "PIN"}, "unanswered", "than the pinned one"),
    Trusted("long enough", "soon", {"ca": "ca.pem", "min_days": 4}, "answered", "it ends"),
    Trusted("about to end", "soon", {"ca": "ca.pem", "min_days": 14}, "answered", "ends in 5.0 days"),
)
KINDS: tuple[tuple[str, Handler | None, Callable[..., AnyTarget]], ...] = (
    ("tls", silence, tls),
    ("http", answers(PAGE % b"200 OK"), https),
    ("sip", responder(), sips),
    ("smtp", None, lambda port, tls: smtp(port, security="tls", tls=tls)),
    ("starttls", None, lambda port, tls: smtp(port, security="starttls", tls=tls)),
)


@pytest.mark.parametrize("case", TRUSTED, ids=[case.name for case in TRUSTED])
@pytest.mark.parametrize(("name", "handler", "kind"), KINDS, ids=[name for name, *_ in KINDS])
def test_a_certificate_must_be_the_right_one(
    name: str, handler: Handler | None, kind: Callable[..., AnyTarget], case: Trusted, certificates: Certificates
) -> None:
    context = getattr(certificates, case.server)
    fields: dict[str, Any] = {key: (certificates.pin,) if value == "PIN" else value for key, value in case.asked.items()}
    asked = Trust(**fields)

    async def run() -> Result:
        server = mail_server(context, at_once=name == "smtp") if handler is None else stream_server(handler, context)
        async with server as port:
            target: Any = kind(port, tls=asked) if handler is None else msgspec.structs.replace(kind(port), tls=asked)
            return await made(target, certificates.base)

    result = ran(run())
    check(result, case.outcome, "up", case.words)
    assert (result.concern is not None) == ("ends in" in case.words)


def smtps(port: int, **fields: Any) -> Smtp:
    return smtp(port, security="tls", tls=CA, **fields)


@pytest.mark.parametrize("kind", [tls, https, sips, smtps], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    ("server", "fields"),
    [(silence, HANGS), (says(b"\x00\xffgarbage" * 99), {}), (says(), {}), (drips(b"\x16\x03\x01\xff\xff" * 999), HANGS)],
    ids=["silence", "garbage", "hangs up", "drips"],
)
def test_no_handshake_is_no_answer(
    kind: Callable[..., AnyTarget], server: Handler, fields: dict[str, Any], certificates: Certificates
) -> None:
    async def run() -> Result:
        async with stream_server(server) as port:
            return await made(kind(port, **fields), certificates.base)

    check(ran(run()), "unanswered", "up", "")


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_mail_server_answers(security: str, certificates: Certificates) -> None:
    async def run() -> Result:
        tls = None if security == "none" else certificates.server
        async with mail_server(tls, at_once=security == "tls") as port:
            asked = None if security == "none" else CA
            return await made(smtp(port, security=security, tls=asked), certificates.base)

    check(ran(run()), "answered", "up", "EHLO 250")


def test_a_mail_server_without_starttls_is_no_answer_where_it_is_asked_for(certificates: Certificates) -> None:
    async def run() -> Result:
        async with mail_server() as port:
            return await made(smtp(port, security="starttls", tls=CA), certificates.base)

    check(ran(run()), "unanswered", "up", "STARTTLS")


Udp = tuple[str, Callable[[bytes, int], list[bytes]], dict[str, Any], Outcome, Transport, str]
UDP: tuple[Udp, ...] = (
    ("200", lambda data, _: [sip_response(data)], {}, "answered", "up", "SIP 200 OK"),
    ("compact", lambda data, _: [sip_response(data).replace(b"Via:", b"v:")], {}, "answered", "up", "SIP 200"),
    ("garbage before", lambda data, _: [b"\xff\x00?", sip_response(data)], {}, "answered", "up", "SIP 200"),
    ("another's before", lambda d, _: [sip_response(d, Call_ID="x"), sip_response(d)], {}, "answered", "up", "200"),
    ("100, then 200", lambda d, _: [sip_response(d, "100 Trying"), sip_response(d)], {}, "answered", "up", "200 OK"),
    ("lost at first", lambda data, before: [sip_response(data)] if before == 2 else [], {}, "answered", "up", "200"),
    ("486 is expected", lambda d, _: [sip_response(d, "486 Busy")], {"status": ("4xx",)}, "answered", "up", "SIP 486 Busy"),
    ("503", lambda data, _: [sip_response(data, "503 No")], {}, "unanswered", "up", "SIP 503 No, expected 2xx"),
    ("only 100", lambda d, _: [sip_response(d, "100 Trying")], HANGS, "unanswered", "up", "final SIP response after 100"),
    ("garbage", lambda *_: [b"\xff\x1b[2J"], HANGS, "unanswered", "up", r"got '\xff\x1b[2J'"),
    ("another call's", lambda d, _: [sip_response(d, Call_ID="x")], HANGS, "unanswered", "unknown", "nothing within"),
    ("a flood of garbage", lambda *_: [b"x"] * 300, {}, "unanswered", "up", ""),
    ("silence", lambda *_: [], HANGS, "unanswered", "unknown", "silence over UDP does not tell"),
)


@pytest.mark.parametrize("case", UDP, ids=[case[0] for case in UDP])
def test_sip_over_udp(case: Udp, monkeypatch: pytest.MonkeyPatch) -> None:
    _, answerer, fields, outcome, transport, words = case
    quicker(monkeypatch)

    async def run() -> Result:
        async with datagram_server(answerer) as (port, _):
            return await made(sip(port, **fields))

    check(ran(run()), outcome, transport, words)


def quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    """T1 and T2 at a hundredth."""
    from producers.probes import calling

    monkeypatch.setattr(calling.probe, "__defaults__", (calling.Timers(0.005, 0.04),))


def test_a_request_is_sent_again_until_it_is_answered_and_stays_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    quicker(monkeypatch)

    async def run() -> tuple[Result, list[bytes]]:
        async with datagram_server(lambda data, before: [sip_response(data)] if before == 4 else []) as (port, server):
            return await made(sip(port)), server.got

    result, got = asyncio.run(asyncio.wait_for(run(), 20))
    check(result, "answered", "up", "SIP 200 OK")
    assert len(got) == 5
    assert len(set(got)) == 1
    # After T1, 2 T1, 4 T1, 8 T1 (T2), at the earliest.
    assert result.latency_ms is not None
    assert result.latency_ms >= 1_000 * (0.005 + 0.010 + 0.020 + 0.040)


def test_a_closed_port_of_udp_is_no_carrier() -> None:
    with closed_port(socket.SOCK_DGRAM) as port:
        check(ran(made(sip(port))), "no-carrier", "down", "nothing takes datagrams at 127.0.0.1")


def test_a_redirect_is_followed_where_told_so() -> None:
    async def run() -> Result:
        async with stream_server(answers(PAGE % b"200 OK")) as last:
            moved = f"HTTP/1.1 302 F\r\nLocation: http://{HOST}:{last}/there\r\nContent-Length: 0\r\n\r\n".encode()
            async with stream_server(answers(moved)) as first:
                return await made(http(first, redirects=1, body="ready"))

    check(ran(run()), "answered", "up", "redirected to http://127.0.0.1:")


@pytest.mark.parametrize(
    ("to", "outcome", "words"),
    [
        ("http://127.0.0.2:9/", "no-carrier", "Connection refused"),
        ("http://10.0.0.1/", "not-made", "10.0.0.1 is not on the allow list"),
        ("http://169.254.169.254/latest/meta-data", "not-made", "not on the allow list"),
        ("http://[::1", "unanswered", "URL in location header"),
        *((to, "unanswered", "no http or https address") for to in NO_ADDRESSES),
    ],
)
def test_a_redirect_leads_nowhere_that_is_not_allowed(to: str, outcome: Outcome, words: str) -> None:
    async def run() -> Result:
        moved = f"HTTP/1.1 302 F\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
        async with stream_server(answers(moved)) as port:
            return await made(http(port, redirects=3))

    result = ran(run())
    assert result.outcome == outcome, result
    assert words in result.evidence


def test_redirects_in_a_ring_come_to_an_end() -> None:
    async def run() -> Result:
        async with stream_server(answers(b"HTTP/1.1 302 F\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")) as port:
            return await made(http(port, redirects=5))

    check(ran(run()), "unanswered", "up", "HTTP 302 F, expected 2xx")


def test_a_name_is_sent_as_it_is_and_its_address_is_what_is_called(certificates: Certificates) -> None:
    got: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(PAGE % b"200 OK")
        await writer.drain()

    async def run() -> Result:
        async with stream_server(handle, certificates.server) as port:
            target = Http(
                id="t", url=f"https://hotline:{port}/x?y=1", timeout=LONG, tls=Trust(ca="ca.pem", server_name="hotline.test")
            )
            return await made(target, certificates.base, allow=("hotline", "127.0.0.0/8"))

    check(ran(run()), "answered", "up", "HTTP 200 OK")
    assert got[0].startswith(b"GET /x?y=1 HTTP/1.1\r\nHost: hotline:")
