"""What came of probes as events of the log. The same slot of the same probe is the same event."""

from datetime import UTC, datetime

from producers.probes.attempt import Result
from producers.probes.model import AnyTarget, Site, kind_of
from streams.events import ChannelCheck, FeedHeartbeat
from streams.events.channels import Check
from streams.events.housekeeping import Beat


def claim(site: Site, target: AnyTarget, slot: datetime, began: datetime, result: Result) -> ChannelCheck | None:
    """The check that a result is; ``None`` for a probe that was not made.

    Args:
        site: Where it was made.
        target: The probe.
        slot: The slot it was made for, UTC; with the probe it makes the event's id.
        began: When it began, UTC: the event's time.
        result: What came of it.
    """
    if result.outcome == "not-made" or target.channel is None:
        return None
    end = "" if target.party is None else f"{target.party}'s end, "
    latency = None if result.latency_ms is None else round(result.latency_ms, 3)
    data = Check(
        channel=target.channel,
        outcome=result.outcome,
        latency_ms=latency,
        text=f"{end}{kind_of(target)} from {site.site}: transport {result.transport}; {result.evidence}",
    )
    identity = f"probe-{site.site}-{target.id}-{_stamp(slot)}"
    return ChannelCheck(specversion="1.0", id=identity, source=source_of(site, target), time=began, data=data)


def beat(site: Site, feed: str, moment: datetime) -> FeedHeartbeat:
    """A feed's sign of life: complete up to ``moment``, UTC."""
    identity = f"beat-{site.site}-{feed}-{_stamp(moment)}"
    return FeedHeartbeat(specversion="1.0", id=identity, source=source_of(site, None), time=moment, data=Beat(feed=feed))


def source_of(site: Site, target: AnyTarget | None) -> str:
    """The source of an event."""
    return (target.source if target is not None else None) or site.source or f"steadyline:probes:{site.site}"


def _stamp(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y%m%dT%H%M%S") + (f".{moment.microsecond:06}" if moment.microsecond else "") + "Z"
