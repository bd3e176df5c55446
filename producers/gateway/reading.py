"""From what a source sent to what goes into the log: its own words, and the gateway's stamp.

The record is read once as plain JSON and written afresh, in one canonical form: no key twice, nothing spelled in two ways.
What is decoded (``streams.events.decode``) are the very bytes that go into the log.

**The stamp.** When the log took an event in is the log's to say. Whatever a source says in ``ingested`` is dropped, and the
gateway's own time put there. So an event that lies in the future is refused, as everywhere, and nobody can make a report look
older than it is. Only a declaration (a channel's status, a regime's) may be about the future: it is not stamped then, and is
known from when it takes effect.

**The digest** is that of the canonical form without the stamp: the same event sent again has the same one, however it is
spelled that time.
"""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from streams.events import AnyEvent, ChannelStatus, RegimeStatement
from streams.events.decode import MAX_BYTES, Refused, decode

LONGEST_REASON = 400
_STAMP = "ingested"
_LONGEST_ID = 200
_read = msgspec.json.Decoder(dict[str, Any]).decode
_write = msgspec.json.Encoder(order="sorted").encode


class Read(NamedTuple):
    """An event that is fit for the log.

    Attributes:
        data: The bytes for the log, stamped.
        digest: 16 bytes that tell its content from any other, whatever its stamp.
    """

    event: AnyEvent
    data: bytes
    digest: bytes


class Unread(NamedTuple):
    """What is no event.

    Attributes:
        id: What it calls itself, where that could be read.
        field: The field that is wrong, as a JSON path, where it is one.
        reason: What is wrong.
    """

    id: str | None
    field: str | None
    reason: str


def read(raw: bytes | memoryview, now: datetime) -> Read | Unread:
    """Read one CloudEvents JSON record.

    Args:
        raw: The record as it was sent.
        now: When it arrived, UTC.
    """
    if len(raw) > MAX_BYTES:
        return Unread(None, None, f"expected at most {MAX_BYTES} bytes, got {len(raw)}")
    try:
        sent = _read(raw)
    except RecursionError:
        return Unread(None, None, "nested too deeply to be an event")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _unread(None, str(error))
    return read_attributes(sent, now)


def read_attributes(sent: dict[str, Any], now: datetime) -> Read | Unread:
    """The same for a record whose attributes were told apart already. ``sent`` is changed."""
    sent.pop(_STAMP, None)
    try:
        own = _write(sent)
        event = _decoded(own, now)
    except RecursionError:
        return Unread(_name(sent), None, "nested too deeply to be an event")
    except Refused as error:
        return _unread(_name(sent), str(error))
    except (OverflowError, msgspec.MsgspecError) as error:
        # A number that JSON may hold and no other reader understands.
        return _unread(_name(sent), str(error))
    digest = hashlib.blake2b(own, digest_size=16).digest()
    return Read(event[0], event[1], digest)


def _decoded(own: bytes, now: datetime) -> tuple[AnyEvent, bytes]:
    data = _stamped(own, now)
    try:
        return decode(data), data
    except Refused:
        event = decode(own)
        if isinstance(event, ChannelStatus | RegimeStatement) and event.occurred.earliest > now:
            return event, own
        raise


def _stamped(own: bytes, now: datetime) -> bytes:
    stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return own[:-1] + (b',"' if len(own) > 2 else b'"') + f'{_STAMP}":"{stamp}"}}'.encode()


def _unread(name: str | None, told: str) -> Unread:
    """What the decoder says, with the field told apart."""
    reason, found, field = told.rpartition(" - at `")
    if not found:
        reason, field = told, ""
    return Unread(name, field.removesuffix("`")[:LONGEST_REASON] or None, reason[:LONGEST_REASON])


def _name(sent: dict[str, Any]) -> str | None:
    name = sent.get("id")
    return name[:_LONGEST_ID] if isinstance(name, str) else None
