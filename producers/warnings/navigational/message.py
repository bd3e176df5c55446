"""One navigational warning to what it says.

The text is read once from left to right. Each part that is understood is marked; what is left and has digits, or words that
speak of time, place or cancellation, is told as unread. The rest is prose.
"""

from datetime import UTC, datetime

import msgspec

from producers.warnings.kinds import kind_of
from producers.warnings.navigational.dates import Stamp, Years, moment
from producers.warnings.navigational.leftover import is_list, leftover
from producers.warnings.navigational.lexing import CLOCK, DTG, MIXED, NUM, POS, PUNCT, REF, SERIES, WORD, Tokens
from producers.warnings.navigational.numbers import NUMBER_LIKE_THIS, cancelled_at, header_at, series_of
from producers.warnings.navigational.places import AREA_LIKE_THIS, SHAPES, Places, is_label
from producers.warnings.navigational.times import DAILY, LEAD, Times, further_notice, moment_at
from producers.warnings.reading import Kind, Reading, Span, Status

LONGEST = 20_000
"""Characters of a warning; an event holds no more (``streams.events.envelope.Text``)."""
_MOST_UNREAD = 50

_HEADER = 80
"""Tokens in which the number and the time of issue are looked for."""
_CANCEL_WORDS = frozenset(["CANCEL", "CANCELS", "CANCELED", "CANCELLED", "CANCELLING", "CANCELLATION", "CANCELLATIONS"])
_REPLACE_WORDS = frozenset(["REPLACE", "REPLACES", "REPLACING", "SUPERSEDE", "SUPERSEDES", "SUPERSEDING", "AMENDS", "AMENDING"])
_CHARTS = frozenset({"CHART", "CHARTS", "DNC", "INT", "BA", "CHT", "CHTS"})
_THIS = frozenset({"MSG", "MESSAGE", "WARNING", "NOTICE", "NAVAREA", "BROADCAST"})
_BEFORE_ISSUE = frozenset({"(", "DTG", ":", "DATE", "ISSUED", "AT", "."})
_OTHERS = [
    "AUTHORITY",
    "CENTERED",
    "CENTRED",
    "CIRCLE",
    "CENTER",
    "CENTRE",
    "UNTIL",
    "UFN",
    "TILL",
    "REF",
    "REFERENCE",
    "REFER",
    "SEE",
]
_ACTIVE = _CANCEL_WORDS | _REPLACE_WORDS | _CHARTS | LEAD | DAILY | SHAPES | frozenset(_OTHERS)
_TIME_LIKE_THIS = "a time such as 250014Z TO 250614Z SEP"
_CANCEL_LIKE_THIS = "CANCEL THIS MSG with a time such as 250714Z SEP"


def read(text: str, received: datetime) -> Reading:
    """Read one warning.

    Args:
        text: The warning as it came, at most ``LONGEST`` characters of it are read.
        received: When it was received, UTC: the year of a text that names none is the nearest to it.
    """
    return _Message(text, received).read()


class _Message:
    def __init__(self, text: str, received: datetime) -> None:
        self.text = text
        self.tokens = Tokens(text[:LONGEST])
        self.assumed: dict[str, None] = {}
        self.years = Years(received.astimezone(UTC) if received.tzinfo else received.replace(tzinfo=UTC), self.assumed)
        self.times = Times(self.tokens)
        self.places = Places(self.tokens)
        self.series: str | None = None
        self.number: str | None = None
        self.issued: datetime | None = None
        self.cancels: dict[str, None] = {}
        self.replaces: dict[str, None] = {}
        self.open_end: tuple[int, int] | None = None
        self.self_cancel: tuple[Stamp, int, int] | None = None
        self.body = 0
        self.order = ""

    def read(self) -> Reading:
        tokens = self.tokens
        kind = kind_of(tokens.text)
        self._header()
        if kind == "other" and is_list(tokens):
            tokens.mark(0, len(tokens))
            return self._reading("other", (), "new")
        self._scan()
        self.places.flush()
        self._settle_cancel()
        windows = self._windows()
        leftover(tokens)
        if len(self.text) > LONGEST:
            tokens.unread.append((LONGEST, tokens.part(LONGEST, LONGEST, f"at most {LONGEST} characters")))
        areas = self.places.areas
        if self.cancels and not (self.times.found or self.places.found or self.open_end or self.replaces):
            return self._reading(kind, (), "cancellation")
        if kind is None:
            self._absent("what endangers, such as ROCKET LAUNCHING")
        if kind in ("launch", "debris"):
            if not (windows or self.times.found or self._told_of("time", "days", "hours")):
                self._absent(f"when: {_TIME_LIKE_THIS}")
            if not (areas or self.places.found):
                self._absent(f"where: {AREA_LIKE_THIS}")
        if self.order.startswith(("tata", "atat")) and len(windows) > 1 and len(areas) > 1:
            self.assumed["Each time is taken to hold for each area, although the text may tell them apart."] = None
        return self._reading(kind, windows, "replacement" if self.replaces else "new")

    def _reading(self, kind: Kind | None, windows: tuple[Span, ...], status: Status) -> Reading:
        unread = [part for _, part in sorted(self.tokens.unread, key=lambda each: each[0])]
        if len(unread) > _MOST_UNREAD:
            rest = unread[_MOST_UNREAD - 1]
            more = msgspec.structs.replace(rest, expected=f"{rest.expected}; {len(unread) - _MOST_UNREAD} parts more follow")
            unread[_MOST_UNREAD - 1 :] = [more]
        return Reading(
            form="navigational",
            text=self.text,
            series=self.series,
            number=self.number,
            issuer=self.series,
            kind=kind or "other",
            named=kind is not None or status == "cancellation",
            status=status,
            cancels=tuple(self.cancels),
            replaces=tuple(self.replaces),
            issued=self.issued,
            windows=windows,
            areas=tuple(self.places.areas),
            unread=tuple(unread),
            assumed=tuple(self.assumed),
        )

    def _told_of(self, *subjects: str) -> bool:
        return any(subject in part.expected for _, part in self.tokens.unread for subject in subjects)

    def _absent(self, expected: str) -> None:
        """Say that the text lacks something, at the first line after its number."""
        tokens = self.tokens
        first = last = min(self.body, max(len(tokens) - 1, 0))
        while last + 1 < len(tokens) and not tokens.fresh[last + 1] and tokens.words[last] != ".":
            last += 1
        tokens.unread.append((tokens.starts[first], tokens.part(tokens.starts[first], tokens.ends[last], expected)))

    def _header(self) -> None:
        """Series, number and time of issue."""
        tokens = self.tokens
        kinds, words = tokens.kinds, tokens.words
        for at in range(min(len(tokens), _HEADER)):
            if kinds[at] == DTG:
                self._issue(at)
            elif kinds[at] == SERIES and self.series is None:
                head = header_at(tokens, at)
                if head is not None and head[0] is not None:
                    self.series, self.number, self.years.numbered, self.body = head
                    tokens.mark(at, self.body)
                elif (named := series_of(words[at])) is not None:
                    self.series = named
                    tokens.mark(at, at + 1)
                    self.body = at + 1
                    if not is_list(tokens):
                        tokens.refuse(at, at + 1, NUMBER_LIKE_THIS)
            elif words[at] in _CANCEL_WORDS or words[at] in _REPLACE_WORDS or kinds[at] == POS:
                break
            elif words[at] == "ZCZC" and kinds[at + 1] in (MIXED, WORD) and not tokens.fresh[at + 1]:
                tokens.mark(at, at + 2)
        while self.body < len(tokens) and (tokens.read[self.body] or kinds[self.body] == PUNCT):
            self.body += 1
        self.years.issued = self.issued

    def _issue(self, at: int) -> None:
        """The time of issue, where it stands alone on its line or beside the number."""
        tokens = self.tokens
        found = moment_at(tokens, at)
        if found is None or self.issued is not None or found[0].month is None or tokens.read[at]:
            return
        stamp, after = found
        first = at
        while first and not tokens.fresh[first] and tokens.words[first - 1] in _BEFORE_ISSUE:
            first -= 1
        words = tokens.words
        stated = at > 1 and words[at - 1] in ("OF", "AT") and words[at - 2] in ("AS", "CORRECT", "ISSUED")
        while tokens.words[after] in (")", ".") and not tokens.fresh[after]:
            after += 1
        alone = (tokens.fresh[first] or (first > 0 and tokens.read[first - 1])) and tokens.fresh[after]
        if not (alone or stated) and tokens.kinds[after] != SERIES:
            return
        year = stamp.year or self.years.numbered or self._year_ahead(after) or self.years.nearest(stamp.month or 1, stamp.day)
        self.issued = moment(year, stamp.month or 1, stamp.day, stamp.minutes) if stamp.minutes >= 0 else None
        if self.issued is None:
            tokens.refuse(first, after, "the time of issue, with a day that its month has")
        else:
            tokens.mark(first, after)

    def _year_ahead(self, at: int) -> int | None:
        """The year of the number that follows the time of issue."""
        for place in range(at, min(at + 12, len(self.tokens))):
            head = header_at(self.tokens, place)
            if head is not None:
                return head[2]
        return None

    def _scan(self) -> None:
        tokens, times, places = self.tokens, self.times, self.places
        kinds, words, read = tokens.kinds, tokens.words, tokens.read
        at, end = 0, len(tokens)
        while at < end:
            kind = kinds[at]
            if read[at]:
                at += 1
            elif kind == POS:
                times.close()
                at = places.take(at)
                self._next("a")
            elif kind == WORD:
                if words[at] in _ACTIVE:
                    at = self._word(at)
                else:
                    at += 1
                    if words[at] == "." and tokens.ends[at - 1] - tokens.starts[at - 1] == 1:
                        at = self._labelled(at - 1)
            elif kind == PUNCT:
                at = self._labelled(at) if words[at] == "(" else at + 1
            elif kind in (NUM, DTG, CLOCK):
                at = self._number(at)
            elif kind in (SERIES, REF):
                at = self._reference(at)
            else:
                at += 1

    def _next(self, part: str) -> None:
        if not self.order.endswith(part) and len(self.order) < 8:
            self.order += part

    def _labelled(self, at: int) -> int:
        """A label of an area or a paragraph, or nothing."""
        tokens = self.tokens
        after = is_label(tokens, at)
        if not after:
            return at + 1
        if tokens.kinds[after] == POS:
            self.places.label(at)
        elif tokens.fresh[at] and NUM in (tokens.kinds[at], tokens.kinds[at + 1]):
            self.places.paragraph()
            self.times.close()
        tokens.mark(at, after)
        return after

    def _number(self, at: int) -> int:
        tokens = self.tokens
        if tokens.kinds[at] == NUM:
            before = tokens.words[at - 1] if at else "."
            sets_off = tokens.fresh[at] or before in (".", ":", ",", ";", "(", "AND")
            if sets_off and tokens.words[at + 1] in (".", ")", ":") and (after := self._labelled(at)) > at + 1:
                return after
            if (after := self.places.distance(at)) > at:
                return after
            if before in ("AREA", "AREAS", "ZONE", "POINT", "POSITION") and len(tokens.words[at]) <= 2:
                tokens.mark(at, at + 1)
                if tokens.kinds[at + 1 + (tokens.words[at + 1] in (":", ".", "-"))] == POS:
                    self.places.label(at)
                return at + 1
        return self._time(at)

    def _time(self, at: int) -> int:
        after = self.times.take(at)
        if after > at:
            self._next("t")
            return after
        return at + 1

    def _word(self, at: int) -> int:
        """A word that may mean something; where what it means ends."""
        tokens = self.tokens
        word = tokens.words[at]
        if word in _CANCEL_WORDS:
            return self._cancel(at)
        if word in _REPLACE_WORDS:
            found, after = cancelled_at(tokens, at + 1, self.series, self.years.numbered, self.assumed)
            if not found:
                return at + 1
            tokens.mark(at, after)
            self.replaces.update(dict.fromkeys(found))
            self.cancels.update(dict.fromkeys(found))
            return after
        if word in _CHARTS:
            return self._charts(at)
        if word == "AUTHORITY":
            after = at + 1
            while not tokens.fresh[after]:
                after += 1
            tokens.mark(at, after)
            return after
        if word in ("CENTERED", "CENTRED", "CIRCLE", "CENTER", "CENTRE"):
            self.places.centre()
            return at + 1
        if word in ("UNTIL", "UFN", "TILL") and (after := further_notice(tokens, at)):
            if self.open_end is None:
                self.open_end = (at, after)
            tokens.mark(at, after)
            return after
        if word in ("REF", "REFERENCE", "REFER", "SEE"):
            found, after = cancelled_at(
                tokens, at + 1 + (tokens.words[at + 1] in (":", ".", "TO")), self.series, None, self.assumed
            )
            tokens.mark(at, after if found else at + 1)
            return after if found else at + 1
        self.places.word(at)
        return self._time(at) if word in LEAD or word in DAILY else at + 1

    def _charts(self, at: int) -> int:
        """The numbers of charts: they say nothing of the danger."""
        tokens = self.tokens
        after = at + 1
        while (
            tokens.kinds[after] in (NUM, MIXED)
            or tokens.words[after] in _CHARTS
            or tokens.words[after] in (",", "AND", "&", ":")
        ):
            if tokens.fresh[after] and tokens.words[after + 1] in (".", ")"):
                break
            after += 1
        tokens.mark(at, after)
        return after

    def _reference(self, at: int) -> int:
        """A warning's number outside of the header: cancelled, where the text says so after it."""
        tokens = self.tokens
        found, after = cancelled_at(tokens, at, self.series, None, self.assumed)
        if not found:
            return at + 1
        last = after
        while tokens.words[last] in ("IS", "ARE", "HAS", "HAVE", "BEEN", "HEREBY", "ALSO"):
            last += 1
        if tokens.words[last] in ("CANCELLED", "CANCELED"):
            tokens.mark(at, last + 1)
            self.cancels.update(dict.fromkeys(found))
            return last + 1
        return after

    def _cancel(self, at: int) -> int:
        tokens = self.tokens
        words = tokens.words
        after = at + 1
        own = words[at - 1] in _THIS or words[at - 1] in ("SELF", "-") if at else False
        if words[after] == "THIS":
            own = True
            after += 1
            while words[after] in _THIS or tokens.kinds[after] == SERIES:
                after += 1
        if own:
            while words[after] in ("AT", "ON", "AFTER", "BY", "WARNING", "MSG", "MESSAGE"):
                after += 1
            found = moment_at(tokens, after)
            if found is None:
                tokens.refuse(at, after, _CANCEL_LIKE_THIS)
                return after
            self.self_cancel = (found[0], at, found[1])
            tokens.mark(at, found[1])
            return found[1]
        named, after = cancelled_at(tokens, after, self.series, self.years.numbered, self.assumed)
        if named:
            tokens.mark(at, after)
            self.cancels.update(dict.fromkeys(named))
            return after
        return at + 1

    def _settle_cancel(self) -> None:
        """Hold the day of ``CANCEL THIS MSG`` against the calendar; where it has a year, that tells the windows' too."""
        if self.self_cancel is None:
            return
        stamp, first, after = self.self_cancel
        if stamp.month is None:
            return
        found = moment(stamp.year or 2024, stamp.month, stamp.day, stamp.minutes) if stamp.minutes >= 0 else None
        if found is None:
            self.tokens.refuse(first, after, "a day that its month has")
        elif stamp.year is not None:
            self.years.cancelled = found

    def _windows(self) -> tuple[Span, ...]:
        windows = self.times.resolved(self.years, self.assumed)
        if self.open_end is not None:
            if windows or self.issued is None:
                self.tokens.refuse(*self.open_end, "the time from which it holds, such as 250014Z SEP UNTIL FURTHER NOTICE")
            else:
                self.assumed["In force from the time of its issue, until further notice."] = None
                return (Span(self.issued, None),)
        return tuple(windows)
