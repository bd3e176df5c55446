"""Lapses, a policy and a driver for the tests of the desk. Time passes tick by tick: a tick whenever the desk asks for one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from alerts.desk import Desk
from alerts.journal import ActionEntry, AnyEntry, LapseEntry, OutcomeEntry, TickEntry
from alerts.policy import Officer, Policy, Receiver, Rota, Route, Step
from alerts.sendings import Outcome, Sending
from streams.actions import Acknowledge, Action, AnyDeed, Match
from streams.lapses import Lapse, lapse_id
from streams.severity import Severity
from streams.spans import Span

T0 = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=number) for number in (1, 60, 3_600, 86_400))


def span(length: timedelta) -> Span:
    return Span(seconds=length.total_seconds())


DUTY = Route(
    id="duty",
    match=Match(severities=("page", "critical")),
    steps=(
        Step(to=("rota:duty",)),
        Step(after=span(15 * MINUTE), to=("person:chief",)),
        Step(after=span(HOUR), to=("person:head", "receiver:siren")),
    ),
)
NOTES = Route(id="notes", steps=(Step(to=("receiver:notes",)),), nags=(), reminders=())
POLICY = Policy(
    receivers=(
        Receiver(id="ann-phone", instead=("siren",)),
        Receiver(id="bob-phone"),
        Receiver(id="chief-phone"),
        Receiver(id="head-phone"),
        Receiver(id="siren"),
        Receiver(id="notes", kind="log"),
        Receiver(id="ops"),
        Receiver(id="drills", exercise=True),
    ),
    people=(
        Officer(id="ann", name="Ann", receivers=("ann-phone",)),
        Officer(id="bob", name="Bob", receivers=("bob-phone",)),
        Officer(id="chief", name="The chief", receivers=("chief-phone",)),
        Officer(id="head", name="The head", receivers=("head-phone",)),
    ),
    rotas=(Rota(id="duty", people=("ann", "bob"), start=datetime(2026, 6, 1, tzinfo=UTC).date()),),
    routes=(DUTY, NOTES),
    exercise=("drills",),
    trouble=("receiver:ops",),
)


def policy(**parts: Any) -> Policy:
    return msgspec.structs.replace(POLICY, **parts)


def lapse(subject: str = "east", revision: int = 1, change: str = "opened", **more: Any) -> Lapse:
    """A revision of a lapse; its state follows from the change, where it is not said."""
    onset = more.pop("onset", T0)
    states = {"resolved": "resolved", "withdrawn": "withdrawn", "unknown": "unknown"}
    fields: dict[str, Any] = {
        "at": onset,
        "agreement": "small-world",
        "obligation": "cadence",
        "rule": "checks",
        "parties": ("AA", "BB"),
        "deadline": onset,
        "resolved": onset + HOUR if change == "resolved" else None,
        "state": states.get(change, "open"),
        "severity": Severity.PAGE,
        "reason": "missed-check",
        "events": (),
        "because": None,
        "arithmetic": (),
        "claims": (),
        "group": None,
        "clause": "A check a day",
        "sources": ("urn:test",),
        "unverified": (),
        "proposed": False,
        "exercise": False,
        "run": None,
    }
    fields.update(more)
    name = lapse_id(fields["agreement"], fields["rule"], subject, onset)
    return Lapse(id=name, revision=revision, change=change, subject=subject, onset=onset, **fields)  # type: ignore[arg-type]


class Run:
    """A desk, its journal and all that it sent. ``at`` is the time since T0."""

    def __init__(self, rules: Policy = POLICY, run: str | None = None) -> None:
        self.desk = Desk(rules, run=run)
        self.journal: list[AnyEntry] = []
        self.sent: list[Sending] = []
        self._actions = 0

    def put(self, entry: AnyEntry) -> list[Sending]:
        sent = self.desk.take(entry)
        self.journal.append(entry)
        self.sent += sent
        return sent

    def until(self, at: timedelta) -> list[Sending]:
        """Let time pass, with a tick whenever the desk asks for one, and one at the end; what was sent meanwhile."""
        sent: list[Sending] = []
        while (wake := self.desk.wake) is not None and wake <= T0 + at:
            sent += self.put(TickEntry(at=wake))
        return sent + self.put(TickEntry(at=T0 + at))

    def lapse(self, *lapses: Lapse, at: timedelta = timedelta()) -> list[Sending]:
        return [sending for one in lapses for sending in self.put(LapseEntry(at=T0 + at, lapse=one))]

    def act(self, deed: AnyDeed, at: timedelta, by: str = "ann", **more: Any) -> list[Sending]:
        self._actions += 1
        action = Action(id=more.pop("id", f"a{self._actions}"), at=T0 + at, by=by, deed=deed, **more)
        return self.put(ActionEntry(at=T0 + at, action=action))

    def ack(self, at: timedelta, by: str = "ann", until: timedelta | None = None) -> list[Sending]:
        return self.act(Acknowledge(target=self.page(), until=None if until is None else T0 + until), at, by)

    def outcome(self, sending: Sending, at: timedelta, **more: Any) -> list[Sending]:
        fields: dict[str, Any] = {"key": sending.key, "receiver": sending.receiver, "at": T0 + at, "delivered": True} | more
        return self.put(OutcomeEntry(at=T0 + at, outcome=Outcome(**fields)))

    def page(self) -> str:
        """The id of the only page."""
        (view,) = self.desk.pages(settled=True)
        return view.id


def words(sent: Sequence[Sending]) -> list[tuple[str, str]]:
    """What was said to whom: kind and receiver."""
    return [(sending.kind, sending.receiver) for sending in sent]


def moments(sent: Sequence[Sending], kind: str) -> list[timedelta]:
    return [sending.at - T0 for sending in sent if sending.kind == kind]
