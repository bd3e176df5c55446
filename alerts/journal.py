"""What the desk takes in, in one order: lapses, actions, outcomes of deliveries, and time. The same journal, the same pages."""

import msgspec

from alerts.sendings import Outcome
from streams.actions import Action
from streams.events.times import Moment
from streams.lapses import Lapse


class Taken(msgspec.Struct, frozen=True, kw_only=True, tag_field="entry", omit_defaults=True):
    """One record of the journal.

    Attributes:
        at: When it was appended, UTC; never earlier than the one before.
    """

    at: Moment


class LapseEntry(Taken, frozen=True, kw_only=True, tag="lapse"):
    """A revision of a lapse."""

    lapse: Lapse


class ActionEntry(Taken, frozen=True, kw_only=True, tag="action"):
    """What somebody did."""

    action: Action


class OutcomeEntry(Taken, frozen=True, kw_only=True, tag="outcome"):
    """What became of a sending."""

    outcome: Outcome


class TickEntry(Taken, frozen=True, kw_only=True, tag="tick"):
    """Time alone."""


AnyEntry = LapseEntry | ActionEntry | OutcomeEntry | TickEntry

_encoder = msgspec.json.Encoder()


def encode_entry(entry: AnyEntry) -> bytes:
    """The entry as one line of JSON, without the newline; equal entries give equal bytes."""
    return _encoder.encode(entry)


decode_entry = msgspec.json.Decoder(AnyEntry).decode
