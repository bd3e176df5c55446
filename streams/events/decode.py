"""The one way from bytes to events. What does not decode is refused with the field, the reason and what was expected."""

from datetime import UTC, datetime, timedelta

import msgspec

from streams.events import AnyEvent
from streams.events.times import EXACT, spoken, zone_named

MAX_BYTES = 262_144
"""The longest record that is looked at, in bytes."""
SKEW = timedelta(minutes=5)
"""How far a source's clock may run ahead of the log's before its event is refused."""

_EARLIEST, _LATEST = 1_000, 9_000
"""Years with room on both sides for zones, precisions and terms: no calendar reckons beyond 1 and 9999."""

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
    if not _EARLIEST <= event.time.year <= _LATEST and not _plain(event):
        raise Refused(f"expected a year from {_EARLIEST} to {_LATEST}, got {event.time.year} - at `$.time`")
    # Before what rests on the zone.
    if event.zone != "UTC" or event.local is not None:
        _cross_check(event)
    ingested = event.ingested
    if ingested is not None and event.time > ingested:
        _refuse_future(event, ingested)
    if event.time.tzinfo is not UTC:
        event = msgspec.structs.replace(event, time=event.time.astimezone(UTC))
    return event


def _plain(event: AnyEvent) -> bool:
    """Whether its time is an instant in UTC, for which nothing need be reckoned."""
    return event.zone == "UTC" and event.local is None and event.precision in EXACT and event.time.tzinfo is UTC


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
