"""What was reported, folded into what people look at: notices, launches, incidents and contacts, the last word on each channel.

The watch forgets what no rule can ask for any more; the page shows it all the same. What counts as one launch or one notice,
and which contact follows which incident, is decided by the functions that the watch uses.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from streams.events import (
    AnyEvent,
    ChannelCheck,
    ChannelRequest,
    ChannelStatus,
    Contact,
    DialogueMeeting,
    Event,
    FeedHeartbeat,
    IncidentReport,
    LaunchNotice,
    LaunchObservation,
    Retraction,
    Tick,
    dyad,
)
from streams.launchbook import LaunchBook
from streams.matching.launches import Launch
from streams.matching.notices import Series
from streams.rulebook import RuleBook, dyads_of
from streams.signs import Sign, Signs


class Told(NamedTuple):
    """Something said about a channel: when, and what; ``by`` is the party that said it, where one did."""

    at: datetime
    what: str
    by: str | None = None


class Scene:
    """What one world (the real one, or that of the drills) has heard."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self.books: dict[str, LaunchBook] = {}
        self.incidents: dict[str, dict[tuple[str, str], IncidentReport]] = {}
        self.contacts: dict[str, Signs] = {}
        self.checks: dict[str, Told] = {}
        """The last check of each channel."""
        self.statuses: dict[str, Told] = {}
        """The last status that a party declared of each channel."""
        self._by_id: dict[str, list[AnyEvent]] = {}
        self._gone: set[str] = set()

    def take(self, event: AnyEvent) -> None:
        """Take in an event of the log, a retraction as well."""
        if type(event) is ChannelCheck:
            # Nearly all are; a check that is taken back still was the last thing heard.
            data = event.data
            before = self.checks.get(data.channel)
            if before is None or before.at <= event.time:
                self.checks[data.channel] = Told(event.time, data.outcome)
            return
        if type(event) is FeedHeartbeat or type(event) is Tick:
            return
        if isinstance(event, Retraction):
            self._gone.add(event.data.retracts)
            for told in self._by_id.pop(event.data.retracts, ()):
                self._put(told, retract=True)
        elif event.id not in self._gone:
            self._by_id.setdefault(event.id, []).append(event)
            self._put(event)

    def _put(self, event: AnyEvent, *, retract: bool = False) -> None:
        match event:
            case LaunchNotice():
                book = self._of(event.data.party)
                (book.unannounced if retract else book.announced)(event)
            case LaunchObservation():
                book = self._of(event.data.party)
                (book.unobserved if retract else book.observed)(event)
            case IncidentReport():
                claims = self.incidents.setdefault(event.data.incident, {})
                if retract:
                    claims.pop((event.source, event.id), None)
                else:
                    claims[event.source, event.id] = event
            case Contact() if not event.data.public:
                self._contact([dyad(*event.data.parties)], event, retract=retract)
            case ChannelRequest() if event.data.outcome == "answered" and event.data.channel in self._book.channels:
                self._contact(dyads_of(self._book.channels[event.data.channel].parties), event, retract=retract)
            case DialogueMeeting() if event.data.outcome == "held":
                self._contact(dyads_of(event.data.parties), event, retract=retract)
            case ChannelStatus():
                for name in event.data.channels:
                    before = self.statuses.get(name)
                    if not retract and (before is None or before.at <= event.time):
                        self.statuses[name] = Told(event.time, event.data.status, event.data.party)
            case _:
                pass

    def series(self) -> Iterator[Series]:
        """Every notice, over its revisions."""
        for book in self.books.values():
            yield from book.series.values()

    def launches(self) -> Iterator[Launch]:
        """Every launch, with all that was said of it."""
        for book in self.books.values():
            yield from book.launches.values()

    def contact_after(self, pair: str, moment: datetime) -> Sign | None:
        """The first contact of two parties that can have followed ``moment``, by the watch's own measure."""
        contacts = self.contacts.get(pair)
        return None if contacts is None else contacts.possibly_after(moment)

    def _of(self, party: str) -> LaunchBook:
        return self.books.setdefault(party, LaunchBook(party))

    def _contact(self, pairs: Iterable[str], event: Event, *, retract: bool) -> None:
        sign = Sign.of(event)
        for pair in pairs:
            contacts = self.contacts.setdefault(pair, Signs())
            if retract:
                contacts.remove(sign)
            else:
                contacts.add(sign)


class Scenes:
    """The real world and that of the drills, told apart by what each event says."""

    def __init__(self, book: RuleBook, events: Iterable[AnyEvent] = ()) -> None:
        self.real = Scene(book)
        self.drill = Scene(book)
        for event in events:
            self.take(event)

    def take(self, event: AnyEvent) -> None:
        """Take in an event of either world."""
        (self.drill if event.exercise else self.real).take(event)
