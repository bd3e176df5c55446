"""Lapses: what an agreement asked for and did not get, and every change of that judgement.

A lapse's id is a hash of agreement, rule, subject and onset; each transition has a revision. Nothing is deleted: a lapse
that a late report disproves is ``withdrawn`` and names the report.
"""

import hashlib
from datetime import datetime
from typing import Literal

import msgspec

from streams.severity import Severity

Kind = Literal["prior", "conformance", "cadence", "response", "standing", "balance", "benchmark"]
State = Literal["open", "resolved", "withdrawn", "unknown"]
Change = Literal["opened", "escalated", "eased", "amended", "resolved", "reopened", "unknown", "withdrawn"]
Reason = Literal[
    "no-notice",
    "short-notice",
    "early-notice",
    "after-launch",
    "wrong-channel",
    "outside-window",
    "outside-area",
    "class-differs",
    "incomplete-notice",
    "near-border",
    "missed-check",
    "too-long-apart",
    "no-contact",
    "unanswered",
    "acknowledged-not-answered",
    "declined",
    "suspended",
    "cancelled",
    "renounced",
    "expired",
    "out-of-step",
    "over-quota",
    "not-reached",
    "feed-silent",
]


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the evidence says of one subject under one rule as of now. The register turns findings into lapses.

    Attributes:
        subject: What it is about: a channel's id, ``PRC-US/incident``, ``PRC/launch/JPN``, ...
        parties: The parties concerned, the one that owes first where one does.
        onset: Since when the obligation is unmet, UTC.
        deadline: When it had to be met, UTC; the lapse is stamped with it, not with its detection.
        changed: When it took its present state and severity by the evidence, UTC.
        opened: When the evidence first showed it, UTC, where that is not simply when it was due.
        resolved: When it was met after all, UTC.
        state: ``unknown`` where the feed that would carry the evidence is silent.
        reason: What kind of failure it is.
        events: Ids of the events it rests on.
        arithmetic: The reckoning, in words, one step each.
        claims: Where sources disagree: what each says.
        group: The announcement that caused it, where one did; several lapses of one announcement are one page.
    """

    subject: str
    parties: tuple[str, ...]
    onset: datetime
    deadline: datetime
    changed: datetime
    opened: datetime | None = None
    resolved: datetime | None = None
    state: Literal["open", "resolved", "unknown"] = "open"
    severity: Severity
    reason: Reason
    events: tuple[str, ...] = ()
    arithmetic: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    group: str | None = None


class Lapse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A lapse at one revision: the record of the lapses topic.

    Attributes:
        id: Hash of agreement, rule, subject and onset.
        revision: 1 for the first record, one more for each change.
        change: What this revision changed.
        at: When the change took effect by the evidence, UTC (the deadline, the contact, the arrival of a disproof).
        because: The event that caused the change; none where time alone did.
        agreement: Id of the agreement.
        obligation: Kind of obligation.
        rule: Id of the obligation in its agreement.
        clause: Article and wording of what was asked.
        sources: Sources of the clause.
        unverified: Fields of the rule whose numbers rest on memory.
        proposed: The agreement does not exist yet.
        exercise: Judged from a drill's events alone.
        run: The replay or drill it belongs to.
    """

    id: str
    revision: int
    change: Change
    at: datetime
    agreement: str
    obligation: Kind
    rule: str
    subject: str
    parties: tuple[str, ...]
    onset: datetime
    deadline: datetime
    resolved: datetime | None
    state: State
    severity: Severity
    reason: Reason
    events: tuple[str, ...]
    because: str | None
    arithmetic: tuple[str, ...]
    claims: tuple[str, ...]
    group: str | None
    clause: str
    sources: tuple[str, ...]
    unverified: tuple[str, ...]
    proposed: bool
    exercise: bool
    run: str | None


def lapse_id(agreement: str, rule: str, subject: str, onset: datetime) -> str:
    """The lapse's name: the first 16 hexadecimal digits of the SHA-256 of what makes it this lapse and no other."""
    key = "\x1f".join((agreement, rule, subject, onset.isoformat()))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


_encoder = msgspec.json.Encoder()


def encode_lapse(lapse: Lapse) -> bytes:
    """The lapse as one line of JSON, without the newline; equal lapses give equal bytes."""
    return _encoder.encode(lapse)


decode_lapse = msgspec.json.Decoder(Lapse).decode
