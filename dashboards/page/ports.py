"""What the page needs of others: stories, people, a desk, a place for reports. ``deploy`` fills it in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

import msgspec

from dashboards.page.reel import Reel
from streams.actions import AnyDeed

Role = Literal["viewer", "officer", "admin"]
"""A viewer may look, an officer may act; what an admin may beyond that is done elsewhere."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in: an id of the policy, the name that people know, and what they may do."""

    id: str
    name: str
    role: Role


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A story or a recording on the shelf."""

    name: str
    title: str
    about: str
    start: datetime | None = None
    until: datetime | None = None


class Shelf(Protocol):
    """The recordings that can be opened, and the sets of rules to judge them by."""

    @property
    def cards(self) -> Sequence[Card]:
        """What there is."""

    @property
    def rules(self) -> Sequence[str]:
        """The names of the sets of rules; the first is the usual one."""

    def open(self, name: str, rules: str) -> Reel:
        """Open a recording.

        Raises:
            LookupError: when there is no such recording, or no such rules.
            ValueError: when it cannot be opened; the message says why.
        """


class Outcome(NamedTuple):
    """What became of a deed: whether it was done, and in a few words what."""

    done: bool
    says: str


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done about a lapse, for its history: an alarm that went out, or a deed."""

    at: datetime
    what: str
    who: str
    says: str = ""


class People(Protocol):
    """Who may sign in."""

    def sign_in(self, name: str, password: str) -> Member | None:
        """The member of this name, where the password is theirs. Takes as long for a name that nobody has."""

    def member(self, name: str) -> Member | None:
        """The member of this name as of now; ``None`` once they may no longer sign in."""


class Desk(Protocol):
    """Where things are done about lapses."""

    def act(self, by: Member, deed: AnyDeed, *, exercise: bool) -> Outcome:
        """Do it, in the name of ``by``, and keep it."""

    def said(self, lapse: str, *, exercise: bool) -> Sequence[Sent]:
        """Who was paged about a lapse and who did what, in order of time."""

    def has(self) -> dict[tuple[bool, str], str]:
        """Who has which lapse, in a few words; by whether it is a drill's, and its id."""


class Reports(Protocol):
    """Where reports of calls and incidents go."""

    def report(self, by: Member, kind: str, fields: dict[str, str]) -> Outcome:
        """Fill in a report and hand it over; ``says`` has every fault, or what was kept."""
