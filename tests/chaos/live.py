"""A live story: sources hand events to the gateway as they happen, the workers' clock judges them, nobody brings ticks.

Two sorts of rule. By the quick one contact is owed so soon that it falls due while faults are there, and none ever comes: each
must be found. By the patient one contact is owed later than any fault lasts, and half of them come while it does: none of those
may lapse, however late the gateway could take it in. What follows is then the same as if nothing had happened, but for when it
became known.
"""

import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec

from alerts.journal import LapseEntry
from deploy.kafka.verify import verify
from deploy.replaying.replay import Edges, replay
from producers.delivery.sender import Courier, Sender
from producers.delivery.spool import Spool
from producers.delivery.target import Access, named, open_target
from producers.plan import Sending
from streams.agreements.load import load_builtin, load_file, overlay
from streams.agreements.model import Agreement
from streams.events.decode import decode
from streams.lapses import decode_lapse, encode_lapse
from streams.rulebook import RuleBook
from streams.topics import INPUTS
from streams.watch import Watch
from tests.chaos.house import PARTITIONS, House, undisturbed_desk
from tests.chaos.rounds import Round, needs_disk
from tests.chaos.surviving import PATIENCE, REST, Survived, judged, strike, waited
from tests.chaos.verdict import Difference, Outcome, compare, told_of
from tests.gateway.running import MINE
from tests.influx.told import Told, rows, told
from tests.live.changelogs import standing
from tests.live.running import Told as Lines

QUICK_S, PATIENT_S = 6.0, 60.0
"""Seconds in which contact is owed by the two sorts of rule."""
LAST_S = 14.0
"""Seconds within which all incidents happen."""
SETTLES = 60.0
"""Seconds in which two looks must agree."""
_OWN = frozenset(("pipeline", "writer"))
"""Measurements that tell of the writer's own time, and not of the story."""
_BUCKETS = ("steadyline", "steadyline-records")
_PARTIES = ("CA", "CB", "CC", "CD", "CE", "CF", "CG")
_PAIRS = list(combinations(_PARTIES, 2))
_AT = datetime(2026, 1, 2, tzinfo=UTC)
_RULE = """
[[obligations]]
kind = "response"
id = "{name}"
clause = "After an incident the two parties are in contact, {name}."
sources = ["the suite of faults"]
trigger = "incident"
gravity = "high"
dyads = {dyads}
steps = [{{ after = "{within:g} s", severity = "page" }}]
settle = "1 h"
"""
_QUICK, _PATIENT = _PAIRS[::2], _PAIRS[1::2]
RULES = (
    f"""
id = "chaos"
title = "Faults"
standing = "norm"
parties = {list(_PARTIES)}
summary = "Contact within seconds of an incident, among invented parties."
sources = ["the suite of faults"]
"""
    + _RULE.format(name="quick", dyads=[list(pair) for pair in _QUICK], within=QUICK_S)
    + _RULE.format(name="patient", dyads=[list(pair) for pair in _PATIENT], within=PATIENT_S)
)


def rules_in(folder: Path) -> Path:
    """Write the rules of the live story; where they are."""
    path = folder / "chaos.toml"
    path.write_text(RULES, encoding="utf-8")
    return path


@dataclass(frozen=True)
class LiveStory:
    """What happens when: seconds from the beginning, and the event as a source tells it, but for its time."""

    events: Sequence[tuple[float, dict[str, Any]]]

    @classmethod
    def of(cls, seed: int) -> "LiveStory":
        """The story of a seed."""
        dice = random.Random(seed)
        events = []
        for number, pair in enumerate(_PAIRS):
            at = dice.uniform(0.0, LAST_S)
            name = f"{pair[0]}-{pair[1]}".lower()
            data = {"incident": name, "parties": list(pair), "gravity": "high", "domain": "sea"}
            events.append((at, _event("incident.report", f"i-{name}", data)))
            # Of the patient pairs every second one talks, soon after.
            if number % 4 == 3:
                contact = {"parties": list(pair), "level": "duty"}
                events.append((at + dice.uniform(0.5, 3.0), _event("contact", f"c-{name}", contact)))
        return cls(sorted(events, key=lambda each: each[0]))

    def lines(self, began: datetime) -> list[bytes]:
        """The events as the log would have them if nothing were ever in the way."""
        return [
            msgspec.json.encode(
                {**event, "time": stamp(began + timedelta(seconds=at)), "ingested": stamp(began + timedelta(seconds=at))}
            )
            for at, event in self.events
        ]

    def expected(self, began: datetime, agreements: Sequence[Agreement]) -> Outcome:
        """What must be found: what the embedded run finds, and what a desk to which nothing happens says of it."""
        until = began + timedelta(seconds=LAST_S + PATIENT_S + 10)
        result = replay(Watch(agreements), Lines(self.lines(began)), Edges(clock=lambda: 0.0), until=until)
        lapses = [timeless(encode_lapse(lapse)) for some in result.history.values() for lapse in some]
        desk = undisturbed_desk(None)
        said = [sending for each in lapses for sending in desk.take(LapseEntry(at=_AT, lapse=decode_lapse(each)))]
        return Outcome(lapses, told_of(said))


def timeless(record: bytes) -> bytes:
    """A lapse without when it became known, and by what: where the gateway was away, by a report after the deadline."""
    lapse = decode_lapse(record)
    because = None if lapse.change == "opened" else lapse.because
    return encode_lapse(msgspec.structs.replace(lapse, at=lapse.deadline, because=because))


class Source(threading.Thread):
    """A producer as it comes along: each event goes onto its disk as it happens, and from there to the gateway, in order."""

    def __init__(self, story: LiveStory, house: House, began: datetime, agreements: Sequence[Agreement]) -> None:
        super().__init__(name="source", daemon=True)
        self._story, self._house, self._began = story, house, began
        token = house.folder / "token"
        descriptor = os.open(token, os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(descriptor, house.secret.encode())
        os.close(descriptor)
        self._target = named(house.gateway_url)
        self._access = Access(lambda: RuleBook(agreements), token_file=token)
        self._spool = Spool(house.folder / "spool.db")
        sender = Sender(Spool(house.folder / "spool.db"), self._target, lambda: open_target(self._target, self._access))
        self.said: list[str] = []
        self._courier = Courier(sender, self.said.append)
        self.sent = 0
        self.start()

    def run(self) -> None:
        self._courier.start()
        for at, event in self._story.events:
            moment = self._began + timedelta(seconds=at)
            time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))
            line = msgspec.json.encode({**event, "time": stamp(moment)})
            self._spool.append([decode(line)], self._target, datetime.now(UTC))
            self._courier.wake()
            self.sent += 1

    def waiting(self) -> int:
        """Events that the gateway does not have yet, and letters that it refused."""
        return self._spool.waiting(self._target) + len(self._spool.dead_letters())

    def end(self) -> None:
        """Send no more."""
        self._courier.end(10.0)


def agreements_of(rules: Path) -> tuple[Agreement, ...]:
    """The built-in ones with those of the story."""
    return overlay(load_builtin(), (load_file(rules),))


@contextmanager
def lived(one: Round, house: House, agreements: Sequence[Agreement]) -> Iterator[tuple[Source, Outcome, tuple[int, int]]]:
    """Let a live story happen to the end of its last deadline: who tells it, what must be found, when the faults struck."""
    story = LiveStory.of(one.seed)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    expected = story.expected(start, agreements)
    source = Source(story, house, start, agreements)
    try:
        mid = strike(one, house, source, len(story.events), len(expected.lapses))
        over = start + timedelta(seconds=LAST_S + PATIENT_S + 3)
        time.sleep(max(0.0, (over - datetime.now(UTC)).total_seconds()))
        yield source, expected, mid
    finally:
        source.end()


def survive(one: Round, folder: Path) -> Survived:
    """Let the faults of a round happen, and hold what is found against the undisturbed run."""
    rules = rules_in(folder)
    agreements = agreements_of(rules)
    began = time.monotonic()
    with (
        House(folder, None, small_disk=needs_disk(one), rules=rules) as house,
        lived(one, house, agreements) as (source, expected, mid),
    ):
        came = waited(lambda: source.waiting() == 0 and arrived(house, expected), PATIENCE)
        time.sleep(REST)
        differences: list[Difference] = []

        def settled() -> bool:
            # Time goes on: a minute that begins between two looks shows in one of them only, and in both the next time.
            nonlocal differences
            points = points_by_log(house, agreements)
            found = Outcome(lapses_found(house), told_of(house.sendings(), house.hook.keys()), points_found(house))
            differences = [*compare(replace(expected, points=points), found), *by_log(house, agreements)]
            return not differences

        came = waited(settled, SETTLES) and came
        keys = house.hook.keys()
        return Survived(
            mid=mid,
            lapses=len(set(house.lapses())),
            pages=len(set(keys)),
            repeated=len(keys) - len(set(keys)),
            points=sum(map(len, points_found(house).values())),
            differences=judged(differences, came=came),
            seconds=time.monotonic() - began,
            said="" if came else house.said(),
        )


def arrived(house: House, expected: Outcome) -> bool:
    """Whether as much was found, and as much said, as must be in the end."""
    keys = {each.key for each in house.sendings()}
    return len(house.ground.revisions()) >= len(expected.lapses) and keys <= set(house.hook.keys())


def log_of(house: House) -> list[Sending]:
    """The log as it stands, lane by lane."""
    return [
        Sending(topic, number, key, value, 0)
        for number in range(PARTITIONS)
        for topic in INPUTS
        for key, value in standing(house.ground, house.ground.topic(topic), number)
        if value is not None
    ]


def points_by_log(house: House, agreements: Sequence[Agreement]) -> Told:
    """The points that an undisturbed watch and writer make of the log as it stands."""
    return told(rows(log_of(house), None, PARTITIONS, agreements))


def points_found(house: House) -> Told:
    """The live points in the database that tell of the story."""
    found: Told = {}
    for bucket in _BUCKETS:
        for name in house.influx.counts("live", bucket):
            if name in _OWN:
                continue
            points = house.influx.points("live", name, bucket)
            found[name] = [{column: value for column, value in row.items() if value is not None} for row in points]
    return found


def by_log(house: House, agreements: Sequence[Agreement]) -> list[Difference]:
    """What differs, byte for byte, from what an undisturbed watch makes of the log as it stands."""
    verdict = verify(house.ground.bootstrap, None, agreements)
    return [Difference("lapse", "different", f"by the log: {each.row()}") for each in verdict.differences]


def lapses_found(house: House) -> list[bytes]:
    """The lapses topic, without when each became known."""
    return [timeless(record) for record in house.lapses()]


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _event(kind: str, name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"specversion": "1.0", "type": f"org.steadyline.{kind}.v1", "source": MINE, "id": name, "data": data}
