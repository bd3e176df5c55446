"""From a decision to sendings: whom a step names at that moment, what is listed, and who must hear later that it is over."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from alerts.desk.rotas import Handed, Rotas, Told
from alerts.desk.state import MOST_DEEDS, Item, Page, Word, by_loudness
from alerts.policy import Policy
from alerts.sendings import CLEARING, Kind, Sending, sending_key
from streams.severity import Severity

LISTED = 50
"""So many lapses are listed in a sending; of the others it says how many there are."""


class Saying:
    """Makes the sendings of a desk."""

    def __init__(self, policy: Policy) -> None:
        self.rotas = Rotas(policy)
        self.handed: dict[str, Handed] = {}
        """Rotas that were handed over by hand."""
        self._drills = {receiver.id: receiver.exercise for receiver in policy.receivers}

    def reached(self, to: Iterable[str], now: datetime, *, drill: bool) -> list[Told]:
        """The receivers that targets stand for now; of a drill only such as take drills, of anything else none of these."""
        return [told for told in self.rotas.told(to, now, self.handed) if self.allowed(told.receiver, drill=drill)]

    def allowed(self, receiver: str, *, drill: bool) -> bool:
        """Whether a receiver may be sent this at all: the wall between drills and pagers."""
        return self._drills.get(receiver) is drill

    def say(
        self,
        page: Page,
        kind: Kind,
        to: Sequence[Told],
        items: Sequence[Item],
        now: datetime,
        because: str,
        step: int | None = None,
    ) -> list[Sending]:
        """One sending for each receiver, about these lapses; whoever hears of them is owed word when they are over."""
        head = page.head
        listed = sorted(items, key=by_loudness)
        found = []
        allowed = [told for told in to if self.allowed(told.receiver, drill=head.drill)]
        for told in allowed:
            receiver, person = told
            stands = self._stands(page, receiver, listed)
            found.append(one(head, kind, told, now, because, items=listed, step=step, stands=stands))
            head.words.append(Word(at=now, number=head.number, kind=kind, receiver=receiver, person=person))
        while len(head.words) > MOST_DEEDS:
            del head.words[MOST_DEEDS // 2]
        receivers = {told.receiver for told in allowed}
        for item in listed:
            heard = receivers | set(item.told)
            owed = set(item.owed) - receivers if kind in CLEARING or kind == "late" else receivers | set(item.owed)
            if (len(heard), len(owed)) != (len(item.told), len(item.owed)):
                item.told, item.owed = tuple(sorted(heard)), tuple(sorted(owed))
                page.touched.add(item.lapse.id)
        return found

    def _stands(self, page: Page, receiver: str, listed: Sequence[Item]) -> Severity | None:
        """The loudest that stands of what the receiver hears now or heard before."""
        heard = (item for item in page.items.values() if receiver in item.owed)
        standing = (item.lapse.severity for item in (*listed, *heard) if not item.over)
        return max(standing, key=lambda severity: severity.rank, default=None)


class Numbered(Protocol):
    """What sendings are about: a page, or trouble of the desk's own. It counts them."""

    id: str
    drill: bool
    run: str | None
    number: int


def one(
    about: Numbered,
    kind: Kind,
    told: Told,
    now: datetime,
    because: str,
    *,
    items: Sequence[Item] = (),
    step: int | None = None,
    stands: Severity | None = None,
) -> Sending:
    """The next sending about a page, to one receiver."""
    about.number += 1
    return Sending(
        key=sending_key(about.id, about.number, told.receiver),
        page=about.id,
        number=about.number,
        kind=kind,
        receiver=told.receiver,
        person=told.person,
        at=now,
        severity=items[0].lapse.severity if items else Severity.PAGE,
        lapses=tuple(item.lapse for item in items[:LISTED]),
        more=max(0, len(items) - LISTED),
        because=because,
        step=step,
        stands=stands,
        exercise=about.drill,
        run=about.run,
    )
