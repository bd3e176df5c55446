"""Crisis channels: line checks, requests for a call, declared status, dialogue meetings."""

from typing import Annotated, Literal

from msgspec import Meta

from streams.events.envelope import Data, Event, Key, Name, Party, Text

Latency = Annotated[float, Meta(ge=0)]
"""Milliseconds."""


class Check(Data, frozen=True, kw_only=True):
    """One test of one channel.

    Attributes:
        outcome: ``answered`` (also when the other side had no message), ``unanswered``, or ``no-carrier`` (no dial tone:
            the transport itself is down).
        latency_ms: How long the answer took, milliseconds.
        presumed: Not reported by anybody: generated from the channel's calendar between two reported facts.
    """

    channel: Name
    outcome: Literal["answered", "unanswered", "no-carrier"] = "answered"
    latency_ms: Latency | None = None
    presumed: bool = False
    text: Text | None = None


class Request(Data, frozen=True, kw_only=True):
    """A request for a call over a channel, or what became of it; claims with the same ``request`` are one request.

    Attributes:
        outcome: ``placed``, ``acknowledged`` (but not answered), ``answered``, ``declined`` or ``unanswered``; the event's
            ``time`` is when that happened. Where no ``placed`` is on record, the request counts from its first claim.
    """

    channel: Key
    request: Key
    party: Party
    outcome: Literal["placed", "acknowledged", "answered", "declined", "unanswered"] = "placed"
    text: Text | None = None


class Status(Data, frozen=True, kw_only=True):
    """What a party declared about one or more channels in one announcement.

    ``agreed-to-resume`` is a promise: it ends no lapse. Contact does, per channel.
    """

    channels: Annotated[tuple[Key, ...], Meta(min_length=1, max_length=100)]
    party: Party
    status: Literal["open", "suspended", "cancelled", "agreed-to-resume"]
    announcement: Key | None = None
    text: Text | None = None


class Meeting(Data, frozen=True, kw_only=True):
    """A round of a dialogue; a ``no-show`` or a ``cancelled`` round is no contact."""

    channel: Key
    parties: Annotated[tuple[Party, ...], Meta(min_length=2, max_length=50)]
    outcome: Literal["held", "no-show", "cancelled"] = "held"
    virtual: bool = False
    text: Text | None = None


class ChannelCheck(Event, frozen=True, kw_only=True, tag="org.steadyline.channel.check.v1"):
    """A line check was made; ``time`` is when."""

    data: Check


class ChannelRequest(Event, frozen=True, kw_only=True, tag="org.steadyline.channel.request.v1"):
    """A call was asked for, acknowledged, answered, declined or left unanswered."""

    data: Request


class ChannelStatus(Event, frozen=True, kw_only=True, tag="org.steadyline.channel.status.v1"):
    """A party declared the status of channels; ``time`` is when it takes effect."""

    data: Status


class DialogueMeeting(Event, frozen=True, kw_only=True, tag="org.steadyline.dialogue.meeting.v1"):
    """A dialogue met, or failed to."""

    data: Meeting
