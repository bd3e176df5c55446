"""What a feed vouches for, and what the watch says while one is silent: unknown, never lapsed, never resolved."""

import random

import pytest

from streams.agreements.model import Feed
from streams.feeds import FeedRecord
from streams.spans import Span
from tests.core.world import MICRO, Story, answered, at, beats, changed, check, contact, event

HOUR = Span(seconds=3_600)
AFTER = 6.0
"""The feed beats every two hours and counts as silent after six."""


def record(*hours: float) -> FeedRecord:
    """A feed that was heard at these hours."""
    feed = FeedRecord(Feed(id="desk", title="Desk", heartbeat=HOUR, silent_after=Span(seconds=AFTER * 3_600)))
    for hour in hours:
        feed.beat(at(hour))
    return feed


@pytest.mark.parametrize(
    ("beats_at", "start", "end", "now", "vouched"),
    [
        ((), 0, 1, 2, False),
        ((0, 6), 0, 6, 6, True),
        ((0, 6), 1, 5, 6, True),
        # Before the first beat nothing is vouched for.
        ((0, 6), -MICRO, 5, 6, False),
        # Past the last beat it is open until the next is overdue.
        ((0, 6), 1, 7, 12, None),
        ((0, 6), 1, 7, 12 + MICRO, False),
        ((0, 6), 7, 8, 12, None),
        # A hole of more than six hours.
        ((0, 6 + MICRO), 0, 6, 7, False),
        ((0, 6 + MICRO), 0, 0, 7, True),
        ((0, 20), 10, 12, 21, False),
        ((0, 20), 20, 21, 22, None),
    ],
)
def test_a_feed_vouches_for_what_its_beats_cover(
    beats_at: tuple[float, ...], start: float, end: float, now: float, vouched: bool | None
) -> None:
    assert record(*beats_at).vouches(at(start), at(end), at(now)) is vouched


def test_the_order_of_the_beats_leaves_no_trace() -> None:
    hours = [0.0, 2, 4, 11, 13, 30, 36, 42, 49]
    whole = record(*hours)
    dice = random.Random(7)
    for _ in range(50):
        dice.shuffle(hours)
        mixed = record(*hours)
        assert (mixed.starts, mixed.ends) == (whole.starts, whole.ends)
    assert whole.starts == [at(0), at(11), at(30), at(49)]


def test_a_beat_that_is_known_or_covered_tells_nothing_new() -> None:
    feed = record(0, 6)
    assert [feed.beat(at(hour)) for hour in (0, 3, 6, 6.5)] == [False, False, False, True]


@pytest.mark.parametrize(("hours", "silent"), [(10 + AFTER, False), (10 + AFTER + MICRO, True)])
def test_a_feed_is_silent_an_instant_after_its_time(hours: float, silent: bool) -> None:
    story = Story().tell(beats(end=10)).until(hours)
    assert [lapse.subject for lapse in story.of("feed-heartbeat")] == (["feed/desk"] if silent else [])


def test_the_watch_says_that_a_feed_is_silent_and_when_it_is_heard_again() -> None:
    story = Story().tell(beats(end=10)).until(20)
    lapse = story.one("feed-heartbeat")
    assert (lapse.state, lapse.onset, lapse.deadline, lapse.reason, lapse.resolved) == (
        "unknown",
        at(10),
        at(16),
        "feed-silent",
        None,
    )
    story.tell(beats(22, 30)).until(30)
    lapse = story.one("feed-heartbeat")
    assert (lapse.state, lapse.resolved) == ("unknown", at(22))


def test_a_late_beat_that_closes_the_hole_takes_the_silence_back() -> None:
    story = Story().tell(beats(end=10), beats(18, 30)).until(30)
    assert len(story.of("feed-heartbeat")) == 1
    story.now(event("feed.heartbeat", "late", 14, {"feed": "desk"}))
    assert story.of("feed-heartbeat") == []


def test_while_the_feed_is_silent_nothing_lapses_and_when_it_is_back_the_next_miss_does() -> None:
    story = Story().tell(beats(end=2), answered("east", "west", until=0)).until(40)
    assert {lapse.state for lapse in story.of("checks")} == {"unknown"}
    assert all(change.startswith(("unknown", "amended")) for change in story.changes("checks"))
    story.tell(beats(42, 60)).until(50)
    assert {(lapse.state, lapse.onset) for lapse in story.of("checks")} == {("unknown", at(8)), ("open", at(48))}


def test_a_lapse_that_was_known_becomes_unknown_and_is_open_again_with_the_next_miss() -> None:
    rules = changed(('group = "lines"\n', ""))
    told = [beats(end=10), beats(30, 60), check("east", "e0", 0), answered("west")]
    story = Story(rules=rules).tell(*told).until(27)
    lapse = next(lapse for lapse in story.of("checks") if lapse.subject == "east")
    assert (lapse.onset, lapse.state) == (at(8), "unknown")
    story.until(34)
    lapse = next(lapse for lapse in story.of("checks") if lapse.subject == "east")
    assert (lapse.onset, lapse.state, lapse.change) == (at(8), "open", "opened")


def test_a_check_that_is_answered_while_the_feed_is_silent_is_still_an_answer() -> None:
    story = Story().tell(beats(end=2), answered("east", "west")).until(140)
    assert story.of("checks") == []


def test_contact_ends_an_unknown_outage_without_making_it_a_lapse() -> None:
    story = Story().tell(beats(end=2), answered("west"), check("east", "e0", 0), contact("c", 20, "east")).until(22)
    lapse = story.one("checks")
    assert (lapse.state, lapse.resolved) == ("unknown", at(20))


def test_late_beats_that_cover_the_slot_make_the_unknown_a_lapse() -> None:
    story = Story().tell(beats(end=2), answered("west"), check("east", "e0", 0)).until(20)
    assert story.one("checks").state == "unknown"
    story.now(*beats(4, 18))
    lapse = story.one("checks")
    assert (lapse.state, lapse.reason, lapse.onset) == ("open", "missed-check", at(8))


def test_a_feed_that_was_never_heard_vouches_for_nothing() -> None:
    story = Story().tell(check("east", "e0", 0)).until(20)
    assert [(lapse.subject, lapse.state) for lapse in story.of("checks")] == [("east", "unknown")]


def test_a_consumer_that_lags_raises_no_lapse() -> None:
    """The tick comes after the events before it, however late both are."""
    story = Story(start=-1).until(8.4)
    story.now(*beats(0, 8), *answered("east", "west", until=8)).until(8.6)
    assert story.until(9).of("checks") == []
