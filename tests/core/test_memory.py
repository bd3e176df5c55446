"""A watch that is ended at any moment and goes on from its cells says what it would have said."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.history.presume import merged, presumed_events
from producers.history.story import builtin_stories, find_story, load_story
from producers.synthetic import generate
from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement
from streams.events import AnyEvent
from streams.events.decode import Refused, decode
from streams.lapses import Lapse, encode_lapse
from streams.memory import Name
from streams.watch import Watch
from tests.core.histories import HOURS, histories
from tests.core.test_properties import MANY
from tests.core.test_settling import DAYS, SETTLE, settling
from tests.core.test_settling import told as weeks
from tests.core.world import END, FED, START, WORLD, at, launch, notice

Rules = Sequence[Agreement]


class Restarted:
    """A watch that is ended and goes on from its cells whenever ``ends`` says so."""

    def __init__(self, rules: Rules, ends: Callable[[], bool]) -> None:
        self._rules = rules
        self._ends = ends
        self._cells: dict[Name, bytes] = {}
        self._watch = Watch(rules)
        self.restarts = 0

    def advance(self, now: datetime) -> list[Lapse]:
        return self._then(self._watch.advance(now))

    def receive(self, event: AnyEvent) -> list[Lapse]:
        return self._then(self._watch.receive(event))

    def absorb(self, event: AnyEvent, now: datetime) -> bool:
        taken = self._watch.absorb(event, now)
        self._then([])
        return taken

    def _then(self, revisions: list[Lapse]) -> list[Lapse]:
        if self._ends():
            for name, cell in self._watch.changes(clock=True).items():
                if cell is None:
                    self._cells.pop(name, None)
                else:
                    self._cells[name] = cell
            self._watch = Watch(self._rules)
            again = self._watch.recall(self._cells)
            assert again == [], again
            self.restarts += 1
        return revisions


def told(watch: Watch | Restarted, events: Sequence[AnyEvent], ticks: Sequence[float] = ()) -> list[bytes]:
    """Every revision that comes of the events, each known when it says, with further ticks between them."""
    out: list[Lapse] = []
    moments = sorted(ticks)
    out += watch.advance(START)
    for number, event in enumerate(events):
        if number < len(moments):
            out += watch.advance(at(moments[number]))
        out += watch.receive(event)
    out += watch.advance(END)
    return [encode_lapse(lapse) for lapse in out]


@MANY
@given(st.sampled_from([WORLD, FED]), histories(), st.lists(HOURS, max_size=30), st.randoms(use_true_random=False))
def test_a_restart_anywhere_changes_nothing(rules: Rules, events: list[AnyEvent], ticks: list[float], random: Random) -> None:
    random.shuffle(events)
    restarted = Restarted(rules, lambda: random.random() < 0.3)
    assert told(restarted, events, ticks) == told(Watch(rules), events, ticks)


def test_a_notice_that_went_to_others_is_remembered_where_there_was_nothing_to_judge() -> None:
    """Who was told instead stands in the reckoning of the launch that comes later."""
    events = [notice("n", 1, "n1", 30, 40, recipients=[{"party": "CC"}]), launch("l", 35)]
    known = told(Watch(WORLD), events, [2, 36])
    assert b"went to CC, not to BB" in known[-1]
    calls = count(1)
    once = Restarted(WORLD, lambda: next(calls) == 3)
    assert told(once, events, [2, 36]) == known
    assert once.restarts == 1


@pytest.mark.parametrize("name", builtin_stories())
def test_a_restart_anywhere_in_history_changes_nothing(name: str) -> None:
    agreements, story = load_builtin(), load_story(find_story(name))
    events = list(merged(story.events, presumed_events(story, agreements)))
    random = Random(name)

    def told(watch: Watch | Restarted) -> list[bytes]:
        out = watch.advance(story.start)
        now = story.start
        for event in events:
            if event.known > now:
                now = event.known
                out += watch.advance(now)
            out += watch.receive(event)
        out += watch.advance(story.until)
        return [encode_lapse(lapse) for lapse in out]

    restarted = Restarted(agreements, lambda: random.random() < 40 / len(events))
    assert told(restarted) == told(Watch(agreements))
    assert restarted.restarts


@pytest.mark.parametrize("seed", range(4))
def test_a_restart_where_evidence_is_forgotten_changes_nothing(seed: int) -> None:
    rules, random = settling(f"{SETTLE:g} h"), Random(seed)

    def told(watch: Watch | Restarted) -> list[bytes | str]:
        out: list[bytes | str] = []
        for hours, event in weeks(seed):
            out += map(encode_lapse, watch.advance(at(hours)))
            try:
                out += map(encode_lapse, watch.receive(event))
            except Refused as refused:
                out.append(str(refused))
        return [*out, *map(encode_lapse, watch.advance(at(DAYS * 24 + 30)))]

    restarted = Restarted(rules, lambda: random.random() < 0.1)
    assert told(restarted) == told(Watch(rules))
    assert restarted.restarts > 20


def test_a_restart_in_a_load_whose_evidence_is_forgotten_within_hours_changes_nothing() -> None:
    """Twelve hours of checks, launches and incidents under rules that settle within six to twelve."""
    agreements = tuple(one for one in load_builtin() if one.id == "synthetic-load")
    events = [decode(line) for line in generate(40_000, 7, 50)]
    number = count(1)

    def told(watch: Watch | Restarted) -> list[bytes]:
        out: list[Lapse] = []
        for event in events:
            now = event.known
            if not watch.absorb(event, now):
                out += watch.advance(now)
                out += watch.receive(event)
        return [encode_lapse(lapse) for lapse in out]

    restarted = Restarted(agreements, lambda: next(number) % 997 == 0)
    assert told(restarted) == told(Watch(agreements))
    assert restarted.restarts > 20
