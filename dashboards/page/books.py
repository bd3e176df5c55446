"""The lapses that were told live, each as its revisions in order."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dashboards.page.floor import LapseRow
from dashboards.page.survey import Surveyor
from dashboards.page.why import Why, why
from streams.events import AnyEvent
from streams.lapses import Lapse


class Outline(NamedTuple):
    """A lapse without its events: what is cited is looked up while nobody waits."""

    row: LapseRow
    agreement: str
    revisions: list[Lapse]
    kin: list[LapseRow]

    def why(self, found: Mapping[str, Sequence[AnyEvent]]) -> Why:
        """The lapse in full, with the events that were found."""
        return why(self.row, self.agreement, self.revisions, found, self.kin)


class Books:
    """Every lapse that was told, withdrawn ones too."""

    def __init__(self, surveyor: Surveyor) -> None:
        self._surveyor = surveyor
        self._books: dict[tuple[bool, str], list[Lapse]] = {}

    def note(self, lapse: Lapse) -> bool:
        """Take in a revision; whether it is new. Whoever dies between two effects tells the same revisions again."""
        book = self._books.setdefault((lapse.exercise, lapse.id), [])
        if book and lapse.revision <= book[-1].revision:
            return False
        book.append(lapse)
        return True

    def revisions(self) -> Iterator[list[Lapse]]:
        """Every lapse that was not withdrawn, as its revisions."""
        return (book for book in self._books.values() if book[-1].state != "withdrawn")

    def standing(self) -> list[Lapse]:
        """The last revision of every lapse that was not withdrawn."""
        return [book[-1] for book in self.revisions()]

    def every(self) -> list[Lapse]:
        """Every revision of every lapse."""
        return [lapse for book in self._books.values() for lapse in book]

    def outline(self, name: str) -> Outline | None:
        """The lapse of a row of this name; ``None`` where none is told."""
        exercise, _, key = name.rpartition(":")
        revisions = self._books.get((bool(exercise), key), [])
        if not revisions or revisions[-1].state == "withdrawn":
            return None
        lapse = revisions[-1]
        others = [one for one in self.standing() if lapse.group is not None and one.group == lapse.group and one.id != lapse.id]
        kin = Counter(one.group for one in (lapse, *others))
        agreement = self._surveyor.agreements.get(lapse.agreement)
        return Outline(
            self._surveyor.row(lapse, kin),
            agreement.title if agreement is not None else lapse.agreement,
            list(revisions),
            [self._surveyor.row(one, kin) for one in others],
        )
