"""What people did about lapses: the records of the actions topic.

Each is by a named person who was signed in; nothing is changed or deleted, an action is undone by another.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from streams.events.envelope import EventId, Key
from streams.events.times import Moment

Person = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$(?!\n)", description="who signed in: an id of the policy")
]
Words = Annotated[str, Meta(min_length=1, max_length=2_000)]
Target = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$(?!\n)", description="the id of a page, or of a lapse on it")]


class Deed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", omit_defaults=True):
    """What was done."""


class Acknowledge(Deed, frozen=True, kw_only=True, tag="ack"):
    """Somebody has taken it: escalation rests until ``until``, or until it gets worse or comes again."""

    target: Target
    until: Moment | None = None
    note: Words | None = None


class Unacknowledge(Deed, frozen=True, kw_only=True, tag="unack"):
    """Somebody has let go of it: escalation begins anew."""

    target: Target
    note: Words | None = None


class Snooze(Deed, frozen=True, kw_only=True, tag="snooze"):
    """Say nothing of it until ``until``, then say it again; it is nobody's in between."""

    target: Target
    until: Moment
    note: Words | None = None


class Note(Deed, frozen=True, kw_only=True, tag="note"):
    """A remark that stays with it."""

    target: Target
    note: Words


class Resolve(Deed, frozen=True, kw_only=True, tag="resolve"):
    """Closed by hand, with a reason: for what no event will ever resolve. The lapse itself stays as the log has it."""

    target: Target
    reason: Words


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which lapses are meant: those that fit every list that is not empty.

    Attributes:
        dyads: Pairs of parties, ``PRC-US``.
        agreements: Ids of agreements; ``rules`` are ``agreement/rule``.
        subjects: Channels and other subjects of lapses; ``*`` stands for any characters: ``inter-korean-*``.
        severities: Names of severities.
    """

    dyads: tuple[Annotated[str, Meta(max_length=60)], ...] = ()
    agreements: tuple[Key, ...] = ()
    rules: tuple[Annotated[str, Meta(max_length=210)], ...] = ()
    subjects: tuple[Annotated[str, Meta(max_length=300)], ...] = ()
    severities: tuple[Annotated[str, Meta(pattern="^(info|warn|page|critical)$(?!\n)")], ...] = ()


class Silence(Deed, frozen=True, kw_only=True, tag="silence"):
    """No alarms for what ``match`` names from ``start`` until ``end``, such as announced maintenance. All-clears still go out.

    Raises:
        ValueError: when it ends before it starts, or would hold for everything.
    """

    name: Key
    match: Match
    start: Moment
    end: Moment
    reason: Words

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"expected a silence that ends after it starts, got {self.start:%FT%TZ} to {self.end:%FT%TZ}")
        if self.match == Match():
            raise ValueError("expected what is to be silent: dyads, agreements, rules, subjects or severities")


class Unsilence(Deed, frozen=True, kw_only=True, tag="unsilence"):
    """End a silence before its time; what lapsed in it and still stands is told now."""

    name: Key
    reason: Words


class HandOver(Deed, frozen=True, kw_only=True, tag="hand-over"):
    """``rota`` is with ``to`` now instead of whom its calendar says, until ``until`` or its next change."""

    rota: Key
    to: Person
    until: Moment | None = None
    note: Words | None = None


AnyDeed = Acknowledge | Unacknowledge | Snooze | Note | Resolve | Silence | Unsilence | HandOver


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that one person did.

    Attributes:
        id: The same id is the same action, however often it arrives.
        at: When, UTC, by the desk that took it in.
        by: Who.
        deed: What.
        via: How it came in: ``cli``, ``page``, ``api``.
        exercise: Done in a drill.
        run: The replay or drill that it belongs to.
    """

    id: EventId
    at: Moment
    by: Person
    deed: AnyDeed
    via: Annotated[str, Meta(max_length=20)] = "cli"
    exercise: bool = False
    run: Key | None = None
