"""Reads one NOTAM: the parts in their order, and what each of them leaves to the others."""

import re
from datetime import UTC, datetime

from producers.warnings.notam import areas, limits, message, qline, subject, validity
from producers.warnings.notam.message import Message
from producers.warnings.notam.qline import QLine
from producers.warnings.notam.sheet import Sheet
from producers.warnings.reading import Reading
from streams.events.areas import Circle, Polygon

_INDICATOR = re.compile(r"[A-Z]{4}")
_PART = re.compile(r"\bPART (\d{1,3}) OF (\d{1,3})\b")
_OTHER_NUMBER = r"(?:NOTAMS? )?(?:NR |NUMBER )?((?:[A-Z]{1,2}\d{1,4}/\d\d(?:, | AND | )?){1,20})"
_CANCELS = re.compile(rf"\b(?:CANCELS?|CANCELL(?:ED|ING)|CNL|CNLD) {_OTHER_NUMBER}")
_CANCELLED = re.compile(r"\bNOTAMS? ([A-Z]{1,2}\d{1,4}/\d\d) (?:IS |ARE |HAS BEEN )?(?:CANCELL?ED|CNL|CNLD)\b")
_REPLACES = re.compile(rf"\b(?:REPLACES|REPLACING|SUPERSEDES|IN LIEU OF|INSTEAD OF) {_OTHER_NUMBER}")
_NUMBERS = re.compile(r"[A-Z]{1,2}\d{1,4}/\d\d")
_DOING = re.compile(r"\b(?:CANCELS?|CANCELL(?:ED|ING)|CNL|CNLD|REPLACES|REPLACING|SUPERSEDES)\b(?=[^.\n]{0,30}\d{1,4}/\d\d)")


def read(text: str, received: datetime) -> Reading:
    """Read one NOTAM (ICAO Doc 8126, Annex 15 and PANS-AIM, Doc 10066; also the styles of briefing services).

    Args:
        text: The NOTAM, with or without the telecommunication lines around it.
        received: When it came in, UTC: used only where it names no month or year, and then said in ``assumed``.

    Raises:
        ValueError: when ``received`` names no time zone.
    """
    if received.tzinfo is None:
        raise ValueError("expected the moment of receipt with its time zone")
    sheet = Sheet(text)
    note = message.take_apart(sheet, received.astimezone(UTC))
    code = qline.read(sheet, *note.items["Q"]) if "Q" in note.items else QLine()
    locations = _locations(sheet, note)
    when = validity.read(sheet, note, received.astimezone(UTC))
    start, end = note.items.get("E", note.body)
    found = areas.read(sheet, start, end)
    lower, upper, heights = _heights(sheet, note, code, start, end)
    where = found.areas or _enclosing(sheet, note, code)
    validity.leftovers(sheet, start, end, when, note, [*found.taken, *heights])
    kind, named = subject.kind(sheet, sheet.plain[start:end], code.code)
    cancels, replaces = _others(sheet, note, start, end)
    for part in _PART.finditer(sheet.flat):
        if part[1] != part[2] or part[1].lstrip("0") != "1":
            sheet.miss(part.start(), part.end(), "a NOTAM in one part: the others may say more")
    return Reading(
        form="notam",
        text=text,
        series=note.series,
        number=note.number,
        issuer=code.region or next(iter(locations), None) or note.origin,
        kind=kind,
        named=named or note.status == "cancellation",
        status=note.status,
        cancels=cancels,
        replaces=replaces,
        issued=note.issued,
        windows=when.windows,
        areas=tuple(where),
        lower_ft=lower,
        upper_ft=upper,
        estimated=when.estimated,
        unread=sheet.unread(),
        assumed=tuple(sheet.assumed),
    )


def _locations(sheet: Sheet, note: Message) -> list[str]:
    """The location indicators of item A."""
    if "A" not in note.items:
        return []
    begin, stop = note.items["A"]
    printed = _PART.sub(lambda part: " " * len(part[0]), sheet.plain[begin:stop])
    found = []
    for word in re.finditer(r"[^\s,/]+", printed):
        if _INDICATOR.fullmatch(word[0]):
            found.append(word[0])
        else:
            sheet.miss(begin + word.start(), begin + word.end(), "location indicators of four letters in item A")
    return found


def _enclosing(sheet: Sheet, note: Message, code: QLine) -> list[Circle | Polygon]:
    """Where the free text has no area: the circle of the Q line, which encloses it."""
    if note.status == "cancellation":
        return []
    if code.circle is not None:
        sheet.assume("the area is the circle of the Q line, which encloses it: item E has none that was read")
        return [code.circle]
    if code.whole:
        sheet.miss(*code.place, "an area in item E: the radius 999 stands for the whole region")
    else:
        sheet.miss_heading("an area in item E or a circle in the Q line")
    return []


def _heights(
    sheet: Sheet, note: Message, code: QLine, start: int, end: int
) -> tuple[int | None, int | None, list[tuple[int, int]]]:
    """Limits from items F and G, else from the free text, else the Q line's, which enclose them."""
    said = limits.pair(sheet, start, end)
    taken = [said[2:]] if said else []
    lower = limits.level(sheet, *note.items["F"], upper=False) if "F" in note.items else None
    upper = limits.level(sheet, *note.items["G"], upper=True) if "G" in note.items else None
    if said and ((lower and lower != said[0]) or (upper and upper != said[1])):
        sheet.miss(*said[2:], "the limits of items F and G")
    elif said:
        lower, upper = lower or said[0], upper or said[1]
    if (
        lower is None
        and upper is None
        and "F" not in note.items
        and "G" not in note.items
        and (code.lower or code.upper not in (None, 999))
    ):
        sheet.assume("the limits in height are those of the Q line, which enclose the true ones")
        lower = None if code.lower is None else (code.lower * 100,)
        upper = None if code.upper in (None, 999) else (code.upper * 100,)
    return (lower[0] if lower else None), (upper[0] if upper else None), taken


def _others(sheet: Sheet, note: Message, start: int, end: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The NOTAMs that it cancels and those that it replaces, by the header and by the words."""
    plain = sheet.flat
    replaces = [note.old] if note.old and note.status == "replacement" else []
    cancels = [note.old] if note.old else []
    taken: list[tuple[int, int]] = []
    for pattern in (_CANCELS, _CANCELLED, _REPLACES):
        for match in pattern.finditer(plain, start, end):
            numbers = _NUMBERS.findall(match[1])
            taken.append(match.span())
            cancels += numbers
            if pattern is _REPLACES:
                replaces += numbers
    ahead, taken_to = iter([*sorted(taken), (end, end)]), start
    low, high = next(ahead)
    for match in _DOING.finditer(plain, start, end):
        while low <= match.start():
            # Both in order: a text may name very many.
            taken_to = max(taken_to, high)
            low, high = next(ahead)
        if match.start() >= taken_to:
            stop = min(end, match.end() + 40)
            sheet.miss(match.start(), stop, "the NOTAM's number that it replaces or cancels, such as A1233/26")
    return tuple(dict.fromkeys(cancels)), tuple(dict.fromkeys(replaces))
