"""SIP as bytes: requests that others can read, and responses that are read strictly."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from producers.probes.sip import LONGEST_HEAD, NotSip, Request, body_length, options, parsed
from tests.probes.servers import sip_response

UNIQUE = "0123456789abcdef0123456789abcdef"


def request(host: str = "hotline.test", user: str | None = "duty") -> Request:
    return options(host, 5060, user, "udp", ("192.0.2.1", 40_000), UNIQUE)


def test_a_request_has_what_rfc_3261_asks_for() -> None:
    lines = request().content.decode().split("\r\n")
    assert lines[0] == "OPTIONS sip:duty@hotline.test:5060 SIP/2.0"
    assert lines[-2:] == ["", ""]
    headers = dict(line.split(": ", 1) for line in lines[1:-2])
    assert {"Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Content-Length"} <= set(headers)
    assert headers["Via"] == f"SIP/2.0/UDP 192.0.2.1:40000;branch=z9hG4bK{UNIQUE};rport"
    assert ";tag=" in headers["From"]
    assert ";tag=" not in headers["To"]


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    asked = options("2001:db8::1", 5061, None, "tls", ("2001:db8::2", 4), UNIQUE)
    assert asked.content.startswith(b"OPTIONS sips:[2001:db8::1]:5061 SIP/2.0\r\nVia: SIP/2.0/TLS [2001:db8::2]:4;")


def test_a_response_is_known_by_branch_call_and_method() -> None:
    asked = request()
    response = parsed(sip_response(asked.content))
    assert (response.status, response.reason, response.final) == (200, "OK", True)
    assert response.answers(asked)
    assert body_length(response) == 0
    others: tuple[dict[str, str], ...] = (
        {"Call_ID": "x"},
        {"CSeq": "1 INVITE"},
        {"CSeq": "2 OPTIONS"},
        {"Via": f"SIP/2.0/UDP x;branch=z9hG4bK{UNIQUE}0"},
        {"Via": f"SIP/2.0/UDP x;branch=other, SIP/2.0/UDP y;branch=z9hG4bK{UNIQUE}"},
    )
    for changed in others:
        assert not parsed(sip_response(asked.content, "200 OK", b"", **changed)).answers(asked), changed


REFUSED = (
    b"",
    b"SIP/2.0",
    b"SIP/2.0 20 OK",
    b"SIP/2.0 099 No",
    b"SIP/2.0 700 No",
    b"SIP/2.0 2000 OK",
    b"SIP/1.0 200 OK",
    b"HTTP/1.1 200 OK",
    b"SIP/2.0 200 OK\r\n folded: first",
    b"SIP/2.0 200 OK\r\nno colon",
    b"SIP/2.0 200 OK\r\n: empty",
    b"SIP/2.0 200 OK\r\na b: c",
    b"SIP/2.0 200 OK\r\nCall-ID: a\r\ni: b",
    b"SIP/2.0 200 OK\r\nCSeq: 1 OPTIONS\r\nCSeq: 1 OPTIONS",
    b"SIP/2.0 200 OK" + b"\r\nX: y" * 201,
    b"SIP/2.0 200 OK\r\nX: " + b"y" * LONGEST_HEAD,
)


@pytest.mark.parametrize("head", REFUSED, ids=[repr(head[:40]) for head in REFUSED])
def test_what_is_no_response_is_refused(head: bytes) -> None:
    with pytest.raises(NotSip, match="expected"):
        parsed(head)


@pytest.mark.parametrize("length", ["", "x", "-1", "+1", " ", "1e3", "65537", "9" * 5_000, "\u0661"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(NotSip):
        body_length(parsed(b"SIP/2.0 200 OK\r\nContent-Length: " + length.encode()))


def test_the_first_of_several_vias_is_the_topmost_and_folded_lines_are_one() -> None:
    response = parsed(b"SIP/2.0 200 OK\r\nv: one;\r\n\tmore\r\nVia: two\r\nSubject: a\r\n\r\nbody: not a header")
    assert response.headers == {"via": "one; more", "subject": "a"}


@given(
    st.one_of(
        st.binary(max_size=400),
        st.lists(st.sampled_from([b"SIP/2.0 200 OK", b"\r\n", b"Via: ", b" ", b":", b"\xff", b"l: 9"])).map(b"".join),
    )
)
@example(b"SIP/2.0 200 \xff\x00")
def test_no_bytes_make_the_parser_fall_over(head: bytes) -> None:
    try:
        response = parsed(head)
        assert 100 <= response.status <= 699
        response.answers(request())
        body_length(response)
    except NotSip:
        pass


@given(st.binary(max_size=60), st.integers(0, 400))
def test_a_response_that_was_tampered_with_is_refused_or_read(noise: bytes, place: int) -> None:
    asked = request()
    whole = sip_response(asked.content)
    with contextlib.suppress(NotSip):
        parsed(whole[:place] + noise + whole[place:]).answers(asked)
