"""Why a lapse stands: everything that there is to say about one, as it goes to the browser."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from dashboards.page.floor import LapseRow, Row
from streams.events import AnyEvent
from streams.events.schemas import short_name
from streams.events.times import zone_named
from streams.lapses import Change, Lapse, State
from streams.severity import Severity


class Cited(Row, frozen=True, kw_only=True):
    """An event that a lapse rests on, with its four times.

    Attributes:
        occurred: When it happened, in words, no more exactly than its source knew.
        url: Its source, where that is an address that can be opened.
        presumed: Generated from the channel's calendar, reported by nobody.
        missing: It is cited, and not in this recording.
        says: The fields of its content, in words.
    """

    id: str
    kind: str = ""
    occurred: str = ""
    time: datetime | None = None
    received: datetime | None = None
    reported: datetime | None = None
    ingested: datetime | None = None
    source: str = ""
    url: str | None = None
    text: str | None = None
    says: tuple[tuple[str, str], ...] = ()
    presumed: bool = False
    missing: bool = False


class Changed(Row, frozen=True, kw_only=True):
    """One revision."""

    revision: int
    change: Change
    state: State
    severity: Severity
    at: datetime
    because: str | None = None


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """One lapse in full.

    Attributes:
        row: What the floor shows of it.
        clause: Article and wording of what was asked; ``sources`` are those of the clause.
        unverified: Fields of the rule whose numbers rest on memory.
        arithmetic: The reckoning, a step each.
        claims: Where sources disagree.
        events: What it rests on, in the order it was cited.
        history: Its revisions.
        kin: The lapses that the same announcement caused.
    """

    row: LapseRow
    agreement: str
    clause: str
    sources: tuple[str, ...]
    unverified: tuple[str, ...]
    arithmetic: tuple[str, ...]
    claims: tuple[str, ...]
    events: tuple[Cited, ...]
    history: tuple[Changed, ...]
    kin: tuple[LapseRow, ...]


def why(
    row: LapseRow,
    agreement: str,
    revisions: Sequence[Lapse],
    found: Mapping[str, Sequence[AnyEvent]],
    kin: Iterable[LapseRow],
) -> Why:
    """Tell a lapse.

    Args:
        row: What the floor shows of it.
        agreement: The title of its agreement.
        revisions: Its revisions in order, the last one being what is told.
        found: The events it cites, by id; all claims where several sources use one id.
        kin: Other lapses of the same announcement.
    """
    last = revisions[-1]
    return Why(
        row=row,
        agreement=agreement,
        clause=last.clause,
        sources=last.sources,
        unverified=last.unverified,
        arithmetic=last.arithmetic,
        claims=last.claims,
        events=tuple(
            cited
            for name in names_cited(revisions)
            for cited in (map(_cited, found[name]) if name in found else (Cited(id=name, missing=True),))
        ),
        history=tuple(
            Changed(
                revision=one.revision, change=one.change, state=one.state, severity=one.severity, at=one.at, because=one.because
            )
            for one in revisions
        ),
        kin=tuple(kin),
    )


def names_cited(revisions: Sequence[Lapse]) -> list[str]:
    """Every event that any revision rests on, in the order they were cited; those of the last one first."""
    names = [name for one in (*revisions[-1:], *revisions) for name in (*one.events, one.because) if name is not None]
    return list(dict.fromkeys(names))


def _cited(event: AnyEvent) -> Cited:
    data = msgspec.to_builtins(event.data)
    text = data.pop("text", None)
    presumed = bool(data.pop("presumed", False))
    return Cited(
        id=event.id,
        kind=short_name(str(event.__struct_config__.tag)),
        occurred=_occurred(event),
        time=event.time,
        received=event.received,
        reported=event.reported,
        ingested=event.ingested,
        source=event.source,
        url=event.source if event.source.startswith(("https://", "http://")) else None,
        text=text,
        says=tuple((name.replace("_", " "), _words(value)) for name, value in data.items()),
        presumed=presumed,
    )


def _occurred(event: AnyEvent) -> str:
    if event.precision == "day":
        return f"on {event.time.astimezone(zone_named(event.zone)):%Y-%m-%d} (the day in {event.zone})"
    return "within the hour" if event.precision == "hour" else f"to the {event.precision}"


def _words(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    if isinstance(value, dict):
        return " ".join(f"{name} {_words(each)}" for name, each in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
