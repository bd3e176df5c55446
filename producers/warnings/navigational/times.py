"""When the danger is there: spans between two moments, and daily hours over days.

The grammar, after words that change nothing (FROM, COMMENCING, ALTERNATE):
    span   := moment TO moment | moment TO ``UNTIL FURTHER NOTICE``
    moment := DDHHMMZ [month [year]] | HHMMZ day month [year] | day month [year] HHMMZ
    daily  := hours [DAILY] days | DAILY hours days | days [DAILY] hours
    hours  := HHMMZ TO HHMMZ
    days   := day [month [year]] TO day month [year] | day [, day ...] month [year]
"""

from producers.warnings.navigational.dates import MONTHS, Stamp, Years, minutes_of, year_of
from producers.warnings.navigational.lexing import CLOCK, DTG, NUM, PUNCT, Tokens
from producers.warnings.navigational.resolving import (
    MOST_WINDOWS,
    Daily,
    Range,
    Told,
    daily_spans,
    fill_months,
    follows,
    placed,
    stamps_of,
    year_after,
)
from producers.warnings.reading import Span

_TO = frozenset({"TO", "UNTIL", "TILL", "THRU", "THROUGH", "-", "\u2013", "\u2014"})
_DAILY_AFTER = frozenset({"DAILY", "EVERYDAY"})
DAILY = frozenset({"DAILY", "EVERYDAY", "EACH", "EVERY"})
LEAD = frozenset(
    {"FROM", "BETWEEN", "DURING", "COMMENCING", "EFFECTIVE", "STARTING", "ON", "ALSO", "DAY", "DAYS", "DATE", "DATES", "AT"}
)
_DAYS_LIKE_THIS = "the days of these hours, such as 25 THRU 28 SEP"
_MOST_LEAD = 6
_MOST_DAYS = 31
"""Days named one by one."""
_MONTH_UNCLEAR = "the month of this day: in that of the others it would be out of their order"


def further_notice(tokens: Tokens, at: int) -> int:
    """Where ``UNTIL FURTHER NOTICE`` (or ``UFN``) that begins here ends; else 0."""
    words = tokens.words
    if words[at] in ("UNTIL", "TILL", "TO"):
        at += 1
        if words[at] == "FURTHER" and words[at + 1] == "NOTICE":
            return at + 2
        return at + 1 if words[at] == "UFN" else 0
    return at + 1 if words[at] == "UFN" else 0


def moment_at(tokens: Tokens, at: int) -> tuple[Stamp, int] | None:
    """The moment printed here, and where it ends; a day or an hour that cannot be has minutes of -1."""
    kind, word = tokens.kinds[at], tokens.words[at]
    if kind == DTG:
        stamp = Stamp(int(word[:2]), _minutes(word[2:6]))
        return stamp, _month(tokens, at + 1, stamp)
    if kind == CLOCK:
        days = _day(tokens, at + 1)
        return None if days is None else (_with(days[0], _minutes(_digits(word))), days[1])
    if kind == NUM:
        if len(word) == 6 and tokens.words[at + 1] in _TO and tokens.kinds[at + 2] == DTG:
            # 250014 TO 250614 UTC: the zone stands once.
            return Stamp(int(word[:2]), _minutes(word[2:])), at + 1
        days = _day(tokens, at)
        if days is not None:
            after = days[1] + (tokens.words[days[1]] in ("AT", ","))
            if tokens.kinds[after] == CLOCK:
                return _with(days[0], _minutes(_digits(tokens.words[after]))), after + 1
    return None


def _digits(clock: str) -> str:
    return clock[:2] + clock[3:5] if clock[2] == ":" else clock[:4]


def _minutes(digits: str) -> int:
    found = minutes_of(digits)
    return -1 if found is None else found


def _with(day: Stamp, minutes: int) -> Stamp:
    day.minutes = minutes
    return day


def _month(tokens: Tokens, at: int, stamp: Stamp) -> int:
    """Take the month and year that stand here into the stamp; where they end."""
    if tokens.kinds[at] == PUNCT and tokens.words[at] == "/" and tokens.words[at + 1] in MONTHS:
        at += 1
    month = MONTHS.get(tokens.words[at])
    if month is None:
        return at
    stamp.month = month
    at += 1
    word = tokens.words[at]
    if tokens.kinds[at] == NUM and len(word) in (2, 4) and word.isdigit() and _is_year(tokens, at):
        stamp.year = year_of(word)
        if stamp.year is not None:
            return at + 1
    return at


def _is_year(tokens: Tokens, at: int) -> bool:
    """Whether the number after a month is a year: not the day of another date, a paragraph's number or a time."""
    words = tokens.words
    if words[at + 1] in MONTHS or (tokens.fresh[at] and words[at + 1] in (".", ")")):
        return False
    return not (words[at + 1] in _TO and tokens.kinds[at + 2] == CLOCK)


def _day(tokens: Tokens, at: int, least: int = 0) -> tuple[Stamp, int] | None:
    """A day with its month (``25 SEP [24]``), or with ``least`` 1 also a bare one."""
    word = tokens.words[at]
    if tokens.kinds[at] != NUM or len(word) > 2:
        return None
    stamp = Stamp(int(word), 0)
    after = _month(tokens, at + 1, stamp)
    return (stamp, after) if stamp.month is not None or least else None


class Times:
    """Collects the windows of a text, and resolves them once all of it is known."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._groups: list[list[Told]] = []
        self._open = False

    @property
    def found(self) -> bool:
        """Whether any window was read, soundly or not."""
        return bool(self._groups)

    def close(self) -> None:
        """End the group: months are not carried over what lies between."""
        self._open = False

    def take(self, at: int) -> int:
        """Read the window that begins at this token; where it ends, or ``at`` where none does."""
        told = self._told(at)
        if told is None:
            return at
        self._tokens.mark(told.first, told.after)
        if not self._open:
            self._groups.append([])
            self._open = True
        self._groups[-1].append(told)
        return told.after

    def _told(self, at: int) -> Told | None:
        tokens = self._tokens
        words, kinds = tokens.words, tokens.kinds
        first = at
        at = self._lead(at)
        before = words[first:at]
        daily = not DAILY.isdisjoint(before)
        between = "BETWEEN" in before
        if kinds[at] not in (DTG, CLOCK, NUM):
            return None
        if (found := self._hours_first(first, at)) is not None:
            return found
        if (found := self._days_first(first, at)) is not None:
            return found
        begun = moment_at(tokens, at)
        if begun is None:
            return None
        start, at = begun
        if (after := further_notice(tokens, at)) and not daily:
            return Range(start, None, first, after)
        joined = at + (words[at] == "," and words[at + 1] in _TO)
        if words[joined] not in _TO and not (between and words[joined] == "AND"):
            return None
        ended = moment_at(tokens, joined + 1)
        if ended is None:
            return None
        end, after = ended
        if daily or words[after] in _DAILY_AFTER:
            after += words[after] in _DAILY_AFTER
            tokens.refuse(first, after, "daily hours with their days, such as 0100Z TO 0500Z DAILY 25 THRU 30 SEP")
            return None
        return Range(start, end, first, after)

    def _lead(self, at: int) -> int:
        """Where the words that lead to a time end."""
        words = self._tokens.words
        for place in range(at, at + _MOST_LEAD):
            if not (words[place] in LEAD or words[place] in DAILY or words[place] == ","):
                return place
            if words[place] in ("EACH", "EVERY") and words[place + 1] != "DAY":
                return place
        return at + _MOST_LEAD

    def _hours(self, at: int) -> tuple[int, int, int] | None:
        """``0014Z TO 0614Z``: minutes since midnight of both, and where it ends."""
        tokens = self._tokens
        joined = tokens.words[at + 1] in _TO or (tokens.words[at + 1] == "AND" and tokens.words[at - 1] == "BETWEEN")
        if not joined or tokens.kinds[at + 2] != CLOCK:
            return None
        word = tokens.words[at]
        if tokens.kinds[at] != CLOCK and not (tokens.kinds[at] == NUM and len(word) == 4 and word.isdigit()):
            return None
        return _minutes(_digits(word)), _minutes(_digits(tokens.words[at + 2])), at + 3

    def _hours_first(self, first: int, at: int) -> Daily | None:
        hours = self._hours(at)
        if hours is None:
            return None
        tokens = self._tokens
        opens, closes, after = hours
        days = self._days(self._lead(after))
        if days is None:
            tokens.refuse(first, after + (tokens.words[after] in _DAILY_AFTER), _DAYS_LIKE_THIS)
            return None
        end = days[2] + (tokens.words[days[2]] in _DAILY_AFTER)
        return Daily(opens, closes, days[0], days[1], first, end)

    def _days_first(self, first: int, at: int) -> Daily | None:
        tokens = self._tokens
        if tokens.kinds[at] != NUM or len(tokens.words[at]) > 2:
            return None
        days = self._days(at)
        if days is None:
            return None
        hours = self._hours(self._lead(days[2]))
        if hours is None:
            return None
        end = hours[2] + (tokens.words[hours[2]] in _DAILY_AFTER)
        return Daily(hours[0], hours[1], days[0], days[1], first, end)

    def _days(self, at: int) -> tuple[tuple[Stamp, ...], bool, int] | None:
        """Days: from one through another, or a list; where they end. The last has a month."""
        tokens = self._tokens
        found = _day(tokens, at, 1)
        if found is None:
            return None
        days = [found[0]]
        after = found[1]
        if tokens.words[after] in ("TO", "THRU", "THROUGH", "UNTIL", "-", "\u2013", "\u2014"):
            last = _day(tokens, after + 1, 1)
            if last is None or last[0].month is None:
                return None
            return (days[0], last[0]), True, last[1]
        while tokens.words[after] in (",", "AND", "&", "OR"):
            step = after + 1 + (tokens.words[after] == "," and tokens.words[after + 1] == "AND")
            # 25 SEP, 26 0014Z is no list of days: a further day is followed by a month, a comma or AND.
            more = _day(tokens, step, 1)
            if more is None or len(days) >= _MOST_DAYS:
                break
            if days[-1].month is not None and more[0].month is None:
                break
            days.append(more[0])
            after = more[1]
        if days[-1].month is None:
            return None
        return tuple(days), False, after

    def resolved(self, years: Years, assumed: dict[str, None]) -> list[Span]:
        """The windows in order, UTC; those that cannot be are told of as unread."""
        spans: set[Span] = set()
        for group in self._groups:
            fill_months(group)
            read: list[tuple[Told, list[Span]]] = []
            for place, told in enumerate(group):
                found = self._spans(told, years, assumed, year_after(group, place))
                if isinstance(found, str):
                    self._tokens.refuse(told.first, told.after, found)
                else:
                    read.append((told, found))
            for place, (told, found) in enumerate(read):
                stamps = stamps_of(told)
                before = read[place - 1][1][0].start if place else found[0].start
                after = read[place + 1][1][0].start if place + 1 < len(read) else found[0].start
                lent = any(stamp.lent for stamp in stamps)
                # 300014Z TO 300614Z, 010014Z TO 010614Z OCT: the first is not of October.
                if (lent and found[0].start < before) or (stamps[-1].borrowed and found[0].start > after):
                    self._tokens.refuse(told.first, told.after, _MONTH_UNCLEAR)
                    continue
                if lent:
                    assumed["A day without a month is of the month named just before it."] = None
                spans.update(found)
        ordered = sorted(spans, key=lambda span: (span.start, span.end is None, span.end or span.start))
        if len(ordered) > MOST_WINDOWS:
            told = self._groups[-1][-1]
            self._tokens.refuse(told.first, told.after, f"at most {MOST_WINDOWS} windows in all")
            return ordered[:MOST_WINDOWS]
        return ordered

    def _spans(self, told: Told, years: Years, assumed: dict[str, None], anchor: Stamp | None) -> list[Span] | str:
        """The windows that are told, or what was expected instead."""
        if isinstance(told, Daily):
            return daily_spans(told, years, assumed, anchor)
        if told.end is not None and told.end.year is not None:
            anchor = told.end
        start = placed(told.start, years, anchor)
        if isinstance(start, str):
            return start
        if told.end is None:
            return [Span(start, None)]
        end = follows(told.end, start)
        if isinstance(end, str):
            return end
        return [Span(start, end)]
