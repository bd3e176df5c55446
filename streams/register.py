"""The register of lapses: findings in, revisions out.

Whatever way the evidence changed, the register compares what is found now with what was found before, and records each
difference as one more revision. So a late report needs no code of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from streams.agreements.model import Obligation
from streams.lapses import Change, Finding, Lapse, lapse_id
from streams.rulebook import Rule

Place = tuple[str, str]
"""A duty by its name, and a slot of it."""
Entry = tuple[Finding | None, Lapse]
"""What was found last, ``None`` where it was withdrawn, and the last revision of the lapse."""


class Register:
    """The last revision of every lapse on the books."""

    def __init__(self, *, exercise: bool = False, run: str | None = None) -> None:
        self._exercise = exercise
        self._run = run
        # Duty and slot -> lapse id -> the finding it was made of and its last revision.
        self._books: dict[Place, dict[str, Entry]] = {}
        self._touched: set[Place] = set()
        # Duty -> slot -> those of its lapses that are open or unknown; most duties have none.
        self._open: dict[str, dict[str, list[Lapse]]] = {}

    def enter(
        self,
        rule: Rule[Obligation],
        place: Place,
        findings: Sequence[Finding] | None,
        *,
        at: datetime,
        because: str | None,
        settled: datetime,
    ) -> list[Lapse]:
        """Compare ``findings`` with what stands in this place; return the new revisions, by onset, then id.

        Args:
            rule: The rule the findings are of.
            place: The duty, and the slot of it that ``findings`` covers completely.
            findings: All that is found there now; ``None`` where the place is settled and can be forgotten.
            at: When the reason for the change was known, UTC; it stamps a withdrawal.
            because: The event that was just taken in, if one was.
            settled: What ended before this moment is history: it is dropped from the books, not withdrawn.
        """
        if findings is None:
            if self._books.pop(place, None) is not None:
                self._touch(place)
            return []
        book = self._books.get(place)
        if book is None:
            if not findings:
                return []
            book = self._books[place] = {}
        found: dict[str, Finding] = {}
        for finding in findings:
            found[lapse_id(rule.agreement.id, rule.obligation.id, finding.subject, finding.onset)] = finding
        changed: list[Lapse] = []
        gone = False
        for key, finding in found.items():
            known = book.get(key)
            if known is not None and known[0] == finding:
                continue
            lapse = self._revised(rule, key, finding, None if known is None else known[1], because)
            book[key] = (finding, lapse)
            changed.append(lapse)
        for key in [key for key in book if key not in found]:
            finding_before, lapse = book[key]
            ended = lapse.resolved if lapse.state != "withdrawn" else lapse.at
            if ended is not None and ended <= settled:
                del book[key]
                gone = True
            elif finding_before is not None:
                withdrawn = _withdrawn(lapse, at, because)
                book[key] = (None, withdrawn)
                changed.append(withdrawn)
        if not book:
            del self._books[place]
        if changed or gone:
            self._touch(place)
        changed.sort(key=lambda lapse: (lapse.onset, lapse.id))
        return changed

    def abandon(self, judged: Callable[[Lapse], bool], at: datetime) -> list[Lapse]:
        """Withdraw what stands open and is not ``judged`` any more; return the new revisions.

        Else it would stay open for ever, and ring.
        """
        changed: list[Lapse] = []
        places = [(duty, slot) for duty, slots in self._open.items() for slot in slots]
        for place in sorted(places):
            for lapse in self._open[place[0]][place[1]]:
                if not judged(lapse):
                    withdrawn = _withdrawn(lapse, at, None)
                    self._books[place][lapse.id] = (None, withdrawn)
                    changed.append(withdrawn)
            self._touch(place)
        return changed

    def lapses(self) -> list[Lapse]:
        """The last revision of every lapse on the books, by onset, then id."""
        return sorted(
            (lapse for book in self._books.values() for _, lapse in book.values()), key=lambda lapse: (lapse.onset, lapse.id)
        )

    def open(self) -> int:
        """How many lapses are open or unknown."""
        return sum(len(lapses) for slots in self._open.values() for lapses in slots.values())

    def open_of(self, duties: Iterable[str]) -> list[Lapse]:
        """The lapses of some duties, by their names, that are open or unknown; in no order."""
        known = self._open
        return [lapse for duty in duties if duty in known for lapses in known[duty].values() for lapse in lapses]

    def changes(self) -> Iterator[tuple[Place, list[Entry] | None]]:
        """Every place that changed since the last call, with what stands there; ``None`` where nothing does."""
        for place in sorted(self._touched):
            book = self._books.get(place)
            yield place, None if book is None else list(book.values())
        self._touched.clear()

    def recall(self, place: Place, entries: Iterable[Entry]) -> None:
        """Put back what ``changes`` gave."""
        self._books[place] = {lapse.id: (finding, lapse) for finding, lapse in entries}
        self._index(place)

    def _touch(self, place: Place) -> None:
        self._touched.add(place)
        self._index(place)

    def _index(self, place: Place) -> None:
        duty, slot = place
        found = [lapse for _, lapse in self._books.get(place, _EMPTY).values() if lapse.state in ("open", "unknown")]
        if found:
            self._open.setdefault(duty, {})[slot] = found
        elif duty in self._open:
            self._open[duty].pop(slot, None)
            if not self._open[duty]:
                del self._open[duty]

    def _revised(self, rule: Rule[Obligation], key: str, finding: Finding, before: Lapse | None, because: str | None) -> Lapse:
        change, moment = _what_changed(finding, before)
        agreement, obligation = rule.agreement, rule.obligation
        return Lapse(
            id=key,
            revision=1 if before is None else before.revision + 1,
            change=change,
            at=moment,
            agreement=agreement.id,
            obligation=obligation.__struct_config__.tag,  # type: ignore[arg-type]
            rule=obligation.id,
            subject=finding.subject,
            parties=finding.parties,
            onset=finding.onset,
            deadline=finding.deadline,
            resolved=finding.resolved,
            state=finding.state,
            severity=finding.severity,
            reason=finding.reason,
            events=finding.events,
            because=because,
            arithmetic=finding.arithmetic,
            claims=finding.claims,
            group=finding.group,
            clause=obligation.clause,
            sources=obligation.sources,
            unverified=obligation.unverified,
            proposed=agreement.standing == "proposed",
            exercise=self._exercise,
            run=self._run,
        )


def _withdrawn(lapse: Lapse, at: datetime, because: str | None) -> Lapse:
    return msgspec.structs.replace(
        lapse, revision=lapse.revision + 1, change="withdrawn", at=at, because=because, state="withdrawn"
    )


def _what_changed(finding: Finding, before: Lapse | None) -> tuple[Change, datetime]:
    """The kind of change, and when it took effect by the evidence."""
    if before is None:
        opened = finding.opened or max(finding.onset, finding.deadline)
        return ("unknown" if finding.state == "unknown" else "opened"), opened
    if finding.state != before.state:
        if finding.state == "unknown":
            return "unknown", finding.changed
        if finding.state == "resolved":
            return "resolved", finding.resolved or finding.changed
        return ("opened" if before.state == "unknown" else "reopened"), finding.changed
    rank, rank_before = finding.severity.rank, before.severity.rank
    if rank != rank_before:
        return ("escalated" if rank > rank_before else "eased"), finding.changed
    return "amended", finding.changed


_EMPTY: dict[str, Entry] = {}
