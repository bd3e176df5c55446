"""Skimming: lines taken in by the short cut leave the watch as if each had been received by itself."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from producers.synthetic import generate
from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement
from streams.events import AnyEvent
from streams.events.decode import MAX_BYTES, Refused, decode, encode
from streams.lapses import encode_lapse
from streams.spans import Span
from streams.watch import Watch
from tests.core.histories import histories
from tests.core.test_properties import MANY
from tests.core.world import FED, START, WORLD

LOAD = tuple(one for one in load_builtin() if one.id == "synthetic-load")
Said = list[bytes | str]


def one_by_one(watch: Watch, lines: Sequence[bytes]) -> Said:
    """What comes of the lines where each is decoded and received."""
    said: Said = []
    for line in lines:
        said += _received(watch, line)
    return said


def skimmed(watch: Watch, lines: Sequence[bytes], taken: Callable[[int], object] = lambda _: None) -> Said:
    """What comes of the lines where the watch takes in what is routine by itself."""
    said: Said = []
    place = 0
    while True:
        start = place
        place, due = watch.skim(lines, place)
        taken(place - start)
        said += map(encode_lapse, due)
        if due:
            continue
        if place == len(lines):
            return said
        said += _received(watch, lines[place])
        place += 1


def _received(watch: Watch, line: bytes) -> Said:
    said: Said = []
    try:
        event = decode(line)
        said += map(encode_lapse, watch.advance(event.known.astimezone(UTC)))
        said += map(encode_lapse, watch.receive(event))
    except Refused as refused:
        said.append(str(refused))
    return said


def compared(rules: Sequence[Agreement], lines: Sequence[bytes], *, start: bool = False) -> int:
    """Hold both ways against each other; how many lines were skimmed."""
    plain, quick = Watch(rules), Watch(rules)
    if start:
        assert plain.advance(START) == quick.advance(START)
    counts: list[int] = []
    assert skimmed(quick, lines, counts.append) == one_by_one(plain, lines)
    assert [encode_lapse(lapse) for lapse in quick.lapses()] == [encode_lapse(lapse) for lapse in plain.lapses()]
    assert quick.now == plain.now
    assert quick.now is None or quick.now.tzinfo is UTC
    assert {name: cell for name, cell in quick.changes().items() if name[0] in EVIDENCE} == {
        name: cell for name, cell in plain.changes().items() if name[0] in EVIDENCE
    }
    return sum(counts)


EVIDENCE = ("signs", "calls", "silences", "contacts", "event", "withheld", "lapse", "match", "notice", "salvo")
"""Kinds of cells that hold what is on record; when a timer is set next may differ."""


def _odd(line: bytes, random: Random) -> list[bytes]:
    """A line of the load made unusual."""
    document = json.loads(line)
    match random.randrange(13):
        case 0:
            return []
        case 1:
            return [line, line]
        case 2:
            document["id"] += " x"
        case 3:
            document["time"] = _elsewhere(document["time"])
        case 4:
            document["data"]["outcome"] = "unanswered"
        case 5:
            document["data"]["channel"] = "load-999"
        case 6:
            return [b"", b" ", line[: len(line) // 2], line + b" " * MAX_BYTES]
        case 7:
            return [line, json.dumps({**document, "source": "urn:other"}).encode()]
        case 8:
            what = {"type": "org.steadyline.retraction.v1", "data": {"retracts": document["id"]}}
            pair = [line, json.dumps({**document, **what, "id": f"back-{document['id']}"}).encode()]
            return pair if random.random() < 0.5 else pair[::-1]
        case 9:
            document["time"] = _later(document["time"], random.choice([40, 400]))
        case 10:
            document |= {"id": f"status-{document['id']}", "type": "org.steadyline.channel.status.v1"}
            document["time"] = _later(document["time"], random.choice([0, 20]))
            document["data"] = {"channels": ["load-001", "load-002"], "party": "S01", "status": "suspended"}
            return [line, json.dumps(document).encode()]
        case 11:
            document |= {"time": "0999-12-31T23:59:59Z", "ingested": _later(document["ingested"], 100)}
        case _:
            document["ingested"] = _elsewhere(document["ingested"])
    return [json.dumps(document).encode()]


def _elsewhere(moment: str) -> str:
    """The same moment as a clock in Tokyo tells it."""
    return datetime.fromisoformat(moment).astimezone(timezone(timedelta(hours=9))).isoformat()


def _later(moment: str, seconds: int) -> str:
    """So much later, UTC."""
    return (datetime.fromisoformat(moment) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def unusual(events: int, seed: int, share: float, random: Random) -> list[bytes]:
    """The load of a seed, with some lines made unusual and some stretches out of order."""
    lines: list[bytes] = []
    for line in generate(events, seed, 10):
        lines += _odd(line, random) if random.random() < share else [line]
    for _ in range(20):
        place = random.randrange(len(lines) - 40)
        part = lines[place : place + 40]
        random.shuffle(part)
        lines[place : place + 40] = part
    return lines


@pytest.mark.parametrize("seed", range(8))
def test_skimming_finds_what_receiving_finds(seed: int) -> None:
    random = Random(seed)
    lines = unusual(3_000, seed, 0.01, random)
    assert compared(LOAD, lines) > 1_000


def test_a_check_that_comes_again_when_it_has_settled_is_left_to_be_refused() -> None:
    (load,) = LOAD
    cadence = replace(load.obligations[0], longest_gap=Span(seconds=7_200), settle=Span(seconds=3_600))
    first, second = list(generate(2, 1, 2))
    again = {**json.loads(first), "ingested": "2026-01-01T01:30:00Z"}
    lines = [first, second, first, json.dumps(again).encode()]
    watch = Watch([replace(load, obligations=(cadence,))])
    said = skimmed(watch, lines)
    assert len(said) == 1
    assert "too late" in str(said[0])


@MANY
@given(st.sampled_from([WORLD, FED]), histories(most=80), st.randoms(use_true_random=False))
def test_skimming_any_history_finds_what_receiving_finds(
    rules: Sequence[Agreement], events: list[AnyEvent], random: Random
) -> None:
    lines = []
    for event in sorted(events, key=lambda one: one.known):
        document = json.loads(encode(event))
        document["ingested"] = event.known.isoformat().replace("+00:00", "Z")
        if random.random() < 0.5:
            document.pop("precision", None)
        lines.append(json.dumps(document).encode())
    compared(rules, lines, start=True)
