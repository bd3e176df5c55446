"""A reading as plain JSON values: what ``steadyline notices read --json`` prints and what the corpus expects."""

from datetime import UTC, datetime
from typing import Any

from producers.warnings.reading import Reading
from streams.events.areas import Circle, Polygon


def as_json(reading: Reading) -> dict[str, Any]:
    """Give a reading as values that any JSON encoder writes.

    Times are RFC 3339 UTC with ``Z`` (``None`` for an open end), a polygon is a list of [latitude, longitude] in degrees, a
    circle its centre and ``radius_km``; ``unread`` has the parts' texts only, ``unread_at`` their places too.
    """
    return {
        "form": reading.form,
        "series": reading.series,
        "number": reading.number,
        "id": reading.id,
        "issuer": reading.issuer,
        "kind": reading.kind,
        "status": reading.status,
        "cancels": list(reading.cancels),
        "replaces": list(reading.replaces),
        "issued": _moment(reading.issued),
        "windows": [[_moment(span.start), _moment(span.end)] for span in reading.windows],
        "areas": [_area(area) for area in reading.areas],
        "lower_ft": reading.lower_ft,
        "upper_ft": reading.upper_ft,
        "estimated": reading.estimated,
        "unread": [part.text for part in reading.unread],
        "unread_at": [
            {"text": part.text, "line": part.line, "column": part.column, "expected": part.expected} for part in reading.unread
        ],
        "assumed": list(reading.assumed),
        "text": reading.text,
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _area(area: Circle | Polygon) -> dict[str, Any] | list[list[float]]:
    match area:
        case Circle():
            return {"centre": [area.lat, area.lon], "radius_km": area.radius_km}
        case Polygon():
            return [list(point) for point in area.points]
