"""The sheet on which a report is filled in: each field is checked against the agreements, and all faults are told at once."""

import re
import typing
from collections.abc import Collection, Iterable
from datetime import datetime
from difflib import get_close_matches
from typing import NamedTuple

import msgspec

from producers.reports.moments import When, when
from streams.events import AnyEvent
from streams.events.decode import MAX_BYTES, SKEW, Refused, decode, encode
from streams.events.times import interval, spoken
from streams.rulebook import RuleBook

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LONGEST_TEXT = 20_000
_LONGEST_ID = 200
_LONGEST_SOURCE = 2_000
_NONE = "0" * 8
"""Stands in the place of a field that was wrong, until the sheet is handed in and refused."""


class Problem(NamedTuple):
    """What is wrong with one option."""

    option: str
    message: str

    def __str__(self) -> str:
        return f"{self.option}: {self.message}"


class ReportError(Exception):
    """The report is not fit to be sent; every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Said(NamedTuple):
    """What every report says about itself, as it was given.

    Attributes:
        at: When it happened.
        zone: The zone of ``at``, where that does not say it.
        precision: How exactly ``at`` is known, where that is less exact than it is written.
        reported: When it was first reported.
        source: Who says so.
        id: The event's id.
        exercise: Whether it is a drill.
    """

    at: str
    source: str
    id: str
    zone: str | None = None
    precision: str | None = None
    reported: str | None = None
    exercise: bool = False


class Sheet:
    """Takes fields as text, and gives what they mean; what is wrong is noted, and told at the end."""

    def __init__(self, book: RuleBook, now: datetime) -> None:
        self._book = book
        self._now = now
        self._problems: list[Problem] = []
        self._parties = sorted(
            {party for agreement in book.agreements for party in agreement.parties}.union(
                party for channel in book.channels.values() for party in channel.parties
            )
        )

    def wrong(self, option: str, message: str) -> None:
        """Note a problem."""
        self._problems.append(Problem(option, message))

    def channel(self, option: str, name: str) -> str:
        """A channel that an agreement knows."""
        return self._one_of(option, name, self._book.channels, "no agreement knows the channel")

    def party(self, option: str, name: str, channel: str | None = None) -> str:
        """A party that an agreement knows, and of the channel where one is named."""
        known = self._one_of(option, name, self._parties, "no agreement knows the party")
        if known == name and channel is not None and channel in self._book.channels:
            parties = self._book.channels[channel].parties
            if name not in parties:
                self.wrong(option, f"{name} is no party of {channel}: expected one of {', '.join(parties)}")
        return known

    def pair(self, option: str, text: str, channel: str | None = None) -> tuple[str, str]:
        """Two different parties, with a comma between them."""
        names = [name.strip() for name in text.split(",")]
        if len(names) != 2 or names[0] == names[1]:
            self.wrong(option, f"expected two different parties such as US,PRC, got {text[:100]!r}")
            return _NONE, _NONE
        return self.party(option, names[0], channel), self.party(option, names[1], channel)

    def choice(self, option: str, text: str, kind: type[msgspec.Struct], field: str) -> typing.Any:  # noqa: ANN401 - a Literal
        """One of the words that a field of an event's content can have."""
        words = typing.get_args(typing.get_type_hints(kind)[field])
        return self._one_of(option, text, words, "expected one of " + ", ".join(words) + ", got", close=False)

    def key(self, option: str, text: str) -> str:
        """The id of a request, an incident, an announcement."""
        if _KEY.fullmatch(text[:101]) is None:
            self.wrong(option, f"expected letters, digits and . _ - (at most 100), got {text[:100]!r}")
        return text

    def event_id(self, option: str, text: str) -> str:
        """The id of an event."""
        return self._printed(option, text, _LONGEST_ID)

    def words(self, option: str, text: str | None) -> str | None:
        """Free text."""
        if text is not None and len(text) > _LONGEST_TEXT:
            self.wrong(option, f"expected at most {_LONGEST_TEXT:,} characters, got {len(text):,}")
        return text

    def place(self, option: str, text: str) -> tuple[float, float]:
        """Latitude and longitude in degrees, WGS 84, with a comma between them; south and west are negative."""
        try:
            latitude, longitude = (float(part) for part in text.split(","))
            if abs(latitude) <= 90 and abs(longitude) <= 180:
                return latitude, longitude
        except ValueError:
            pass
        self.wrong(option, f"expected LATITUDE,LONGITUDE in degrees such as 38.5,-124.9, got {text[:100]!r}")
        return 0.0, 0.0

    def when(self, said: Said) -> When:
        """When it happened: not in the future, since nobody can report that."""
        try:
            found = when(said.at, self._now, said.zone, said.precision)
        except ValueError as error:
            self.wrong("--at", str(error))
            return When(self._now, "second")
        if (earliest := interval(found.time, found.precision, found.zone).earliest) > self._now + SKEW:
            self.wrong("--at", f"{spoken(earliest)} has not come yet: it is {spoken(self._now)}")
        return found

    def reported(self, said: Said, found: When) -> datetime:
        """When it was first reported: now, where nobody says otherwise."""
        if said.reported is None:
            return self._now
        try:
            reported = when(said.reported, self._now, said.zone).time
        except ValueError as error:
            self.wrong("--reported", str(error))
            return self._now
        if reported > self._now + SKEW:
            self.wrong("--reported", f"{spoken(reported)} has not come yet: it is {spoken(self._now)}")
        elif reported < interval(found.time, found.precision, found.zone).earliest:
            self.wrong("--reported", f"{spoken(reported)} is before it happened ({spoken(found.time)})")
        return reported

    def envelope(self, said: Said) -> dict[str, typing.Any]:
        """The fields that every event has."""
        found = self.when(said)
        return {
            "specversion": "1.0",
            "id": self.event_id("--id", said.id),
            "source": self._printed("--source", said.source, _LONGEST_SOURCE),
            "time": found.time,
            "precision": found.precision,
            "zone": found.zone,
            "local": found.local,
            "reported": self.reported(said, found),
            "exercise": said.exercise,
        }

    def complete(self) -> None:
        """Hand in the sheet.

        Raises:
            ReportError: when anything on it was wrong; with all of it.
        """
        if self._problems:
            raise ReportError(self._problems)

    def _printed(self, option: str, text: str, longest: int) -> str:
        if not 0 < len(text) <= longest or not text.isprintable() or " " in text:
            self.wrong(option, f"expected 1 to {longest:,} characters without spaces, got {text[:100]!r}")
        return text

    def _one_of(self, option: str, text: str, known: Collection[str], fault: str, *, close: bool = True) -> str:
        if text in known:
            return text
        guesses = get_close_matches(text[:100].lower(), [name.lower() for name in known], n=3, cutoff=0.5)
        likely = [name for name in known if name.lower() in guesses]
        likely += [name for name in known if text and text.lower() in name.lower() and name not in likely][:3]
        hint = f": did you mean {' or '.join(likely[:4])}?" if likely else ""
        if close and not likely and len(known) <= 40:
            hint = f": expected one of {', '.join(known)}"
        self.wrong(option, f"{fault} {text[:100]!r}{hint}")
        return _NONE


def vetted(event: AnyEvent) -> AnyEvent:
    """The event as whoever reads the log will read it.

    Raises:
        ReportError: when it would be refused there.
    """
    try:
        record = encode(event)
        if len(record) > MAX_BYTES:
            raise Refused(f"expected at most {MAX_BYTES:,} bytes, got {len(record):,}")
        return decode(record)
    except (Refused, UnicodeEncodeError) as error:
        raise ReportError((Problem("the report", str(error)),)) from None
