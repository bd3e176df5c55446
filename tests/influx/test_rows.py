"""Records to rows: what each says, that no hostile record widens a tag, and that their number is bounded."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from dashboards.influx.columns import bucket_of, point, tags_of
from dashboards.influx.minutes import Minutes, moments
from dashboards.influx.names import Names
from dashboards.influx.places import around
from dashboards.influx.points import of_event, of_lapse, of_letter, of_measure
from dashboards.influx.reading import Record
from dashboards.influx.schema import DRILL, LIVE, OTHER, ContactRow, LetterRow, MeasureRow, NoticeRow, PipelineRow, StandingRow
from dashboards.influx.times import at_minute
from dashboards.influx.writer import Writer
from producers.history.presume import merged, presumed_events
from producers.history.story import builtin_stories, find_story, load_story
from streams.agreements.load import load_builtin
from streams.events.areas import Circle, NamedArea, Polygon
from streams.events.decode import encode
from streams.floor import floor
from streams.lapses import Lapse, decode_lapse, encode_lapse
from streams.letters import of_line, of_record
from streams.posture import Measure, Posture, Stand, Standing, encode_posture
from streams.topics import CHANNELS, DEAD_LETTERS, INCIDENTS, LAPSES, STATES
from streams.watch import Watch
from tests.core.world import event

AGREEMENTS = load_builtin()
NAMES = Names(AGREEMENTS)
NOON = datetime(2024, 8, 5, 12, tzinfo=UTC)


def only(kind: str, data: dict[str, Any], **attributes: Any) -> Any:
    """The one row of an event."""
    ((row, _),) = of_event(event(kind, "e", 0, data, **attributes), LIVE, NAMES)
    return row


def test_a_party_that_no_agreement_names_makes_no_series_of_its_own() -> None:
    row = only("contact", {"parties": ["US", "XYZ-1"]})
    assert isinstance(row, ContactRow)
    assert row.dyad == f"US-{OTHER}"
    both = only("contact", {"parties": ["XYZ-1", "XYZ-2"]})
    assert both.dyad == OTHER


def test_a_drill_in_the_live_log_goes_where_replays_go() -> None:
    row = only("contact", {"parties": ["US", "PRC"]}, exercise=True)
    assert (row.run, bucket_of(row)) == (DRILL, "steadyline-runs")


def test_a_check_is_a_measure_where_it_was_timed() -> None:
    timed = only("channel.check", {"channel": "us-china-dtl", "latency_ms": 312})
    assert isinstance(timed, MeasureRow)
    assert (timed.what, timed.subject, timed.value) == ("check", "us-china-dtl", 312.0)
    for data in ({}, {"latency_ms": 3, "presumed": True}, {"latency_ms": 3, "channel": "nobody-knows"}):
        check = event("channel.check", "e", 0, {"channel": "us-china-dtl", **data})
        assert list(of_event(check, LIVE, NAMES)) == []


def test_a_notice_has_a_middle_and_a_radius_round_all_its_areas() -> None:
    areas = [{"shape": "polygon", "points": [[-1, 179], [1, 179], [1, -179], [-1, -179]]}]
    window = {"opens": "2024-09-25T00:14:00Z", "closes": "2024-09-25T06:14:00Z"}
    data = {"notice": "n", "party": "PRC", "recipients": [{"party": "US"}], "window": window, "impact_areas": areas}
    row = only("launch.notice", data)
    assert isinstance(row, NoticeRow)
    assert row.lat == pytest.approx(0, abs=1e-9)
    assert abs(row.lon or 0) == pytest.approx(180)
    assert row.radius_km == pytest.approx(156.9, abs=0.5)
    assert (row.window_end or 0) - (row.window_start or 0) == 6 * 3_600


def test_an_area_that_is_only_named_is_on_no_map() -> None:
    assert around([NamedArea(name="Sea of Japan")]) is None
    both = around([Circle(lat=10, lon=20, radius_km=50), NamedArea(name="x")])
    assert both is not None
    assert (round(both.lat), round(both.lon), both.radius_km) == (10, 20, 50)
    assert around([Polygon(points=((0, 0), (0, 1), (1, 1)))]) is not None


@pytest.mark.parametrize(
    ("what", "value", "kept"),
    [
        ("lead", 24.0, 1),
        ("lead", 23.9, 0),
        ("answer", 24.0, 1),
        ("answer", 24.1, 0),
        ("launch", 1.0, None),
        ("launch", -1.0, None),
    ],
)
def test_whether_a_rule_was_kept_is_said_by_what_is_measured(what: Any, value: float, kept: int | None) -> None:
    owed = None if what == "launch" and value > 0 else 24.0
    measure = Measure(what=what, at=NOON, value=value, owed=owed, subject="US", of="n", recipient="RUS")
    row, _ = of_measure(measure, LIVE, NAMES)
    assert isinstance(row, MeasureRow)
    assert row.kept == kept


@pytest.mark.parametrize(
    ("letter", "topic", "kind"),
    [
        (of_record("channels", 0, 7, None, "expected an event, got a record without a value"), "channels", "no-value"),
        (of_record("run.x.launches", 0, 7, b"{", "Input data was truncated"), "launches", "not-an-event"),
        (of_record("channels", 0, 7, b"{}", "no channel 'x' - at `$.data.channel`"), "channels", "unknown-name"),
        (
            of_record("channels", 0, 7, b"{}", "occurred ...: too late to amend anything"),
            "channels",
            "too-late",
        ),
        (of_line("story.jsonl", 3, b"{", "Input data was truncated"), "file", "not-an-event"),
        (of_line("influxdb:steadyline-runs:1", 1, b"x", "InfluxDB refused this point: 422"), "influx", "not-stored"),
    ],
)
def test_a_dead_letter_is_of_a_class(letter: Any, topic: str, kind: str) -> None:
    row, time = of_letter(letter, LIVE, 1_722_859_200_999)
    assert isinstance(row, LetterRow)
    assert (row.topic, row.kind) == (topic, kind)
    assert time // 1_000_000_000 == 1_722_859_200


def test_what_is_no_record_of_its_topic_stops_nothing() -> None:
    good = encode(event("contact", "good", 0, {"parties": ["US", "PRC"]}))
    topics = (LAPSES, STATES, DEAD_LETTERS, CHANNELS)
    bad = [Record(topic, 0, 0, 0, value) for topic in topics for value in (b"\xff{", b"{}", b"[]", None)]
    made = list(Writer(LIVE, AGREEMENTS).rows([*bad, Record(INCIDENTS, 0, 0, 0, good)]))
    assert [type(row) for row, _ in made] == [ContactRow]


def test_a_letter_that_a_worker_wrote_twice_is_one_point() -> None:
    letter = msgspec.json.encode(of_record("channels", 0, 7, b"{", "bad"))
    other = msgspec.json.encode(of_record("channels", 0, 8, b"{", "bad"))
    records = [Record(DEAD_LETTERS, 0, 0, 1_000, letter), Record(DEAD_LETTERS, 0, 1, 9_000, letter)]
    made = list(Writer(LIVE, AGREEMENTS).rows([*records, Record(DEAD_LETTERS, 0, 2, 9_000, other)]))
    assert len(made) == 2


@pytest.mark.parametrize(
    ("gap", "count", "step"),
    [
        (timedelta(minutes=1), 0, None),
        (timedelta(minutes=3), 2, timedelta(minutes=1)),
        (timedelta(hours=2), 119, timedelta(minutes=1)),
        (timedelta(hours=2, minutes=1), 2, timedelta(hours=1)),
        (timedelta(days=4), 95, timedelta(hours=1)),
        (timedelta(days=4, minutes=1), 4, timedelta(days=1)),
        (timedelta(days=36_500), 36_499, timedelta(days=1)),
    ],
)
def test_the_longer_nothing_changed_the_fewer_points_say_so(gap: timedelta, count: int, step: timedelta | None) -> None:
    found = list(moments(NOON - timedelta(hours=12), NOON - timedelta(hours=12) + gap))
    assert len(found) == count
    assert {later - before for before, later in pairwise(found)} <= {step}


def standing(stand: Stand, name: str = "us-china-dtl") -> Standing:
    return Standing(kind="channel", name=name, stand=stand)


def told(minutes: Minutes, posture: Posture) -> list[tuple[int, str, int]]:
    rows = [(time, row) for row, time in minutes.take(posture) if isinstance(row, StandingRow)]
    return [(time, row.name, row.stand) for time, row in rows]


def test_between_two_snapshots_all_stands_as_it_stood() -> None:
    minutes = Minutes(LIVE, NAMES)
    at = [NOON + timedelta(minutes=number) for number in range(4)]
    # Before everything was told once, nobody can say how all stands.
    assert told(minutes, Posture(partition=0, at=at[0], standings=(standing(Stand.LATE),))) == []
    whole = Posture(partition=0, at=at[0], whole=True, standings=(standing(Stand.GOOD), standing(Stand.LATE, "us-china-mmca")))
    assert len(told(minutes, whole)) == 2
    later = Posture(partition=0, at=at[3], standings=(standing(Stand.LAPSED),))
    assert told(minutes, later) == [
        (at_minute(moment), name, int(stand))
        for moment, dtl in ((at[1], Stand.GOOD), (at[2], Stand.GOOD), (at[3], Stand.LAPSED))
        for name, stand in (("us-china-dtl", dtl), ("us-china-mmca", Stand.LATE))
    ]
    assert told(minutes, later) == told(minutes, whole) == []


def test_the_states_are_read_again_from_where_everything_was_told_last() -> None:
    writer = Writer(LIVE, AGREEMENTS)

    def state(offset: int, partition: int, minute: int, *, whole: bool) -> Record:
        posture = Posture(partition=partition, at=NOON + timedelta(minutes=minute), whole=whole)
        return Record(STATES, 0, offset, 0, encode_posture(posture))

    some = [state(0, 0, 0, whole=True), state(1, 1, 0, whole=True), state(2, 0, 1, whole=False)]
    list(writer.rows(some))
    assert writer.offsets(some) == {(STATES, 0): 0}
    more = [state(3, 0, 400, whole=True), state(4, 1, 1, whole=False)]
    list(writer.rows(more))
    assert writer.offsets(more) == {(STATES, 0): 1}


def test_how_far_each_partition_number_was_judged_is_said_by_the_time_of_day() -> None:
    writer = Writer(LIVE, AGREEMENTS)
    lapsed = Standing(kind="channel", name="us-china-dtl", stand=Stand.LAPSED, open=2)
    posture = Posture(partition=3, at=NOON, whole=True, standings=(lapsed, standing(Stand.GOOD, "us-china-mmca")))
    list(writer.rows([Record(STATES, 0, 0, 0, encode_posture(posture))]))
    ((row, time),) = writer.pipeline(NOON + timedelta(seconds=90))
    assert isinstance(row, PipelineRow)
    assert (row.partition, row.age, row.standings, row.open) == ("3", 90.0, 2, 2)
    assert bucket_of(row) == "steadyline"
    assert time == at_minute(NOON + timedelta(seconds=90))


def test_all_of_history_makes_few_series_and_no_tag_that_is_not_of_the_agreements() -> None:
    """The bound of ``schema``: what the index of the database must hold, however many stories are told."""
    parties = {party for agreement in AGREEMENTS for party in agreement.parties}
    series: set[tuple[object, ...]] = set()
    points = 0
    for name in builtin_stories():
        story = load_story(find_story(name))
        watch, said = Watch(AGREEMENTS), list[Lapse]()
        said += watch.advance(story.start)
        events = list(merged(story.events, presumed_events(story, AGREEMENTS)))
        for one in events:
            said += watch.advance(one.known)
            said += watch.receive(one)
        said += watch.advance(story.until)
        whole = Posture(partition=0, at=NOON, whole=True, standings=floor(watch))
        timed = [of_lapse(decode_lapse(encode_lapse(lapse)), LIVE, NAMES) for lapse in said]
        timed += [row for one in events for row in of_event(one, LIVE, NAMES)]
        timed += list(Minutes(LIVE, NAMES).take(whole))
        points += len(timed)
        for row, time in timed:
            series.add((row.measurement, *(getattr(row, tag) for tag in tags_of(type(row)))))
            assert point(row, time).to_line_protocol()
            for tag in ("party", "recipient"):
                assert getattr(row, tag, None) in {*parties, OTHER, None, ""}
            assert all(part in {*parties, OTHER} for part in (getattr(row, "dyad", None) or OTHER).split("-"))
    assert points > 1_000
    # The bound that ``schema`` names. Each replay makes as many again at most, under its own name.
    assert len(series) < 300, len(series)
