"""The one way from bytes to events. What does not decode is refused with the field, the reason and what was expected."""

from datetime import UTC, datetime, timedelta

import msgspec

from streams.events import AnyEvent, Tick
from streams.events.times import EARLIEST, EXACT, LATEST, bounded, spoken, zone_named

MAX_BYTES = 262_144
"""The longest record that is looked at, in bytes."""
SKEW = timedelta(minutes=5)
"""How far a source's clock may run ahead of the log's before its event is refused."""

LONG_AGO, FAR_AHEAD = datetime(EARLIEST + 1, 1, 1, tzinfo=UTC), datetime(LATEST, 1, 1, tzinfo=UTC)
"""Between them every year is one that can be reckoned with, in whatever zone it is told."""
_read = msgspec.json.Decoder(AnyEvent).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


class Refused(ValueError):  # noqa: N818 - the field's word for it: the record is refused, the program is well
    """A record that is not an event. The message names the field, the reason and what was expected."""


def decode(record: bytes | str) -> AnyEvent:
    """Read one CloudEvents JSON record.

    Raises:
        Refused: when it is no JSON, of an unknown type, lacks a time zone, contradicts itself, or is over-long.
    """
    if len(record) > MAX_BYTES:
        raise Refused(f"expected at most {MAX_BYTES} bytes, got {len(record)}")
    try:
        event: AnyEvent = _read(record)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(str(error)) from None
    except RecursionError:
        raise Refused("nested too deeply to be an event") from None
    # The checks below are cheap to skip: most records are exact, in UTC and on time.
    # Cheaper than a pattern in the type: this is asked of every event.
    if not event.id.isprintable() or " " in event.id:
        raise Refused("expected an id without spaces and control characters - at `$.id`")
    time, ingested = event.time, event.ingested
    usual = LONG_AGO < time < FAR_AHEAD if ingested is None else LONG_AGO < time <= ingested < FAR_AHEAD
    if not usual or event.reported is not None or event.received is not None:
        _bound(event)
    # Before what rests on the zone.
    if event.zone != "UTC" or event.local is not None:
        _cross_check(event)
    if not usual and ingested is not None:
        _refuse_future(event, ingested)
    if time.tzinfo is not UTC:
        event = msgspec.structs.replace(event, time=time.astimezone(UTC))
    return event


def _bound(event: AnyEvent) -> None:
    """Hold the four times against the years that can be reckoned with."""
    for name in ("received", "reported", "ingested") if _first_tick(event) else ("time", "received", "reported", "ingested"):
        try:
            bounded(getattr(event, name))
        except ValueError as error:
            raise Refused(f"{error} - at `$.{name}`") from None


def _first_tick(event: AnyEvent) -> bool:
    """Whether it is a plain tick, which may stand before all time: where a replay has no events, its clock never moves."""
    plain = event.zone == "UTC" and event.local is None and event.precision in EXACT and event.time.tzinfo is UTC
    return type(event) is Tick and plain


def encode(event: AnyEvent) -> bytes:
    """The event as one line of CloudEvents JSON, without the newline; equal events give equal bytes."""
    return _encode(event)


def _refuse_future(event: AnyEvent, ingested: datetime) -> None:
    if event.occurred.earliest > ingested + SKEW:
        raise Refused(
            f"`time` {spoken(event.time)} lies after `ingested` {spoken(ingested)}: a report cannot come before its event"
        )


def _cross_check(event: AnyEvent) -> None:
    """Hold the zone's name against the tables, and the printed local time against ``time``."""
    try:
        zone = zone_named(event.zone)
    except ValueError as error:
        raise Refused(f"{error} - at `$.zone`") from None
    if event.local is None:
        return
    try:
        local = datetime.fromisoformat(event.local)
    except ValueError:
        raise Refused(f"expected `local` as YYYY-MM-DDTHH:MM, got {event.local!r} - at `$.local`") from None
    if local.tzinfo is None:
        local = local.replace(tzinfo=zone)
    apart = abs(event.time - local)
    if apart >= (timedelta(hours=1) if event.precision in ("hour", "day") else timedelta(minutes=1)):
        raise Refused(
            f"printed local time {event.local} in {event.zone} is {spoken(local.astimezone(UTC))}, "
            f"but `time` says {spoken(event.time)}: {apart} apart - at `$.local`"
        )
