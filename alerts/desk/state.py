"""What a desk remembers of a page. Plain records, written as they are into cells; times are UTC."""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from alerts.sendings import Kind
from streams.lapses import Lapse

MOST_DEEDS = 200
"""So many actions and words stay with a page; the first and the latest of more."""


class Said(msgspec.Struct, frozen=True):
    """As what a lapse was said last on one route: how loud, whether nobody could say, whether it was in truth only covered."""

    rank: int
    unknown: bool
    covered: bool = False


class Item(msgspec.Struct, kw_only=True):
    """A lapse on a page.

    Attributes:
        lapse: Its last revision; of what is over only the outline.
        changed: When the desk learnt that it came or went last.
        told: The receivers that were ever told that it lapsed.
        owed: Those of them that were not told yet that it is over.
        said: By route, as what it was said last since it came.
        closed: Closed by hand.
        retracted: Its withdrawal was said.
        late: It was over before it became known, which is still to be said; ``passed`` are the routes on which it was.
    """

    lapse: Lapse
    changed: datetime
    told: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    said: dict[str, Said] = {}
    closed: bool = False
    retracted: bool = False
    late: bool = False
    passed: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing is wrong any more. A silent feed is over once it is heard, though its lapse stays unknown."""
        return self.closed or self.lapse.state in ("resolved", "withdrawn") or self.lapse.resolved is not None

    @property
    def unknown(self) -> bool:
        """Whether nobody can say that anything is wrong."""
        return self.lapse.state == "unknown"


class Track(msgspec.Struct, kw_only=True):
    """Where a page is on one route.

    Attributes:
        began: When the alarm of this round went out; the steps count from it.
        step: How many steps were taken in this round.
        nag_at: When it is said again, should nobody have acknowledged it by then; ``nags`` counts how often it was.
        remind_at: When it is said again to who has it; ``reminders`` counts how often it was.
        again: Why all of it is to be said anew.
        held: What held a word back that is still to be said.
    """

    began: datetime | None = None
    step: int = 0
    nag_at: datetime | None = None
    nags: int = 0
    remind_at: datetime | None = None
    reminders: int = 0
    again: str = ""
    held: str = ""


class Has(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a page, snoozed it or closed it; until when, where it has an end."""

    by: str
    at: datetime
    until: datetime | None = None
    note: str = ""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did about a page."""

    at: datetime
    by: str
    did: str
    note: str = ""


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What was said about a page to whom."""

    at: datetime
    number: int
    kind: Kind
    receiver: str
    person: str | None = None
    delivered: bool | None = None


class Head(msgspec.Struct, kw_only=True):
    """A page without its lapses.

    Attributes:
        key: What gathers on it: an announcement (``announced``), a pair of parties.
        gathers_until: Until when others join it that have no announcement in common.
        number: How many sendings there were.
        flush_at: When what is new is said.
        due: When there is something to do next, as it was planned last.
        over_at: Since when nothing on it stands.
    """

    id: str
    key: str
    announced: bool
    drill: bool
    run: str | None
    opened: datetime
    gathers_until: datetime
    number: int = 0
    flush_at: datetime | None = None
    due: datetime | None = None
    tracks: dict[str, Track] = {}
    has: Has | None = None
    snoozed: Has | None = None
    closed: Has | None = None
    deeds: list[Done] = []
    words: list[Word] = []
    over_at: datetime | None = None


@dataclass
class Page:
    """A page, and what of it is not yet written."""

    head: Head
    items: dict[str, Item] = field(default_factory=dict)
    routes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By lapse, the routes it takes: follows from the policy, and is never written."""
    touched: set[str] = field(default_factory=set)
    """The lapses whose items changed."""

    def standing(self) -> list[Item]:
        """What is not over."""
        return [item for item in self.items.values() if not item.over]

    def uncover(self) -> None:
        """Nobody has the page any more: what was taken as said and was not is still to be said."""
        for item in self.standing():
            said = {route: said for route, said in item.said.items() if not said.covered}
            if len(said) < len(item.said):
                item.said = said
                self.touched.add(item.lapse.id)

    def did(self, done: Done) -> None:
        """Put an action on the page."""
        self.head.deeds.append(done)
        if len(self.head.deeds) > MOST_DEEDS:
            del self.head.deeds[MOST_DEEDS // 2]


def outline(lapse: Lapse) -> Lapse:
    """The lapse without its evidence: what is kept of one that is over."""
    return msgspec.structs.replace(lapse, events=(), arithmetic=(), claims=(), sources=())


def by_loudness(item: Item) -> tuple[int, datetime, str]:
    """The order in which lapses are listed: the loudest first, then by onset."""
    return -item.lapse.severity.rank, item.lapse.onset, item.lapse.id
