"""The watch floor: how everything stands that a watch judges, kept up to date at whole minutes. Pure.

``floor`` looks at everything at once. ``Floor`` looks only at what can have changed since it looked last, so that it costs next
to nothing while a million events pass: at things whose duties were judged, at those that hang on them, at those whose time has
come by their calendar, and at the few that a sign of life could better without anybody being told.

What a snapshot says follows from the log alone. So whoever goes on from a state that was kept remembers what was told last
(``Kept``), looks at everything once more, and finds a difference exactly where there was one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush

import msgspec

from streams.events import AnyEvent
from streams.events.incidents import dyad
from streams.feeds import FeedRecord
from streams.gauge import measures
from streams.obligations.duty import Duty
from streams.obligations.prior import LaneDuty
from streams.obligations.response import IncidentDuty, RequestDuty
from streams.posture import Measure, Posture, Standing
from streams.standings import ChannelSubject, DyadSubject, FeedSubject, Key, RegimeSubject, Subject, Thing
from streams.watch import Watch

_LAYERS = ("feed", "channel", "regime", "dyad")
"""What hangs on another is looked at after it."""


_WHOLE = timedelta(hours=6)
"""From one snapshot that tells everything to the next, at least: so far back whoever begins to read must go."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What a floor remembers.

    Attributes:
        whole: When everything was told last, UTC.
        told: What was told last of each thing.
        measures: What was measured since the last snapshot.
    """

    whole: datetime | None
    told: list[tuple[Thing, Key]]
    measures: list[Measure]


class Floor:
    """The standings of everything that one watch judges, with what was measured."""

    def __init__(self, watch: Watch) -> None:
        """Follow a watch from now on."""
        self._subjects: dict[Thing, Subject] = {}
        self._of_duty: dict[str, Thing] = {}
        self._hangs: defaultdict[Thing, list[Thing]] = defaultdict(list)
        self._others: set[Thing] = set()
        """Feeds of which another watch tells."""
        self._standings: dict[Thing, Standing] = {}
        self._told: dict[Thing, Key] = {}
        self._again: dict[Thing, datetime] = {}
        self._due: list[tuple[datetime, Thing]] = []
        self._stirred: set[Thing] = set()
        self._restless: set[Thing] = set()
        self._anew = True
        """Whether everything is to be looked at."""
        self._measures: dict[tuple[str | None, ...], Measure] = {}
        self._whole: datetime | None = None
        self._raise_feeds(watch)
        lines = self._raise_channels(watch)
        self._raise_regimes(watch)
        self._raise_dyads(watch, lines)

    def _raise_feeds(self, watch: Watch) -> None:
        channels = watch.docket.channels
        for name, record in channels.feeds.items():
            duty = channels.heartbeats[name]
            feed = FeedSubject(record, channels.book.feed_homes[name], duty, watch.register)
            self._put(feed, (duty,))
            if not watch.remit.feed(name):
                self._others.add(feed.thing)

    def _raise_channels(self, watch: Watch) -> dict[str, list[ChannelSubject]]:
        """Raise the channels; returned are those between two parties alone, by dyad."""
        channels = watch.docket.channels
        homes = {channel.id: agreement for agreement in channels.book.agreements for channel in agreement.channels}
        lines: defaultdict[str, list[ChannelSubject]] = defaultdict(list)
        for name in channels.records:
            channel = ChannelSubject(channels.book.channels[name], homes[name], channels, watch.register)
            self._put(channel, channels.duties_of(name), channel.feeds)
            parties = sorted(set(channel.channel.parties))
            if len(parties) == 2:
                lines[dyad(*parties)].append(channel)
        return lines

    def _raise_regimes(self, watch: Watch) -> None:
        docket = watch.docket
        agreements = {agreement.id: agreement for agreement in docket.book.agreements}
        owed: defaultdict[tuple[str, str | None], list[Duty]] = defaultdict(list)
        for duty in (*docket.launches.duties(), *docket.benchmarks):
            owed[duty.rule.agreement.id, duty.owes].append(duty)
        for (name, party), duties in owed.items():
            regime = RegimeSubject(agreements[name], party, duties, docket.launches, watch.register)
            self._put(regime, duties, regime.feeds)

    def _raise_dyads(self, watch: Watch, lines: dict[str, list[ChannelSubject]]) -> None:
        incidents = watch.docket.incidents
        for pair in sorted({*incidents.pairs, *filter(watch.remit.dyad, lines)}):
            two = DyadSubject(pair, lines.get(pair, ()), incidents, watch.register, self._standings.get)
            self._put(two, ())
            for channel in two.channels:
                self._hangs[channel.thing].append(two.thing)

    def _put(self, subject: Subject, duties: Iterable[Duty], feeds: Sequence[FeedRecord] = ()) -> None:
        self._subjects[subject.thing] = subject
        for duty in duties:
            self._of_duty[duty.name] = subject.thing
        for feed in feeds:
            self._hangs["feed", feed.feed.id, ""].append(subject.thing)

    def judged(self, duty: Duty, slots: Sequence[str], event: AnyEvent | None) -> None:
        """Take note of a duty that was judged; the watch's ``observer``."""
        if isinstance(duty, LaneDuty):
            # What a party gives only stands otherwise where a lapse changed, or left the books.
            thing = self._of_duty[duty.name]
            if slots or duty.dropped or thing not in self._standings:
                self._stirred.add(thing)
            if not (duty.touched or duty.series_touched or slots):
                return
        elif isinstance(duty, RequestDuty):
            self._stirred.add(("channel", duty.channel.id, ""))
        elif isinstance(duty, IncidentDuty):
            self._stirred.add(("dyad", duty.pair, ""))
        else:
            if (known := self._of_duty.get(duty.name)) is not None:
                self._stirred.add(known)
            return
        for measure in measures(duty, slots, event):
            name = (measure.what, measure.agreement, measure.rule, measure.subject, measure.recipient, measure.of)
            self._measures[name] = measure

    @property
    def restless(self) -> bool:
        """Whether anything can have changed since the last snapshot but by time."""
        return bool(self._stirred or self._restless or self._anew)

    @property
    def turns(self) -> datetime | None:
        """When something can change next by time alone, UTC."""
        while self._due and self._again.get(self._due[0][1]) != self._due[0][0]:
            heappop(self._due)
        return self._due[0][0] if self._due else None

    def standings(self) -> tuple[Standing, ...]:
        """Everything as of the last look, by kind, name and party."""
        return tuple(standing for thing, standing in sorted(self._standings.items()) if thing not in self._others)

    def look(self, now: datetime) -> None:
        """Look at everything as of ``now``, up to which the watch has come."""
        self._anew = True
        self._changed(now)

    def posture(self, partition: int, now: datetime, run: str | None, *, always: bool) -> Posture | None:
        """A snapshot as of ``now``, a whole minute up to which the watch has come.

        Everything is told at the first one after each six hours, and where something stands no way at all any more: a
        snapshot of what changed has no word for that.

        Args:
            partition: The partition number.
            now: The minute, UTC.
            run: The replay or drill.
            always: Tell where nothing changed, too.
        """
        changed = self._changed(now)
        whole = always and (self._whole is None or now - self._whole >= _WHOLE)
        measured = tuple(self._measures.values())
        if not (always or changed or measured):
            return None
        if whole:
            self._whole = now
            self._freshen()
        self._measures = {}
        told = self.standings() if whole else tuple(self._standings[thing] for thing in sorted(changed))
        return Posture(partition=partition, at=now, run=run, whole=whole, standings=told, measures=measured)

    def remember(self) -> Kept:
        """What is needed to go on from here."""
        return Kept(self._whole, sorted(self._told.items()), list(self._measures.values()))

    def recall(self, kept: Kept) -> None:
        """Go on from where ``kept`` was written."""
        told = dict(kept.told)
        self._told = {thing: key for thing, key in told.items() if thing in self._subjects}
        # Of what other rules brought along nothing will be said again.
        self._whole = kept.whole if len(self._told) == len(told) else None
        for measure in kept.measures:
            name = (measure.what, measure.agreement, measure.rule, measure.subject, measure.recipient, measure.of)
            self._measures[name] = measure
        self._anew = True

    def _changed(self, now: datetime) -> list[Thing]:
        """Look where something can have changed; the things of which there is something new to tell."""
        found = self._to_look_at(now)
        self._stirred.clear()
        self._anew = False
        if not found:
            return []
        layers: dict[str, set[Thing]] = {kind: set() for kind in _LAYERS}
        for thing in found:
            layers[thing[0]].add(thing)
        changed: list[Thing] = []
        for kind in _LAYERS:
            for thing in layers[kind]:
                if self._look_at(thing, now):
                    for other in self._hangs.get(thing, ()):
                        layers[other[0]].add(other)
                    if thing not in self._others and thing in self._standings:
                        changed.append(thing)
        return changed

    def _freshen(self) -> None:
        """Put right what moves with every sign of life."""
        for kind in _LAYERS:
            for thing in [thing for thing in self._standings if thing[0] == kind]:
                due = self._told[thing][3]
                self._standings[thing] = self._subjects[thing].freshened(self._standings[thing], due)

    def _to_look_at(self, now: datetime) -> Collection[Thing]:
        turned: list[Thing] = []
        while (moment := self.turns) is not None and moment <= now:
            turned.append(heappop(self._due)[1])
            del self._again[turned[-1]]
        if self._anew:
            return self._subjects
        return {*self._stirred, *self._restless, *turned}

    def _look_at(self, thing: Thing, now: datetime) -> bool:
        """Look at one thing; whether it stands otherwise than was told."""
        standing, key, again, restless = self._subjects[thing].look(now)
        (self._restless.add if restless else self._restless.discard)(thing)
        if again != self._again.get(thing):
            if again is None:
                del self._again[thing]
            else:
                self._again[thing] = again
                heappush(self._due, (again, thing))
        if standing is None or key is None:
            self._standings.pop(thing, None)
            if self._told.pop(thing, None) is None:
                return False
            self._whole = None
            return True
        self._standings[thing] = standing
        if self._told.get(thing) == key:
            return False
        self._told[thing] = key
        return True


def floor(watch: Watch) -> tuple[Standing, ...]:
    """How everything stands as of the watch's last tick, by kind, name and party; nothing before the first."""
    if watch.now is None:
        return ()
    found = Floor(watch)
    found.look(watch.now)
    return found.standings()
