"""What a command is given to replay: a story by its name, a recording, a log, or standard input."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from deploy.exits import bad_input
from producers.history.presume import merged, presumed_events
from producers.history.story import Story, builtin_stories, find_story, load_story
from streams.agreements.model import Agreement
from streams.events.decode import encode
from streams.log.recording import Batch, Lines, NoRecordingError, Recording, Source, Spool, named
from streams.log.sqlite import LogSource, is_log

STANDARD_INPUT = "-"
_BATCH = 4_096


class UnknownNameError(ValueError):
    """The name is neither a story nor a path. The message says what there is."""


@dataclass(frozen=True)
class Input:
    """Something to replay.

    Attributes:
        name: What to call it in messages.
        source: Its lines.
        start: When the replay's clock starts, UTC; a recording's starts with its first event.
        until: When it ends, UTC; a recording's ends with the last thing known.
        story: The story, where it is one.
    """

    name: str
    source: Source
    start: datetime | None = None
    until: datetime | None = None
    story: Story | None = None


def opened(name: str, agreements: Sequence[Agreement], *, again: bool = False) -> Input:
    """Find what ``name`` stands for.

    Args:
        name: A built-in story, the ``.toml`` of one's own, a file, a directory, a log file, or ``-``.
        agreements: Those of the replay: a story presumes checks by their calendars.
        again: Whether it will be read more than once.

    Raises:
        UnknownNameError: when it is neither a story nor looks like a path.
        NoRecordingError: when it is a path with nothing to read.
        StoryError: when it is a story that cannot be told.
    """
    if name == STANDARD_INPUT:
        return Input("standard input", Spool(sys.stdin.buffer, keep=again))
    path = Path(name)
    if name in builtin_stories() or (path.suffix == ".toml" and path.is_file()):
        story = load_story(find_story(name))
        return Input(story.name, StorySource(story, agreements), story.start, story.until, story)
    if is_log(path):
        return Input(named(name), LogSource(path))
    if not path.exists() and len(path.parts) < 2 and not path.suffix:
        raise UnknownNameError(_unknown(name))
    try:
        return Input(named(name), Recording.at(path))
    except OSError as error:
        raise NoRecordingError(f"{name}: {error.strerror or error}") from error


def bytes_or_leave(name: str, most: int) -> bytes:
    """All of a file, or of standard input; leaves with 3 where it cannot be read or is longer than ``most`` bytes."""
    try:
        with sys.stdin.buffer if name == STANDARD_INPUT else Path(name).open("rb") as source:
            data = source.read(most + 1)
    except OSError as error:
        bad_input(f"{name}: {error.strerror or error}")
    if len(data) > most:
        bad_input(f"{name}: expected at most {most:,} bytes")
    return data


def _unknown(name: str) -> str:
    near = get_close_matches(name, builtin_stories(), n=1)
    guess = f"did you mean {near[0]}?" if near else "`steadyline stories` lists the stories"
    return f"{name}: no story and no file of this name; {guess}"


class StorySource:
    """A story's events, with the routine checks that it presumes; a number counts events, not lines of its file."""

    size: int | None = None

    def __init__(self, story: Story, agreements: Sequence[Agreement]) -> None:
        self._story = story
        self._agreements = agreements

    def batches(self) -> Iterator[Batch]:
        """All events in the order in which the log knew them.

        Raises:
            StoryError: when the story presumes what no agreement asks for.
        """
        events = merged(self._story.events, presumed_events(self._story, self._agreements))
        first = 1
        while lines := [encode(event) for event in islice(events, _BATCH)]:
            yield Lines(self._story.name, first, lines, 0)
            first += len(lines)
