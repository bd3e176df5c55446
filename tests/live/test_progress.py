"""What a worker knows of its own progress."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.decode import MAX_BYTES, encode
from streams.live.progress import REASONS, Limits, Vitals, reason_of
from streams.partition import PartitionWatch
from streams.sequence import Unread
from streams.topics import CHANNELS, INCIDENTS, INPUTS, LAUNCHES
from tests.core.test_register import SETTLES
from tests.core.world import check, event, launch, measured, status
from tests.events.test_decode import REFUSED
from tests.events.test_decode import check as raw

T = datetime(2026, 2, 26, tzinfo=UTC)
LIMITS = Limits(moving=30, stalled=60, recovering=600, joining=300)

OTHER_THAN_A_FIELD = {
    "empty": "not-json",
    "cut off": "not-json",
    "no JSON": "not-json",
    "unknown type": "unknown-type",
    "ingested before it happened": "from-the-future",
}
BYTES = [
    (None, "no-value"),
    (b"\xff\xfe{", "not-json"),
    (json.dumps(raw(source="x")).encode().replace(b'"x"', b'"\xff"'), "not-json"),
    (json.dumps(raw(data={"channel": "east", "latency_ms": [[]] * 50_000})).encode(), "wrong-field"),
    (b" " * (MAX_BYTES + 1), "too-long"),
    (encode(check("nowhere", "n1", 40)), "unknown-name"),
    (encode(status("n4", 40, "x")), "unknown-name"),
    (encode(measured("n5", 40, 1.0)).replace(b"small-world", b"nobodys"), "unknown-name"),
    (encode(launch("n6", 1)), "too-old"),
    # Words that a record brings along do not choose the reason.
    (json.dumps(raw(zone="no channel 'x' - at `$.type`")).encode(), "wrong-field"),
    (json.dumps(raw(type="JSON is malformed - at `$.data`")).encode(), "unknown-type"),
]


def judged(records: list[bytes | None]) -> list[Unread]:
    """What the real decoder and watch give to the dead letters."""
    watch = PartitionWatch(SETTLES, 0, 1)
    unread: list[Unread] = []
    offsets = Counter[str]()

    def put(topic: str, record: bytes | None) -> None:
        unread.extend(watch.take(topic, [(offsets[topic], record)]).unread)
        offsets[topic] += 1

    for name, hours in (("t1", 48.0), ("t2", 49.0)):
        if name == "t2":
            for record in records:
                # A feed's word counts once it has come in every topic.
                for topic in INPUTS if record is not None and b"heartbeat" in record else (CHANNELS,):
                    put(topic, record)
        for topic in INPUTS:
            put(topic, encode(event("tick", name, hours, {})))
    return unread


def test_each_refusal_of_the_decoder_and_the_watch_has_its_reason() -> None:
    cases: list[tuple[bytes | None, str]] = [
        (
            record.encode() if isinstance(record := case.values[0], str) else json.dumps(record).encode(),
            OTHER_THAN_A_FIELD.get(str(case.id), "wrong-field"),
        )
        for case in REFUSED
    ]
    cases += BYTES
    unread = judged([record for record, _ in cases])
    assert {each.record: (each.why, reason_of(each.why)) for each in unread} == {
        each.record: (each.why, dict(cases)[each.record]) for each in unread
    }
    assert {each.record for each in unread} == {record for record, _ in cases}
    assert {reason for _, reason in cases} == {*REASONS} - {"other"}


@given(st.text())
def test_any_text_has_one_of_few_reasons(why: str) -> None:
    assert reason_of(why) in REASONS


def worker(*partitions: int, at: float = 0.0) -> Vitals:
    """A worker that owns partitions whose state was read back."""
    vitals = Vitals(at, LIMITS)
    vitals.assigned(partitions, at=at)
    for partition in partitions:
        vitals.recovered(partition, positions={LAUNCHES: 5, CHANNELS: 5, INCIDENTS: 5}, now=T, at=at)
    return vitals


def took(vitals: Vitals, partition: int, at: float, *, now: datetime | None = None, **changes: Any) -> None:
    """Some records were handed to the watch."""
    told: dict[str, Any] = {
        "counts": Counter({"tick": 1}),
        "unread": [],
        "lapses": 0,
        "now": now or T + timedelta(seconds=at),
        "held": 0,
        "behind": {},
        "open_lapses": None,
        "positions": {topic: 5 + int(at) for topic in INPUTS},
    }
    vitals.took(partition, **(told | changes), at=at)


def test_a_worker_is_ready_once_every_partition_was_read_back_and_ticks_pass() -> None:
    vitals = Vitals(0.0, LIMITS)
    assert vitals.ready(5) == ["waits for its partitions for 5 s"]
    vitals.assigned([0, 1], at=5)
    assert vitals.ready(6) == ["partition 0 reads its state back for 1 s", "partition 1 reads its state back for 1 s"]
    for partition in (0, 1):
        vitals.recovered(partition, positions={}, now=T, at=7)
    took(vitals, 0, at=8)
    assert vitals.ready(9) == ["partition 1 has passed no tick yet, for 2 s"]
    took(vitals, 1, at=9)
    assert vitals.ready(10) == []
    took(vitals, 0, at=39)
    assert vitals.ready(40) == ["partition 1 has passed no tick for 31 s"]


def test_one_whose_time_of_day_leapt_is_not_ready_while_it_keeps_the_clock() -> None:
    vitals = Vitals(0)
    vitals.assigned([], at=1)
    vitals.ticked(2, 300.4)
    assert vitals.ready(3) == ["the time of day leapt by +300 s and is not followed: set it right, or start this worker anew"]
    vitals.ticked(3)
    assert vitals.ready(4) == []
    vitals.ticked(4, -60.0)
    vitals.ticks_no_more()
    assert vitals.ready(5) == []


def test_one_that_knows_it_has_no_partitions_is_ready_and_one_that_waits_for_some_is_not() -> None:
    vitals = Vitals(0.0, LIMITS)
    vitals.assigned([], at=1)
    assert vitals.ready(1_000) == []
    vitals.revoked([], at=1_000)
    assert vitals.ready(1_001) != []


def test_records_without_a_tick_do_not_move_the_time() -> None:
    vitals = worker(0)
    took(vitals, 0, at=1)
    took(vitals, 0, at=35, now=T + timedelta(seconds=1))
    partition = vitals.partitions()[0]
    assert (partition.moved, partition.moves, partition.tick_age(40)) == (1, 1, 39)


def test_what_is_owned_no_more_is_shown_no_more_and_its_counts_stay() -> None:
    vitals = worker(0, 1)
    took(vitals, 0, at=1, counts=Counter({"a": 2}), unread=[Unread(CHANNELS, 1, b"{", "Input data was truncated")], lapses=3)
    vitals.revoked([0], at=2)
    took(vitals, 0, at=3, counts=Counter({"a": 1}))
    vitals.recovered(0, positions={}, now=T, at=3)
    assert list(vitals.partitions()) == [1]
    assert (vitals.counts(), vitals.dead_letters(), vitals.lapses) == (Counter({"a": 3}), Counter({"not-json": 1}), 3)
    vitals.assigned([0], at=4)
    assert not vitals.partitions()[0].recovered


@pytest.mark.parametrize(
    ("what", "at", "suspects"),
    [
        ("nothing moves", 61, 3),
        ("nothing moves, not for long yet", 60, 0),
        ("one topic is read no more, and holds the time up", 61, 1),
        ("one topic is read no more, and the time moves", 61, 0),
        ("its state is read back for long", 601, 1),
        ("its state is read back", 600, 0),
        ("waits for partitions", 300, 0),
        ("waits for partitions for long", 301, 1),
        ("has none", 10_000, 0),
        ("has just been given others", 61, 0),
    ],
)
def test_what_may_be_stuck(what: str, at: float, suspects: int) -> None:
    vitals = worker(0)
    match what.split(",")[0]:
        case "one topic is read no more":
            took(vitals, 0, at=40, now=None if what.endswith("moves") else T, positions={LAUNCHES: 6, CHANNELS: 6})
        case "its state is read back" | "its state is read back for long":
            vitals = Vitals(0.0, LIMITS)
            vitals.assigned([0], at=0)
        case "waits for partitions" | "waits for partitions for long":
            vitals.revoked([0], at=0)
        case "has none":
            vitals = worker()
        case "has just been given others":
            vitals.revoked([0], at=30)
            vitals.assigned([1], at=30)
            vitals.recovered(1, positions={LAUNCHES: 1}, now=None, at=30)
    found = vitals.stalled(at)
    assert len(found) == suspects, found
    if what.startswith("one topic") and found:
        assert (found[0].topic, found[0].partition, found[0].offset) == (INCIDENTS, 0, 5)


def test_the_watchdog_decides_whether_it_is_dead() -> None:
    vitals = worker(0)
    assert vitals.alive() is None
    vitals.judged("stuck")
    assert vitals.alive() == "stuck"
    assert "stuck" in vitals.ready(1)
