"""Every query of every page, on points of which it is known what must be found."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dashboards.grafana.names import Buckets
from dashboards.influx.schema import LIVE, NoticeRow, RetractionRow
from dashboards.influx.times import at_second, seconds
from tests.conftest import Database
from tests.grafana.asking import EVERYTHING, Base, base, boards, interpolated
from tests.grafana.handmade import CALL, DRILL, NOW, Points

BOARDS = boards(Buckets())
PANELS = [(uid, panel["id"], panel["title"]) for uid, board in BOARDS.items() for panel in board["panels"]]
NOTHING = {
    ("steadyline-regime", 9): "no lapse of a notice in this world",
    ("steadyline-dialogues", 7): "no channel was switched off",
}
OF_THE_LIVE_WATCH_ALONE = {("steadyline-pipeline", number) for number in (1, 2, 4, 5, 6, 7, 12, 13)}
OF_RUNS_ALONE = {("steadyline-exercises", number) for number in (2, 3, 4, 5, 6)}


def asked(base: Base, uid: str, number: int, run: str = LIVE, **chosen: str) -> list[dict[str, Any]]:
    """What the query of a panel finds."""
    panel = next(panel for panel in boards(base.buckets)[uid]["panels"] if panel["id"] == number)
    choice = {"run": run, "dyad": EVERYTHING, "agreement": EVERYTHING, "channel": CALL} | chosen
    return base.ask(interpolated(panel["targets"][0]["query"], NOW - timedelta(days=1), NOW, choice))


def test_every_panel_shows_what_is_there_live(handmade: Base) -> None:
    for uid, number, title in PANELS:
        empty = (uid, number) in NOTHING or (uid, number) in OF_RUNS_ALONE
        assert (not asked(handmade, uid, number)) == empty, (uid, title)


def test_what_the_watch_says_of_itself_is_in_no_drill(handmade: Base) -> None:
    for uid, number in OF_THE_LIVE_WATCH_ALONE:
        assert asked(handmade, uid, number, DRILL) == []


def test_the_floor_counts_what_is_lapsed_late_and_unknown(handmade: Base) -> None:
    assert [asked(handmade, "steadyline-floor", number)[0]["n"] for number in (1, 2, 3)] == [0, 0, 1]
    (open_lapse,) = asked(handmade, "steadyline-floor", 5)
    assert (open_lapse["id"], open_lapse["severity"], open_lapse["clause"]) == ("second-call", "critical", "A call is taken.")


def test_a_notice_that_was_taken_back_or_cancelled_is_not_on_the_map(handmade: Base) -> None:
    assert [row["title"] for row in asked(handmade, "steadyline-floor", 10)] == ["notice 0"]


def notice(party: str, name: str, revision: int, **told: Any) -> tuple[NoticeRow, int]:
    """A notice number 7 of a party, with its window open."""
    row = NoticeRow(
        run=LIVE, party=party, launch_class="icbm", id=name, notice="7", revision=revision, status="planned",
        cancelled=0, title=name, lat=10.0, lon=120.0, radius_km=50.0, recipients="RUS",
        window_start=seconds(NOW) - 7_200, window_end=seconds(NOW) + 7_200,
    )  # fmt: skip
    return replace(row, **told), at_second(NOW - timedelta(hours=9 - revision), name)


def taken_back(name: str, what: str) -> tuple[RetractionRow, int]:
    """A retraction."""
    return RetractionRow(run=LIVE, id=name, retracts=what), at_second(NOW - timedelta(hours=1), name)


@pytest.mark.parametrize(
    ("points", "titles"),
    [
        ([notice("US", "us", 1), notice("RUS", "rus", 2)], ["rus", "us"]),
        ([notice("US", "first", 1), notice("US", "off", 2, cancelled=1), taken_back("r", "off")], ["first"]),
        ([notice("US", "first", 1), taken_back("r", "first"), taken_back("s", "r")], ["first"]),
        ([notice("US", "first", 1), taken_back("r", "first"), taken_back("s", "r"), taken_back("t", "s")], []),
    ],
    ids=["parties number alike", "its cancellation was taken back", "so was a retraction", "and its own"],
)
def test_the_map_shows_the_notices_that_stand(influx: Database, points: Points, titles: list[str]) -> None:
    with base(influx) as made:
        made.write(points)
        assert sorted(row["title"] for row in asked(made, "steadyline-floor", 10)) == titles


def test_an_incident_that_two_sources_tell_counts_once(handmade: Base) -> None:
    (row,) = asked(handmade, "steadyline-incidents", 2)
    assert (row["dyad"], row["incidents"]) == ("PRC-US", 2)


def test_availability_is_the_share_of_the_time_of_which_anything_is_known(handmade: Base) -> None:
    (row,) = asked(handmade, "steadyline-channel", 2)
    assert row["availability"] == pytest.approx(50.0, abs=0.5)
    (line,) = asked(handmade, "steadyline-channel", 2, channel="nk-line")
    assert line["availability"] == 100.0
    (dark,) = asked(handmade, "steadyline-channel", 3, channel="nk-line")
    assert dark["unknown"] == pytest.approx(100 * 39 / 240, abs=0.5)


def test_what_is_not_said_any_more_is_unknown_live_and_stays_in_a_run(handmade: Base) -> None:
    later = {"run": LIVE, "dyad": EVERYTHING, "agreement": EVERYTHING}
    panels = {panel["id"]: panel for panel in boards(handmade.buckets)["steadyline-floor"]["panels"]}
    query, turns = panels[6]["targets"][0]["query"], panels[9]["targets"][0]["query"]
    day = NOW + timedelta(hours=2)
    live = handmade.ask(interpolated(query, NOW - timedelta(days=1), day, later))
    assert {(row["name"], row["stand"], row["reason"]) for row in live if row["kind"] != "feed"} >= {(CALL, 3, "no word")}
    ends = {row["name"]: row for row in handmade.ask(interpolated(turns, NOW - timedelta(days=1), day, later))}
    assert (ends[CALL]["_value"], ends[CALL]["_time"]) == (3, NOW + timedelta(minutes=9))
    drill = handmade.ask(interpolated(turns, NOW - timedelta(days=1), day, later | {"run": DRILL}))
    assert [row["_value"] for row in drill if row["name"] == CALL] == [0, 2, 0]


def test_the_lists_to_choose_from_hold_every_value(handmade: Base) -> None:
    found = {}
    for board in boards(handmade.buckets).values():
        for variable in board["templating"]["list"]:
            query = interpolated(variable["query"], NOW - timedelta(days=1), NOW, {"run": LIVE})
            found[variable["name"]] = [row["_value"] for row in handmade.ask(query)]
    assert found["run"] == [DRILL, LIVE]
    assert found["channel"] == ["nk-line", CALL]
    assert set(found["dyad"]) == {"DPRK-ROK", "PRC-US"}
    assert "launch-1988" in found["agreement"]


def test_every_page_marks_what_lapsed(handmade: Base) -> None:
    choice = {"run": LIVE, "dyad": EVERYTHING, "agreement": EVERYTHING, "channel": CALL}
    for uid, board in boards(handmade.buckets).items():
        (marks,) = board["annotations"]["list"]
        found = handmade.ask(interpolated(marks["target"]["query"], NOW - timedelta(days=1), NOW, choice))
        assert sorted(row["title"] for row in found) == [
            *("escalated: declined", "opened: declined", "opened: declined", "resolved: declined"),
        ], uid
