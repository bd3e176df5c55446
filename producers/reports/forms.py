"""The forms of a report: an incident, a call, a channel's status, a line check, a contact, a retraction."""

from collections.abc import Sequence
from math import inf

from producers.reports.sheet import Said, Sheet, vetted
from streams.events import (
    AnyEvent,
    ChannelCheck,
    ChannelRequest,
    ChannelStatus,
    Contact,
    IncidentReport,
    Point,
    Retraction,
)
from streams.events.channels import Check, Request, Status
from streams.events.housekeeping import Withdrawal
from streams.events.incidents import Exchange, Incident

PLACED = "placed"


def incident(
    sheet: Sheet,
    said: Said,
    *,
    name: str | None,
    parties: str,
    gravity: str,
    domain: str,
    place: str | None,
    closest_m: float | None,
    platforms: Sequence[str],
    text: str | None,
) -> AnyEvent:
    """An incident between two parties.

    Raises:
        ReportError: with every fault found.
    """
    envelope = sheet.envelope(said)
    # Two reports of one incident carry one name: without one, this is the first of its own.
    name = sheet.key("--incident", name or said.id)
    pair = sheet.pair("--parties", parties)
    data = Incident(
        incident=name,
        parties=pair if pair[0] != pair[1] else ("0", "1"),
        gravity=sheet.choice("--gravity", gravity, Incident, "gravity"),
        domain=sheet.choice("--domain", domain, Incident, "domain"),
        place=None if place is None else _point(sheet, place),
        closest_m=closest_m,
        platforms=tuple(platforms),
        text=sheet.words("--text", text),
    )
    if closest_m is not None and not 0 <= closest_m < inf:
        sheet.wrong("--closest-m", f"expected metres, 0 or more, got {closest_m}")
    if any(len(platform) > 200 for platform in platforms):
        sheet.wrong("--platform", "expected at most 200 characters")
    sheet.complete()
    return vetted(IncidentReport(**envelope, data=data))


def call(
    sheet: Sheet, said: Said, *, channel: str, party: str, request: str | None, outcome: str, text: str | None
) -> AnyEvent:
    """A call over a channel that was asked for, or what became of it.

    Raises:
        ReportError: with every fault found.
    """
    envelope = sheet.envelope(said)
    known_outcome = sheet.choice("--outcome", outcome, Request, "outcome")
    if request is None and known_outcome == outcome != PLACED:
        sheet.wrong("--request", f"expected the call that was {outcome}: the request that its report was given when placed")
    known = sheet.channel("--channel", channel)
    data = Request(
        channel=known,
        request=sheet.key("--request", request or said.id),
        party=sheet.party("--party", party, channel),
        outcome=known_outcome,
        text=sheet.words("--text", text),
    )
    sheet.complete()
    return vetted(ChannelRequest(**envelope, data=data))


def status(
    sheet: Sheet,
    said: Said,
    *,
    channels: Sequence[str],
    party: str,
    declared: str,
    announcement: str | None,
    text: str | None,
) -> AnyEvent:
    """What a party declared about channels.

    Raises:
        ReportError: with every fault found.
    """
    envelope = sheet.envelope(said)
    known = tuple(sheet.channel("--channel", channel) for channel in channels)
    if not 1 <= len(channels) <= 100 or len(set(channels)) != len(channels):
        sheet.wrong("--channel", f"expected 1 to 100 different channels, got {len(channels)}")
    named = sheet.party("--party", party)
    if named == party:
        for channel in channels:
            sheet.party("--party", party, channel)
    data = Status(
        channels=known,
        party=named,
        status=sheet.choice("--status", declared, Status, "status"),
        announcement=None if announcement is None else sheet.key("--announcement", announcement),
        text=sheet.words("--text", text),
    )
    sheet.complete()
    return vetted(ChannelStatus(**envelope, data=data))


def check(sheet: Sheet, said: Said, *, channel: str, outcome: str, latency_ms: float | None, text: str | None) -> AnyEvent:
    """A line check.

    Raises:
        ReportError: with every fault found.
    """
    envelope = sheet.envelope(said)
    if latency_ms is not None and not 0 <= latency_ms < inf:
        sheet.wrong("--latency-ms", f"expected milliseconds, 0 or more, got {latency_ms}")
    data = Check(
        channel=sheet.channel("--channel", channel),
        outcome=sheet.choice("--outcome", outcome, Check, "outcome"),
        latency_ms=latency_ms,
        text=sheet.words("--text", text),
    )
    sheet.complete()
    return vetted(ChannelCheck(**envelope, data=data))


def contact(
    sheet: Sheet,
    said: Said,
    *,
    parties: str,
    channel: str | None,
    level: str,
    public: bool,
    alternate: bool,
    text: str | None,
) -> AnyEvent:
    """Two parties spoke.

    Raises:
        ReportError: with every fault found.
    """
    envelope = sheet.envelope(said)
    pair = sheet.pair("--parties", parties, channel)
    data = Exchange(
        parties=pair if pair[0] != pair[1] else ("0", "1"),
        channel=None if channel is None else sheet.channel("--channel", channel),
        level=sheet.choice("--level", level, Exchange, "level"),
        public=public,
        alternate=alternate,
        text=sheet.words("--text", text),
    )
    sheet.complete()
    return vetted(Contact(**envelope, data=data))


def retract(sheet: Sheet, said: Said, *, retracts: str, reason: str | None) -> AnyEvent:
    """A report is taken back.

    Raises:
        ReportError: with every fault found.
    """
    envelope = sheet.envelope(said)
    data = Withdrawal(retracts=sheet.event_id("ID", retracts), reason=sheet.words("--reason", reason))
    sheet.complete()
    return vetted(Retraction(**envelope, data=data))


def _point(sheet: Sheet, text: str) -> Point:
    latitude, longitude = sheet.place("--place", text)
    return Point(lat=latitude, lon=longitude)
