"""How everything stands at a moment: the record of the states topic, from which dashboards draw. Types only.

A snapshot is a view, not evidence: it can be made again from the log at any time, and a worker that starts anew repeats one.
How things are judged to stand is said in ``standings``, when a snapshot is taken in ``floor``.
"""

from datetime import datetime
from enum import IntEnum
from typing import Literal

import msgspec

from streams.lapses import Reason
from streams.severity import Severity

Kind = Literal["channel", "regime", "dyad", "feed"]
Why = Reason | Literal["overdue", "awaited", "never-heard"]
Measured = Literal["lead", "answer", "contact", "launch"]


class Stand(IntEnum):
    """How one thing stands, worse as it rises, but for the last: nobody can say."""

    GOOD = 0
    LATE = 1
    """Something is owed and its time runs: a check past due and within its grace, a call not answered yet, an incident that was
    not talked about yet, a feed's heartbeat that failed to come."""
    LAPSED = 2
    UNKNOWN = 3
    """The feed that would carry the evidence is silent, or nothing was ever heard."""


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How one thing stands. Its kind, name and party together name it.

    Attributes:
        kind: What it is.
        name: The channel's or feed's id, the agreement's id for a regime, ``PRC-US`` for a dyad.
        party: For a regime, who owes: what each party gives stands by itself. None for what no single party owes.
        stand: How it stands.
        reason: Why, where it is not good.
        since: Since when, UTC, where that is known: the onset of what lapsed first, the moment at which it was due.
        last: The last contact or sign of life, UTC, as of the last snapshot that tells of the thing.
        due: When the next sign is expected, UTC, or was, where it is late.
        open: How many lapses of it are open. Every open lapse is one of exactly one thing.
        severity: Of the worst of those.
    """

    kind: Kind
    name: str
    party: str | None = None
    stand: Stand
    reason: Why | None = None
    since: datetime | None = None
    last: datetime | None = None
    due: datetime | None = None
    open: int = 0
    severity: Severity | None = None

    @property
    def thing(self) -> tuple[str, str, str]:
        """What it is of."""
        return self.kind, self.name, self.party or ""


class Measure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One thing that was measured.

    Attributes:
        what: ``lead``: hours between the receipt of a notice and its window; ``answer``: seconds between a request for a call
            and its answer; ``contact``: seconds from an incident to contact; ``launch``: 1 where notice was given of it, 0
            where none, -1 where nobody can say.
        at: The moment that it belongs to, UTC.
        value: In the unit above.
        owed: What the rule asks for, in the same unit, where one does.
        agreement: The agreement, for leads and contacts.
        rule: The rule.
        subject: The channel, the pair of parties, the launcher.
        recipient: The party to be told, for leads and launches.
        of: The notice, request, incident or launch.
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
    """How what one partition number judges stands.

    It stands so from ``at`` until the next snapshot of the same partition number: between two nothing changed.

    Attributes:
        partition: The partition number.
        at: The moment, UTC, a whole minute.
        run: The replay or drill.
        whole: Whether ``standings`` are all that there are; else those that changed since the snapshot before, and all others
            stand as they stood.
        standings: By kind, name and party.
        measures: What was measured since the snapshot before; one that is amended comes again.
    """

    partition: int
    at: datetime
    run: str | None = None
    whole: bool = False
    standings: tuple[Standing, ...] = ()
    measures: tuple[Measure, ...] = ()


_encoder = msgspec.json.Encoder()


def encode_posture(posture: Posture) -> bytes:
    """The snapshot as one line of JSON, without the newline."""
    return _encoder.encode(posture)


decode_posture = msgspec.json.Decoder(Posture).decode
