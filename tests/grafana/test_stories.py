"""Every panel shows what history holds, and every rule fires and clears as the judgement has it.

The points are those that the pipeline writes; the database is real. What is expected is not read out of the database: it is
what the stories say, or what the embedded run finds.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from dashboards.grafana.names import Buckets
from dashboards.influx.schema import LIVE, LapseRow
from deploy.stack.locks import locked
from producers.history.story import find_story, load_story
from streams.agreements.load import load_builtin
from streams.lapses import Lapse
from streams.watch import Watch
from tests.conftest import Database
from tests.grafana.asking import EVERYTHING, Base, base, boards, interpolated, opened, rules
from tests.grafana.evaluating import Evaluator
from tests.grafana.history import SCENE, SCENE_END, SCENE_START, STORIES, WATCHED, everything, lines_of, rows_of

Rows = list[dict[str, Any]]
CHINA, BALLOON, DPRK, ICBM, KOREA, HAWAII = (
    *("us-china-2022", "balloon-2023", "dprk-satellites", "pacific-icbm-2024", "korea-2022", "hawaii-2018"),
)


@pytest.fixture(scope="module")
def history(influx: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """A real database that holds the stories, written once for all processes of this session."""
    folder = tmp_path_factory.getbasetemp()
    shared = (folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder) / "history"
    with locked(shared.with_suffix(".lock"), 300):
        if not shared.exists():
            with base(influx, keep=True) as made:
                made.write(everything())
            shared.write_text("\n".join(made.buckets))
    with opened(influx, Buckets(*shared.read_text().split())) as made:
        yield made


class Look(NamedTuple):
    """Somebody looks at a panel: which run, until when, at which channel; and what must be there.

    Attributes:
        sees: How many rows, or what is true of them.
        until: The end of the time shown; the story's where it is left out.
    """

    board: str
    panel: int
    run: str
    sees: int | Callable[[Rows], object]
    until: str | None = None
    channel: str = "us-china-dtl"


def column(rows: Rows, name: str) -> list[Any]:
    """What stands in a column, in its order."""
    return [row.get(name) for row in rows]


REVISIONS = {CHINA: 32, BALLOON: 2, DPRK: 7, ICBM: 3, KOREA: 2, HAWAII: 2, SCENE: 0, "exercise": 1}
"""Of each run until the end of the longest story."""
LOOKS = [
    # Eight channels were cut by one announcement the day before.
    Look("floor", 1, CHINA, lambda rows: column(rows, "n") == [8], "2022-08-06T12:00:00Z"),
    Look("floor", 2, KOREA, lambda rows: column(rows, "n") == [1], "2022-10-04T00:10:00Z"),
    Look("floor", 3, CHINA, lambda rows: column(rows, "n") == [0], "2022-08-06T12:00:00Z"),
    Look("floor", 12, CHINA, lambda rows: rows[0]["n"] > 20, "2022-08-06T12:00:00Z"),
    Look("floor", 4, CHINA, lambda rows: 0 <= rows[0]["age"] <= 86_400, "2022-08-06T12:00:00Z"),
    Look("floor", 5, CHINA, lambda rows: column(rows, "reason") == [*["suspended"] * 5, "unanswered", "declined"]),
    Look(
        "floor",
        6,
        BALLOON,
        lambda rows: ("us-china-dtl", 2, "declined") in [(row["name"], row["stand"], row["reason"]) for row in rows],
    ),
    Look(
        "floor",
        6,
        CHINA,
        lambda rows: column(rows, "stand")[:9] == [*[2] * 8, 1] and rows[-1]["reason"] == "never-heard",
        "2022-08-06T12:00:00Z",
    ),
    Look("floor", 7, KOREA, lambda rows: "inter-korean-liaison" in column(rows, "name"), "2022-10-04T12:00:00Z"),
    Look("floor", 8, CHINA, lambda rows: 2 in [row["_value"] for row in rows if row["name"] == "PRC-US"]),
    Look(
        "floor",
        9,
        KOREA,
        lambda rows: [r["_value"] for r in rows if r["name"] == "inter-korean-liaison"][-3:] == [1, 2, 0],
        "2022-10-04T09:00:00Z",
    ),
    Look("floor", 10, SCENE, lambda rows: (rows[0]["lat"], rows[0]["lon"]) == (pytest.approx(20.0), pytest.approx(125.0))),
    Look("floor", 11, DPRK, lambda rows: column(rows, "recipients") == ["JPN"], "2023-05-31T12:00:00Z"),
    Look("floor", 11, DPRK, 0, "2023-06-20T12:00:00Z"),
    Look("channel", 1, BALLOON, lambda rows: column(rows, "stand") == [2]),
    Look("channel", 2, BALLOON, lambda rows: rows[0]["availability"] == 0.0),
    Look("channel", 2, KOREA, lambda rows: 0 < rows[0]["availability"] < 100, channel="inter-korean-liaison"),
    Look("channel", 3, CHINA, lambda rows: 0 < rows[0]["unknown"] < 10),
    Look("channel", 4, KOREA, 1, "2022-10-04T12:00:00Z", "inter-korean-liaison"),
    Look("channel", 5, KOREA, lambda rows: column(rows, "_value")[-1] == 0, channel="inter-korean-liaison"),
    Look("channel", 6, CHINA, lambda rows: {2, 3} <= set(column(rows, "_value"))),
    Look("channel", 7, CHINA, 2),
    Look("channel", 8, SCENE, lambda rows: column(rows, "_value") == [420.0, 172_800.0]),
    Look("channel", 9, SCENE, lambda rows: column(rows, "_value") == [420.0]),
    Look("channel", 10, CHINA, lambda rows: column(rows, "level") != [], channel="us-china-cjcs"),
    Look("regime", 1, DPRK, 8),
    Look(
        "regime",
        2,
        DPRK,
        lambda rows: (rows[0]["recipient"], rows[0]["notices"], rows[0]["kept"], rows[0]["owed"]) == ("JPN", 4, 0.0, 120.0),
    ),
    Look("regime", 3, DPRK, lambda rows: (rows[0]["way"], rows[0]["notices"]) == ("DPRK told JPN", 4)),
    Look("regime", 4, ICBM, lambda rows: {r["launcher"]: r["not announced"] for r in rows}["PRC to JPN"] == 1),
    Look(
        "regime",
        5,
        ICBM,
        lambda rows: {(r["recipient"], r["announced"]) for r in rows} >= {("JPN", 0), ("US", 1), ("FRA", 1), ("NZL", 1)},
    ),
    Look("regime", 6, DPRK, 4),
    Look("regime", 7, DPRK, lambda rows: 2 in column(rows, "_value")),
    Look("regime", 8, SCENE, lambda rows: (rows[0]["lat"], rows[0]["lon"]) == (19.6, 110.9)),
    Look("regime", 9, DPRK, lambda rows: sorted(column(rows, "reason")) == ["outside-window", *["short-notice"] * 4]),
    Look("incidents", 1, CHINA, 5),
    Look("incidents", 2, CHINA, lambda rows: (rows[0]["dyad"], rows[0]["incidents"]) == ("PRC-US", 4)),
    Look("incidents", 3, CHINA, 8),
    Look("incidents", 4, CHINA, lambda rows: column(rows, "kept") == [0, 0, 0, 0]),
    Look("incidents", 5, BALLOON, lambda rows: column(rows, "reason") == ["declined"]),
    Look("incidents", 6, CHINA, 4),
    Look("incidents", 7, SCENE, lambda rows: (rows[0]["lat"], rows[0]["lon"]) == (18.0, 112.0)),
    Look("dialogues", 1, CHINA, lambda rows: 0 in [row["_value"] for row in rows if row["dyad"] == "PRC-US"]),
    Look("dialogues", 2, CHINA, lambda rows: max(row["_value"] for row in rows if row["dyad"] == "PRC-US") >= 13),
    Look("dialogues", 3, CHINA, lambda rows: max(column(rows, "_value")) > 0),
    Look("dialogues", 4, CHINA, lambda rows: [column(rows, "stand").count(stand) for stand in (0, 1, 2)] == [3, 0, 7]),
    Look(
        "dialogues",
        5,
        CHINA,
        lambda rows: 0 < {row["name"]: row["availability"] for row in rows}["us-china-cjcs"] < 100,
    ),
    Look("dialogues", 6, KOREA, lambda rows: 2 in column(rows, "_value")),
    # Eight channels out of one announcement.
    Look("dialogues", 7, CHINA, lambda rows: column(rows, "group") == ["prc-mfa-2022-08-05"] * 8),
    Look("pipeline", 8, BALLOON, lambda rows: set(column(rows, "_value")) == {3}),
    Look("pipeline", 9, BALLOON, lambda rows: len(rows) == 12 and set(column(rows, "stand")) == {3}),
    Look("exercises", 1, CHINA, lambda rows: {r["run"]: r["revisions"] for r in rows} == REVISIONS),
    Look("exercises", 2, CHINA, lambda rows: {r["severity"]: r["lapses"] for r in rows} == {"critical": 4, "page": 11}),
    Look("exercises", 3, BALLOON, lambda rows: [(r["reason"], r["lapses"]) for r in rows] == [("declined", 1)]),
    Look("exercises", 4, CHINA, 15),
    Look("exercises", 5, CHINA, lambda rows: 2 in column(rows, "_value")),
    Look("exercises", 6, CHINA, 32),
]
OF_THE_LIVE_WATCH = {("pipeline", number) for number in (1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13)}
"""What the watch says of itself by the wall clock, and its dead letters, is in no story: points made by hand prove these."""


def test_somebody_looks_at_every_panel() -> None:
    panels = {
        (uid.removeprefix("steadyline-"), panel["id"]) for uid, board in boards(Buckets()).items() for panel in board["panels"]
    }
    assert {(look.board, look.panel) for look in LOOKS} | OF_THE_LIVE_WATCH == panels


@pytest.mark.parametrize("look", LOOKS, ids=[f"{look.board}-{look.panel}-{look.run}" for look in LOOKS])
def test_the_panel_shows_what_the_story_holds(history: Base, look: Look) -> None:
    board = boards(history.buckets)[f"steadyline-{look.board}"]
    panel = next(panel for panel in board["panels"] if panel["id"] == look.panel)
    if look.run == SCENE:
        start, end = SCENE_START, SCENE_END
    else:
        story = load_story(find_story(look.run))
        start, end = story.start, story.until
    stop = datetime.fromisoformat(look.until) if look.until else end
    choice = {"run": look.run, "dyad": EVERYTHING, "agreement": EVERYTHING, "channel": look.channel}
    rows = history.ask(interpolated(panel["targets"][0]["query"], start, stop, choice, period="1h"))
    if isinstance(look.sees, int):
        assert len(rows) == look.sees, rows[:3]
    else:
        assert rows
        assert look.sees(rows), rows[:12]


def judged() -> list[Lapse]:
    """What the embedded run says of the story that is written as live, revision by revision."""
    story = load_story(find_story(WATCHED))
    watch = Watch(load_builtin())
    revisions: list[Lapse] = []
    for event in story.events:
        revisions += watch.advance(event.known)
        revisions += watch.receive(event)
    return [*revisions, *watch.advance(story.until)]


def open_at(revisions: list[Lapse], moment: datetime, severity: str) -> set[str]:
    """The ids of those that are open then, in this severity."""
    last: dict[str, Lapse] = {}
    for lapse in sorted(revisions, key=lambda one: one.revision):
        if lapse.at < moment:
            last[lapse.id] = lapse
    return {name for name, lapse in last.items() if (lapse.state, lapse.severity.value) == ("open", severity)}


@pytest.mark.parametrize("severity", ["warn", "page", "critical"])
def test_a_rule_fires_for_exactly_what_is_open_all_through_the_story(history: Base, severity: str) -> None:
    revisions = judged()
    rule = rules(history.buckets)[f"sl-lapse-{severity}"]
    moments = sorted({lapse.at + shift for lapse in revisions for shift in (-timedelta(seconds=2), timedelta(seconds=2))})
    seen = set()
    for moment in moments:
        fired = {alert["lapse"] for alert in Evaluator(rule, history).at(moment)}
        assert fired == open_at(revisions, moment, severity), moment
        seen.add(bool(fired))
    assert seen == {True, False}


BELGRADE = datetime(1999, 5, 7, 22, tzinfo=UTC)
STANDINGS = [
    ("sl-late", BELGRADE + timedelta(minutes=90), BELGRADE + timedelta(days=5), "name", "PRC-US"),
    ("sl-dark", BELGRADE + timedelta(days=4, minutes=1), BELGRADE + timedelta(minutes=10), "dyad", "PRC-US"),
    ("sl-blind", BELGRADE + timedelta(days=40), BELGRADE + timedelta(minutes=90), "severity", "blind"),
]


@pytest.mark.parametrize(("uid", "fires", "calm", "label", "value"), STANDINGS)
def test_the_rules_of_standings_fire_and_clear_on_it(
    history: Base, uid: str, fires: datetime, calm: datetime, label: str, value: str
) -> None:
    rule = rules(history.buckets)[uid]
    evaluator = Evaluator(rule | {"for": "0s", "keep_firing_for": "0s"}, history)
    assert value in [alert.get(label) for alert in evaluator.at(fires)]
    quiet = Evaluator(rule | {"for": "0s"}, history).at(calm)
    assert value not in [alert.get(label) for alert in quiet]


def test_a_drill_in_history_fires_the_exercise_rule_alone(history: Base) -> None:
    """Hawaii, 13 January 2018: of two reports of one alarm, one is marked as a drill."""
    moment = datetime(2018, 1, 13, 18, 30, tzinfo=UTC)
    found = rules(history.buckets)
    fired = Evaluator(found["sl-exercise"], history).at(moment)
    assert "exercise" in {alert["run"] for alert in fired}
    assert all(alert["exercise"] == "yes" for alert in fired)
    assert all(Evaluator(found[f"sl-lapse-{one}"], history).at(moment) == [] for one in ("info", "warn", "page", "critical"))
    assert Evaluator(found["sl-exercise"], history).at(moment + timedelta(days=2)) == []


def test_what_is_written_as_live_is_the_story_and_nothing_else() -> None:
    lapses = [row for row, _ in rows_of(lines_of(WATCHED), LIVE) if isinstance(row, LapseRow)]
    assert sorted((row.id, row.revision) for row in lapses) == sorted((one.id, one.revision) for one in judged())
    assert set(STORIES) >= {CHINA, BALLOON, DPRK, ICBM, KOREA, HAWAII}
