"""Readings of warnings to notices of launches.

A warning of a launch or of debris is a notice under the key of its own number. One that stands in the place of another is an
amended revision of the earlier notice; what a warning cancels is cancelled under the cancelled warning's own key.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, NamedTuple

from producers.warnings.reading import Reading, Span, Unread
from producers.warnings.senders import UNKNOWN, launcher, told
from streams.events.envelope import Party
from streams.events.launches import LaunchNotice, Notice, Recipient, Window

NO_END = datetime(2199, 12, 31, tzinfo=UTC)
"""Stands for the end of a window that has none (PERM, until further notice)."""
NO_LAUNCHER = "who launches: the text names nobody, or several"
NO_ADDRESSEE = "whom it tells: the text has no series"
_MOST_FURTHER, _MOST_AREAS, _MOST_UNREAD, _LONGEST_UNREAD = 400, 50, 50, 2_000


class Known(NamedTuple):
    """A notice that a warning's number stands for: its key, its last revision, and who launches."""

    notice: str
    revision: int
    party: Party


def key_of(form: str, warning: str | None, digest: str) -> str:
    """The key of the notice: ``navarea-xi-123-24``, ``notam-a1234-26``; without a number by the text's digest."""
    if warning is None:
        return f"{'notam' if form == 'notam' else 'warning'}-{digest}"
    plain = warning.lower().replace("/", "-").replace(" ", "-")
    return f"notam-{plain}" if form == "notam" else plain


class Ledger:
    """Remembers which notice each warning's number stands for, so that a chain of replacements stays one notice.

    Without what came before (a fresh ledger), the earlier warning is held to be the first revision of its own key and
    of the same launcher.
    """

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def events(self, reading: Reading, *, party: Party | None, source: str, received: datetime) -> list[LaunchNotice]:
        """The events of one reading, and remember them.

        Args:
            reading: What was understood of the warning.
            party: Who launches; ``None`` to take whom the text names, else ``UNKNOWN``, which the notice's ``unread`` says.
            source: Who says so: the report's address or the feed's name.
            received: When the coordinator had it, UTC.
        """
        digest = sha256(reading.text.encode("utf-8", "replace")).hexdigest()[:12]
        named = party or launcher(reading.text)
        endangers = reading.kind in ("launch", "debris") and reading.status != "cancellation"
        maker = _Maker(reading, source, received, digest)
        events = []
        own = key_of(reading.form, reading.id, digest)
        cancelled = [warning for warning in reading.cancels if not (endangers and warning in reading.replaces)]
        # What a warning of cables or gunnery cancels was most likely one of its kind; nothing is lost where it was not known.
        for warning in cancelled if endangers or reading.status == "cancellation" else self._those_known(reading, cancelled):
            before = self._before(reading.form, warning, named)
            events.append(maker.event(before.notice, before.revision + 1, "cancelled", named or before.party))
            self._remember(reading.form, warning, before._replace(revision=before.revision + 1, party=named or before.party))
        if not endangers:
            return events
        if reading.replaces:
            for warning in reading.replaces:
                before = self._before(reading.form, warning, named)
                kept = before._replace(revision=before.revision + 1, party=named or before.party)
                events.append(maker.event(kept.notice, kept.revision, "amended", kept.party))
                self._remember(reading.form, warning, kept)
                if reading.id is not None:
                    self._remember(reading.form, reading.id, kept)
        else:
            mine = Known(own, 1, named or UNKNOWN)
            events.append(maker.event(mine.notice, mine.revision, "planned", mine.party))
            if reading.id is not None:
                self._remember(reading.form, reading.id, mine)
        return events

    def _before(self, form: str, warning: str, named: str | None) -> Known:
        return self._known.get(key_of(form, warning, "")) or Known(key_of(form, warning, ""), 1, named or UNKNOWN)

    def _remember(self, form: str, warning: str, known: Known) -> None:
        self._known[key_of(form, warning, "")] = known

    def _those_known(self, reading: Reading, warnings: Iterable[str]) -> list[str]:
        return [warning for warning in warnings if key_of(reading.form, warning, "") in self._known]


def to_events(reading: Reading, *, party: Party | None, source: str, received: datetime) -> list[LaunchNotice]:
    """The events of one reading alone; see ``Ledger.events``."""
    return Ledger().events(reading, party=party, source=source, received=received)


class _Maker:
    """Makes the events of one reading."""

    def __init__(self, reading: Reading, source: str, received: datetime, digest: str) -> None:
        self.reading = reading
        self.source = source
        self.received = received.astimezone(UTC)
        self.digest = digest
        self.addressee = told(reading.form, reading.series)

    def event(self, key: str, revision: int, status: Literal["planned", "amended", "cancelled"], party: str) -> LaunchNotice:
        reading = self.reading
        cancelled = status == "cancelled"
        windows = [] if cancelled else [_window(span) for span in reading.windows]
        areas = () if cancelled else reading.areas
        # A time of issue after the receipt is a misprint: it cannot have been later.
        issued = min(reading.issued or self.received, self.received)
        via = "notam" if reading.form == "notam" else (reading.series or "").lower().replace(" ", "-") or None
        return LaunchNotice(
            specversion="1.0",
            id=f"{key}-r{revision}-{self.digest}",
            source=self.source,
            time=issued,
            precision="minute",
            received=self.received,
            data=Notice(
                notice=key,
                party=party,
                recipients=(Recipient(party=self.addressee, received=self.received),),
                revision=revision,
                status=status,
                via=via,
                window=windows[0] if windows else None,
                further_windows=tuple(windows[1 : 1 + _MOST_FURTHER]),
                impact_areas=areas[:_MOST_AREAS],
                launches=0,
                text=reading.text[:20_000],
                unread=self._unread(party, over=len(windows) > 1 + _MOST_FURTHER or len(areas) > _MOST_AREAS),
            ),
        )

    def _unread(self, party: str, *, over: bool) -> tuple[str, ...]:
        parts = [NO_LAUNCHER] if party == UNKNOWN else []
        if self.addressee == UNKNOWN:
            parts.append(NO_ADDRESSEE)
        if over:
            parts.append(f"windows after {_MOST_FURTHER + 1} and areas after {_MOST_AREAS}")
        parts += [_said(part) for part in self.reading.unread]
        if len(parts) > _MOST_UNREAD:
            parts[_MOST_UNREAD - 1 :] = [f"and {len(parts) - _MOST_UNREAD + 1} parts more"]
        return tuple(parts)


def _window(span: Span) -> Window:
    return Window(opens=span.start, closes=span.end or NO_END)


def _said(part: Unread) -> str:
    said = f"{part.line}:{part.column}: {part.text!r}, expected {part.expected}"
    return said if len(said) <= _LONGEST_UNREAD else said[: _LONGEST_UNREAD - 4] + " ..."
