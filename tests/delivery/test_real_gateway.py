"""Reports and the spool against the real gateway, over a real socket, into a real log."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from producers.gateway.serve import Gateway, Settings
from producers.gateway.tokens import Kept, Token, change, digest_of, new_token
from streams.agreements.load import load_builtin
from streams.daytime import utc
from streams.events import ChannelCheck, ChannelRequest, FeedHeartbeat
from streams.log.sqlite import Log
from streams.rulebook import RuleBook
from tests.deploy.conftest import Steadyline

KINDS = tuple(str(kind.__struct_config__.tag) for kind in (ChannelRequest, ChannelCheck, FeedHeartbeat))
CALL = ("report", "call", "--channel", "us-china-dtl", "--party", "US")


@contextmanager
def running(home: Path, bind: str = "127.0.0.1:0") -> Iterator[str]:
    settings = Settings(to=str(home / "log.db"), tokens=home / "tokens.json", ledger=home / "ledger.db", bind=bind)
    gateway = Gateway(settings, RuleBook(load_builtin()))
    ready = threading.Event()
    thread = threading.Thread(target=gateway.serve, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(30)
        yield f"http://{gateway.bind}"
    finally:
        gateway.stop()
        thread.join(30)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a gateway lives that lets a person report about one channel."""
    home = tmp_path / "gateway"
    home.mkdir()
    secret = new_token()
    token = Token(
        name="person",
        digest=digest_of(secret),
        types=KINDS,
        sources=("urn:steadyline:report:*",),
        parties=("US", "PRC"),
        channels=("us-china-dtl",),
        created=utc(),
    )
    change(home / "tokens.json", lambda kept: Kept(tokens=(*kept.tokens, token)))
    (home / "token").write_text(secret)
    return home


def test_a_report_is_kept_while_the_real_gateway_is_away_and_counts_once(steadyline: Steadyline, home: Path) -> None:
    token = ("--token-file", home / "token")
    with running(home) as url:
        assert steadyline(*CALL, "--to", url, *token, "--id", "one").exit_code == 0
    result = steadyline(
        *CALL, "--to", url, *token, "--id", "two", "--at", "2026-01-05T09:00Z", "--reported", "2026-01-05T09:01Z"
    )
    assert result.exit_code == 75, result.output
    with running(home, url.removeprefix("http://")):
        assert steadyline("spool", "send", *token).exit_code == 0
        again = steadyline(
            *CALL, "--to", url, *token, "--id", "two", "--at", "2026-01-05T09:00Z", "--reported", "2026-01-05T09:01Z"
        )
        assert again.exit_code == 0, "the same event again is a duplicate"
        other = steadyline(*CALL, "--to", url, *token, "--id", "two", "--text", "something else")
        assert other.exit_code == 3, "another one under its id is not"
    with Log(home / "log.db") as log:
        assert [record.id for record in log.read()] == ["one", "two"]


def test_what_the_token_may_not_say_is_refused_for_good_with_the_gateways_reason(steadyline: Steadyline, home: Path) -> None:
    token = ("--token-file", home / "token")
    with running(home) as url:
        result = steadyline("report", "check", "--channel", "unc-kpa-pink-phone", "--to", url, *token)
        assert result.exit_code == 3
        assert "the token may not speak about unc-kpa-pink-phone - at `$.data.channel`" in result.stderr
        (home / "other").write_text(new_token())
        result = steadyline(*CALL, "--to", url, "--token-file", home / "other", "--id", "kept")
        assert result.exit_code == 75
        assert "401" in result.stderr
        assert steadyline("spool", "send", *token).exit_code == 0
    with Log(home / "log.db") as log:
        assert [record.id for record in log.read()] == ["kept"]
