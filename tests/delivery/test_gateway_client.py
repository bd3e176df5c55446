"""The gateway's client against a real server, and what its answers mean."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from producers.delivery.answers import LONGEST_WAIT, AwayError, DeniedError, RefusedError, judged
from producers.delivery.gateway import AddressError, Gateway, address, token_from
from streams.events.decode import encode
from tests.delivery.build import NOW, check
from tests.delivery.stub_gateway import TOKEN, Answer, StubGateway, stub_gateway


@pytest.fixture
def stub() -> Iterator[StubGateway]:
    with stub_gateway() as stub:
        yield stub


@pytest.fixture
def gateway(stub: StubGateway) -> Iterator[Gateway]:
    gateway = Gateway(address(stub.url), TOKEN)
    yield gateway
    gateway.close()


def batch(*names: str) -> list[bytes]:
    return [encode(check(name)) for name in names]


def test_a_batch_goes_over_as_cloudevents_under_the_token(stub: StubGateway, gateway: Gateway) -> None:
    assert gateway.hand_over(batch("a", "b")) == {}
    headers, names = stub.requests[0]
    assert names == stub.ids == ["a", "b"]
    assert headers["content-type"] == "application/cloudevents-batch+json"
    assert headers["authorization"] == f"Bearer {TOKEN}"


def test_the_refused_ones_of_a_batch_are_named_with_their_reason(stub: StubGateway, gateway: Gateway) -> None:
    stub.refuse = lambda event: "no such channel" if event["id"] == "b" else None
    assert gateway.hand_over(batch("a", "b", "c")) == {1: "no such channel"}
    assert stub.ids == ["a", "c"]


def test_a_connection_that_breaks_once_the_batch_was_taken_is_asked_again_and_counts_once(
    stub: StubGateway, gateway: Gateway
) -> None:
    stub.answers.append(Answer(0, drop=True, took=True))
    with pytest.raises(AwayError, match="no answer from the gateway"):
        gateway.hand_over(batch("a"))
    assert gateway.hand_over(batch("a")) == {}
    assert (len(stub.requests), stub.ids) == (2, ["a"])


def test_nobody_there_is_away() -> None:
    with stub_gateway() as stub:
        url = stub.url
    gateway = Gateway(address(url), TOKEN)
    with pytest.raises(AwayError, match="no answer from the gateway"):
        gateway.hand_over(batch("a"))
    gateway.close()


def test_a_redirect_is_not_followed(stub: StubGateway, gateway: Gateway) -> None:
    with stub_gateway() as other:
        stub.answers.append(Answer(307, {"Location": f"{other.url}/v1/events"}))
        with pytest.raises(DeniedError, match="sends us elsewhere"):
            gateway.hand_over(batch("a"))
        assert other.requests == []


def test_an_answer_without_end_is_not_read_to_its_end(stub: StubGateway, gateway: Gateway) -> None:
    stub.answers.append(Answer(202, body=b" " * 5_000_000))
    with pytest.raises(DeniedError, match="more than"):
        gateway.hand_over(batch("a"))


def test_the_token_is_in_no_message(stub: StubGateway) -> None:
    gateway = Gateway(address(stub.url), "another-secret")
    with pytest.raises(DeniedError, match="401 Unauthorized: no such token") as caught:
        gateway.hand_over(batch("a"))
    assert "another-secret" not in str(caught.value)
    gateway.close()


AWAY: list[int] = [408, 425, 429, 500, 502, 503, 504]
OURS: list[int] = [200, 204, 301, 308, 401, 404, 405, 407, 410, 415]
EVENTS: list[int] = [400, 403, 409, 413, 418, 422]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(status, kind) for kind, group in ((AwayError, AWAY), (DeniedError, OURS), (RefusedError, EVENTS)) for status in group],
)
def test_every_status_is_somebodys_fault(status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=str(status) if kind is not DeniedError or status != 200 else "expected"):
        judged(status, b"", 3, None, NOW)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("999999999999", LONGEST_WAIT),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("-3", None),
        ("soon", None),
        ("٣", None),
        ("9" * 10_000, LONGEST_WAIT),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2024 00:00:99999999999999999999 GMT", None),
    ],
)
def test_how_long_it_asks_to_be_left_alone(header: str | None, seconds: float | None) -> None:
    with pytest.raises(AwayError) as caught:
        judged(503, b"", 1, header, NOW)
    assert caught.value.wait == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"accepted": 2}',
        b'{"accepted": 4}',
        b'{"accepted": 2, "refused": [{"index": 3, "reason": "x"}]}',
        b'{"accepted": 2, "refused": [{"index": -1, "reason": "x"}]}',
        b'{"accepted": 2, "refused": [{"index": 1, "reason": "x"}, {"index": 1, "reason": "y"}], "duplicates": 2}',
        b'{"accepted": 1, "duplicates": 1, "refused": []}',
        b'{"accepted": 4, "duplicates": -1, "refused": []}',
        b'{"accepted": "\xff"}',
    ],
)
def test_an_answer_that_does_not_add_up_is_not_believed(body: bytes) -> None:
    with pytest.raises(DeniedError):
        judged(202, body, 3, None, NOW)


@pytest.mark.parametrize("status", [202, 400, 422])
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"accepted": 3, "x": ' + b"[" * 100_000, b'{"detail": ' + b"[" * 100_000])
def test_an_answer_that_is_nested_too_deeply_is_none(status: int, body: bytes) -> None:
    with pytest.raises(DeniedError if status == 202 else RefusedError):
        judged(status, body, 3, None, NOW)
    with pytest.raises(AwayError):
        judged(503, body, 3, None, NOW)


def test_an_answer_that_adds_up_is() -> None:
    body = json.dumps({"accepted": 1, "duplicates": 1, "refused": [{"index": 2, "id": "c", "reason": "no"}], "more": 1})
    assert judged(202, body.encode(), 3, None, datetime.now(UTC)) == {2: "no"}


def test_a_batch_of_which_nothing_was_taken_has_a_reason_for_each() -> None:
    refused = [{"index": 0, "reason": "not yours", "field": "$.data.party"}, {"index": 1, "reason": "no event"}]
    body = {"status": 422, "detail": "none", "accepted": 0, "duplicates": 0, "refused": refused}
    found = judged(422, json.dumps(body).encode(), 2, None, NOW)
    assert found == {0: "not yours - at `$.data.party`", 1: "no event"}
    with pytest.raises(RefusedError, match=r"422 Unprocessable .*: none"):
        judged(422, json.dumps(body).encode(), 3, None, NOW)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://gateway.example/", "https://gateway.example"),
        ("https://gateway.example:8443/steadyline", "https://gateway.example:8443/steadyline"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:1", "http://[::1]:1"),
    ],
)
def test_where_a_gateway_may_be(text: str, url: str) -> None:
    assert address(text).url == url


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://gateway.example", "--plain-http"),
        ("http://127.0.0.1.example", "--plain-http"),
        ("http://10.0.0.1", "--plain-http"),
        ("ftp://gateway.example", "expected a gateway"),
        ("https://", "expected a gateway"),
        ("https://user:secret@gateway.example", "do not belong"),
        ("https://gateway.example/?token=secret", r"without \? and #"),
        ("https://gateway.example:port", "expected a gateway"),
    ],
)
def test_where_none_may_be(text: str, words: str) -> None:
    with pytest.raises(AddressError, match=words) as caught:
        address(text)
    assert "secret" not in str(caught.value)


def test_http_goes_over_a_network_only_when_told_to() -> None:
    assert address("http://gateway.example", plain=True) == ("http://gateway.example", False)


def test_the_token_comes_from_a_file_before_the_environment(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("first\n")
    two.write_text("second")
    environment = {"STEADYLINE_TOKEN": "third", "STEADYLINE_TOKEN_FILE": str(two)}
    assert token_from(one, environment) == "first"
    assert token_from(None, environment) == "second"
    assert token_from(None, {"STEADYLINE_TOKEN": "third"}) == "third"


@pytest.mark.parametrize("text", ["", "\n", "two words", "line\nbreak", "ümlaut", "x" * 5_000])
def test_what_is_no_token_is_refused_and_not_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    arguments: list[Any] = [(path, {}), (None, {"STEADYLINE_TOKEN": text})]
    for argument in arguments:
        with pytest.raises(AddressError) as caught:
            token_from(*argument)
        assert not text.strip() or text not in str(caught.value)
    with pytest.raises(AddressError, match="cannot read the token"):
        token_from(tmp_path / "missing", {})
