"""The acceptance test: each story, replayed, shows what it must and nothing that it must not."""

import pytest

from producers.history.expect import unmet
from producers.history.presume import merged, presumed_events
from producers.history.story import Story, builtin_stories, find_story, load_story
from streams.agreements.load import load_builtin
from streams.lapses import Lapse
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
