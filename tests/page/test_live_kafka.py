"""The floor from a real broker: what workers wrote, shown as they wrote it."""

from datetime import UTC, datetime, timedelta

from dashboards.page.floor import Floor
from dashboards.page.live_kafka import LiveTopics
from dashboards.page.pulse import Pulse
from streams.lapses import decode_lapse
from tests.live.running import Ground, embedded, planned, until, worker
from tests.live.test_worker import story
from tests.page.serving import agreements

END = datetime(2024, 9, 10, 3, tzinfo=UTC)
"""The last thing known in the story: so far its ticks go."""


def test_the_floor_is_what_the_workers_say(kafka: str, run: str) -> None:
    lines = story("us-china-2022")
    ground = Ground(kafka, run, 2)
    ground.send(planned(lines, run, 2))
    expected = embedded(lines, run)
    with worker(ground) as process:
        process.ready()
        until(lambda: len(ground.revisions()) >= len(expected), f"{len(expected)} revisions\n{process.said()}")
        assert process.end() == 0, process.said()
    topics = LiveTopics(kafka, agreements(), lambda: END + timedelta(seconds=3), run=run)
    read: list[tuple[Floor, Pulse]] = []

    def whole() -> bool:
        read.append(topics.read())
        return read[-1][1].health == "good"

    try:
        until(whole, lambda: str(read[-1][1]))
        floor, pulse = read[-1]
        last = {}
        for (_, _, revision), data in sorted(expected.items(), key=lambda item: item[0][2]):
            lapse = decode_lapse(data)
            last[lapse.id] = (revision, lapse.state)
        opened = {name for name, (_, state) in last.items() if state == "open"}
        assert {row.id for row in floor.lapses.values() if row.state == "open"} == opened
        assert floor.channels["us-china-dtl"].stand == "lapsed"
        assert floor.channels["us-china-mmca"].stand == "good"
        assert pulse.at == END
        told = topics.why(next(name for name, row in floor.lapses.items() if row.reason == "declined"))
        assert told is not None
        assert {event.kind for event in told.events} == {"channel.request"}
        line = topics.time_line()
        assert line is not None
        mmca = next(track for track in line.tracks if track.id == "us-china-mmca")
        assert [bar.stand for bar in mmca.bars] == ["lapsed", "good"]
    finally:
        topics.close()


def test_a_clock_that_stands_still_is_late(kafka: str, run: str) -> None:
    ground = Ground(kafka, run, 1)
    ground.send(planned(story("us-china-2022"), run, 1))
    topics = LiveTopics(kafka, agreements(), lambda: END + timedelta(seconds=30), run=run)
    read: list[Pulse] = []

    def behind() -> bool:
        read.append(topics.read()[1])
        return "30 s behind" in read[-1].says

    try:
        until(behind, lambda: str(read[-1]))
        assert read[-1].health == "late"
    finally:
        topics.close()


def test_topics_that_are_not_there_make_it_blind(kafka: str, run: str) -> None:
    topics = LiveTopics(kafka, agreements(), lambda: END, run=run)
    try:
        _, pulse = topics.read()
        assert pulse.health == "blind"
        assert "steadyline topics create" in pulse.says
    finally:
        topics.close()


def test_a_broker_that_is_away_makes_it_blind() -> None:
    topics = LiveTopics("127.0.0.1:9", agreements(), lambda: END)
    try:
        _, pulse = topics.read()
        assert pulse.health == "blind"
        assert "the broker does not answer" in pulse.says
    finally:
        topics.close()
