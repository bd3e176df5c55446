"""The three rules for one channel, one party, one pair: plain state for frameworks that keep any object for a key.

A lapse is told once nothing that may still come can undo it: an event is no later than thirty seconds. What is still open when
the events end is told then, also where it is not due yet; whoever asked keeps what is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.benchmarks.events import Check, Contact, Event, Incident, Launch, Notice
from tests.benchmarks.oracle import CONTACT_WITHIN, LONGEST_GAP, Lapse

LATEST = timedelta(seconds=30)
"""How late an event may come."""
KEPT = 8
"""How many notices of a party, and contacts of a pair, are looked through."""
NONE: list[Lapse] = []


class Silence:
    """The checks of one channel."""

    def __init__(self) -> None:
        self._channel = ""
        self._last: datetime | None = None
        self._gaps: list[tuple[datetime, datetime]] = []

    def take(self, events: Sequence[Check]) -> list[Lapse]:
        """What the next checks settle."""
        last = self._last
        for event in events:
            at = event.time
            if last is None:
                self._channel, last = event.data.channel, at
            elif at > last:
                if at - last > LONGEST_GAP:
                    self._gaps.append((last, at))
                last = at
            elif self._gaps:
                self._fill(at)
        self._last = last
        if not self._gaps:
            return NONE
        over = events[-1].ingested - LATEST
        settled = [gap for gap in self._gaps if gap[1] <= over]
        self._gaps = [gap for gap in self._gaps if gap[1] > over]
        return [("check", self._channel, since + LONGEST_GAP) for since, _ in settled]

    def _fill(self, at: datetime) -> None:
        parts = [part for since, until in self._gaps for part in ((since, min(at, until)), (max(at, since), until))]
        self._gaps = [(since, until) for since, until in parts if until - since > LONGEST_GAP]

    def end(self) -> list[Lapse]:
        """What is open."""
        since = [gap[0] for gap in self._gaps] + ([] if self._last is None else [self._last])
        return [("check", self._channel, moment + LONGEST_GAP) for moment in since]


class Unannounced:
    """The notices and launches of one party."""

    def __init__(self) -> None:
        self._told: list[tuple[datetime, datetime, datetime]] = []
        self._waiting: list[tuple[str, datetime]] = []

    def take(self, events: Sequence[Notice | Launch]) -> list[Lapse]:
        """What the next events settle."""
        for event in events:
            data = event.data
            if isinstance(event, Notice):
                self._told.append((event.data.recipients[0].received, event.data.window.opens, event.data.window.closes))
                del self._told[:-KEPT]
            else:
                self._waiting.append((f"{data.party}/{event.data.launch}/WATCH", event.time))
        over = events[-1].ingested - LATEST
        settled = [launch for launch in self._waiting if launch[1] <= over]
        self._waiting = [launch for launch in self._waiting if launch[1] > over]
        return self._judged(settled)

    def _judged(self, launches: list[tuple[str, datetime]]) -> list[Lapse]:
        return [
            ("notice", subject, at)
            for subject, at in launches
            if not any(received < at and opens <= at <= closes for received, opens, closes in self._told)
        ]

    def end(self) -> list[Lapse]:
        """What is open."""
        return self._judged(self._waiting)


class Unanswered:
    """The incidents and contacts of one pair of parties."""

    def __init__(self) -> None:
        self._spoke: list[datetime] = []
        self._waiting: list[tuple[str, datetime]] = []

    def take(self, events: Sequence[Incident | Contact]) -> list[Lapse]:
        """What the next events settle."""
        for event in events:
            if isinstance(event, Contact):
                self._spoke.append(event.time)
                del self._spoke[:-KEPT]
            else:
                self._waiting.append((f"{pair(event.data.parties)}/{event.data.incident}", event.time))
        over = events[-1].ingested - LATEST - CONTACT_WITHIN
        settled = [incident for incident in self._waiting if incident[1] <= over]
        self._waiting = [incident for incident in self._waiting if incident[1] > over]
        return self._judged(settled)

    def _judged(self, incidents: list[tuple[str, datetime]]) -> list[Lapse]:
        return [
            ("contact", subject, at)
            for subject, at in incidents
            if not any(at < contact <= at + CONTACT_WITHIN for contact in self._spoke)
        ]

    def end(self) -> list[Lapse]:
        """What is open."""
        return self._judged(self._waiting)


Duty = Silence | Unannounced | Unanswered


def duty_of(event: Event) -> Duty:
    """The duty that an event bears on, as it is before any."""
    if isinstance(event, Check):
        return Silence()
    return Unannounced() if isinstance(event, Notice | Launch) else Unanswered()


def owner(event: Event) -> str:
    """The channel, party or pair of parties that an event is about: no two of them are called alike."""
    if isinstance(event, Check):
        return event.data.channel
    if isinstance(event, Notice | Launch):
        return event.data.party
    return pair(event.data.parties)


def pair(parties: Sequence[str]) -> str:
    """Two parties, whichever was named first."""
    return "-".join(sorted(parties))
