"""Stories: a stretch of history as events, and beside it what a watch must and must not find in it.

A story is two files of one name: ``<story>.jsonl`` with one CloudEvents event a line, in the order in which the log knew
them, and ``<story>.toml`` with what the story is about, its clock and its expectations. A new story is two new files.
"""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, field

from streams import toml
from streams.events import AnyEvent
from streams.events.decode import Refused, decode
from streams.events.envelope import Key, Party
from streams.events.times import Moment, spoken, zone_named
from streams.lapses import Change, Kind, Reason, State
from streams.log.recording import named
from streams.severity import Severity

MAX_BYTES = 64 * 1024 * 1024
"""The longest story file that is read, in bytes."""

_BUILT_IN = Path(__file__).parent
_Note = Annotated[str, Meta(min_length=1, max_length=1_000)]


class StoryError(ValueError):
    """A story that cannot be told. The message names the file, and the field or the line."""


class When:
    """What a story expects of a moment: a date-time means that moment, a date any moment of that day. Immutable."""

    # A plain class: TOML has date-times and dates, and msgspec reads either one here through a hook.
    __slots__ = ("_expected",)

    def __init__(self, expected: datetime | date) -> None:
        if isinstance(expected, datetime) and expected.tzinfo is None:
            raise ValueError(f"expected a date-time with its offset (2023-04-07T00:30:00Z), got {expected.isoformat()}")
        self._expected = expected

    def __repr__(self) -> str:
        return f"When({self})"

    def __str__(self) -> str:
        return spoken(self._expected) if isinstance(self._expected, datetime) else self._expected.isoformat()

    def fits(self, moment: datetime | None, zone: str) -> bool:
        """Whether ``moment`` is the expected one.

        A date stands for the local day in ``zone`` with both its midnights: what is known by its day alone is stamped
        with the end of that day as often as with its beginning.
        """
        if moment is None:
            return False
        if isinstance(self._expected, datetime):
            return moment == self._expected
        midnight = datetime.combine(self._expected, time(), zone_named(zone))
        return midnight.astimezone(UTC) <= moment <= (midnight + timedelta(days=1)).astimezone(UTC)


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a story file; a field that is not known is an error."""


class Stretch(Spec, frozen=True, kw_only=True):
    """From ``start`` (inclusive; ``from`` in the file) until ``until`` (exclusive), UTC.

    Raises:
        ValueError: when it ends before it begins.
    """

    start: Moment = field(name="from")
    until: Moment

    def __post_init__(self) -> None:
        if self.until <= self.start:
            raise ValueError(f"expected `until` after `from`, got {spoken(self.start)} to {spoken(self.until)}")


class Presumed(Stretch, frozen=True, kw_only=True):
    """Scheduled checks of a channel that nobody reported one by one, and that all else says were made and answered.

    Attributes:
        channel: The channel.
        note: Why they may be presumed.
    """

    channel: Key
    note: _Note


class PresumedFeed(Stretch, frozen=True, kw_only=True):
    """Signs of life of a feed: it is taken to have worked."""

    feed: Key


class Expectation(Spec, frozen=True, kw_only=True):
    """A lapse that must be found, or must not; what is left out may be anything. ``producers.history.expect`` judges it.

    Attributes:
        note: Why.
        agreement: Id of the agreement.
        obligation: Kind of the obligation.
        rule: Id of the obligation in its agreement.
        subject: Glob pattern of the subject (``*``, ``?``, ``[..]``; case counts).
        parties: Parties that are all among the lapse's.
        reason: What kind of failure it is.
        state: State of the lapse in the end.
        severity: Severity, exactly.
        at_least: Severity, or louder.
        onset: Since when it is unmet: a date-time, or a date (see ``When.fits``).
        deadline: When it had to be met, likewise.
        resolved: When it was met after all, in the end, likewise.
        zone: The zone in which dates are meant: an IANA name or an offset.
        by: What reached it took effect then or before.
        after: What reached it took effect then or after.
        change: What the transition changed.
        group: The announcement that caused it.
        exercise: Whether it is a drill's.
        raised: Whether its arithmetic names the compound rule.
        says: Words that its arithmetic or its claims hold.
        count: How many lapses there are to be, exactly; at least one where it is left out. Only in ``must``.
    """

    note: _Note
    agreement: Key | None = None
    obligation: Kind | None = None
    rule: Key | None = None
    subject: Annotated[str, Meta(min_length=1)] | None = None
    parties: tuple[Party, ...] = ()
    reason: Reason | None = None
    state: State | None = None
    severity: Severity | None = None
    at_least: Severity | None = None
    onset: When | None = None
    deadline: When | None = None
    resolved: When | None = None
    zone: str = "UTC"
    by: Moment | None = None
    after: Moment | None = None
    change: Change | None = None
    group: Key | None = None
    exercise: bool | None = None
    raised: bool | None = None
    says: Annotated[str, Meta(min_length=1)] | None = None
    count: Annotated[int, Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        zone_named(self.zone)


class _Contents(Stretch, frozen=True, kw_only=True):
    """The TOML file of a story."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    about: Annotated[str, Meta(min_length=1, max_length=2_000)]
    facts: tuple[Key, ...] = ()
    presumed: tuple[Presumed, ...] = ()
    presumed_feeds: tuple[PresumedFeed, ...] = ()
    must: tuple[Expectation, ...] = ()
    must_not: tuple[Expectation, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(expectation.count is not None for expectation in self.must_not):
            raise ValueError("expected `count` in `must` only: what must not be found is not counted")


class Story(_Contents, frozen=True, kw_only=True):
    """A stretch of history and what a watch must and must not find in it.

    Attributes:
        name: The name of its two files.
        title: What it is, in a line.
        about: What it is about, in a few sentences.
        start: When the replay's clock starts, UTC; it ends at ``until``.
        facts: Rows of the history it rests on.
        events: What was reported, in the order in which the log knew it.
        presumed: Routine checks between two reported facts.
        presumed_feeds: Feeds that are taken to have worked.
        must: What the watch must find.
        must_not: What it must not find.
    """

    name: str
    events: tuple[AnyEvent, ...] = ()


def load_story(path: Path) -> Story:
    """Read a story from its TOML file and the JSON Lines file beside it.

    Raises:
        StoryError: when a file is not there, is no TOML or JSON Lines, has a field that is unknown or wrong, holds a record
            that is not an event, or one that the log did not know in that order or within the story's time.
    """
    try:
        contents = toml.decode(_bytes_of(path), _Contents, _from_toml)
    except ValueError as error:
        raise StoryError(f"{path}: {error}") from None
    events = _events(path.with_suffix(".jsonl"), contents)
    return Story(name=named(path.stem), events=events, **msgspec.structs.asdict(contents))


def builtin_stories() -> tuple[str, ...]:
    """The names of the stories that come with the product, in alphabetical order."""
    return tuple(sorted(path.stem for path in _BUILT_IN.glob("*.toml")))


def find_story(name: str) -> Path:
    """The TOML file of a story: one that comes with the product by its name, any other by the path of its ``.toml`` file.

    Raises:
        StoryError: when there is neither such a story nor such a file.
    """
    if name in builtin_stories():
        return _BUILT_IN / f"{name}.toml"
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return path
    raise StoryError(f"expected the path of a .toml file, or one of {', '.join(builtin_stories())}; got {name!r}")


def _events(path: Path, contents: _Contents) -> tuple[AnyEvent, ...]:
    events: list[AnyEvent] = []
    # Only a line feed ends a line: JSON strings may hold the other characters that Python takes for line ends.
    for number, line in enumerate(_bytes_of(path).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            event = decode(line)
        except Refused as error:
            raise StoryError(f"{path}:{number}: {error}") from None
        known = event.known
        if not contents.start <= known <= contents.until:
            raise StoryError(
                f"{path}:{number}: {event.id} was known at {spoken(known)}, "
                f"outside the story ({spoken(contents.start)} to {spoken(contents.until)}) - at `$.ingested`"
            )
        if events and known < events[-1].known:
            raise StoryError(
                f"{path}:{number}: {event.id} was known at {spoken(known)}, before the line above it "
                f"({spoken(events[-1].known)}): expected the order in which the log knew them - at `$.ingested`"
            )
        events.append(event)
    return tuple(events)


def _bytes_of(path: Path) -> bytes:
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise StoryError(f"{path}: expected at most {MAX_BYTES} bytes, got {size}")
        return path.read_bytes()
    except OSError as error:
        raise StoryError(f"{path}: {error.strerror or error}") from None


def _from_toml(kind: type, value: object) -> When:
    if kind is When:
        if isinstance(value, date):
            return When(value)
        raise ValueError(f"expected a date-time or a date, got {value!r}")
    raise NotImplementedError(f"no way to read {kind}")
