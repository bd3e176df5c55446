"""A cell of a table as a value: lists by ``;``, and short forms for what has parts.

- recipients: ``JPN; ROK``, with the time of receipt ``JPN 2026-11-23T09:00Z``
- window, further_windows: ``2026-11-24T00:00Z/2026-11-24T02:00Z``
- areas: ``circle: 38.5 132.2 30`` (degrees north and east, radius in km), ``polygon: 38.5 132.2, 39 133, 38 134``,
  ``name: Sea of Japan``

A cell that begins with ``[`` or ``{`` is JSON, for what these cannot say. A formula is text like any other.
"""

from typing import Any

import msgspec

LISTS = ("agreements", "further_windows", "impact_areas", "recipients", "unread")
"""Columns with several values in a cell."""
_STRUCTURED = frozenset(("window", "launch_area", *LISTS))


class CellError(ValueError):
    """A cell that cannot be read. The message says what was expected."""


def value_of(column: str, cell: str) -> object:
    """What stands in a cell that is not empty.

    Raises:
        CellError: when it is in none of its forms.
    """
    text = cell.strip()
    if column not in _STRUCTURED:
        return cell if column == "text" else text
    if text.startswith(("[", "{")):
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise CellError(f"expected JSON after {text[0]!r}: {error}") from None
    if column not in LISTS:
        return _part(column, text)
    return [_part(column, part.strip()) for part in text.split(";") if part.strip()]


def _part(column: str, text: str) -> object:
    if column == "recipients":
        party, _, received = text.partition(" ")
        return {"party": party, "received": received.strip()} if received else {"party": party}
    if column in ("window", "further_windows"):
        opens, slash, closes = text.partition("/")
        if not slash:
            raise CellError(f"expected OPENS/CLOSES, such as 2026-11-24T00:00Z/2026-11-24T02:00Z, got {text[:80]!r}")
        return {"opens": opens.strip(), "closes": closes.strip()}
    if column in ("launch_area", "impact_areas"):
        return _area(text)
    return text


def _area(text: str) -> dict[str, Any]:
    shape, colon, rest = text.partition(":")
    shape = shape.strip().lower() if colon else ""
    if shape == "name":
        return {"shape": "named", "name": rest.strip()}
    if shape == "circle":
        numbers = rest.split()
        if len(numbers) == 3:
            return dict(zip(("lat", "lon", "radius_km"), numbers, strict=True), shape="circle")
        raise CellError(f"expected circle: LAT LON KM, got {text[:80]!r}")
    if shape == "polygon":
        points = [point.split() for point in rest.split(",")]
        if all(len(point) == 2 for point in points):
            return {"shape": "polygon", "points": points}
        raise CellError(f"expected polygon: LAT LON, LAT LON, LAT LON, got {text[:80]!r}")
    raise CellError(f"expected circle: LAT LON KM, polygon: LAT LON, ... or name: WORDS, got {text[:80]!r}")
