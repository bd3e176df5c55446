"""Whether a mended dead letter is an event that the log can have."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from deploy.replaying.replay import not_yet
from streams.events import AnyEvent, Tick
from streams.events.decode import SKEW, Refused, decode
from streams.watch import Watch


class Mended(NamedTuple):
    """An event, and its bytes on one line."""

    event: AnyEvent
    record: bytes


def vetted(watch: Watch, data: bytes, now: datetime) -> Mended:
    """Decode a mended text as a replay would.

    Args:
        watch: One without a time: it judges nothing yet, and refuses names that no agreement knows.
        data: The text.
        now: The time of day, UTC.

    Raises:
        Refused: when it is no event, names what no agreement knows, or was known only after ``now``.
    """
    event: AnyEvent = decode(data)
    if not isinstance(event, Tick):
        watch.receive(event)
    if event.known > now + SKEW:
        raise Refused(not_yet(event.known))
    # One record is one line, however the mended text was laid out.
    return Mended(event, data if b"\n" not in data else msgspec.json.format(data, indent=-1))
