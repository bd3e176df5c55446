"""How everything stands: the rules, thing by thing, and that a floor which looks only where it must says the same."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.history.presume import merged, presumed_events
from producers.history.story import builtin_stories, find_story, load_story
from producers.plan import Plan, Sending
from producers.synthetic import generate
from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement
from streams.events import AnyEvent
from streams.events.decode import Refused, encode
from streams.floor import Floor, floor
from streams.partition import PartitionWatch
from streams.posture import Posture, Stand, Standing, decode_posture, encode_posture
from streams.routes import Homes
from streams.rulebook import RuleBook
from streams.topics import INPUTS
from streams.watch import Watch
from tests.core import world
from tests.core.histories import histories
from tests.core.test_properties import MANY
from tests.core.test_settling import SETTLE, settling
from tests.core.test_settling import told as weeks
from tests.core.world import (
    END,
    FED,
    START,
    WORLD,
    at,
    beats,
    changed,
    check,
    contact,
    incident,
    launch,
    meeting,
    request,
    retraction,
    statement,
    status,
)

Rules = Sequence[Agreement]
Thing = tuple[str, str, str]


def watched(*events: AnyEvent, until: float, rules: Rules = WORLD) -> dict[Thing, Standing]:
    """How everything stands so many hours after the start, each event told as it happened."""
    watch = Watch(rules)
    watch.advance(START)
    for one in sorted((event for event in events if event.known <= at(until)), key=lambda event: event.known):
        watch.advance(one.known)
        watch.receive(one)
    watch.advance(at(until))
    return {standing.thing: standing for standing in floor(watch)}


def line(standing: Standing) -> tuple[Stand, str | None]:
    return standing.stand, standing.reason


EAST = ("channel", "east", "")
PHONE = ("channel", "phone", "")
DESK = ("feed", "desk", "")
PAIR = ("dyad", "AA-BB", "")
OWES = ("regime", "small-world", "AA")
# Checks of the small world are due at 00:00Z and 08:00Z, with a grace of half an hour.
ANSWERED = check("east", "c1", 0.1)
MINUTE = 1 / 60


@pytest.mark.parametrize(
    ("until", "expected", "due"),
    [
        (1.0, (Stand.GOOD, None), 8.0),
        (8.0, (Stand.LATE, "overdue"), 8.0),
        (8.5, (Stand.LATE, "overdue"), 8.0),
        (9.0, (Stand.LATE, "overdue"), 8.0),
        (10.0, (Stand.LAPSED, "missed-check"), 24.0),
    ],
)
def test_a_check_is_late_from_when_it_is_due_until_its_grace_is_over_and_the_feed_vouches_for_it(
    until: float, expected: tuple[Stand, str | None], due: float
) -> None:
    east = watched(*beats(), ANSWERED, until=until)[EAST]
    assert line(east) == expected
    assert (east.last, east.due) == (at(0.1), at(due))
    assert east.open == (expected[0] is Stand.LAPSED)


def test_a_check_that_came_early_is_not_late() -> None:
    early = check("east", "c2", 8 - 4 * MINUTE)
    assert line(watched(*beats(), ANSWERED, early, until=8.1)[EAST]) == (Stand.GOOD, None)
    too_early = check("east", "c2", 8 - 6 * MINUTE)
    assert line(watched(*beats(), ANSWERED, too_early, until=8.1)[EAST]) == (Stand.LATE, "overdue")


def test_what_nobody_ever_heard_of_is_unknown() -> None:
    found = watched(until=30)
    assert {line(found[thing]) for thing in (EAST, PHONE, DESK)} == {(Stand.UNKNOWN, "never-heard")}
    assert found[PAIR].stand is Stand.UNKNOWN


def test_while_its_feed_is_silent_a_channel_is_unknown_and_the_feed_says_so_itself() -> None:
    told = [*beats(end=6), ANSWERED]
    late, silent = watched(*told, until=10), watched(*told, until=13)
    assert line(late[DESK]) == (Stand.LATE, "overdue")
    assert line(silent[DESK]) == (Stand.UNKNOWN, "feed-silent")
    assert line(silent[EAST]) == (Stand.UNKNOWN, "feed-silent")
    assert line(watched(*told, until=6)[DESK]) == (Stand.GOOD, None)


def test_a_suspended_channel_has_lapsed_whatever_its_feed_does_and_is_asked_for_no_check() -> None:
    east = watched(*beats(end=6), ANSWERED, status("s", 2, "east"), until=20)[EAST]
    assert line(east) == (Stand.LAPSED, "suspended")
    assert (east.since, east.due, east.open) == (at(2), None, 1)
    assert east.severity == "page"


def test_a_call_that_waits_for_its_answer_is_late_and_lapses_with_its_deadline() -> None:
    asked = request("r", 1)
    assert line(watched(asked, until=9)[PHONE]) == (Stand.LATE, "awaited")
    assert line(watched(asked, until=9 + MINUTE)[PHONE]) == (Stand.LAPSED, "unanswered")
    assert line(watched(asked, request("a", 3, "answered"), until=9)[PHONE]) == (Stand.GOOD, None)


def test_a_dyad_waits_for_contact_after_an_incident() -> None:
    met = incident("i", 1)
    assert line(watched(met, until=3)[PAIR]) == (Stand.LATE, "awaited")
    assert line(watched(met, until=3 + MINUTE)[PAIR]) == (Stand.LAPSED, "no-contact")
    assert line(watched(met, contact("c", 2), until=4)[PAIR]) == (Stand.GOOD, None)


@pytest.mark.parametrize("hours", [0.5, 2], ids=["before it", "after it"])
def test_an_incident_that_was_taken_back_was_never_heard_of(hours: float) -> None:
    stands = watched(incident("i", 1, gravity="low"), retraction("r", hours, "i"), until=3)
    assert line(stands[PAIR]) == (Stand.UNKNOWN, "never-heard")


def test_a_dyad_has_lapsed_where_every_channel_has() -> None:
    heard = [*beats(), ANSWERED, check("west", "w", 0.1), meeting("m", 1), request("a", 1, "answered")]
    cut = status("s", 2, "east", "west", "talks", "phone")
    assert line(watched(*heard, cut, until=3)[PAIR]) == (Stand.LAPSED, "suspended")
    some = status("s", 2, "east", "west", "talks")
    assert line(watched(*heard, some, until=3)[PAIR]) == (Stand.GOOD, None)


def test_a_regime_stands_by_what_each_party_owes() -> None:
    found = watched(launch("l", 5), until=20)
    assert line(found[OWES]) == (Stand.LAPSED, "no-notice")
    assert line(found["regime", "small-world", "BB"]) == (Stand.GOOD, None)
    ended = watched(statement("s", 5, "suspended"), until=20)
    assert line(ended[OWES]) == (Stand.LAPSED, "suspended")


def minutes(
    rules: Rules, sendings: Sequence[Sending], partition: int, partitions: int, ends: Callable[[], bool]
) -> Iterator[Posture]:
    """The snapshots of a partition number; the watch is ended and recalled whenever ``ends`` says so."""
    watch = PartitionWatch(rules, partition, partitions)
    cells: dict[str, bytes] = {}
    log: dict[str, list[tuple[int, bytes | None]]] = {topic: [] for topic in INPUTS}
    for sending in sendings:
        if sending.partition != partition:
            continue
        log[sending.topic].append((len(log[sending.topic]), sending.value))
        yield from watch.take(sending.topic, log[sending.topic][-1:]).postures
        if ends():
            for name, cell in watch.changes(clock=True).items():
                if cell is None:
                    cells.pop(name, None)
                else:
                    cells[name] = cell
            held = watch.positions
            watch = PartitionWatch(rules, partition, partitions)
            watch.recall(cells)
            for topic, records in log.items():
                yield from watch.take(topic, records[held[topic] :]).postures


def sent(events: Sequence[AnyEvent], rules: Rules, partitions: int = 1) -> list[Sending]:
    plan = Plan(Homes.of(RuleBook(rules)), partitions, "told")
    return [sending for event in events for sending in plan.take(encode(event))] + plan.close()


def folded(postures: Sequence[Posture]) -> dict[Thing, Standing]:
    """How everything stands after all snapshots."""
    found: dict[Thing, Standing] = {}
    for posture in postures:
        if posture.whole:
            found.clear()
        found |= {standing.thing: standing for standing in posture.standings}
    return found


def plainly(standing: Standing) -> Standing:
    """Without what moves with every sign of life."""
    return msgspec.structs.replace(standing, last=None, due=None)


def never() -> bool:
    return False


SOME = settings(MANY, max_examples=12)


@SOME
@given(st.sampled_from([WORLD, FED]), histories(), st.randoms(use_true_random=False))
def test_a_restart_anywhere_changes_no_snapshot(rules: Rules, events: list[AnyEvent], random: Random) -> None:
    random.shuffle(events)
    sendings = sent(events, rules)
    once = [encode_posture(posture) for posture in minutes(rules, sendings, 0, 1, never)]
    again = [encode_posture(posture) for posture in minutes(rules, sendings, 0, 1, lambda: random.random() < 0.04)]
    assert again == once


def test_a_restart_anywhere_in_a_load_changes_no_snapshot() -> None:
    agreements = tuple(one for one in load_builtin() if one.id == "synthetic-load")
    plan = Plan(Homes.of(RuleBook(agreements)), 1, "told")
    sendings = [sending for line in generate(1_500, 7, 20) for sending in plan.take(line.rstrip())] + plan.close()
    random = Random(1)
    once = [encode_posture(posture) for posture in minutes(agreements, sendings, 0, 1, never)]
    again = [encode_posture(posture) for posture in minutes(agreements, sendings, 0, 1, lambda: random.random() < 0.006)]
    assert again == once


@SOME
@given(st.sampled_from([WORLD, FED]), histories(), st.randoms(use_true_random=False))
def test_what_a_floor_tells_bit_by_bit_is_what_one_look_at_everything_shows(
    rules: Rules, events: list[AnyEvent], random: Random
) -> None:
    random.shuffle(events)
    told: list[Posture] = []
    watch = PartitionWatch(rules, 0, 1)
    offsets = dict.fromkeys(INPUTS, 0)
    for sending in sent(events, rules):
        postures = watch.take(sending.topic, [(offsets[sending.topic], sending.value)]).postures
        offsets[sending.topic] += 1
        told += postures
        if postures and watch.now == told[-1].at:
            shown = {standing.thing: plainly(standing) for standing in floor(watch._watch)}
            assert {thing: plainly(standing) for thing, standing in folded(told).items()} == shown
    assert sum(standing.open for standing in floor(watch._watch)) == sum(
        lapse.state == "open" and not lapse.exercise for lapse in watch._watch.lapses()
    )


@pytest.mark.parametrize("seed", range(2))
def test_what_a_floor_tells_is_right_where_evidence_is_forgotten(seed: int) -> None:
    watch = Watch(settling(f"{SETTLE:g} h"))
    watch.advance(START)
    followed = Floor(watch)
    watch.observer = followed.judged
    gone = 0
    for hours, event in weeks(seed):
        watch.advance(at(hours))
        with suppress(Refused):
            watch.receive(event)
        before = sum(standing.open for standing in followed.standings())
        followed.posture(0, at(hours), None, always=False)
        shown = list(map(plainly, floor(watch)))
        assert list(map(plainly, followed.standings())) == shown
        gone += sum(standing.open for standing in shown) < before
    assert gone


@SOME
@given(st.sampled_from([WORLD, FED]), histories(), st.randoms(use_true_random=False))
def test_in_whatever_order_events_come_all_ends_alike(rules: Rules, events: list[AnyEvent], random: Random) -> None:
    def end() -> list[Standing]:
        watch = Watch(rules)
        watch.advance(END)
        for event in events:
            watch.receive(event)
        return list(floor(watch))

    first = end()
    random.shuffle(events)
    assert end() == first


@pytest.mark.parametrize("name", builtin_stories())
def test_in_history_every_open_lapse_is_one_of_exactly_one_thing(name: str) -> None:
    agreements, story = load_builtin(), load_story(find_story(name))
    watch = Watch(agreements)
    watch.advance(story.start)
    for event in merged(story.events, presumed_events(story, agreements)):
        watch.advance(event.known)
        watch.receive(event)
    watch.advance(story.until)
    found = floor(watch)
    assert sum(standing.open for standing in found) == sum(
        lapse.state == "open" and not lapse.exercise for lapse in watch.lapses()
    )
    assert len({standing.thing for standing in found}) == len(found)
    assert not {standing.name for standing in found} & {"synthetic-load", "load-000", "S01-S02"}


def test_what_several_partition_numbers_tell_is_what_one_watch_shows() -> None:
    agreements, story = load_builtin(), load_story(find_story("us-china-2022"))
    sendings = sent(story.events, agreements, 3)
    parts = [folded(list(minutes(agreements, sendings, number, 3, never))) for number in range(3)]
    alone = folded(list(minutes(agreements, sent(story.events, agreements), 0, 1, never)))
    assert sum(map(len, parts)) == len(alone)
    together = {thing: plainly(standing) for part in parts for thing, standing in part.items()}
    assert together == {thing: plainly(standing) for thing, standing in alone.items()}


def test_minutes_are_whole_and_in_order_and_everything_is_told_every_six_hours() -> None:
    agreements = tuple(one for one in load_builtin() if one.id == "synthetic-load")
    events = [line.rstrip() for line in generate(12_000, 7, 20)]
    plan = Plan(Homes.of(RuleBook(agreements)), 1, "told")
    sendings = [sending for line in events for sending in plan.take(line)] + plan.close()
    told = list(minutes(agreements, sendings, 0, 1, never))
    moments = [posture.at for posture in told]
    assert moments == sorted(set(moments))
    assert {(moment.second, moment.microsecond) for moment in moments} == {(0, 0)}
    wholes = [posture.at for posture in told if posture.whole]
    assert max(later - before for before, later in pairwise(wholes)) <= timedelta(hours=6, minutes=1)
    assert [decode_posture(encode_posture(posture)) for posture in told] == told


def ticked(watch: PartitionWatch, offset: int, hours: float) -> list[Posture]:
    """The snapshots that a tick in every topic brings."""
    tick = world.event("tick", f"t-{hours:g}", hours, {})
    return [posture for topic in INPUTS for posture in watch.take(topic, [(offset, encode(tick))]).postures]


def test_what_other_rules_brought_along_is_not_shown_after_a_restart_without_them() -> None:
    watch = PartitionWatch(WORLD, 0, 1)
    before = ticked(watch, 0, 1)
    cells = {name: cell for name, cell in watch.changes(clock=True).items() if cell is not None}
    assert ("channel", "talks", "") in folded(before)
    renamed = changed(('"talks"', '"rounds-only"'))
    for _ in range(2):
        watch = PartitionWatch(renamed, 0, 1)
        watch.recall(cells)
        after = ticked(watch, 1, 1.1)
        shown = {name for _, name, _ in folded([*before, *after])}
        assert "rounds-only" in shown
        assert "talks" not in shown
    # It is told once, and with the state: another restart does not tell everything again.
    cells |= {name: cell for name, cell in watch.changes(clock=True).items() if cell is not None}
    watch = PartitionWatch(renamed, 0, 1)
    watch.recall(cells)
    assert after[-1].whole
    assert not any(posture.whole for posture in ticked(watch, 2, 1.2))


def test_a_channel_whose_days_are_over_is_shown_no_more() -> None:
    days = 'id = "phone"\nepoch = { until = 2026-02-27 }\n'
    watch = PartitionWatch(changed(('id = "phone"\n', days)), 0, 1)
    told = ticked(watch, 0, 23.5)
    assert PHONE in folded(told)
    told += ticked(watch, 1, 24 + MINUTE)
    assert PHONE not in folded(told)
