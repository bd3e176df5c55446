"""A changelog into which another worker writes: one that was cut off, and awake, and had records under way."""

from contextlib import ExitStack

from kafka import KafkaProducer

from streams.live.cells import written
from streams.live.ledger import stamp
from tests.live.changelogs import changelog_of, state_of
from tests.live.faults import Case, Crew, Feeder, load
from tests.live.running import until

HOLDS = 0
"""The partition number into whose changelog somebody else writes."""


def test_its_records_do_not_count_and_the_next_owner_misses_nothing(kafka: str, run: str) -> None:
    case = Case(kafka, run, 2, load(10_000))
    Feeder(case.ground, case.part(0, 0.3)).done()
    with ExitStack() as stack:
        crew = Crew(case.ground, stack)
        owner = crew.hire().ready()
        case.reach(0.25, owner.said)
        # What a worker would have under way that is cut off now: the next change set, and the cells as they are.
        early = changelog_of(case.ground, case.changelog, HOLDS)
        state = state_of(early)
        Feeder(case.ground, case.part(0.3, 0.6)).done()
        case.reach(0.55, owner.said)
        then = len(changelog_of(case.ground, case.changelog, HOLDS))
        assert then > len(early)
        with KafkaProducer(bootstrap_servers=kafka) as late:
            for number, (key, value) in enumerate(written(HOLDS, state.sequence + 1, {**state.cells, "left": b"over"})):
                headers = stamp(len(early) + number)
                late.send(case.changelog, value, key=key, partition=HOLDS, headers=headers).get(20)
        Feeder(case.ground, case.part(0.6, 1.0)).done()
        until(lambda: owner.process.poll() is not None, lambda: f"the owner ends itself\n{owner.said()}")
        assert "another worker has written there; start again" in owner.said()
        second = crew.hire().ready()
        case.finish(second)
