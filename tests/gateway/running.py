"""A gateway that really runs, in a thread of its own, and a client that speaks to it over a real socket."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msgspec

from producers.gateway.serve import Gateway, Settings
from producers.gateway.tokens import Check, Kept, Token, change, digest_of, new_address, new_token
from streams.agreements.load import load_builtin
from streams.events.schemas import event_types
from streams.log.sqlite import DeadLetter, Log, Record
from streams.rulebook import RuleBook

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
STREAM = "application/x-ndjson"
MINE = "urn:test:mine"
CHANNEL = "inter-korean-military-west"
FEED = "notam"
WAIT = 20.0


@cache
def book() -> RuleBook:
    """The built-in rules."""
    return RuleBook(load_builtin())


def tag(name: str) -> str:
    return f"org.steadyline.{name}.v1"


def incident(name: str, **changed: Any) -> dict[str, Any]:
    """An incident between the PRC and the US, as a source sends it."""
    data = {"incident": "i-1", "parties": ["PRC", "US"], "gravity": "low", "domain": "air"} | changed.pop("data", {})
    return {
        "specversion": "1.0",
        "id": name,
        "source": MINE,
        "type": tag("incident.report"),
        "time": "2024-05-01T00:00:00Z",
        "data": data,
    } | changed


def event(kind: str, name: str, data: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Any other event."""
    return incident(name) | {"type": tag(kind), "data": data} | changed


@dataclass
class Running:
    """One running gateway."""

    gateway: Gateway
    folder: Path
    secret: str
    client: httpx.Client

    def post(self, content: Any, kind: str = ONE, **headers: str) -> httpx.Response:
        """Send events; anything but bytes is written as JSON."""
        body = content if isinstance(content, bytes) else msgspec.json.encode(content)
        return self.client.post("/v1/events", content=body, headers={"Content-Type": kind, **headers})

    def token(self, **changed: Any) -> dict[str, str]:
        """A further token: the header that brings it."""
        secret = new_token()
        put(self.folder / "tokens.json", tokens=[a_token(secret, **changed)])
        return {"Authorization": f"Bearer {secret}"}

    def check(self, **about: str) -> str:
        """A further check: its path."""
        address = new_address()
        check = Check(name=f"check-{address[:8]}", digest=digest_of(address), created=datetime.now(UTC), **about)
        put(self.folder / "tokens.json", checks=[check])
        return f"/ping/{address}"

    def records(self) -> list[Record]:
        """What is in the log."""
        with Log(self.folder / "log.db") as log:
            return list(log.read())

    def ids(self) -> list[str]:
        return [record.id for record in self.records()]

    def dead_letters(self) -> list[DeadLetter]:
        with Log(self.folder / "log.db") as log:
            return list(log.dead_letters())


def a_token(secret: str, **changed: Any) -> Token:
    """A token that may say everything about the PRC and the US, unless told otherwise."""
    usual = {
        "name": f"token-{digest_of(secret)[:8]}",
        "digest": digest_of(secret),
        "types": tuple(event_types()),
        "sources": (MINE,),
        "parties": ("PRC", "US"),
        "channels": (CHANNEL,),
        "feeds": (FEED,),
        "created": datetime.now(UTC),
    }
    return msgspec.convert({**usual, **changed}, Token)


def put(path: Path, tokens: Sequence[Token] = (), checks: Sequence[Check] = ()) -> None:
    """Add to the file of tokens, as the command does."""
    change(path, lambda kept: Kept(tokens=(*kept.tokens, *tokens), checks=(*kept.checks, *checks)))


@contextmanager
def running(folder: Path, to: str | None = None, **settings: Any) -> Iterator[Running]:
    """Run a gateway, by default over a SQLite log in ``folder``, until the block ends."""
    secret = new_token()
    put(folder / "tokens.json", tokens=[a_token(secret)])
    told: dict[str, Any] = {"tokens": folder / "tokens.json", "ledger": folder / "ledger.db", "bind": "127.0.0.1:0"} | settings
    gateway = Gateway(Settings(to=to or str(folder / "log.db"), **told), book())
    ready = threading.Event()
    failed: list[BaseException] = []

    def serve() -> None:
        try:
            gateway.serve(ready.set)
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert ready.wait(WAIT)
        assert not failed, failed
        headers = {"Authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=f"http://{gateway.bind}", headers=headers, timeout=WAIT) as client:
            yield Running(gateway, folder, secret, client)
    finally:
        gateway.stop()
        thread.join(WAIT)
        assert not thread.is_alive()
