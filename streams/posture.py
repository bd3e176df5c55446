"""How everything stands at a moment: the record of the states topic, from which dashboards draw. Types only.

A snapshot is a view, not evidence: it can be made again from the log at any time, and a worker that starts anew repeats one.
"""

from datetime import datetime
from enum import IntEnum
from typing import Literal

import msgspec

from streams.lapses import Reason

Kind = Literal["channel", "regime", "dyad", "feed"]
Measured = Literal["lead", "answer", "check", "contact", "launch"]


class Stand(IntEnum):
    """How one thing stands, worse as it rises, but for the last: nobody can say."""

    GOOD = 0
    LATE = 1
    """Something is overdue and within its grace."""
    LAPSED = 2
    UNKNOWN = 3
    """The feed that would carry the evidence is silent, or nothing was ever heard."""


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one thing stands.

    Attributes:
        kind: What it is.
        name: The channel's or feed's id, the agreement's id for a regime, ``PRC-US`` for a dyad.
        stand: How it stands.
        reason: Why, where it is not good.
        since: Since when it has stood so, UTC, where that is known.
        last: The last contact or sign of life, UTC.
        due: When the next sign is expected, UTC.
        open: How many lapses of it are open.
    """

    kind: Kind
    name: str
    stand: Stand
    reason: Reason | Literal["overdue", "never-heard"] | None = None
    since: datetime | None = None
    last: datetime | None = None
    due: datetime | None = None
    open: int = 0


class Measure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was measured.

    Attributes:
        what: ``lead``: hours between the receipt of a notice and its window; ``answer``: seconds between a request for a call
            and its answer; ``check``: milliseconds that a line check took; ``contact``: seconds from an incident to contact.
        at: The moment that it belongs to, UTC.
        value: In the unit above.
        owed: What the rule asks for, in the same unit, where one does.
        agreement: The agreement, for leads and contacts.
        rule: The rule.
        subject: The channel, the pair of parties, the launcher.
        recipient: The party told, for leads.
        of: The notice, request or incident.
    """

    what: Measured
    at: datetime
    value: float
    subject: str
    of: str
    owed: float | None = None
    agreement: str | None = None
    rule: str | None = None
    recipient: str | None = None


class Posture(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How all that one partition number judges stands.

    It stands so from ``at`` until the next snapshot of the same partition number: between two nothing changed.

    Attributes:
        partition: The partition number.
        at: The moment, UTC, a whole minute.
        run: The replay or drill.
        standings: Everything it judges, by kind and name.
        measures: What was measured since the snapshot before; one that is amended comes again.
    """

    partition: int
    at: datetime
    run: str | None = None
    standings: tuple[Standing, ...] = ()
    measures: tuple[Measure, ...] = ()


_encoder = msgspec.json.Encoder()


def encode_posture(posture: Posture) -> bytes:
    """The snapshot as one line of JSON, without the newline."""
    return _encoder.encode(posture)


decode_posture = msgspec.json.Decoder(Posture).decode
