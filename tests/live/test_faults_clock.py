"""The clock's owner is killed: another one ticks on, nothing false comes of the gap, what fell due in it is found."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from kafka import KafkaProducer

from deploy.kafka.verify import verify
from streams.agreements.load import load_builtin, load_file, overlay
from streams.events import Tick
from streams.events.decode import decode
from streams.lapses import decode_lapse
from streams.routes import Homes, routes_of
from streams.rulebook import RuleBook
from streams.topics import CHANNELS, LAPSES
from tests.live.faults import Broker, Crew, killed, owned, shared
from tests.live.running import Ground, until

PARTITIONS = 4
SESSION = 6.0
WITHIN = 5.0
"""Seconds in which contact is owed after an incident, by the rules of this test."""
PARTIES = ("GA", "GB", "GC", "GD", "GE", "GF", "GG")
PAIRS = list(combinations(PARTIES, 2))
RULES = f"""
id = "gap"
title = "Gap"
standing = "norm"
parties = {list(PARTIES)}
summary = "Contact within seconds of an incident, among invented parties."
sources = ["a test"]

[[obligations]]
kind = "response"
id = "contact"
clause = "After an incident the two parties are in contact."
sources = ["a test"]
trigger = "incident"
gravity = "high"
dyads = {[list(pair) for pair in PAIRS]}
steps = [{{ after = "{WITHIN:g} s", severity = "warn" }}]
settle = "1 h"
"""


@pytest.fixture
def broker(real: None, tmp_path: Path) -> Iterator[Broker]:
    """One of the test's own: the live topics are there once."""
    broker = Broker(tmp_path)
    yield broker
    broker.gone()


def told(kind: str, name: str, pair: tuple[str, str], more: str) -> bytes:
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'{{"specversion":"1.0","type":"org.steadyline.{kind}.v1","source":"urn:test","id":"{name}","time":"{stamp}",'
        f'"ingested":"{stamp}","data":{{"parties":["{pair[0]}","{pair[1]}"],{more}}}}}'
    ).encode()


def ticks(ground: Ground) -> list[datetime]:
    """The times that the clock has told."""
    events = [decode(record) for record in ground.records(CHANNELS)]
    return sorted({event.time for event in events if isinstance(event, Tick) and "early" not in event.id})


def test_the_clock_moves_to_another_worker(broker: Broker, tmp_path: Path) -> None:
    rules = tmp_path / "gap.toml"
    rules.write_text(RULES)
    agreements = overlay(load_builtin(), (load_file(rules),))
    homes = Homes.of(RuleBook(agreements))
    ground = Ground(broker.bootstrap, None, PARTITIONS)

    def send(producer: KafkaProducer, records: list[bytes]) -> None:
        sent = [
            producer.send(topic, record, key=key, partition=partition)
            for record in records
            for topic, partition, key in routes_of(decode(record), homes, PARTITIONS)
        ]
        for future in sent:
            future.get(10)

    answered, missed = PAIRS[::2], PAIRS[1::2]
    with KafkaProducer(bootstrap_servers=broker.bootstrap) as producer, ExitStack() as stack:
        crew = Crew(ground, stack, STEADYLINE_AGREEMENTS=str(rules), STEADYLINE_SESSION_SECONDS=f"{SESSION:g}")
        both = [crew.hire(), crew.hire()]
        for process in both:
            process.ready()
        until(lambda: shared(*both) and len(ticks(ground)) > 3, lambda: "\n".join(process.said() for process in both))
        first, second = sorted(both, key=lambda process: 0 not in owned(process))
        incidents = [
            told("incident.report", f"i-{a}-{b}", (a, b), f'"incident":"{a}{b}","gravity":"high","domain":"sea"')
            for a, b in PAIRS
        ]
        send(producer, incidents)
        until(lambda: len(ticks(ground)) > 3 and ticks(ground)[-1] > decode(incidents[-1]).time, "a tick after the incidents")
        killed(first)
        died = datetime.now(UTC)
        time.sleep(1.5)  # the contacts are to fall into the gap
        send(producer, [told("contact", f"c-{'-'.join(pair)}", pair, '"level":"duty"') for pair in answered])
        last_contact = datetime.now(UTC)
        assert last_contact < decode(incidents[0]).time + timedelta(seconds=WITHIN), "the contacts came too late to be in time"
        until(lambda: ticks(ground)[-1] > died + timedelta(seconds=SESSION + 4), lambda: f"ticks\n{second.said()}")
        until(lambda: len(ground.revisions()) >= len(missed), lambda: f"lapses\n{second.said()}")
        until(
            lambda: ticks(ground)[-1] > last_contact + timedelta(seconds=2 * WITHIN),
            f"time to raise false ones\n{second.said()}",
        )
        assert owned(second) == set(range(PARTITIONS))
        assert second.end() == 0, second.said()
    gap = max(((later - earlier).total_seconds(), earlier, later) for earlier, later in pairwise(ticks(ground)))
    assert SESSION - 2 < gap[0] < SESSION + 4, "the gap is the session and the handing over"
    assert abs((gap[1] - died).total_seconds()) < 2
    lapses = [decode_lapse(record) for record in ground.records(LAPSES)]
    due = {decode(record).id: decode(record).time + timedelta(seconds=WITHIN) for record in incidents}
    assert {lapse.because for lapse in lapses} == {None}
    fallen_due = {lapse.deadline for lapse in lapses}
    assert fallen_due == {due[f"i-{a}-{b}"] for a, b in missed}
    assert all(gap[1] < moment < gap[2] for moment in fallen_due), "all of them fell due while nobody ticked"
    verdict = verify(broker.bootstrap, None, agreements)
    assert verdict.differences == []
    assert verdict.expected == verdict.written == len(missed)
