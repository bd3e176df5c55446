"""What nobody reports because it is routine: the checks of a channel and the heartbeats of a feed, by their calendars.

History tells of the call that went unanswered, not of the four hundred before it. A replay needs those too, and marks them
``presumed``: they rest on a calendar between two reported facts, and on nothing else.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from heapq import merge

from producers.history.story import Presumed, PresumedFeed, Story, StoryError
from streams.agreements.model import Agreement, Cadence, Feed
from streams.calendars import Slots
from streams.events import AnyEvent, ChannelCheck, FeedHeartbeat
from streams.events.channels import Check
from streams.events.housekeeping import Beat

SOURCE = "urn:steadyline:presumed"
"""The ``source`` of every event that is presumed."""


def presumed_events(story: Story, agreements: Sequence[Agreement]) -> Iterator[AnyEvent]:
    """The checks and heartbeats that the story presumes, in order of their time; a heartbeat after the checks of its instant.

    A slot gets a check unless a reported check of its channel, whatever came of it, can have been made from ``early``
    before the slot was due to ``grace`` after it. A check is known when it is made; ids follow from channel and time.

    Args:
        story: The story, with its events.
        agreements: Those of the replay; they say the channels' calendars and the feeds' heartbeats.

    Raises:
        StoryError: for a channel whose checks follow no calendar (there is none, or only a longest gap), for one that two
            calendars claim, and for a feed that no agreement has.
    """
    checks = [_checks(story, presumed, _cadence(story, presumed.channel, agreements)) for presumed in story.presumed]
    beats = [_heartbeats(presumed, _feed(story, presumed.feed, agreements)) for presumed in story.presumed_feeds]
    return _unique(merge(*checks, *beats, key=_known))


def merged(events: Iterable[AnyEvent], presumed: Iterable[AnyEvent]) -> Iterator[AnyEvent]:
    """Reported and presumed events in order of when they were known; of one instant the reported first, in file order.

    Args:
        events: Those of the story, in any order.
        presumed: As ``presumed_events`` gives them.
    """
    return merge(sorted(events, key=_known), presumed, key=_known)


def _known(event: AnyEvent) -> datetime:
    return event.known


def _unique(events: Iterable[AnyEvent]) -> Iterator[AnyEvent]:
    """Each event once, where stretches of one channel or feed overlap; equal ids are of one instant."""
    instant, seen = None, set[str]()
    for event in events:
        if event.time != instant:
            instant, seen = event.time, set()
        if event.id not in seen:
            seen.add(event.id)
            yield event


def _checks(story: Story, presumed: Presumed, cadence: Cadence) -> Iterator[AnyEvent]:
    assert cadence.calendar is not None
    reported = [
        event.occurred for event in story.events if isinstance(event, ChannelCheck) and event.data.channel == presumed.channel
    ]
    for due in Slots(cadence.calendar).between(presumed.start, presumed.until):
        opens, closes = cadence.early.before(due), cadence.grace.after(due)
        if any(made.earliest <= closes and made.latest >= opens for made in reported):
            continue
        yield ChannelCheck(
            specversion="1.0",
            id=f"presumed:{presumed.channel}:{_stamp(due)}",
            source=SOURCE,
            time=due,
            precision="minute",
            ingested=due,
            data=Check(channel=presumed.channel, presumed=True),
        )


def _heartbeats(presumed: PresumedFeed, feed: Feed) -> Iterator[AnyEvent]:
    moment = presumed.start
    while moment < presumed.until:
        yield FeedHeartbeat(
            specversion="1.0",
            id=f"presumed:{feed.id}:{_stamp(moment)}",
            source=SOURCE,
            time=moment,
            ingested=moment,
            data=Beat(feed=feed.id),
        )
        moment = feed.heartbeat.after(moment)


def _cadence(story: Story, channel: str, agreements: Sequence[Agreement]) -> Cadence:
    """The one calendar by which this channel is checked."""
    naming = [
        (agreement.id, obligation)
        for agreement in agreements
        for obligation in agreement.obligations
        if isinstance(obligation, Cadence) and channel in obligation.channels
    ]
    by_calendar = [(agreement, obligation) for agreement, obligation in naming if obligation.calendar is not None]
    if len(by_calendar) == 1:
        return by_calendar[0][1]
    if by_calendar:
        claims = " and ".join(f"{agreement}/{obligation.id}" for agreement, obligation in by_calendar)
        raise StoryError(f"{story.name}: expected one calendar for channel {channel}, got {claims} - at `$.presumed`")
    if naming:
        raise StoryError(
            f"{story.name}: channel {channel} has a longest gap and no calendar, so no check of it can be presumed "
            "- at `$.presumed`"
        )
    raise StoryError(f"{story.name}: no agreement asks for checks of channel {channel} - at `$.presumed`")


def _feed(story: Story, name: str, agreements: Sequence[Agreement]) -> Feed:
    for agreement in agreements:
        for feed in agreement.feeds:
            if feed.id == name:
                if feed.heartbeat.after(story.start) - story.start < timedelta(seconds=1):
                    raise StoryError(f"{story.name}: feed {name} beats more than once a second - at `$.presumed_feeds`")
                return feed
    raise StoryError(f"{story.name}: no agreement has a feed {name} - at `$.presumed_feeds`")


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if moment.second else "%Y-%m-%dT%H:%MZ")
