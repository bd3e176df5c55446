"""The floor at a moment, as it goes to the browser. Types only; moments are UTC.

Everything is in sections of named rows, so that what changed can be told row by row.
"""

from datetime import datetime
from typing import Literal

import msgspec

from streams.agreements.model import Channel
from streams.events.areas import Area, Point
from streams.lapses import Kind, Reason, State
from streams.severity import Severity

Condition = Literal["good", "late", "lapsed", "unknown", "none"]
"""How a thing stands, in the page's words; see ``streams.posture.Stand``. ``none``: nobody asks."""


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of a section."""


class LapseRow(Row, frozen=True, kw_only=True):
    """A lapse, short.

    Attributes:
        about: What it is about; ``wrong`` is what is wrong with it.
        dyad: The pair of parties, where there are two.
        rule: ``agreement/rule``.
        kin: How many open lapses the same announcement caused, this one included.
        has: Who has it, or put it off, in a few words.
    """

    id: str
    state: State
    severity: Severity
    about: str
    wrong: str
    dyad: str
    parties: tuple[str, ...]
    rule: str
    obligation: Kind
    reason: Reason
    subject: str
    onset: datetime
    deadline: datetime
    resolved: datetime | None = None
    revision: int = 1
    group: str | None = None
    kin: int = 0
    has: str = ""
    proposed: bool = False
    unverified: bool = False
    exercise: bool = False


class Layer(Row, frozen=True, kw_only=True):
    """One of a channel's three layers: what it is said to be, and since when."""

    stand: Condition
    says: str
    at: datetime | None = None


class ChannelRow(Row, frozen=True, kw_only=True):
    """A channel.

    Attributes:
        transport: Whether the line itself carries anything, as its last check found it.
        liveness: Whether somebody answers.
        policy: Whether a party has switched it off.
        last: The last contact or sign of life.
        due: When the next sign is expected.
        open: How many lapses of it are open.
    """

    id: str
    title: str
    dyad: str
    kind: str
    stand: Condition
    transport: Layer
    liveness: Layer
    policy: Layer
    military: bool = False
    proposed: bool = False
    last: datetime | None = None
    due: datetime | None = None
    since: datetime | None = None
    open: int = 0


class DyadRow(Row, frozen=True, kw_only=True):
    """A pair of parties: how it stands, and how many of the channels heard of are alive."""

    id: str
    stand: Condition
    open: int = 0
    worst: Severity | None = None
    alive: int = 0
    lapsed: int = 0
    unknown: int = 0
    channels: int = 0
    last: datetime | None = None
    due: datetime | None = None


class FeedRow(Row, frozen=True, kw_only=True):
    """A feed of reports: silent, it makes its subjects unknown."""

    id: str
    title: str
    stand: Condition
    last: datetime | None = None
    due: datetime | None = None


class NoticeRow(Row, frozen=True, kw_only=True):
    """A notice in force: of a launch that may come from ``opens`` to ``closes``."""

    id: str
    party: str
    status: Literal["planned", "amended", "cancelled"]
    issued: datetime
    opens: datetime | None = None
    closes: datetime | None = None
    windows: int = 0
    launch_class: str | None = msgspec.field(default=None, name="class")
    recipients: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    areas: tuple[Area, ...] = ()
    unread: bool = False
    exercise: bool = False


class LaunchRow(Row, frozen=True, kw_only=True):
    """A launch that was seen."""

    id: str
    party: str
    at: datetime
    launch_class: str = msgspec.field(default="unknown", name="class")
    site: Point | None = None
    impact: Point | None = None
    range_km: float | None = None
    count: int = 1
    claims: int = 1
    notified: bool | None = None
    exercise: bool = False


class IncidentRow(Row, frozen=True, kw_only=True):
    """An incident, and the contact that followed it or was owed by ``owed``."""

    id: str
    dyad: str
    at: datetime
    gravity: str
    domain: str
    vague: bool = False
    text: str | None = None
    place: Point | None = None
    contact: datetime | None = None
    owed: datetime | None = None
    claims: int = 1
    exercise: bool = False


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is on the floor at ``at``; each section by the ids of its rows.

    Attributes:
        at: The moment, by the log's own clock.
        more: Open lapses that are left out, where there are too many to be looked at.
        silent: How many channels nothing was ever heard of.
    """

    at: datetime | None
    more: int
    silent: int
    lapses: dict[str, LapseRow]
    channels: dict[str, ChannelRow]
    dyads: dict[str, DyadRow]
    feeds: dict[str, FeedRow]
    notices: dict[str, NoticeRow]
    launches: dict[str, LaunchRow]
    incidents: dict[str, IncidentRow]


SECTIONS = ("lapses", "channels", "dyads", "feeds", "notices", "launches", "incidents")


def pair_of(channel: Channel) -> str:
    """Between whom a channel is, in a word: ``PRC-US``; the parties with dashes where they are more than two."""
    return "-".join(sorted(channel.parties))
