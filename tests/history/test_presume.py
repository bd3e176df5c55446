"""Presumed checks and heartbeats: by the calendar, never in place of a reported one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from producers.history.presume import SOURCE, merged, presumed_events
from producers.history.story import Presumed, PresumedFeed, Story, StoryError
from streams.agreements.model import Agreement, from_toml
from streams.events import AnyEvent, ChannelCheck, ChannelRequest, FeedHeartbeat
from streams.events.channels import Check, Request
from streams.events.decode import decode, encode

Agreements = tuple[Agreement, ...]

AGREEMENTS = """
id = "koreas"
title = "Lines between the Koreas"
standing = "political"
parties = ["ROK", "DPRK"]
summary = "For a test."
sources = ["urn:test"]

[[feeds]]
id = "ministry"
title = "Daily word"
heartbeat = "6 h"
silent_after = "18 h"

[[feeds]]
id = "restless"
title = "Never still"
heartbeat = "0 s"
silent_after = "1 h"

[[obligations]]
kind = "cadence"
id = "liaison-calls"
clause = "Twice on working days."
sources = ["urn:test"]
channels = ["liaison"]
calendar = { rules = ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,17;BYMINUTE=0;BYSECOND=0"], zone = "Asia/Seoul" }
early = "5 min"
grace = "30 min"

[[obligations]]
kind = "cadence"
id = "new-york-calls"
clause = "Every morning."
sources = ["urn:test"]
channels = ["new-york", "twice"]
calendar = { rules = ["FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"], zone = "America/New_York" }

[[obligations]]
kind = "cadence"
id = "other-calls"
clause = "Every noon."
sources = ["urn:test"]
channels = ["twice"]
calendar = { rules = ["FREQ=DAILY;BYHOUR=12;BYMINUTE=0;BYSECOND=0"] }

[[obligations]]
kind = "cadence"
id = "talks"
clause = "Twice a year."
sources = ["urn:test"]
channels = ["talks"]
longest_gap = "8 months"
"""


@pytest.fixture(scope="module")
def agreements() -> Agreements:
    return (msgspec.toml.decode(AGREEMENTS, type=Agreement, dec_hook=from_toml),)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def story(
    channel: str = "", start: str = "2023-04-03", until: str = "2023-04-12", *, feed: str = "", events: Iterable[AnyEvent] = ()
) -> Story:
    return Story(
        name="test",
        title="A test",
        about="For a test.",
        start=at(start),
        until=at(until),
        presumed=(Presumed(channel=channel, start=at(start), until=at(until), note="As always."),) if channel else (),
        presumed_feeds=(PresumedFeed(feed=feed, start=at(start), until=at(until)),) if feed else (),
        events=tuple(events),
    )


def reported(time: str, channel: str = "liaison", **fields: Any) -> ChannelCheck:
    data = Check(channel=channel, outcome="unanswered")
    return ChannelCheck(specversion="1.0", id=f"reported:{time}", source="urn:test", time=at(time), data=data, **fields)


def times(events: Iterable[AnyEvent]) -> list[str]:
    return [event.time.strftime("%m-%d %H:%M") for event in events]


def test_checks_follow_the_local_calendar_and_skip_weekends(agreements: Agreements) -> None:
    found = list(presumed_events(story("liaison", "2023-04-06", "2023-04-11"), agreements))
    assert times(found) == ["04-06 00:00", "04-06 08:00", "04-07 00:00", "04-07 08:00", "04-10 00:00", "04-10 08:00"]


def test_checks_follow_daylight_saving(agreements: Agreements) -> None:
    found = list(presumed_events(story("new-york", "2023-03-11", "2023-03-14"), agreements))
    assert times(found) == ["03-11 14:00", "03-12 13:00", "03-13 13:00"]


def test_the_stretch_holds_its_start_and_not_its_end(agreements: Agreements) -> None:
    found = list(presumed_events(story("liaison", "2023-04-06T08:00", "2023-04-07T08:00"), agreements))
    assert times(found) == ["04-06 08:00", "04-07 00:00"]


def test_a_check_is_marked_and_known_when_it_is_made(agreements: Agreements) -> None:
    check = next(presumed_events(story("liaison"), agreements))
    assert isinstance(check, ChannelCheck)
    assert check.id == "presumed:liaison:2023-04-03T00:00Z"
    assert (check.source, check.data.presumed, check.data.outcome) == (SOURCE, True, "answered")
    assert check.known == check.time == at("2023-04-03")
    assert decode(encode(check)) == check


@pytest.mark.parametrize(
    ("time", "taken"),
    [
        ("2023-04-07T00:00", True),
        ("2023-04-06T23:55", True),
        ("2023-04-06T23:54:59", False),
        ("2023-04-07T00:30", True),
        ("2023-04-07T00:30:01", False),
    ],
)
def test_a_slot_in_whose_window_a_check_was_reported_gets_no_other(agreements: Agreements, time: str, taken: bool) -> None:
    found = presumed_events(story("liaison", "2023-04-07", "2023-04-08", events=[reported(time)]), agreements)
    assert times(found) == (["04-07 08:00"] if taken else ["04-07 00:00", "04-07 08:00"])


def test_a_check_reported_by_its_day_takes_every_slot_it_can_have_been(agreements: Agreements) -> None:
    check = reported("2023-04-06T15:00", precision="day", zone="Asia/Seoul")
    found = presumed_events(story("liaison", "2023-04-06", "2023-04-11", events=[check]), agreements)
    assert times(found) == ["04-06 00:00", "04-06 08:00", "04-10 00:00", "04-10 08:00"]


def test_checks_of_other_channels_and_other_events_take_no_slot(agreements: Agreements) -> None:
    data = Request(channel="liaison", request="call", party="ROK")
    request = ChannelRequest(specversion="1.0", id="call", source="urn:test", time=at("2023-04-07T00:00"), data=data)
    events: list[AnyEvent] = [reported("2023-04-07T00:00", "military"), request]
    found = presumed_events(story("liaison", "2023-04-07", "2023-04-08", events=events), agreements)
    assert times(found) == ["04-07 00:00", "04-07 08:00"]


def test_a_feed_beats_at_its_period_from_start_to_end(agreements: Agreements) -> None:
    found = list(presumed_events(story(feed="ministry", start="2023-04-07T03:00", until="2023-04-08T03:00"), agreements))
    assert all(isinstance(event, FeedHeartbeat) and event.data.feed == "ministry" for event in found)
    assert times(found) == ["04-07 03:00", "04-07 09:00", "04-07 15:00", "04-07 21:00"]
    assert found[0].id == "presumed:ministry:2023-04-07T03:00Z"
    assert found[0].known == found[0].time


def test_a_heartbeat_follows_the_checks_it_vouches_for(agreements: Agreements) -> None:
    found = presumed_events(story("liaison", "2023-04-07", "2023-04-07T06:00", feed="ministry"), agreements)
    assert [type(event) for event in found] == [ChannelCheck, FeedHeartbeat]


def test_stretches_that_overlap_give_each_event_once(agreements: Agreements) -> None:
    twice = story("liaison", feed="ministry")
    twice = msgspec.structs.replace(twice, presumed=twice.presumed * 2, presumed_feeds=twice.presumed_feeds * 2)
    ids = [event.id for event in presumed_events(twice, agreements)]
    assert ids == [event.id for event in presumed_events(story("liaison", feed="ministry"), agreements)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (story("talks"), "test: channel talks has a longest gap and no calendar"),
        (story("telepathy"), "test: no agreement asks for checks of channel telepathy"),
        (story("twice"), "expected one calendar for channel twice, got koreas/new-york-calls and koreas/other-calls"),
        (story(feed="gossip"), "test: no agreement has a feed gossip"),
        (story(feed="restless"), "feed restless beats more than once a second"),
    ],
)
def test_what_has_no_calendar_cannot_be_presumed(agreements: Agreements, wrong: Story, problem: str) -> None:
    with pytest.raises(StoryError, match=problem):
        presumed_events(wrong, agreements)


def test_merged_is_in_order_of_knowing_and_of_one_instant_reported_first_in_file_order(agreements: Agreements) -> None:
    late = reported("2023-04-07T00:00", "military", ingested=at("2023-04-07T09:00"))
    first = reported("2023-04-07T08:00", "military")
    second = reported("2023-04-07T08:00:00", "liaison")
    told = story("liaison", "2023-04-07", "2023-04-10T01:00", events=[late, first, second])
    events = list(merged(told.events, presumed_events(told, agreements)))
    known = [event.known for event in events]
    assert known == sorted(known)
    assert [event.id for event in events] == [
        "presumed:liaison:2023-04-07T00:00Z",
        "reported:2023-04-07T08:00",
        "reported:2023-04-07T08:00:00",
        "reported:2023-04-07T00:00",
        "presumed:liaison:2023-04-10T00:00Z",
    ]


def test_presuming_twice_gives_the_same_bytes(agreements: Agreements) -> None:
    told = story("liaison", feed="ministry", events=[reported("2023-04-07T00:00")])
    first = [encode(event) for event in presumed_events(told, agreements)]
    assert first == [encode(event) for event in presumed_events(told, agreements)]


def test_a_year_of_checks_is_told_without_a_hole(agreements: Agreements) -> None:
    found = list(presumed_events(story("new-york", "2023-01-01", "2024-01-01"), agreements))
    assert len(found) == 365
    gaps = {later.time - earlier.time for earlier, later in pairwise(found)}
    assert gaps == {timedelta(hours=23), timedelta(hours=24), timedelta(hours=25)}
