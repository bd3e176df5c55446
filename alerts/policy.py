"""Who is told what, when, and how loudly: the policy as data. Types only; ``alerts.policies`` reads it from TOML.

A person is reached by receivers; a rota says which person has the watch; a route says, for the lapses that it matches, whom
to tell at once and whom after so long without an acknowledgement.
"""

from datetime import date, datetime, time, timedelta
from typing import Literal

import msgspec

from streams.actions import Match
from streams.severity import Severity


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """One way out.

    Attributes:
        kind: ``apprise`` (mail, chat, paging services, webhooks), ``alertmanager`` (its API, version 2) or ``log``.
        url_file: The file that holds its address, which may hold a secret; ``url`` is one that holds none.
        exercise: Takes drills and replays, and nothing else; the others never take any.
        instead: Receivers to try in turn when this one does not take something.
    """

    id: str
    kind: Literal["apprise", "alertmanager", "log"] = "apprise"
    url: str | None = None
    url_file: str | None = None
    exercise: bool = False
    instead: tuple[str, ...] = ()


class Officer(msgspec.Struct, frozen=True, kw_only=True):
    """A person who can be told; ``receivers`` in the order in which they are used, all at once."""

    id: str
    name: str
    receivers: tuple[str, ...]


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else has the watch from ``start`` to ``end``, UTC."""

    person: str
    start: datetime
    end: datetime


class Rota(msgspec.Struct, frozen=True, kw_only=True):
    """Whose watch it is.

    Attributes:
        zone: The time zone in which ``handover`` is meant, an IANA name.
        people: In turn, each for ``days`` days from ``start`` on. Empty where a calendar says it.
        handover: The time of day at which the watch changes.
        calendar: An iCalendar file: whoever an event names (its summary, or an attendee's address) has the watch during it.
    """

    id: str
    zone: str = "UTC"
    people: tuple[str, ...] = ()
    start: date | None = None
    days: int = 7
    handover: time = time(9)
    overrides: tuple[Override, ...] = ()
    calendar: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell ``after`` so long without an acknowledgement: ``person:ann``, ``rota:duty``, ``receiver:siren``."""

    after: timedelta
    to: tuple[str, ...]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """The way of what it matches; the first route that matches a lapse has it, unless it says ``go_on``.

    Attributes:
        match: Which lapses; everything where it is empty.
        steps: Whom to tell, when. The first is at once (after its time).
        nag: How often it is said again to the last step while nobody has acknowledged it.
        reminders: How long after the alarm it is said again while it stands and somebody has it: 1 day, 3 days, ...; the last
            interval goes on for ever.
        ack_for: How long an acknowledgement holds where it does not say.
        quiet: The quiet hours that hold it back; they hold back nothing from severity page on.
    """

    id: str
    match: Match = Match()
    steps: tuple[Step, ...]
    nag: timedelta = timedelta(minutes=30)
    reminders: tuple[timedelta, ...] = (timedelta(days=1), timedelta(days=3), timedelta(days=7), timedelta(days=30))
    ack_for: timedelta = timedelta(days=7)
    quiet: str | None = None
    go_on: bool = False


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of the day in which what is less than ``below`` waits until they are over.

    Attributes:
        zone: An IANA name.
        start: Time of day; ``end`` likewise, of the next day where it is earlier.
        days: Weekdays on which they begin, 0 is Monday.
    """

    id: str
    zone: str
    start: time
    end: time
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    below: Severity = Severity.PAGE


class Flapping(msgspec.Struct, frozen=True, kw_only=True):
    """When something that comes and goes is held: after ``changes`` in ``within``, until it was still for ``calm``."""

    changes: int = 4
    within: timedelta = timedelta(hours=6)
    calm: timedelta = timedelta(hours=1)


class Maintenance(msgspec.Struct, frozen=True, kw_only=True):
    """A silence announced ahead, in the policy itself; see ``streams.actions.Silence``."""

    name: str
    match: Match
    start: datetime
    end: datetime
    reason: str


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """All of it.

    Attributes:
        gather: How long a new page waits for others of the same announcement before it goes out.
        exercise: The receivers to which drills and replays go, whatever the routes say.
        trouble: Whom to tell when a receiver takes nothing: ``person:``, ``rota:`` or ``receiver:``.
        link: Where a page can be looked at, with ``{page}`` in it.
    """

    receivers: tuple[Receiver, ...]
    people: tuple[Officer, ...]
    rotas: tuple[Rota, ...] = ()
    routes: tuple[Route, ...]
    quiet: tuple[QuietHours, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    flapping: Flapping = Flapping()
    gather: timedelta = timedelta(seconds=10)
    exercise: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()
    link: str | None = None
