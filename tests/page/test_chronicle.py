"""Any moment of a recording, looked at from the page, is what a replay that ends there finds."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from dashboards.page import chronicle as chronicle_module
from dashboards.page.chronicle import Chronicle, TooLongError
from deploy.replaying.inputs import opened
from deploy.replaying.replay import Edges, key_of, replay
from deploy.rules import agreements_of
from deploy.watching.recordings import Steps
from producers.history.story import builtin_stories
from streams.agreements.model import Agreement
from streams.lapses import Lapse
from streams.watch import Watch

LONG = ("korea-2023", "steady", "dprk-satellites")
"""Stories with thousands of checks: looked at in fewer moments."""


@cache
def agreements() -> Sequence[Agreement]:
    return agreements_of(None)


@cache
def told(name: str) -> Chronicle:
    given = opened(name, agreements())
    return Chronicle(agreements(), Steps(given), start=given.start, until=given.until)


def replayed(name: str, until: datetime | None = None) -> list[Lapse]:
    given = opened(name, agreements())
    result = replay(Watch(agreements()), given.source, Edges(clock=lambda: 0.0), start=given.start, until=until or given.until)
    return result.lapses


@pytest.mark.parametrize("name", builtin_stories())
def test_a_story_says_what_its_replay_says(name: str) -> None:
    chronicle = told(name)
    found = {key_of(lapse): lapse for lapse in replayed(name)}
    assert {key: book[-1].lapse for key, book in chronicle.books.items()} == found


@pytest.mark.parametrize("name", [name for name in builtin_stories() if name not in LONG])
def test_what_was_known_then_is_what_a_replay_until_then_finds(name: str) -> None:
    chronicle = told(name)
    assert chronicle.start is not None
    assert chronicle.end is not None
    whole = chronicle.end - chronicle.start
    moments = [chronicle.start + whole * share for share in (0.13, 0.5, 0.77)]
    moments += [turn.at + timedelta(minutes=1) for turn in list(chronicle.turns)[:5]]
    for moment in moments:
        then = min(moment, chronicle.end)
        expected = [lapse for lapse in replayed(name, until=then) if lapse.state != "withdrawn"]
        assert {key_of(lapse): lapse for lapse in chronicle.lapses(then, "then")} == {key_of(one): one for one in expected}


@pytest.mark.parametrize("name", LONG)
def test_a_moment_is_reached_from_any_other(name: str) -> None:
    chronicle = told(name)
    assert chronicle.start is not None
    assert chronicle.end is not None
    whole = chronicle.end - chronicle.start
    for share in (0.9, 0.2, 0.21, 0.6, 0.05, 1.0):
        moment = chronicle.start + whole * share
        with chronicle.with_watch(moment) as watch:
            assert watch.now == moment
            standing = [lapse for lapse in watch.lapses() if lapse.state in ("open", "unknown")]
        assert standing == [one for one in chronicle.lapses(moment, "then") if one.state in ("open", "unknown")]


def test_what_came_late_is_known_now_and_was_not_then() -> None:
    # The incident of 21 December 2022 was made public on the 29th.
    chronicle = told("us-china-2022")
    between = datetime(2022, 12, 25, tzinfo=UTC)
    then = {lapse.subject for lapse in chronicle.lapses(between, "then")}
    now = {lapse.subject for lapse in chronicle.lapses(between, "now") if lapse.state == "open"}
    assert "PRC-US/rc135-2022-12-21" in now - then


def test_what_was_resolved_later_is_open_in_hindsight_until_then() -> None:
    chronicle = told("us-china-2022")
    before, after = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 9, tzinfo=UTC)
    states = [
        {lapse.subject: lapse.state for lapse in chronicle.lapses(moment, "now")}["us-china-dpct"] for moment in (before, after)
    ]
    assert states == ["open", "resolved"]


def test_a_recording_that_cannot_be_held_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle_module, "_MOST", 3)
    with pytest.raises(TooLongError, match="at most 3 events"):
        told.__wrapped__("us-china-2022")


def test_an_empty_recording_can_be_opened() -> None:
    chronicle = Chronicle(agreements(), [])
    assert chronicle.start is None
    assert list(chronicle.turns) == []
