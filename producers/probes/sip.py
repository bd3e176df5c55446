"""OPTIONS of SIP as bytes, and the responses to it: strict, bounded, without a socket or a clock.

Source: RFC 3261, sections 7 (messages), 8.1.1 (requests), 11 (OPTIONS), 17.1.3 (matching responses), 18.3 (framing);
RFC 3581 (rport).
"""

from typing import Literal, NamedTuple

LONGEST_HEAD = 16_384
"""Bytes of a response's head that are looked at."""
LONGEST_BODY = 65_536
_MOST_HEADERS = 200
_MAGIC = "z9hG4bK"
_COMPACT = {"v": "via", "i": "call-id", "l": "content-length", "t": "to", "f": "from"}
_TOKEN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~")


class NotSip(ValueError):  # noqa: N818 - an answer, not a fault of the program
    """What came is no SIP response. The message says why."""


class Request(NamedTuple):
    """One OPTIONS request, and what tells its responses from others'."""

    content: bytes
    branch: str
    call_id: str


class Response(NamedTuple):
    """A response's first line, and the headers that tell to which request it belongs, names in lower case."""

    status: int
    reason: str
    headers: dict[str, str]

    @property
    def final(self) -> bool:
        """Whether nothing follows it."""
        return self.status >= 200

    def answers(self, request: Request) -> bool:
        """Whether it is a response to this request: by the branch of its topmost Via, its method and its Call-ID."""
        if self.headers.get("call-id") != request.call_id:
            return False
        sequence = self.headers.get("cseq", "").split()
        if sequence != ["1", "OPTIONS"]:
            return False
        topmost = self.headers.get("via", "").partition(",")[0]
        return f"branch={request.branch}" in [part.strip() for part in topmost.split(";")[1:]]


def options(
    host: str, port: int, user: str | None, transport: Literal["udp", "tcp", "tls"], local: tuple[str, int], unique: str
) -> Request:
    """An OPTIONS request.

    Args:
        host: Whom it is for, a name or an address.
        port: Its port.
        user: Whom it asks for there.
        transport: Over what it goes.
        local: Our own address and port.
        unique: Letters and digits used for no other request.
    """
    scheme = "sips" if transport == "tls" else "sip"
    uri = f"{scheme}:{'' if user is None else user + '@'}{_bracketed(host)}:{port}"
    if transport == "tcp":
        uri += ";transport=tcp"
    here = f"{_bracketed(local[0])}:{local[1]}"
    branch, call_id = f"{_MAGIC}{unique}", f"{unique}@steadyline"
    lines = (
        f"OPTIONS {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport.upper()} {here};branch={branch};rport",
        "Max-Forwards: 70",
        f"From: <{scheme}:probe@{here}>;tag={unique[:16]}",
        f"To: <{uri}>",
        f"Call-ID: {call_id}",
        "CSeq: 1 OPTIONS",
        f"Contact: <{scheme}:probe@{here}>",
        "Accept: application/sdp",
        "User-Agent: steadyline-probe",
        "Content-Length: 0",
        "",
        "",
    )
    return Request("\r\n".join(lines).encode("ascii"), branch, call_id)


def parsed(head: bytes) -> Response:
    """Read a response's head: all up to its empty line, with or without that.

    Raises:
        NotSip: when it is none.
    """
    if len(head) > LONGEST_HEAD:
        raise NotSip(f"expected a head of at most {LONGEST_HEAD} bytes")
    lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")
    version, space, rest = lines[0].partition(b" ")
    code, _, reason = rest.partition(b" ")
    if version != b"SIP/2.0" or not space or len(code) != 3 or not code.isdigit() or not b"100" <= code <= b"699":
        raise NotSip("expected a line such as `SIP/2.0 200 OK`")
    if len(lines) - 1 > _MOST_HEADERS:
        raise NotSip(f"expected at most {_MOST_HEADERS} headers")
    return Response(int(code), reason.decode("utf-8", "replace"), _headers(lines[1:]))


def _headers(lines: list[bytes]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    last: list[str] | None = None
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if last is None:
                raise NotSip("expected a header before its continuation")
            last.append(line.strip().decode("utf-8", "replace"))
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if not colon or not name or not _TOKEN.issuperset(name):
            raise NotSip("expected headers such as `Via: ...`")
        key = name.decode("ascii").lower()
        key = _COMPACT.get(key, key)
        last = [value.strip().decode("utf-8", "replace")]
        if key not in found:
            # Of a header that comes several times the first is the topmost.
            found[key] = last
        elif key in ("call-id", "cseq", "content-length"):
            raise NotSip(f"expected one {key}, got several")
    return {key: " ".join(parts) for key, parts in found.items()}


def body_length(response: Response) -> int:
    """How many bytes follow the head, on a stream.

    Raises:
        NotSip: when it does not say so, or it is too much.
    """
    text = response.headers.get("content-length", "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise NotSip("expected a Content-Length, which a stream must have")
    if int(text) > LONGEST_BODY:
        raise NotSip(f"expected a body of at most {LONGEST_BODY} bytes, got {int(text)}")
    return int(text)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
