"""A changelog of a real worker, cut anywhere: what is left of it is a state, and who goes on from there misses nothing."""

import random
from collections.abc import Sequence

from streams.agreements.load import load_builtin
from streams.lapses import encode_lapse
from streams.partition import PartitionWatch
from streams.topics import INPUTS
from tests.live.changelogs import changelog_of, state_of, torn
from tests.live.faults import QUICK, Case, Feeder, load
from tests.live.running import until, worker

IN_SMALL_BATCHES = "tests.live.dying:app"
CUTS = 120
"""Cuts of one partition's changelog: some of all, and each one of a few change sets."""


def lapses_of(watch: PartitionWatch, records: dict[str, list[tuple[int, bytes | None]]], ends: dict[str, int]) -> list[bytes]:
    """What a watch says when it is given the log from where it is up to some offsets."""
    begins = watch.positions
    found = [watch.take(topic, records[topic][begins[topic] : ends[topic]]).lapses for topic in INPUTS]
    return [encode_lapse(lapse) for lapses in found for lapse in lapses]


def cuts(count: int, dice: random.Random) -> Sequence[int]:
    first = dice.randrange(max(1, count - CUTS // 2))
    return sorted({0, count, *range(first, min(count, first + CUTS // 2)), *(dice.randrange(count) for _ in range(CUTS // 2))})


def test_cut_anywhere_it_holds_a_state_from_which_the_rest_is_found(kafka: str, run: str) -> None:
    dice = random.Random(8)
    case = Case(kafka, run, 2, load(5_000))
    feeder = Feeder(case.ground, case.sendings, 4.0)
    with worker(case.ground, app=IN_SMALL_BATCHES, TEST_DIES="never", TEST_DIES_AT="0", **QUICK) as process:
        feeder.done()
        until(lambda: case.complete() and case.ground.caught_up(), lambda: f"the end\n{process.said()}")
        assert process.end() == 0, process.said()
    case.verify()
    in_parts = in_cells = 0
    for partition in range(case.ground.partitions):

        def watch(partition: int = partition) -> PartitionWatch:
            return PartitionWatch(load_builtin(), partition, case.ground.partitions, run=run)

        records = case.records(partition)
        ends = {topic: len(records[topic]) for topic in INPUTS}
        whole = lapses_of(watch(), records, ends)
        log = changelog_of(case.ground, case.changelog, partition)
        assert len(log) > 300
        before: dict[tuple[int, ...], list[bytes]] = {}
        for cut in cuts(len(log), dice):
            state = state_of(log[:cut])
            in_parts += torn(log[:cut])
            in_cells += bool(state.unsettled)
            goes_on = watch()
            assert goes_on.recall(state.cells) == []
            at = goes_on.positions
            place = tuple(at.values())
            if place not in before:
                before[place] = lapses_of(watch(), records, at)
            assert before[place] + lapses_of(goes_on, records, ends) == whole, f"cut after {cut} of {len(log)} records"
        assert len(before) > 5
    assert in_parts
    assert in_cells
