"""The acceptance test: each story, replayed, shows what it must and nothing that it must not, in whatever order it is told."""

from random import Random

import msgspec
import pytest

from producers.history.expect import unmet
from producers.history.presume import merged, presumed_events
from producers.history.story import Story, builtin_stories, find_story, load_story
from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement
from streams.events import AnyEvent
from streams.lapses import Lapse
from streams.spans import Span
from streams.watch import Watch


def replayed(story: Story) -> list[Lapse]:
    """Every transition of one watch over the whole story, its clock driven by the events alone."""
    agreements = load_builtin()
    watch = Watch(agreements)
    transitions = list(watch.advance(story.start))
    now = story.start
    for event in merged(story.events, presumed_events(story, agreements)):
        if event.known > now:
            now = event.known
            transitions.extend(watch.advance(now))
        transitions.extend(watch.receive(event))
    transitions.extend(watch.advance(story.until))
    return transitions


@pytest.mark.parametrize("name", builtin_stories())
def test_the_story_shows_what_it_must_and_nothing_that_it_must_not(name: str) -> None:
    story = load_story(find_story(name))
    assert unmet(story, replayed(story)) == []


def never_settling() -> tuple[Agreement, ...]:
    """The built-in agreements, under which a report may come however late."""
    return tuple(
        msgspec.structs.replace(
            agreement,
            obligations=tuple(msgspec.structs.replace(rule, settle=Span(months=1200)) for rule in agreement.obligations),
        )
        for agreement in load_builtin()
    )


def standing(watch: Watch) -> list[Lapse]:
    """The lapses that stand at the end, without the way that led there."""
    return [
        msgspec.structs.replace(lapse, revision=0, change="opened", at=lapse.onset, because=None)
        for lapse in watch.lapses()
        if lapse.state != "withdrawn"
    ]


# Thousands of presumed checks told late are judged again one by one: these two take minutes and show nothing more.
LONG = ("korea-2023", "steady")


@pytest.mark.parametrize("name", [name for name in builtin_stories() if name not in LONG])
def test_history_told_in_any_order_leaves_the_same_lapses(name: str) -> None:
    """What was reported comes in any order and at any time; what is presumed comes in order between it."""
    story, agreements = load_story(find_story(name)), never_settling()
    presumed = list(presumed_events(story, agreements))
    in_order = Watch(agreements)
    for event in merged(story.events, presumed):
        in_order.advance(event.known)
        in_order.receive(event)
    in_order.advance(story.until)
    for seed in range(3):
        random = Random(seed)
        ticks = sorted(story.start + (story.until - story.start) * random.random() for _ in range(5))
        shuffled = list[AnyEvent](presumed)
        for event in story.events:
            shuffled.insert(random.randrange(len(shuffled) + 1), event)
        watch = Watch(agreements)
        for number, event in enumerate(shuffled):
            if ticks and number % (len(shuffled) // 5 + 1) == 0:
                watch.advance(ticks.pop(0))
            watch.receive(event)
        watch.advance(story.until)
        assert standing(watch) == standing(in_order)
