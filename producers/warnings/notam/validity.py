"""When the danger is there: items B, C and D, or the words that other styles have in their place.

``B) 2609250014 C) 2609250614 EST``, ``C) PERM``; ``WEF 2609250014 TIL 2609250614``;
``25 SEP 00:14 2026 UNTIL 25 SEP 06:14 2026``;
``FROM: ... TO: ...``; ``2609250014-2609250614``.
"""

import re
from datetime import datetime
from typing import NamedTuple

from producers.warnings.notam import message, schedule, times
from producers.warnings.notam.message import Message
from producers.warnings.notam.sheet import Sheet
from producers.warnings.reading import Span

_OPENING = re.compile(r"(?:[\s:.]|\b(?:WEF|FROM|FM|START|EFFECTIVE)\b)*+")
_AT_ONCE = re.compile(r"\b(?:WIE|WITH IMMEDIATE EFFECT)\b")
_CLOSING = re.compile(r"(?:[\s:.]|\b(?:TIL|TILL|UNTIL|TO|END)\b)*+")
_FOREVER = re.compile(r"(?:PERM(?:ANENT)?|UFN|UNTIL FURTHER NOTICE|U/?F/?N)\b")
_ESTIMATED = re.compile(r"[\s(]{0,3}EST(?:IMATED)?\b\)?")
_JOINT = re.compile(r"[\s,]{0,4}(?:-|TIL|TILL|UNTIL|TO|THRU)[\s:]{0,4}")
_LEADING = re.compile(r"\b(?:WEF|FROM|FM|WIE)[\s:]{0,3}$")
_WEEKDAY = r"(?:MON|TUE|WED|THU|FRI|SAT|SUN)"
_LOOSE = re.compile(
    r"\b\d{4} ?(?:Z|UTC)? ?(?:-|/|TO|TIL) ?\d{4}(?: ?(?:Z|UTC))?\b|\b\d{4}(?:\d\d)? ?(?:Z|UTC)\b|\b\d\d:\d\d(?::\d\d)?\b"
    rf"|\b\d{{1,2}}(?:ST|ND|RD|TH)?[ \-]?{times.MONTH}\b|\b{times.MONTH}\.? \d{{1,2}}\b"
    # SAT is also short for satellite: a short weekday counts beside another or a number only.
    r"|\b(?:DAILY|DLY|H24|SR ?- ?SS|SUNRISE|SUNSET|EVERY DAY)\b"
    rf"|\b{_WEEKDAY}[A-Z]{{0,3}}DAYS?\b|\b{_WEEKDAY}[ ,/\-]{{1,2}}(?:{_WEEKDAY}\b|\d{{4}})"
    r"|\b(?:WEF|TIL|TILL|UFN|(?:BACK ?UP|RESERVE|ALTERNATE) (?:DAYS?|DATES?|TIMES?|WINDOWS?))\b"
)


class Validity(NamedTuple):
    """When: the windows in order, whether the end is an estimate, and the parts of the free text that said so."""

    windows: tuple[Span, ...]
    estimated: bool
    taken: list[tuple[int, int]]


class _End(NamedTuple):
    at: datetime | None
    estimated: bool
    known: bool


def read(sheet: Sheet, note: Message, received: datetime) -> Validity:
    """Read when the danger is there; what of it was not understood goes to the unread parts."""
    if note.status == "cancellation":
        return Validity((), False, [])
    if "B" in note.items or "C" in note.items:
        return _of_items(sheet, note, received)
    return _of_words(sheet, note, received)


def leftovers(sheet: Sheet, start: int, end: int, validity: Validity, note: Message, taken: list[tuple[int, int]]) -> None:
    """Tell the times in the free text that the windows do not already say."""
    known = {at for span in validity.windows for at in span if at is not None}
    said = " ".join(sheet.plain[slice(*note.items["D"])].split()) if "D" in note.items else ""
    skip = sorted([*taken, *validity.taken])
    parts: list[tuple[int, int]] = []
    for match in times.MOMENT.finditer(sheet.flat, start, end):
        moment = times.moment(Sheet(""), match, min(known, default=None) or _ANY)
        if moment.at is not None:  # else a telephone number, for one
            (skip if moment.at in known else parts).append(match.span())
    skip.sort()
    parts += [match.span() for match in _LOOSE.finditer(sheet.flat, start, end) if " ".join(match[0].split()) not in said]
    place = 0
    told = start
    for begin, stop in sorted(parts):
        while place < len(skip) and skip[place][1] <= begin:
            place += 1
        if begin < told or (place < len(skip) and skip[place][0] <= begin):
            continue
        low, high = _phrase(sheet.plain, begin, stop, told, skip[place][0] if place < len(skip) else end)
        sheet.miss(low, high, "times in items B, C and D only")
        told = high


_ANY = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def _of_items(sheet: Sheet, note: Message, received: datetime) -> Validity:
    start, rest = _start(sheet, note, received)
    if "C" in note.items:
        end = _end(sheet, *note.items["C"], received)
    elif rest is not None and sheet.plain[rest[0] : rest[1]].strip():
        end = _end(sheet, *rest, received)
    else:
        sheet.miss_heading("item C, the end of its validity")
        end = _End(None, False, False)
    if start is None:
        return Validity((), end.estimated, [])
    if not end.known:
        # The danger begins; that nobody can say when it ends is told as a part that was not read.
        return Validity((Span(start, None),), end.estimated, [])
    if end.at is not None and end.at <= start:
        sheet.miss(*note.items.get("C", note.items.get("B", note.body)), "an end after the start")
        return Validity((), end.estimated, [])
    windows = [Span(start, end.at)]
    if "D" in note.items and sheet.plain[slice(*note.items["D"])].strip():
        if end.at is None:
            sheet.miss(*note.items["D"], "an end of the period in item C, so that the days can be counted")
        else:
            windows = schedule.read(sheet, *note.items["D"], start, end.at)
    return Validity(tuple(windows), end.estimated, [])


def _start(sheet: Sheet, note: Message, received: datetime) -> tuple[datetime | None, tuple[int, int] | None]:
    if "B" not in note.items:
        sheet.miss_heading("item B, the start of its validity")
        return None, None
    begin, stop = note.items["B"]
    at = _end_of(_OPENING, sheet.plain, begin, stop)
    if match := times.MOMENT.match(sheet.flat, at, stop):
        moment = times.moment(sheet, match, received)
        if moment.at is None:
            sheet.miss(begin, stop, times.EXPECTED)
        rest = _joint(sheet.flat, moment.end, stop)
        if "C" in note.items and sheet.plain[moment.end : stop].strip(" \n.,"):
            sheet.miss(moment.end, stop, "nothing after the moment in item B")
        return moment.at, rest
    if _AT_ONCE.search(sheet.flat, at, stop):
        return _now(sheet, note, received), None
    if sheet.plain[begin:stop].strip():
        sheet.miss(begin, stop, times.EXPECTED)
    else:
        sheet.miss(begin - 2, begin, times.EXPECTED)
    return None, None


def _end(sheet: Sheet, begin: int, stop: int, received: datetime) -> _End:
    plain = sheet.flat
    at = _end_of(_CLOSING, plain, begin, stop)
    match = times.MOMENT.match(plain, at, stop)
    forever = _FOREVER.match(plain, at, stop) or _FOREVER.match(plain, _end_of(re.compile(r"\s*+"), plain, begin, stop), stop)
    if match:
        moment = times.moment(sheet, match, received)
        end = _End(moment.at, False, moment.at is not None)
        at = match.end()
        if moment.at is None:
            sheet.miss(begin, stop, times.EXPECTED)
            return end
    elif forever:
        end = _End(None, False, True)
        at = forever.end()
    else:
        # A moment without its hour, or nothing at all.
        said = plain[begin:stop].strip()
        sheet.miss(begin if said else begin - 2, stop if said else begin, f"{times.EXPECTED} or PERM")
        return _End(None, False, False)
    if estimated := _ESTIMATED.match(plain, at, stop):
        end, at = end._replace(estimated=True), estimated.end()
    if plain[at:stop].strip(" \n.,"):
        sheet.miss(at, stop, "EST or nothing after the end in item C")
    return end


def _of_words(sheet: Sheet, note: Message, received: datetime) -> Validity:
    """Find every start and end in running text; the words before the first one may be a schedule."""
    plain, (begin, stop) = sheet.flat, note.body
    footers = message.footer(sheet, begin, stop)
    moments = [
        times.moment(sheet, match, received)
        for match in times.MOMENT.finditer(plain, begin, stop)
        if not any(low <= match.start() < high for low, high in footers)
    ]
    spans: list[Span] = []
    taken = list(footers)
    estimated = False
    first: int | None = None
    if (at_once := _AT_ONCE.search(plain, begin, stop)) and (joint := _JOINT.match(plain, at_once.end(), stop)):
        closing = next((moment for moment in moments if moment.start == joint.end()), None)
        forever = _FOREVER.match(plain, joint.end(), stop)
        if closing or forever:
            spans.append(Span(_now(sheet, note, received), closing.at if closing else None))
            taken.append((at_once.start(), closing.end if closing else (forever.end() if forever else joint.end())))
            moments = [moment for moment in moments if moment is not closing]
            first = at_once.start()
    place = 0
    while place < len(moments):
        opens = moments[place]
        place += 1
        joint = _JOINT.match(plain, opens.end, stop)
        after = joint.end() if joint else opens.end
        closes = moments[place] if joint and place < len(moments) and moments[place].start == after else None
        forever = None if closes else (_FOREVER.match(plain, after, stop) if joint else None)
        leading = _LEADING.search(plain, max(begin, opens.start - 8), opens.start)
        low = leading.start() if leading else opens.start
        high = closes.end if closes else forever.end() if forever else opens.end
        if mark := _ESTIMATED.match(plain, high, stop):
            high, estimated = mark.end(), True
        place += closes is not None
        taken.append((low, high))
        if opens.at is None or not (closes or forever) or (closes and (closes.at is None or closes.at <= opens.at)):
            sheet.miss(low, high, "a start and a later end, such as WEF 2609250014 TIL 2609250614")
            continue
        first = low if first is None else first
        spans.append(Span(opens.at, closes.at if closes else None))
    if not spans:
        sheet.miss_heading("a start and an end: items B and C, or WEF and TIL")
    elif len(spans) == 1 and first is not None and (end := spans[0].end):
        printed = _schedule_before(plain, begin, first)
        if printed is not None:
            taken.append((printed, first))
            spans = schedule.read(sheet, printed, first, spans[0].start, end)
    return Validity(tuple(sorted(set(spans), key=lambda span: (span.start, span.end or span.start))), estimated, taken)


_BEFORE = re.compile(
    r"(?:^|[,.]\s|\n)\s*((?:DAILY|DLY|(?:MON|TUE|WED|THU|FRI|SAT|SUN)\b|H24|\d{4}-\d{4}|(?:[A-Z]{3} )?\d{1,2} )[^.\n]{0,120})$"
)


def _schedule_before(plain: str, begin: int, first: int) -> int | None:
    """Where the words right before the start are a schedule, as briefing services print: ``, DAILY 2200-0400, 25 SEP ...``."""
    low = max(begin, first - 160)
    match = _BEFORE.search(plain[low:first].rstrip(" ,"))
    return low + match.start(1) if match else None


def _now(sheet: Sheet, note: Message, received: datetime) -> datetime:
    if note.issued is not None:
        sheet.assume("with immediate effect means from when it was issued")
        return note.issued
    sheet.assume("with immediate effect means from when the text came in")
    return received


def _joint(plain: str, at: int, stop: int) -> tuple[int, int]:
    joint = _JOINT.match(plain, at, stop)
    return (joint.end() if joint else at), stop


def _end_of(pattern: re.Pattern[str], plain: str, begin: int, stop: int) -> int:
    match = pattern.match(plain, begin, stop)
    return match.end() if match else begin


def _phrase(plain: str, start: int, end: int, floor: int, tail: int) -> tuple[int, int]:
    """The words around a time, up to the next sign that divides them."""
    low, high = max(floor, start - 80), min(tail, end + 80)
    begin = max(
        low,
        *(plain.rfind(sign, low, start) + len(sign) for sign in (". ", "\n", ", ", "; ", ": ") if sign in plain[low:start]),
        low,
    )
    stops = [at for sign in (". ", ".\n", "\n", ", ", ";") if (at := plain.find(sign, end, high)) >= 0]
    return begin, min(stops, default=high)
