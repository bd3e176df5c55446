"""What a watch must remember to go on after a restart as if nothing had been, cell by cell.

A cell is a piece of the state with a name, small enough to be written whenever it changes: ten minutes of a channel's signs of
life, an event on record, the lapses of one place, what one duty decided on evidence that is forgotten by now. All else
(clusters of claims, indexes, timers, findings) follows from the cells: whoever recalls them judges every duty once more, and
finds what had been found.

All cells of one moment together are a state; cells of different moments are none. Who keeps them must see to that.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from streams.docket.docket import Docket
from streams.events import AnyEvent
from streams.events.decode import decode, encode
from streams.lapses import Finding, Lapse
from streams.matching.match import Match
from streams.obligations.duty import Duty
from streams.obligations.prior import KeptNotice, LaneDuty
from streams.obligations.response import IncidentDuty, RequestDuty
from streams.obligations.salvos import Judged
from streams.register import Register
from streams.retractions import Retractions, Taken
from streams.signs import Sign, Signs

Name = tuple[str, ...]
"""A cell's kind, and what it is about."""

_Part = TypeVar("_Part")

_encode = msgspec.msgpack.Encoder(order="sorted").encode


class Clock(msgspec.Struct, frozen=True, array_like=True):
    """Where a watch is in time, and by which rules it judged.

    Attributes:
        now: The last tick, UTC.
        waiting: Events dated after it.
        drill: Whether there is a twin that judges drills.
        rules: A hash of the agreements.
        sweep_at: From how many events on record the settled ones are forgotten.
    """

    now: datetime | None
    waiting: list[AnyEvent]
    drill: bool
    rules: str
    sweep_at: int


class _Feed(msgspec.Struct, frozen=True, array_like=True):
    """The stretches for which a feed vouches, and the duties that wait for its next beat."""

    starts: list[datetime]
    ends: list[datetime]
    listeners: list[str]


class _Line(msgspec.Struct, frozen=True, array_like=True):
    """A channel: whether all is well on it, and what is forgotten of it."""

    quiet: bool
    floor: datetime | None
    forgotten: tuple[datetime | None, ...]


class _Sweeps(msgspec.Struct, frozen=True, array_like=True):
    """From how many on contacts of dyads, and launches and notices of parties, are looked through for settled ones."""

    contacts: dict[str, int]
    launches: dict[str, int]


_SIGNS = msgspec.msgpack.Decoder(list[Sign])
_FEED = msgspec.msgpack.Decoder(_Feed)
_LINE = msgspec.msgpack.Decoder(_Line)
_SWEEPS = msgspec.msgpack.Decoder(_Sweeps)
_CLOCK = msgspec.msgpack.Decoder(Clock)
_MATCH = msgspec.msgpack.Decoder(Match)
_NOTICE = msgspec.msgpack.Decoder(KeptNotice)
_SALVO = msgspec.msgpack.Decoder(Judged)
_TAKEN = msgspec.msgpack.Decoder(list[Taken])
_ENTRIES = msgspec.msgpack.Decoder(list[tuple[Finding | None, Lapse]])
_DUTY = msgspec.msgpack.Decoder(tuple[datetime | None, bool, msgspec.Raw])
_RESTING = _encode((None, False, None))


class Memory:
    """Gives the cells of one watch that changed, and puts them back into one that has seen nothing yet."""

    def __init__(self, docket: Docket, register: Register, retractions: Retractions) -> None:
        self._docket = docket
        self._register = register
        self._retractions = retractions
        self._moved: dict[str, Duty] = {}
        self._orphans: list[str] = []
        """Duties that were recalled and are no more: settled by now, or of a rule that is gone."""
        self._kept: dict[Name, bytes] = {}
        """The small cells as they were given last: most of them change seldom."""

    def moved(self, duty: Duty) -> None:
        """Note that a duty was judged, or its wake set: what it remembers may have changed."""
        self._moved[duty.name] = duty

    def changes(self) -> Iterator[tuple[Name, bytes | None]]:
        """The cells that changed since the last call; ``None`` for one that is gone. The clock is the watch's own."""
        for (name, source), event in self._retractions.changes():
            yield ("event", name, source), None if event is None else encode(event)
        for name, taken in self._retractions.withheld_changes():
            yield ("withheld", name), None if taken is None else _encode(taken)
        for kind, name, signs in self._signs():
            if signs.changed:
                for number, some in signs.changes():
                    yield (kind, name, str(number)), None if some is None else _encode(some)
        for place, small in self._small():
            if self._kept.get(place) != small:
                self._kept[place] = small
                yield place, small
        yield from self._duties()
        for (duty, slot), entries in self._register.changes():
            yield ("lapse", duty, slot), None if entries is None else _encode(entries)

    def recall(self, cells: Mapping[Name, bytes]) -> None:
        """Put the cells back."""
        found: dict[str, list[tuple[Name, bytes]]] = {}
        for name, cell in sorted(cells.items()):
            found.setdefault(name[0], []).append((name, cell))
        self._recall_signs(found)
        for name, cell in found.get("withheld", ()):
            self._retractions.recall_withheld(name[1], _TAKEN.decode(cell))
        for _, cell in found.get("event", ()):
            self._retractions.recall(decode(cell))
        for name, cell in found.get("lapse", ()):
            self._register.recall((name[1], name[2]), _ENTRIES.decode(cell))
        self._recall_duties(found)
        self._recall_small(found)

    def _signs(self) -> Iterator[tuple[str, str, Signs]]:
        """Every series of signs, with its kind and subject."""
        for name, record in self._docket.channels.records.items():
            yield "signs", name, record.signs
            yield "calls", name, record.calls
            yield "silences", name, record.silences
        for pair, contacts in self._docket.incidents.contacts.items():
            yield "contacts", pair, contacts

    def _recall_signs(self, found: Mapping[str, list[tuple[Name, bytes]]]) -> None:
        records, contacts = self._docket.channels.records, self._docket.incidents.contacts
        found_signs: dict[tuple[str, str], list[Sign]] = {}
        for kind in ("signs", "calls", "silences", "contacts"):
            for name, cell in found.get(kind, ()):
                found_signs.setdefault((kind, name[1]), []).extend(_SIGNS.decode(cell))
        for (kind, subject), signs in found_signs.items():
            if kind == "contacts":
                contacts[subject].recall(signs)
            elif subject in records:
                getattr(records[subject], kind).recall(signs)

    def _small(self) -> Iterator[tuple[Name, bytes]]:
        """Cells that are as soon written as asked whether they changed."""
        for name, feed in self._docket.channels.feeds.items():
            if feed.starts:
                yield ("feed", name), _encode(_Feed(feed.starts, feed.ends, sorted(duty.name for duty in feed.listeners)))
        for name, record in self._docket.channels.records.items():
            if record.floor is not None:
                forgotten = tuple(signs.forgotten_from for signs in (record.signs, record.calls, record.silences))
                yield ("line", name), _encode(_Line(record.quiet, record.floor, forgotten))
        yield ("sweeps",), _encode(_Sweeps(self._docket.incidents.sweep_at, self._docket.launches.sweep_at))

    def _recall_small(self, found: Mapping[str, list[tuple[Name, bytes]]]) -> None:
        duties = {duty.name: duty for duty in self._docket.duties()}
        for name, cell in (*found.get("feed", ()), *found.get("line", ()), *found.get("sweeps", ())):
            self._kept[name] = cell
        for name, cell in found.get("feed", ()):
            if (feed := self._docket.channels.feeds.get(name[1])) is not None:
                kept = _FEED.decode(cell)
                feed.starts, feed.ends = kept.starts, kept.ends
                feed.listeners = {duties[listener] for listener in kept.listeners if listener in duties}
        for name, cell in found.get("line", ()):
            if (record := self._docket.channels.records.get(name[1])) is not None:
                line = _LINE.decode(cell)
                record.quiet, record.floor = line.quiet, line.floor
                for signs, moment in zip((record.signs, record.calls, record.silences), line.forgotten, strict=True):
                    signs.forgotten_from = moment
        for _, cell in found.get("sweeps", ()):
            self._docket.incidents.sweep_at.update(_SWEEPS.decode(cell).contacts)
            self._docket.launches.sweep_at.update(_SWEEPS.decode(cell).launches)

    def _duties(self) -> Iterator[tuple[Name, bytes | None]]:
        for name in self._orphans:
            yield ("duty", name), None
        self._orphans.clear()
        for name, duty in sorted(self._moved.items()):
            if isinstance(duty, LaneDuty):
                for kind, key, part in duty.parts():
                    yield (kind, name, key), None if part is None else _encode(part)
            place = ("duty", name)
            cell = _RESTING if duty.done else _encode((duty.wake, duty.quiet, duty.remember()))
            if cell != self._kept.get(place, _RESTING):
                if cell == _RESTING:
                    del self._kept[place]
                    yield place, None
                else:
                    self._kept[place] = cell
                    yield place, cell
        self._moved.clear()

    def _recall_duties(self, found: Mapping[str, list[tuple[Name, bytes]]]) -> None:
        matches = _by_duty(found.get("match", ()), _MATCH)
        notices = _by_duty(found.get("notice", ()), _NOTICE)
        salvos = _by_duty(found.get("salvo", ()), _SALVO)
        kept = {name[1]: cell for name, cell in found.get("duty", ())}
        self._orphans = sorted(kept.keys() - {duty.name for duty in self._docket.duties()})
        for duty in list(self._docket.duties()):
            if isinstance(duty, RequestDuty | IncidentDuty) and duty.name not in kept:
                # It was settled, though its reports are still known.
                self._docket.drop(duty)
            if isinstance(duty, LaneDuty):
                name = duty.name
                duty.recall_parts(matches.get(name, {}), notices.get(name, {}), salvos.get(name, {}))
            if duty.name in kept:
                self._kept["duty", duty.name] = kept[duty.name]
                duty.wake, duty.quiet, remembered = _DUTY.decode(kept[duty.name])
                if duty.kept is not None:
                    duty.recall(msgspec.msgpack.decode(remembered, type=duty.kept | None))


def _by_duty(cells: Iterable[tuple[Name, bytes]], decoder: msgspec.msgpack.Decoder[_Part]) -> dict[str, dict[str, _Part]]:
    """The parts of duties that are kept one by one, by the duty and their key."""
    found: dict[str, dict[str, _Part]] = {}
    for (_, duty, key), cell in cells:
        found.setdefault(duty, {})[key] = decoder.decode(cell)
    return found


def clock_cell(clock: Clock) -> bytes:
    """The clock as a cell."""
    return _encode(clock)


def read_clock(cell: bytes) -> Clock:
    """What ``clock_cell`` wrote."""
    return _CLOCK.decode(cell)
