"""A recorded story: it has times of its own, and its records say what must be found, byte for byte, whatever happens."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alerts.journal import LapseEntry
from alerts.station import Station
from producers.plan import Sending
from producers.synthetic import generate
from streams.lapses import decode_lapse
from tests.chaos.house import PARTITIONS, House, undisturbed_desk
from tests.chaos.rounds import Round, needs_disk
from tests.chaos.surviving import PATIENCE, REST, Survived, judged, strike, waited
from tests.chaos.telling import TELLINGS
from tests.chaos.verdict import Outcome, compare, told_of
from tests.influx.told import Told, rows, told
from tests.live.faults import Feeder
from tests.live.running import embedded, planned

EVENTS, CHANNELS = 3_000, 20
_UNHEARD = 0.02
"""One check in fifty goes unheard, so that there is something to find all along."""
_SECONDS = 10.0
_AT = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Story:
    """A story and what an undisturbed run makes of it: the embedded one, without a broker or any process."""

    run: str
    lines: Sequence[bytes]
    sendings: Sequence[Sending]
    lapses: Sequence[bytes]
    points: Told

    @classmethod
    def of(cls, seed: int, run: str, events: int = EVENTS) -> "Story":
        """The story of a seed."""
        dice = random.Random(seed)
        lines = [line.rstrip() for line in generate(events, seed, channels=CHANNELS)]
        lines = [line for line in lines if b"channel.check" not in line or dice.random() >= _UNHEARD]
        sendings = planned(lines, run, PARTITIONS)
        return cls(run, lines, sendings, list(embedded(lines, run).values()), told(rows(sendings, run, PARTITIONS)))

    def expected(self, desk: Station) -> Outcome:
        """What must be found: with the words of a desk that hears of these lapses and to which nothing happens."""
        said = [sending for record in self.lapses for sending in desk.take(LapseEntry(at=_AT, lapse=decode_lapse(record)))]
        return Outcome(self.lapses, told_of(said), self.points)


def survive(one: Round, folder: Path, run: str) -> Survived:
    """Let the faults of a round happen, and hold what is found against the undisturbed run."""
    story = Story.of(one.seed, run)
    sendings = TELLINGS[one.telling](story.sendings, random.Random(one.seed))
    cut = int(0.9 * len(sendings))
    began = time.monotonic()
    with House(folder, run, small_disk=needs_disk(one)) as house:
        feeder = Feeder(house.ground, sendings[:cut], _SECONDS, lingers=True)
        mid = strike(one, house, feeder, len(sendings), len(story.lapses))
        feeder.done(PATIENCE)
        Feeder(house.ground, sendings[cut:]).done(PATIENCE)
        expected = story.expected(undisturbed_desk(run))
        # What does not come is a difference, and told as such.
        came = waited(lambda: arrived(house, expected), PATIENCE)
        time.sleep(REST)
        keys = house.hook.keys()
        found = Outcome(house.lapses(), told_of(house.sendings(), keys), points_of(house, expected))
        return Survived(
            mid=mid,
            lapses=len(set(found.lapses)),
            pages=len(set(keys)),
            repeated=len(keys) - len(set(keys)),
            points=sum(map(len, found.points.values())),
            differences=judged(compare(expected, found), came=came),
            seconds=time.monotonic() - began,
            said="" if came else house.said(),
        )


def arrived(house: House, expected: Outcome) -> bool:
    """Whether as much has arrived everywhere as must be there in the end."""
    if len(house.ground.revisions()) < len(expected.lapses) or not house.ground.caught_up():
        return False
    sendings = house.sendings()
    if told_of(sendings).total() < expected.pages.total() or not {each.key for each in sendings} <= set(house.hook.keys()):
        return False
    counts = house.influx.counts(str(house.run))
    return all(counts.get(name, 0) >= len(points) for name, points in expected.points.items())


def points_of(house: House, expected: Outcome) -> Told:
    """The points of the run, of every measurement that has some or ought to."""
    run = str(house.run)
    found = {}
    for name in {*expected.points, *house.influx.counts(run)}:
        told = house.influx.points(run, name)
        found[name] = [{column: value for column, value in row.items() if value is not None} for row in told]
    return found
