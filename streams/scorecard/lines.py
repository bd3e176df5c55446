"""One channel over time: what is on record of it, and whether it was up, lapsed or unknown at each instant."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import pairwise
from typing import Literal, NamedTuple

from streams.agreements.model import Cadence, Channel, Obligation, Response, Standing
from streams.events import Interval
from streams.evidence import ChannelRecord
from streams.lapses import Lapse
from streams.obligations.response import RequestDuty
from streams.scorecard.stretches import Stretch, lapsed_and_unknown, merged, since, stretch
from streams.watch import Watch

Condition = Literal["up", "lapsed", "unknown"]
_FEED = "feed/"


class Segment(NamedTuple):
    """From ``start`` until ``end`` the channel was in one condition; never empty."""

    start: datetime
    end: datetime
    condition: Condition


@dataclass(frozen=True, kw_only=True)
class Line:
    """A channel that was heard of.

    Attributes:
        channel: The channel.
        record: What is on record of it.
        requests: The requests for a call that are still open to amendment.
        lapses: The lapses about it that stand, each as its revisions.
        heard: When it was first heard of, UTC.
        contacts: Its signs of life, by time, UTC.
        outages: Its stretches of lapse up to the end of the span, merged.
        segments: Its conditions in the span, without a hole, from when it was heard of.
    """

    channel: Channel
    record: ChannelRecord
    requests: list[RequestDuty]
    lapses: list[list[Lapse]]
    heard: datetime
    contacts: list[Interval]
    outages: list[Stretch]
    segments: list[Segment]

    def contact_from(self, moment: datetime) -> Interval | None:
        """The first contact that certainly came at or after ``moment``."""
        return next((contact for contact in self.contacts if contact.earliest >= moment), None)

    def outages_in(self, span: Interval) -> list[Stretch]:
        """The outages within the span and the channel's own dates: after these it is no channel, and not out."""
        own = _existing(self.channel, span)
        return [
            Stretch(one.start, min(one.end, own.latest), one.still and own.latest == span.latest)
            for one in since(self.outages, own.earliest)
            if one.start < own.latest
        ]

    def seconds(self, condition: Condition) -> float:
        """How long the channel was in this condition, within the span."""
        return sum(((one.end - one.start).total_seconds() for one in self.segments if one.condition == condition), 0.0)


def lines_of(watch: Watch, lapses: Iterable[list[Lapse]], span: Interval) -> Iterator[Line]:
    """The channels that were heard of by the end of ``span``, by id.

    Args:
        watch: The watch, with its evidence.
        lapses: The lapses that stand, each as its revisions.
        span: The time that is looked at, UTC.
    """
    docket = watch.docket
    obligations: dict[tuple[str, str], Obligation] = {
        (rule.agreement.id, rule.obligation.id): rule.obligation for rule in docket.book.rules()
    }
    about: defaultdict[str, list[list[Lapse]]] = defaultdict(list)
    silences: defaultdict[str, list[Stretch]] = defaultdict(list)
    for revisions in lapses:
        last = revisions[-1]
        name = _channel_of(last, obligations.get((last.agreement, last.rule)))
        if name is not None:
            about[name].append(revisions)
        elif last.subject.startswith(_FEED) and last.reason == "feed-silent":
            silences[last.subject.removeprefix(_FEED)] += lapsed_and_unknown(revisions, span.latest)[1]
    feeds = _feeds(watch)
    for name, record in sorted(docket.channels.records.items()):
        duties = docket.channels.duties_of(name)
        line = _line(
            docket.book.channels[name],
            record,
            [duty for duty in duties if isinstance(duty, RequestDuty) and duty.claims],
            about[name],
            [one for feed in sorted(feeds[name]) for one in silences[feed]],
            span,
        )
        if line is not None:
            yield line


def _channel_of(lapse: Lapse, obligation: Obligation | None) -> str | None:
    """The channel whose outage the lapse is."""
    match obligation:
        case Standing(regime=False) | Cadence():
            return lapse.subject
        case Response(trigger="request"):
            return lapse.subject.partition("/")[0]
        case _:
            return None


def _feeds(watch: Watch) -> dict[str, set[str]]:
    """Per channel the feeds that carry it."""
    book = watch.docket.book
    feeds = {name: {channel.feed} if channel.feed is not None else set() for name, channel in book.channels.items()}
    for rule in book.cadences:
        if rule.obligation.feed is not None:
            for name in rule.obligation.channels:
                feeds[name].add(rule.obligation.feed)
    return feeds


def _line(
    channel: Channel,
    record: ChannelRecord,
    requests: list[RequestDuty],
    lapses: list[list[Lapse]],
    silences: Sequence[Stretch],
    span: Interval,
) -> Line | None:
    until = span.latest
    contacts = _contacts(record, lapses, until)
    heard = [contact.earliest for contact in contacts[:1]]
    heard += record.silences.earliest[:1]
    heard += [signs.forgotten_from for signs in (record.signs, record.silences) if signs.forgotten_from is not None]
    heard += [entry[0] for entry in record.statuses[:1]]
    heard += [claim.occurred.earliest for duty in requests for claim in duty.claims.values()]
    heard += [revisions[-1].onset for revisions in lapses if revisions[-1].reason != "feed-silent"]
    first = min(heard, default=None)
    if first is None or first > until:
        return None
    lapsed: list[Stretch] = []
    unknown = list(silences)
    for revisions in lapses:
        down, lost = lapsed_and_unknown(revisions, until)
        lapsed += down
        unknown += lost
    alive = _alive_from(record, contacts, lapses)
    if alive is None or alive > first:
        unknown += stretch(first, alive, until)
    outages = merged(lapsed)
    return Line(
        channel=channel,
        record=record,
        requests=requests,
        lapses=lapses,
        heard=first,
        contacts=contacts,
        outages=outages,
        segments=_segments(_existing(channel, Interval(max(first, span.earliest), until)), outages, merged(unknown)),
    )


def _contacts(record: ChannelRecord, lapses: Iterable[Sequence[Lapse]], until: datetime) -> list[Interval]:
    """The signs of life on record, and those that the watch has forgotten but that ended a lapse."""
    known = {Interval(sign.earliest, sign.latest) for sign in record.signs if sign.earliest <= until}
    starts = {contact.earliest for contact in known}
    for revisions in lapses:
        last = revisions[-1]
        # What nobody could say is over when the next check is due as well: that is no contact.
        if (
            last.resolved is not None
            and last.reason != "feed-silent"
            and last.resolved <= until
            and last.resolved not in starts
        ):
            known.add(Interval(last.resolved, last.resolved))
    return sorted(known)


def _alive_from(record: ChannelRecord, contacts: list[Interval], lapses: Iterable[Sequence[Lapse]]) -> datetime | None:
    """When the channel had given a sign of life at the latest; one lies before every gap that was too long."""
    moments = [contact.earliest for contact in contacts[:1]]
    moments += [revisions[-1].onset for revisions in lapses if revisions[-1].reason == "too-long-apart"]
    if record.signs.forgotten_from is not None:
        moments.append(record.signs.forgotten_from)
    return min(moments, default=None)


def _existing(channel: Channel, span: Interval) -> Interval:
    """What of the span lies in the channel's own dates."""
    start, until = channel.epoch.start, channel.epoch.until
    return Interval(
        span.earliest if start is None else max(span.earliest, datetime.combine(start, time(), UTC)),
        span.latest if until is None else min(span.latest, datetime.combine(until, time(), UTC)),
    )


def _segments(span: Interval, lapsed: list[Stretch], unknown: list[Stretch]) -> list[Segment]:
    """The conditions within the span; lapsed goes before unknown, unknown before up."""
    lapsed, unknown = since(lapsed, span.earliest), since(unknown, span.earliest)
    bounds = {span.earliest, span.latest}
    bounds.update(moment for one in (*lapsed, *unknown) for moment in (one.start, one.end))
    moments = sorted(moment for moment in bounds if span.earliest <= moment <= span.latest)
    result: list[Segment] = []
    for start, end in pairwise(moments):
        condition: Condition = "lapsed" if _covers(lapsed, start) else "unknown" if _covers(unknown, start) else "up"
        if result and result[-1].condition == condition:
            result[-1] = Segment(result[-1].start, end, condition)
        else:
            result.append(Segment(start, end, condition))
    return result


def _covers(stretches: list[Stretch], moment: datetime) -> bool:
    place = bisect_right(stretches, moment, key=_start) - 1
    return place >= 0 and moment < stretches[place].end


def _start(one: Stretch) -> datetime:
    return one.start
