"""The real page on a real port, over a real log, for tests of it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from dashboards.page.live import LiveLog
from dashboards.page.ports import Desk, Member, People, Reports
from dashboards.page.serve import Page, Settings
from deploy.rules import agreements_of
from deploy.watching.recordings import StoryShelf
from streams.agreements.model import Agreement
from streams.events.decode import decode
from streams.log.sqlite import Entry, Log
from tests.deploy.records import record

ADMIN = Member(id="ada", name="Ada", role="admin")
OFFICER = Member(id="ole", name="Ole", role="officer")
VIEWER = Member(id="vera", name="Vera", role="viewer")


@cache
def shelf() -> StoryShelf:
    """The built-in stories."""
    return StoryShelf(None, [])


@cache
def agreements() -> Sequence[Agreement]:
    """The built-in agreements."""
    return agreements_of(None)


@contextmanager
def served(
    *,
    log: Path | None = None,
    owner: Member = ADMIN,
    port: int = 0,
    people: People | None = None,
    desk: Desk | None = None,
    reports: Reports | None = None,
    opens: str | None = None,
    sessions: Path | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    certificate: Path | None = None,
    key: Path | None = None,
) -> Iterator[Page]:
    """A page that listens; it has stopped when the ``with`` statement is over."""
    settings = Settings(
        bind=f"127.0.0.1:{port}",
        owner=owner,
        opens=opens,
        sessions=sessions,
        every=0.05,
        certificate=certificate,
        key=key,
    )
    live = None if log is None else LiveLog(log, agreements(), now)
    page = Page(settings, shelf(), live=live, people=people, desk=desk, reports=reports)
    ready = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            page.serve(ready.set)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=run, name="page")
    thread.start()
    assert ready.wait(20)
    assert not failed, failed
    try:
        yield page
    finally:
        page.stop()
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def client(page: Page, *, signed_in: bool = True) -> Iterator[httpx.Client]:
    """An HTTP client, signed in with the page's one-time link."""
    with httpx.Client(base_url=f"http://{page.bind}", timeout=20) as found:
        if signed_in:
            found.get(page.link())
        yield found


def append(log: Path, *lines: str) -> None:
    """Put events into the log, as a gateway does."""
    entries = []
    for line in lines:
        event = decode(line)
        entries.append(Entry(event.source, event.id, str(event.__struct_config__.tag), line.encode()))
    with Log(log) as kept:
        kept.append(entries, datetime.now(UTC))


def incident(name: str, time: str, **more: Any) -> str:
    """A grave incident between two parties, reported at once."""
    data = {"incident": name, "parties": ["US", "PRC"], "gravity": "critical", "domain": "air", "text": "Too close."}
    return record("incident.report", f"i-{name}", time, data, **more)


def suspended(name: str, channel: str, time: str, **more: Any) -> str:
    """A channel switched off."""
    data = {"channels": [channel], "party": "PRC", "status": "suspended"}
    return record("channel.status", name, time, data, **more)
