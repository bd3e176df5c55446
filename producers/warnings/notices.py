"""Readings of warnings to notices of launches.

A warning of a launch or of debris is a notice under the key of its own number. One that stands in the place of another is an
amended revision of the earlier notice; what a warning cancels is cancelled under the cancelled warning's own key.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, NamedTuple

from producers.warnings.reading import Reading, Span, Unread
from producers.warnings.senders import UNKNOWN, launcher, told
from streams.events.envelope import Party
from streams.events.launches import LaunchNotice, Notice, Recipient, Window

NO_END = datetime(2199, 12, 31, tzinfo=UTC)
"""Stands for the end of a window that has none (PERM, until further notice); the notice says so in ``unread``."""
ENDLESS = f"end: none is set (PERM, until further notice); {NO_END:%Y-%m-%d} stands for it"
NO_LAUNCHER = "who launches: the text names nobody, or several"
NO_ADDRESSEE = "whom it tells: the text has no series"
NO_OFFICE = "whose NOTAM: neither the Q line nor item A names a region, and other offices number likewise"
ASSUMED = "assumed: "
"""How what was supposed where the text is silent begins, among what was not read."""
_MOST_FURTHER, _MOST_AREAS, _MOST_UNREAD, _LONGEST_UNREAD = 400, 50, 50, 2_000
_NO_REGION = re.compile(r"notam-[a-z]{1,2}\d{1,4}-\d\d")


class Known(NamedTuple):
    """A notice that a warning's number stands for: its key, its last revision, and who launches."""

    notice: str
    revision: int
    party: Party


def key_of(form: str, office: str | None, warning: str | None, digest: str = "") -> str:
    """The key of the notice: ``navarea-xi-123-24``, ``notam-zbpe-a1234-26``; without a number by the text's digest.

    Many offices number their NOTAMs alike, so the region is part of the key. It is the region and not the office that sent it:
    every copy of a NOTAM has its Q line, few have the sender's.
    """
    if warning is None:
        return f"{'notam' if form == 'notam' else 'warning'}-{digest}"
    plain = warning.lower().replace("/", "-").replace(" ", "-")
    return plain if form != "notam" else f"notam-{plain}" if office is None else f"notam-{office.lower()}-{plain}"


class Ledger:
    """Remembers which notice each warning's number stands for, so that a chain of replacements stays one notice.

    Without what came before (a fresh ledger), the earlier warning is held to be the first revision of its own key and
    of the same launcher.

    Attributes:
        known: By the key of each warning's own number, what it stands for.
    """

    def __init__(self, known: dict[str, Known] | None = None) -> None:
        self.known: dict[str, Known] = {} if known is None else known
        self._alike: dict[str, list[str]] = {}
        for key in self.known:
            self._index(key)

    def events(
        self, reading: Reading, *, party: Party | None, source: str, received: datetime, again: bool = False
    ) -> list[LaunchNotice]:
        """The events of one reading, and remember them.

        Args:
            reading: What was understood of the warning.
            party: Who launches; ``None`` to take whom the text names, else ``UNKNOWN``, which the notice's ``unread`` says.
            source: Who says so: the report's address or the feed's name.
            received: When the coordinator had it, UTC.
            again: Whether the very text was told before, of another launcher: it then amends what it said.
        """
        digest = sha256(reading.text.encode("utf-8", "replace")).hexdigest()[:12]
        named = party or launcher(reading.text)
        endangers = reading.kind in ("launch", "debris") and reading.status != "cancellation"
        maker = _Maker(reading, source, received, digest)
        events = []
        cancelled = [warning for warning in reading.cancels if not (endangers and warning in reading.replaces)]
        # What a warning of cables or gunnery cancels was most likely one of its kind; nothing is lost where it was not known.
        if not endangers and reading.status != "cancellation":
            cancelled = [warning for warning in cancelled if self._key(reading, warning) in self.known]
        for warning in cancelled:
            ended = self._next(reading, warning, named)
            events.append(maker.event(ended, "cancelled"))
        if not endangers:
            return events
        for warning in reading.replaces:
            kept = self._next(reading, warning, named)
            events.append(maker.event(kept, "amended"))
            self._stands(reading, kept)
        if not reading.replaces:
            own = self._key(reading, reading.id, digest)
            mine = Known(own, 1, named or UNKNOWN)
            before = self.known.get(own)
            if again and before is not None:
                mine = before._replace(revision=before.revision + 1, party=mine.party)
            events.append(maker.event(mine, "amended" if mine.revision > 1 else "planned"))
            # One that comes in after what replaces or cancels it is not the last word.
            if before is None or mine.revision >= before.revision:
                self._stands(reading, mine)
        return events

    def _next(self, reading: Reading, warning: str, named: str | None) -> Known:
        """The next revision of the notice that an earlier warning stands for."""
        key = self._key(reading, warning)
        before = self.known.get(key) or Known(key, 1, named or UNKNOWN)
        # Under its first number it may have gone on since.
        last = max(before.revision, self.known.get(before.notice, before).revision)
        after = before._replace(revision=last + 1, party=named or before.party)
        self._remember(key, after)
        self._remember(before.notice, after)
        return after

    def _stands(self, reading: Reading, known: Known) -> None:
        if reading.id is not None:
            self._remember(self._key(reading, reading.id), known)

    def _remember(self, key: str, known: Known) -> None:
        if key not in self.known:
            self._index(key)
        self.known[key] = known

    def _index(self, key: str) -> None:
        """Let a NOTAM be found by its number alone: to look through all that are known takes too long for each."""
        if key.startswith("notam-"):
            self._alike.setdefault(_numbered(key), []).append(key)

    def _key(self, reading: Reading, warning: str | None, digest: str = "") -> str:
        """The key of a warning that a text names; of a NOTAM without a region the one that is known, where there is but one."""
        key = key_of(reading.form, reading.issuer, warning, digest)
        if reading.form != "notam" or warning is None or key in self.known:
            return key
        bare = key_of(reading.form, None, warning)
        if reading.issuer is not None:
            return bare if bare in self.known else key
        alike = self._alike.get(_numbered(bare), [])
        return alike[0] if len(alike) == 1 else key


def _numbered(key: str) -> str:
    """The number at the end of a NOTAM's key, whatever its region: ``a1234-26``."""
    return "-".join(key.rsplit("-", 2)[1:])


class _Maker:
    """Makes the events of one reading."""

    def __init__(self, reading: Reading, source: str, received: datetime, digest: str) -> None:
        self.reading = reading
        self.source = source
        self.received = received.astimezone(UTC)
        self.digest = digest
        self.addressee = told(reading.form, reading.series)

    def event(self, known: Known, status: Literal["planned", "amended", "cancelled"]) -> LaunchNotice:
        reading, (key, revision, party) = self.reading, known
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
                unread=self._unread(key, party, windows, over=len(windows) > 1 + _MOST_FURTHER or len(areas) > _MOST_AREAS),
            ),
        )

    def _unread(self, key: str, party: str, windows: Sequence[Window], *, over: bool) -> tuple[str, ...]:
        parts = [NO_LAUNCHER] if party == UNKNOWN else []
        if self.reading.form == "notam" and _NO_REGION.fullmatch(key):
            parts.append(NO_OFFICE)
        if any(window.closes == NO_END for window in windows):
            parts.append(ENDLESS)
        if self.addressee == UNKNOWN:
            parts.append(NO_ADDRESSEE)
        if over:
            parts.append(f"windows after {_MOST_FURTHER + 1} and areas after {_MOST_AREAS}")
        parts += [_said(part) for part in self.reading.unread]
        parts += [_short(ASSUMED + sentence) for sentence in self.reading.assumed]
        if len(parts) > _MOST_UNREAD:
            parts[_MOST_UNREAD - 1 :] = [f"and {len(parts) - _MOST_UNREAD + 1} parts more"]
        return tuple(parts)


def _window(span: Span) -> Window:
    return Window(opens=span.start, closes=span.end or NO_END)


def _said(part: Unread) -> str:
    said = f"{part.line}:{part.column}: {part.text!r}, expected {part.expected}"
    return _short(said)


def _short(said: str) -> str:
    return said if len(said) <= _LONGEST_UNREAD else said[: _LONGEST_UNREAD - 4] + " ..."
