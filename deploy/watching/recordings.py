"""What the watch page shows: the stories and recordings on the shelf, under which rules, opened when they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dashboards.page.chronicle import Chronicle, Step
from dashboards.page.ports import Card
from dashboards.page.reel import Reel
from deploy.replaying.inputs import Input, UnknownNameError, opened
from deploy.replaying.replay import ticks_itself
from deploy.rules import agreements_of
from producers.history.story import Story, StoryError, builtin_stories, find_story, load_story
from streams.agreements.model import Agreement
from streams.events import Tick
from streams.events.decode import Refused, decode
from streams.log.recording import Lines, NoRecordingError
from streams.log.sqlite import LogError

BUILT_IN = "built-in"
"""The agreements that come with the product."""
IN_FORCE = "built-in, without proposals"
"""Those of them that exist: an agreement that is only proposed is judged as if it did."""
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass
class Steps:
    """The events of a recording with the time of the log when each came, by the rules of ``deploy.replaying.replay``."""

    given: Input
    refused: int = 0

    def __iter__(self) -> Iterator[Step]:
        now, first, ticking = self.given.start or _BEFORE_ALL, True, False
        for batch in self.given.source.batches():
            if not isinstance(batch, Lines):
                self.refused += 1
                continue
            if first:
                first, ticking = False, ticks_itself(batch.lines)
            for line in batch.lines:
                try:
                    event = decode(line)
                except Refused:
                    self.refused += bool(line.strip())
                    continue
                if isinstance(event, Tick):
                    ticking, known = True, event.time
                elif ticking:
                    known = now
                else:
                    known = event.ingested or event.known
                now = max(now, known.astimezone(UTC))
                yield Step(now, event)


def reel(name: str, agreements: Sequence[Agreement], rules: str) -> Reel:
    """Open a story or a recording under these agreements.

    Raises:
        UnknownNameError: when it is neither a story nor looks like a path.
        NoRecordingError: when it is a path with nothing to read.
        StoryError: when it is a story that cannot be told.
        TooLongError: when it has too many events.
    """
    given = opened(name, agreements)
    steps = Steps(given)
    chronicle = Chronicle(agreements, steps, start=given.start, until=given.until)
    story = given.story
    title, about = (story.title, story.about) if story is not None else (given.name, "A recording.")
    return Reel(given.name, title, about, rules, chronicle, steps.refused)


class StoryShelf:
    """The built-in stories and one recording of the user's, under the built-in agreements or others over them."""

    def __init__(self, what: str | None, rules: Sequence[Path]) -> None:
        """Read the agreements.

        Args:
            what: A story of the user's own or a recording, beside the built-in stories.
            rules: Files or directories of agreements; each is a set of rules of its own over the built-in ones.

        Raises:
            AgreementError: when agreements cannot be used.
            OSError: when a file cannot be read.
        """
        base = agreements_of(None)
        self._rules: dict[str, Sequence[Agreement]] = {BUILT_IN: base, IN_FORCE: in_force(base)}
        self._rules.update({str(path): agreements_of(path) for path in rules})
        self._cards = [_card(load_story(find_story(name)), name) for name in builtin_stories()]
        self._inputs = {name: name for name in builtin_stories()}
        if what is not None and what not in self._inputs:
            # Its path is nobody's business but that of whoever named it.
            name = Path(what).name
            story = load_story(find_story(what)) if what.endswith(".toml") else None
            self._cards.insert(0, Card(name=name, title=name, about="A recording.") if story is None else _card(story, name))
            self._inputs[name] = what

    @property
    def cards(self) -> Sequence[Card]:
        """What there is."""
        return self._cards

    @property
    def rules(self) -> Sequence[str]:
        """The names of the sets of rules."""
        return list(self._rules)

    def open(self, name: str, rules: str) -> Reel:
        """Open one of them; see ``Shelf``."""
        if name not in self._inputs:
            raise LookupError(f"no recording is called {name!r} here")
        if rules not in self._rules:
            raise LookupError(f"no set of rules is called {rules!r} here")
        try:
            return reel(self._inputs[name], self._rules[rules], rules)
        except (UnknownNameError, NoRecordingError, StoryError, LogError) as error:
            raise ValueError(str(error)) from None


def in_force(agreements: Sequence[Agreement]) -> Sequence[Agreement]:
    """Only what exists: without the agreements that are proposals."""
    return tuple(agreement for agreement in agreements if agreement.standing != "proposed")


def _card(story: Story, name: str) -> Card:
    return Card(name=name, title=story.title, about=story.about, start=story.start, until=story.until)
