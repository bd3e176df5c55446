"""What the desk wants to be said to whom, and what became of it. Types only."""

import hashlib
from datetime import datetime
from typing import Literal

import msgspec

from streams.lapses import Lapse
from streams.severity import Severity

Kind = Literal[
    "alarm",  # it is new, worse, or back
    "unknown",  # nobody can say whether anything is wrong: what would carry the evidence is silent
    "escalation",  # the step before brought no acknowledgement
    "nag",  # the last step brought none either
    "reminder",  # it still stands, and somebody has it
    "update",  # something joined the page, its severity eased, or nobody can say any more whether it still stands
    "late",  # it lapsed, and was over before it became known
    "all-clear",  # what was said to be wrong is over
    "withdrawn",  # it was never wrong: the evidence was disproved or taken back
    "undelivered",  # a receiver did not take what it was sent
]
CLEARING = frozenset(("all-clear", "withdrawn"))
PASSING = frozenset(("late",))
"""What is over as it is said: nothing stands, and nothing will be taken back."""


class Sending(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to be said to one receiver.

    Attributes:
        key: The same for the same thing said again after a crash, so that a receiver can tell.
        page: The id of the page; one page can list many lapses.
        number: Which sending about this page it is, from 1, over all receivers.
        kind: What kind of word it is.
        receiver: The id of the receiver in the policy.
        person: On whose behalf the receiver was chosen, where a rota or a person was asked for.
        at: When the desk decided it, UTC.
        severity: The loudest of what it is about.
        lapses: What it is about, at the revision the desk knows; the first so many where there are very many.
        more: How many more there are.
        because: Why now, in words: the step, the flapping, the silence that ended.
        step: The step of the escalation, from 1.
        stands: The loudest that stands of all that this receiver was ever told on the page; ``None`` where nothing does.
        exercise: A drill: goes to the exercise route only.
        run: The replay or drill it belongs to.
    """

    key: str
    page: str
    number: int
    kind: Kind
    receiver: str
    at: datetime
    severity: Severity
    lapses: tuple[Lapse, ...]
    more: int = 0
    because: str = ""
    person: str | None = None
    step: int | None = None
    stands: Severity | None = None
    exercise: bool = False
    run: str | None = None

    @property
    def clears(self) -> bool:
        """Whether it says that something is over."""
        return self.kind in CLEARING

    @property
    def ends(self) -> bool:
        """Whether with it all is over that this receiver was told: where more stands, what fires must go on firing."""
        return self.clears and self.stands is None


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a sending.

    Attributes:
        key: The sending's.
        receiver: Who was tried; a stand-in where the first was down.
        at: When that was known, UTC.
        delivered: Whether the receiver took it.
        attempts: How often it was tried.
        reason: Why not, where it did not; no secrets.
        final: Whether nothing more will be tried with this receiver.
    """

    key: str
    receiver: str
    at: datetime
    delivered: bool
    attempts: int = 1
    reason: str = ""
    final: bool = True


def page_id(*parts: str) -> str:
    """The page's name: the first 16 hexadecimal digits of the SHA-256 of what makes it this page and no other."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def sending_key(page: str, number: int, receiver: str) -> str:
    """The name of a sending: the first 24 hexadecimal digits of a SHA-256."""
    return hashlib.sha256("\x1f".join((page, str(number), receiver)).encode()).hexdigest()[:24]
