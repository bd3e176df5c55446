"""The synthetic load: what it promises, and that the watch finds in it what plain reckoning finds."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import islice

import pytest

from producers.synthetic import BLOCK_CHANNELS, channel_names, generate, party_blocks
from streams.agreements.model import Cadence, Prior, Response
from streams.events import AnyEvent, ChannelCheck, Contact, IncidentReport, LaunchNotice, LaunchObservation
from streams.events.decode import decode
from streams.watch import Watch
from tests.benchmarks import yardstick
from tests.benchmarks.load import rules
from tests.benchmarks.measure import drive
from tests.benchmarks.oracle import expected

EVENTS = 50_000


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(generate(EVENTS, seed=7))


@pytest.fixture(scope="module")
def events(lines: list[bytes]) -> list[AnyEvent]:
    return [decode(line) for line in lines]


def test_as_many_lines_as_asked_for(lines: list[bytes]) -> None:
    assert len(lines) == EVENTS
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert [len(list(generate(count, 7))) for count in (0, 1, 199, 1_000)] == [0, 1, 199, 1_000]


def test_the_same_seed_gives_the_same_bytes(lines: list[bytes]) -> None:
    assert list(generate(EVENTS, 7)) == lines
    assert list(generate(EVENTS // 2, 7)) == lines[: EVENTS // 2]
    assert list(islice(generate(EVENTS, 8), 1_000)) != lines[:1_000]


@pytest.mark.parametrize(("count", "channels"), [(-1, 200), (1, 0)])
def test_nonsense_is_refused_at_once(count: int, channels: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        generate(count, 1, channels)


def test_every_kind_is_there_and_decodes(events: list[AnyEvent]) -> None:
    counts = Counter(type(event) for event in events)
    assert set(counts) == {ChannelCheck, LaunchNotice, LaunchObservation, IncidentReport, Contact}
    assert 0.99 < counts[ChannelCheck] / EVENTS < 0.998
    assert all(event.ingested is not None for event in events)


def test_lines_stand_in_the_order_of_their_arrival_but_for_repetitions(lines: list[bytes], events: list[AnyEvent]) -> None:
    seen: set[bytes] = set()
    known: list[datetime] = []
    for line, event in zip(lines, events, strict=True):
        if line not in seen:
            known.append(event.known)
        seen.add(line)
    assert known == sorted(known)
    assert 0.003 < 1 - len(seen) / EVENTS < 0.007
    assert len({event.id for event in events}) == len(seen)


def test_some_events_are_late_but_none_by_more_than_half_a_minute(events: list[AnyEvent]) -> None:
    late = [event.known - event.time for event in events]
    assert timedelta() < min(late)
    assert max(late) <= timedelta(seconds=30)
    assert 0.007 < sum(wait > timedelta(seconds=1) for wait in late) / EVENTS < 0.013


def test_shares_are_as_promised() -> None:
    unique = {event.id: event for event in map(decode, generate(400_000, 3))}.values()
    counts = Counter(type(event) for event in unique)
    minutes = max(event.time for event in unique if isinstance(event, ChannelCheck)).timestamp() // 60 - 1_767_225_600 // 60
    assert 0.997 < counts[ChannelCheck] / (minutes * BLOCK_CHANNELS) < 0.999
    told = {event.data.notice for event in unique if isinstance(event, LaunchNotice)}
    launched = {event.data.launch for event in unique if isinstance(event, LaunchObservation)}
    assert 0.85 < len(told & launched) / len(launched) < 0.95
    assert 0.9 < len(launched) / ((minutes - 50) / 3) < 1.1
    assert 0.15 < counts[IncidentReport] / minutes < 0.25
    assert 0.75 < counts[Contact] / counts[IncidentReport] < 0.95


def test_the_shipped_rules_are_those_of_one_block() -> None:
    agreement = rules()
    assert [channel.id for channel in agreement.channels] == channel_names(BLOCK_CHANNELS)
    cadence, prior, response = agreement.obligations
    assert isinstance(cadence, Cadence)
    assert list(cadence.channels) == channel_names(BLOCK_CHANNELS)
    assert isinstance(prior, Prior)
    assert [list(prior.launchers)] == party_blocks(BLOCK_CHANNELS)
    assert isinstance(response, Response)
    assert response.trigger == "incident"


def test_the_watch_finds_what_plain_reckoning_finds(lines: list[bytes]) -> None:
    wanted = expected(lines)
    assert {rule for rule, _, _ in wanted} == {"check", "notice", "contact"}
    assert drive(Watch([rules()]), lines) == wanted
    assert yardstick.found(lines) == wanted


@pytest.mark.parametrize("channels", [10, 450])
def test_a_load_of_another_size_is_found_as_well(channels: int) -> None:
    lines = list(generate(20_000, 5, channels))
    checks = [event for event in map(decode, lines) if isinstance(event, ChannelCheck)]
    assert {check.data.channel for check in checks} == set(channel_names(channels))
    wanted = expected(lines)
    assert drive(Watch([rules(channels)]), lines) == wanted
    assert yardstick.found(lines) == wanted
