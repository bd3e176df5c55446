"""Who is told what, when, and how loudly: the policy as data. Types only; ``alerts.policies`` reads it from TOML.

A person is reached by receivers; a rota says which person has the watch; a route says, for the lapses that it matches, whom
to tell at once and whom after so long without an acknowledgement.
"""

from datetime import date, time
from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from streams.actions import Match, Person, Words
from streams.agreements.model import Spec
from streams.events.envelope import Key
from streams.events.times import Moment
from streams.severity import Severity
from streams.spans import Span

Target = Annotated[str, Meta(pattern=r"^(person|rota|receiver):[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$(?!\n)")]
"""Whom to tell: ``person:ann``, ``rota:duty``, ``receiver:siren``."""
MAX_CALENDAR = 262_144
"""The longest calendar that is read, in bytes."""
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def _spans(*seconds: int) -> tuple[Span, ...]:
    return tuple(Span(seconds=number) for number in seconds)


class Receiver(Spec, frozen=True, kw_only=True):
    """One way out.

    Attributes:
        kind: ``apprise`` (mail, chat, paging services, webhooks), ``alertmanager`` (its API, version 2) or ``log``.
        url_file: The file that holds its address, which may hold a secret; ``url`` is one that holds none.
        exercise: Takes drills and replays, and nothing else; the others never take any.
        instead: Receivers to try in turn when this one does not take something.
    """

    id: Key
    kind: Literal["apprise", "alertmanager", "log"] = "apprise"
    url: Annotated[str, Meta(min_length=1, max_length=2_000)] | None = None
    url_file: Annotated[str, Meta(min_length=1, max_length=1_000)] | None = None
    exercise: bool = False
    instead: tuple[Key, ...] = ()


class Officer(Spec, frozen=True, kw_only=True):
    """A person who can be told.

    Attributes:
        receivers: The ways to this person, used all at once.
        known_as: Other words by which a calendar names the person: an address, ``On call: Ann``.
    """

    id: Person
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    known_as: tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...] = ()
    receivers: Annotated[tuple[Key, ...], Meta(min_length=1)]


class Override(Spec, frozen=True, kw_only=True):
    """Somebody else has the watch from ``start`` to ``end``, UTC."""

    person: Person
    start: Moment
    end: Moment

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"expected `end` after `start`, got {self.start:%FT%TZ} to {self.end:%FT%TZ}")


class Rota(Spec, frozen=True, kw_only=True):
    """Whose watch it is.

    Attributes:
        zone: The time zone in which ``handover`` is meant, an IANA name.
        people: In turn, each for ``days`` days from ``start`` on. Empty where a calendar says it.
        handover: The time of day at which the watch changes.
        calendar: An iCalendar file: whoever an event names (its summary, or an attendee's address) has the watch during it.
        calendar_text: What the file says; put here by whoever reads the policy, so that it is whole by itself.
    """

    id: Key
    zone: str = "UTC"
    people: tuple[Person, ...] = ()
    start: date | None = None
    days: Annotated[int, Meta(ge=1, le=366)] = 7
    handover: time = time(9)
    overrides: tuple[Override, ...] = ()
    calendar: Annotated[str, Meta(min_length=1, max_length=1_000)] | None = None
    calendar_text: str | None = None

    def __post_init__(self) -> None:
        if bool(self.people) == (self.calendar is not None):
            raise ValueError(f"expected either `people` or `calendar`, got {'both' if self.people else 'neither'}")
        if bool(self.people) != (self.start is not None):
            raise ValueError("expected `start`, the day of the first watch, with `people`; got the one without the other")


class Step(Spec, frozen=True, kw_only=True):
    """Whom to tell ``after`` so long without an acknowledgement, counted from the alarm."""

    after: Span = Span()
    to: Annotated[tuple[Target, ...], Meta(min_length=1)]


class Route(Spec, frozen=True, kw_only=True):
    """The way of what it matches; the first route that matches a lapse has it, unless it says ``go_on``.

    Attributes:
        match: Which lapses; everything where it is empty.
        steps: Whom to tell, when; the first is at once.
        nags: How long to wait before it is said again to the last step while nobody has acknowledged it, one wait after the
            other; the last goes on for ever. None: it is not said again.
        reminders: The same for what stands and somebody has; to the first step, and to who has it.
        ack_for: How long an acknowledgement holds where it does not say.
        quiet: The quiet hours that hold it back; they hold back nothing from severity page on.
        go_on: Whether the routes after it are asked too.
    """

    id: Key
    match: Match = Match()
    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    nags: tuple[Span, ...] = _spans(30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 30 * _DAY)
    reminders: tuple[Span, ...] = _spans(_DAY, 2 * _DAY, 4 * _DAY, 30 * _DAY)
    ack_for: Span = Span(seconds=90 * _DAY)
    quiet: Key | None = None
    go_on: bool = False

    def __post_init__(self) -> None:
        if any(not span.months and span.seconds < _MINUTE for span in (*self.nags, *self.reminders, self.ack_for)):
            raise ValueError("expected `nags`, `reminders` and `ack_for` of a minute or more, got less")
        waits = [step.after.months * 31 * _DAY + step.after.seconds for step in self.steps]
        if waits[0] or any(later <= sooner for sooner, later in pairwise(waits)):
            raise ValueError("expected a first of the `steps` without `after`, and each later than the one before; got another")


class QuietHours(Spec, frozen=True, kw_only=True):
    """Hours of the day in which what is less than ``below`` waits until they are over.

    Attributes:
        zone: An IANA name.
        start: Time of day; ``end`` likewise, of the next day where it is not later.
        days: Weekdays on which they begin, 0 is Monday.
        below: ``page`` at most: nothing holds back what wakes people.
    """

    id: Key
    zone: str
    start: time
    end: time
    days: tuple[Annotated[int, Meta(ge=0, le=6)], ...] = (0, 1, 2, 3, 4, 5, 6)
    below: Severity = Severity.PAGE

    def __post_init__(self) -> None:
        if self.below.rank > Severity.PAGE.rank:
            raise ValueError(f"expected `below` to be page at most: quiet hours hold back no page, got {self.below}")


class Flapping(Spec, frozen=True, kw_only=True):
    """When something that comes and goes is held: after ``changes`` in ``within``, until it was still for ``calm``."""

    changes: Annotated[int, Meta(ge=2, le=100)] = 4
    within: Span = Span(seconds=6 * _HOUR)
    calm: Span = Span(seconds=_HOUR)


class Maintenance(Spec, frozen=True, kw_only=True):
    """A silence announced ahead, in the policy itself; see ``streams.actions.Silence``."""

    name: Key
    match: Match
    start: Moment
    end: Moment
    reason: Words

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"expected `end` after `start`, got {self.start:%FT%TZ} to {self.end:%FT%TZ}")
        if self.match == Match():
            raise ValueError("expected what is to be silent: dyads, agreements, rules, subjects or severities; got nothing")


class Policy(Spec, frozen=True, kw_only=True):
    """All of it.

    Attributes:
        gather: How long a new page waits for others of the same announcement, or of the same two parties, before it goes out.
        together: How many pages may gather at once; what comes on top is listed on one.
        exercise: The receivers to which drills and replays go, whatever the routes say.
        trouble: Whom to tell when a receiver takes nothing, or nobody has the watch.
        link: Where a page can be looked at, with ``{page}`` in it.
    """

    receivers: tuple[Receiver, ...] = ()
    people: tuple[Officer, ...] = ()
    rotas: tuple[Rota, ...] = ()
    routes: tuple[Route, ...] = ()
    quiet: tuple[QuietHours, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    flapping: Flapping = Flapping()
    gather: Span = Span(seconds=10)
    together: Annotated[int, Meta(ge=1, le=1_000)] = 20
    exercise: tuple[Key, ...] = ()
    trouble: tuple[Target, ...] = ()
    link: Annotated[str, Meta(max_length=1_000)] | None = None

    def __post_init__(self) -> None:
        if self.gather.months or self.gather.seconds > _MINUTE:
            raise ValueError(f"expected `gather` of a minute at most, got {self.gather}")


def whole(policy: Policy, **parts: tuple[Spec, ...]) -> Policy:
    """The policy with these lists in place of its own."""
    return msgspec.structs.replace(policy, **parts)
