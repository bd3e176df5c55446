"""Makes lapses, sendings and policies for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.policy import Receiver
from alerts.sendings import Sending, sending_key
from streams.lapses import Lapse
from streams.severity import Severity

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def lapse(subject: str = "us-china-dtl", **changed: Any) -> Lapse:
    """A lapse, open, of severity page."""
    fields: dict[str, Any] = {
        "id": f"{abs(hash_of(subject)):016x}"[:16],
        "revision": 1,
        "change": "opened",
        "at": NOON,
        "agreement": "us-china-channels",
        "obligation": "standing",
        "rule": "stays-open",
        "subject": subject,
        "parties": ("PRC", "US"),
        "onset": NOON,
        "deadline": NOON,
        "resolved": None,
        "state": "open",
        "severity": Severity.PAGE,
        "reason": "suspended",
        "events": ("e-1",),
        "because": "e-1",
        "arithmetic": ("suspended on 1 March",),
        "claims": (),
        "group": None,
        "clause": "The channel stays open.",
        "sources": ("https://example.org/memo",),
        "unverified": (),
        "proposed": False,
        "exercise": False,
        "run": None,
    }
    return Lapse(**(fields | changed))


def hash_of(text: str) -> int:
    """The same for the same text in every process, unlike ``hash``."""
    return int.from_bytes(text.encode()[-8:].rjust(8, b"\x01"), "big")


def sending(receiver: str = "hook", page: str = "00000000000000aa", number: int = 1, **changed: Any) -> Sending:
    """An alarm to one receiver."""
    fields: dict[str, Any] = {
        "key": sending_key(page, number, receiver),
        "page": page,
        "number": number,
        "kind": "alarm",
        "receiver": receiver,
        "at": NOON + timedelta(seconds=number),
        "severity": Severity.PAGE,
        "lapses": (lapse(),),
    }
    return Sending(**(fields | changed))


def receiver(name: str = "hook", url: str | None = None, **changed: Any) -> Receiver:
    """A receiver by Apprise."""
    return Receiver(id=name, url=url, **changed)
