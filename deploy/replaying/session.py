"""One replay as a command runs it: agreements, input, watch, log, dead letters, progress."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from deploy.consoles import complain, err
from deploy.exits import bad_input, bad_use
from deploy.replaying.aside import aside
from deploy.replaying.inputs import Input, UnknownNameError, opened
from deploy.replaying.keeping import Keeper
from deploy.replaying.pacing import Pace
from deploy.replaying.replay import Edges, ReplayResult, replay
from deploy.rules import agreements_of
from deploy.showing.progress import bar
from deploy.showing.table import line_of
from producers.history.story import StoryError
from streams.agreements.load import AgreementError
from streams.agreements.model import Agreement
from streams.daytime import utc
from streams.lapses import Lapse
from streams.log.recording import NoRecordingError
from streams.log.sqlite import LogError
from streams.watch import Watch


@dataclass(frozen=True)
class Session:
    """A replay that has been run.

    Attributes:
        given: What was replayed.
        watch: The watch at the end.
        agreements: What it judged by.
        result: What it found.
        warnings: What is to be said of the input once the findings are told.
    """

    given: Input
    watch: Watch
    agreements: Sequence[Agreement]
    result: ReplayResult
    warnings: tuple[str, ...]

    @property
    def faulty(self) -> bool:
        """Whether anything of the input could not be used."""
        return bool(self.result.refused or self.result.broken)

    def warn(self) -> None:
        """Say on standard error what could not be used."""
        for warning in self.warnings:
            complain(warning)


def rules_or_leave(rules: Path | None) -> Sequence[Agreement]:
    """The agreements of a command; leaves with 3 where a file cannot be used."""
    try:
        return agreements_of(rules)
    except AgreementError as error:
        bad_input(str(error))
    except OSError as error:
        bad_input(f"{rules}: {error.strerror or error}")


def run(
    name: str,
    rules: Path | None = None,
    *,
    log: Path | None = None,
    until: datetime | None = None,
    speed: float | None = None,
    again: bool = False,
    progress: bool = True,
    heard: Callable[[Watch, Sequence[Lapse]], object] | None = None,
) -> Session:
    """Replay what ``name`` stands for; leaves with 2 or 3 where there is nothing to replay.

    Args:
        name: A story, a file, a directory, or ``-``.
        rules: Agreements over the built-in ones.
        log: Where events and dead letters are kept; dead letters go to the user's own log without it.
        until: When the replay ends; the story's end without it.
        speed: Seconds of history a second; as fast as possible without it.
        again: Whether the input will be read once more.
        progress: Whether a bar is wanted, where standard error is a terminal.
        heard: Is told of changes as they happen, each at the moment at which it falls due; not together with ``speed``.
    """
    agreements = rules_or_leave(rules)
    try:
        given = opened(name, agreements, again=again)
        with ExitStack() as stack:
            watch = stack.enter_context(aside(lambda: Watch(agreements)))
            keeper = stack.enter_context(Keeper(log, utc))
            keep = None if log is None else keeper.keep
            # A story was held against its own dates when it was loaded; it reads the same on a day whose clock is wrong.
            now = utc if given.story is None else None
            edges = Edges(clock=time.perf_counter, now=now, refuse=keeper.refuse, keep=keep)
            if speed is not None:
                edges.pace = Pace(speed, clock=time.monotonic, sleep=time.sleep)
                edges.changed = _ticker
            elif heard is not None:
                edges.pace, edges.changed = _Deadlines(watch), partial(heard, watch)
            elif progress and err().is_terminal:
                edges.progress = stack.enter_context(bar(err(), given.source.size))
            result = replay(watch, given.source, edges, start=given.start, until=until or given.until)
    except UnknownNameError as error:
        bad_use(str(error))
    except (NoRecordingError, StoryError, LogError) as error:
        bad_input(str(error))
    warnings = [f"{broken.place}:{broken.line}: cannot read on: {broken.reason}" for broken in result.broken]
    if words := keeper.closing_words():
        warnings.append(words)
    return Session(given, watch, agreements, result, tuple(warnings))


class _Deadlines:
    """Looks whenever something falls due, as a watch does that ticks."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def moments(self, until: datetime) -> Iterator[datetime]:
        """Every moment at which something falls due."""
        while (wake := self._watch.wake) is not None and wake < until:
            yield wake
        yield until


def _ticker(changes: Sequence[Lapse]) -> None:
    """Tell changes as they happen, for who watches a replay at a pace."""
    console = err()
    for lapse in changes:
        console.print(line_of(lapse), soft_wrap=True)
