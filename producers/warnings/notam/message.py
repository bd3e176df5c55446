"""The envelope of a NOTAM: the lines of the fixed network, the parentheses, the number, the items.

Form: ICAO Doc 8126 and Annex 15 (now PANS-AIM, Doc 10066, App. 3). Around it may stand ``ZCZC``, the priority with the
addressees and the origin (``221020 ZBBBYNYX``) of a telecommunication message (Annex 10 Vol. II), and ``NNNN``.
"""

import re
from datetime import datetime
from typing import NamedTuple

from producers.warnings.notam import times
from producers.warnings.notam.sheet import Sheet
from producers.warnings.reading import Status

_NUMBER = r"(?P<{0}series>[A-Z]{{1,2}}) ?(?P<{0}number>\d{{1,4}}/\d{{2}}(?:\d\d)?)(?!\d)"
_HEADER = re.compile(
    rf"(?:^|(?<=[\n( ]))(?P<open>\( ?)?(?:NOTAM[ ]{{1,2}})?{_NUMBER.format('')}(?: {{0,3}}\([^()\n]{{0,60}}\))?"
    rf"(?:[ \n]{{1,3}}NOTAM(?P<type>[A-Z])\b(?:[ \n]{{1,3}}{_NUMBER.format('old_')})?| {{1,2}}- | {{0,3}}(?=\n))"
)
_DOMESTIC = re.compile(r"^ {0,3}! ?(?P<office>[A-Z]{3,4}) (?P<number>\d{1,2}/\d{3,4}) (?P<place>[A-Z]{3,4})\b", re.MULTILINE)
_ANOTHER = re.compile(r"(?<![A-Z])[A-Z]{1,2}\d{1,4}/\d{2} NOTAM[NRC]\b")
_ORIGIN = re.compile(r"(\d{6}) ([A-Z]{8})(?: [A-Z ]{0,40})?")
_NETWORK = re.compile(r"ZCZC(?: [A-Z0-9]{1,12}){0,3}|(?:SS|DD|FF|GG|KK)(?: [A-Z]{8}){1,21}|(?:[A-Z]{8} ?){1,7}|(?:FROM|TO)? ?")
_ITEM = re.compile(r"(?<![A-Z(])([QABCDE])\)")
_UPPER_ITEM = re.compile(r"(?<![A-Z0-9(])([FG])\)")
_CREATED = re.compile(
    r"\bCREATED ?:? ?(?P<day>\d{1,2}) (?P<month>[A-Z]{3})[A-Z]{0,6} "
    r"(?:(?P<c1>\d\d:\d\d(?::\d\d)?) (?P<y1>20\d\d)|(?P<y2>20\d\d) (?P<c2>\d\d:\d\d(?::\d\d)?))"
)
_SOURCE = re.compile(r"\bSOURCE ?:? ?[A-Z]{8}\b")
_ORDER = "QABCDE"
NUMBER_EXPECTED = "series and number such as A1234/26 NOTAMN"


class Message(NamedTuple):
    """A NOTAM taken apart.

    Attributes:
        series: Its letter; ``number`` with the year as printed.
        status: New, replacement, cancellation.
        old: The NOTAM that it replaces or cancels: ``A1233/26``.
        issued: When it was sent, UTC, where the envelope says so.
        origin: Location indicator of the office that sent it.
        items: Start and end of each item's content, by its letter.
        body: Start and end of all that follows the number.
    """

    series: str | None
    number: str | None
    status: Status
    old: str | None
    issued: datetime | None
    origin: str | None
    items: dict[str, tuple[int, int]]
    body: tuple[int, int]


def take_apart(sheet: Sheet, received: datetime) -> Message:
    """Find the number, the kind of NOTAM and the items; what of the envelope cannot be read goes to the unread parts."""
    plain = sheet.plain
    header = _HEADER.search(plain)
    domestic = None if header and header["type"] else _DOMESTIC.search(plain)
    if domestic:
        header = domestic
    end = _end(sheet, header)
    if header is None:
        sheet.miss_heading(NUMBER_EXPECTED)
        issued, origin = None, None
        body = (len(plain) - len(plain.lstrip()), end)
    else:
        issued, origin = _network(sheet, header.start(), received)
        body = (header.end(), end)
        if another := _ANOTHER.search(plain, header.end()):
            sheet.miss(another.start(), another.end(), "one NOTAM in a text")
    items = _items(plain, *body)
    if created := _CREATED.search(sheet.flat, *body):
        issued = _created(sheet, created)
    status, old = _status(sheet, header if domestic is None else None)
    if domestic:
        return Message(domestic["office"], domestic["number"], status, old, issued, origin, items, body)
    series, number = (header["series"], header["number"]) if header else (None, None)
    return Message(series, number, status, old, issued, origin, items, body)


def footer(sheet: Sheet, start: int, end: int) -> list[tuple[int, int]]:
    """Where a briefing service's ``CREATED: ... SOURCE: ...`` stands: it is read as the time of issue."""
    return [match.span() for pattern in (_CREATED, _SOURCE) for match in pattern.finditer(sheet.flat, start, end)]


def _end(sheet: Sheet, header: re.Match[str] | None) -> int:
    plain = sheet.plain
    start = header.end() if header else 0
    end = plain.rfind("NNNN", start)
    if end < 0 or plain[end + 4 :].strip():
        end = len(plain)
    end = len(plain[:end].rstrip())
    opened = header is not None and "(" in header[0][:2]
    return end - 1 if opened and plain.endswith(")", start, end) and not _ITEM.match(plain, end - 2) else end


def _status(sheet: Sheet, header: re.Match[str] | None) -> tuple[Status, str | None]:
    if header is None or header["type"] is None:
        return "new", None
    old = f"{header['old_series']}{header['old_number']}" if header["old_number"] else None
    start, end = header.span("type")
    match header["type"]:
        case "N":
            return "new", None
        case "R" | "C" as letter:
            if old is None:
                line = sheet.plain.find("\n", end)
                sheet.miss(start - 5, len(sheet.plain) if line < 0 else line, "the NOTAM's number that it replaces or cancels")
            return ("replacement" if letter == "R" else "cancellation"), old
        case _:
            sheet.miss(start - 5, end, "NOTAMN, NOTAMR or NOTAMC")
            return "new", None


def _network(sheet: Sheet, end: int, received: datetime) -> tuple[datetime | None, str | None]:
    issued, origin = None, None
    at = 0
    for line in sheet.plain[:end].split("\n"):
        printed = " ".join(line.split())
        if match := _ORIGIN.fullmatch(printed):
            issued, origin = times.of_origin(sheet, match[1], received), match[2][:4]
            if issued is None:
                sheet.miss(at, at + len(line), "day, hour and minute of the origin, DDHHMM")
        elif not _NETWORK.fullmatch(printed) and any(sign.isdigit() for sign in printed):
            sheet.miss(at, min(at + len(line), end), "a line of the fixed network: ZCZC, priority and addressees, or origin")
        at += len(line) + 1
    return issued, origin


def _created(sheet: Sheet, created: re.Match[str]) -> datetime | None:
    year, clock = (created["y1"], created["c1"]) if created["y1"] else (created["y2"], created["c2"])
    at = None
    if created["month"] in times.MONTHS:
        at = times.instant(year, times.month_number(created["month"]), created["day"], clock)
    if at is None:
        sheet.miss(created.start(), created.end(), "a moment such as CREATED: 22 SEP 10:20 2026")
    return at


def _items(plain: str, start: int, end: int) -> dict[str, tuple[int, int]]:
    """Cut the items: in their order only, so that an ``A)`` in item E is a word of it."""
    marks: list[tuple[str, int, int]] = []
    for match in _ITEM.finditer(plain, start, end):
        if not marks or _ORDER.index(match[1]) > _ORDER.index(marks[-1][0]):
            marks.append((match[1], match.start(), match.end()))
            if match[1] == "E":
                break
    if not marks or (marks[0][0] == "E" and not _line_starts(plain, marks[0][1])):
        # Without items before it, an "E)" in running text is no item.
        marks = []
    if not marks:
        return {}
    # In item E a list may have an f) and a g): the last ones are the items.
    upper: dict[str, tuple[str, int, int]] = {}
    for match in _UPPER_ITEM.finditer(plain, marks[-1][2], end):
        if match[1] == "F":
            upper.pop("G", None)
        upper[match[1]] = (match[1], match.start(), match.end())
    marks.extend(sorted(upper.values(), key=lambda mark: mark[1]))
    ends = [mark[1] for mark in marks[1:]] + [end]
    return {letter: (begin, stop) for (letter, _, begin), stop in zip(marks, ends, strict=True)}


def _line_starts(plain: str, at: int) -> bool:
    return not plain[:at].rpartition("\n")[2].strip()
