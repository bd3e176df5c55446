"""Whatever comes in whatever order, the desk keeps its law.

No page without a lapse, no alarm without an all-clear to the same receivers, no way from a drill to a pager; a restart at any
point and entries that come twice change nothing.

A desk that never stops and one that is restarted from its cells, and hears everything twice at times, are fed the same journal.
They must say the same, word for word.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alerts.desk import Desk, PageView, RefusedError
from alerts.journal import ActionEntry, AnyEntry, LapseEntry, OutcomeEntry, TickEntry
from alerts.policy import Flapping, QuietHours
from alerts.sendings import CLEARING, Outcome, Sending
from streams.actions import (
    Acknowledge,
    Action,
    AnyDeed,
    HandOver,
    Match,
    Note,
    Resolve,
    Silence,
    Snooze,
    Unacknowledge,
    Unsilence,
)
from streams.lapses import Lapse
from streams.severity import Severity
from tests.desk.build import DAY, DUTY, HOUR, MINUTE, NOTES, SECOND, T0, lapse, policy, span

QUIET = QuietHours(id="night", zone="Asia/Seoul", start=(T0 + 8 * HOUR).time(), end=(T0 + 16 * HOUR).time())
RULES = policy(
    routes=(DUTY, NOTES.__class__(id="notes", steps=NOTES.steps, quiet="night")),
    quiet=(QUIET,),
    flapping=Flapping(changes=2, within=span(HOUR), calm=span(30 * MINUTE)),
    together=2,
)
SUBJECTS = (
    {"subject": "one", "group": "announcement"},
    {"subject": "two", "group": "announcement", "parties": ("AA", "CC")},
    {"subject": "east"},
    {"subject": "west"},
    {"subject": "far", "parties": ("AA", "DD"), "severity": Severity.WARN},
    {"subject": "feed/desk", "parties": (), "reason": "feed-silent"},
    {"subject": "east", "exercise": True},
    {"subject": "run", "run": "drill-1"},
)
NEXT = {
    None: ("opened", "unknown", "late"),
    "open": ("amended", "escalated", "eased", "resolved", "unknown", "withdrawn"),
    "unknown": ("opened", "resolved", "withdrawn", "heard"),
    "resolved": ("reopened", "withdrawn", "amended"),
    "withdrawn": ("reopened",),
}
STEPS = (timedelta(), SECOND, 10 * SECOND, MINUTE, 15 * MINUTE, HOUR, 7 * HOUR, DAY, 40 * DAY)
TARGETS = st.integers(0, 7)


class Desks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.straight, self.restarted = Desk(RULES), Desk(RULES)
        self.cells: dict[tuple[str, ...], bytes] = {}
        self.journal: list[AnyEntry] = []
        self.sent: list[Sending] = []
        self.known: dict[tuple[bool, str], Lapse] = {}
        self.over: dict[tuple[bool, str], datetime] = {}
        self.owed: dict[tuple[bool, str], set[str]] = {}
        self.told: dict[tuple[bool, str], set[str]] = {}
        self.stood_in: list[tuple[Sending, str]] = []
        self.actions = 0

    # What happens to them.

    @initialize()
    def begin(self) -> None:
        self.cells.update({name: cell for name, cell in self.restarted.changes().items() if cell is not None})

    def put(self, entry: AnyEntry) -> list[Sending]:
        before = {view.id: view for view in self.straight.pages(settled=True)}
        if isinstance(entry, ActionEntry) and (reason := self.straight.refusal(entry.action)) is not None:
            assert self.restarted.refusal(entry.action) == reason
            with pytest.raises(RefusedError):
                self.straight.take(entry)
            return []
        sent = self.straight.take(entry)
        assert self.restarted.take(entry) == sent
        self.journal.append(entry)
        for name, cell in self.restarted.changes().items():
            self.cells.pop(name, None)
            if cell is not None:
                self.cells[name] = cell
        for sending in sent:
            self._hold_against_the_law(sending, entry, before.get(sending.page))
        self.sent += sent
        return sent

    @rule(which=st.integers(0, len(SUBJECTS) - 1), pick=st.integers(0, 9))
    def lapse_changes(self, which: int, pick: int) -> None:
        fields: dict[str, Any] = dict(SUBJECTS[which])
        subject = fields.pop("subject")
        drill = bool(fields.get("exercise") or fields.get("run"))
        first = lapse(subject, **fields)
        before = self.known.get((drill, first.id))
        choices = NEXT[None if before is None else before.state]
        change = choices[pick % len(choices)]
        if before is not None:
            fields["severity"] = before.severity
        if change == "escalated":
            fields["severity"] = fields["severity"].raised()
        elif change == "eased":
            fields["severity"] = Severity.WARN
        elif change == "late":
            change, fields["state"], fields["resolved"] = "opened", "resolved", T0
        elif change == "heard":
            change, fields["state"], fields["resolved"] = "amended", "unknown", T0
        elif change == "amended" and before is not None:
            fields["state"], fields["resolved"] = before.state, before.resolved
        new = lapse(subject, 1 if before is None else before.revision + 1, change, **fields)
        self._know(new, drill)
        self.put(LapseEntry(at=self.now, lapse=new))

    def _know(self, new: Lapse, drill: bool) -> None:
        self.known[drill, new.id] = new
        if new.state in ("resolved", "withdrawn") or new.resolved is not None:
            self.over.setdefault((drill, new.id), self.now)
        else:
            self.over.pop((drill, new.id), None)

    @rule(step=st.sampled_from(STEPS))
    def time_passes(self, step: timedelta) -> None:
        until = self.now + step
        while (wake := self.straight.wake) is not None and wake <= until:
            assert self.restarted.wake == wake
            self.now = max(self.now, wake)
            self.put(TickEntry(at=wake))
            assert self.straight.wake is None or self.straight.wake > wake
        self.now = until

    @rule(step=st.sampled_from(STEPS))
    def a_tick_that_nobody_asked_for(self, step: timedelta) -> None:
        wake = self.straight.wake
        if wake is None or wake > self.now + step:
            self.now += step
            assert self.put(TickEntry(at=self.now)) == []

    def _act(self, deed: AnyDeed, **more: Any) -> None:
        self.actions += 1
        action = Action(id=f"a{self.actions}", at=self.now, by="ann", deed=deed, **more)
        self.put(ActionEntry(at=self.now, action=action))

    def _page(self, number: int) -> str:
        pages = sorted(view.id for view in self.straight.pages(settled=True))
        return pages[number % len(pages)]

    @precondition(lambda self: self.straight.books)
    @rule(target_=TARGETS, until=st.sampled_from((None, MINUTE, HOUR, 100 * DAY)))
    def somebody_acknowledges(self, target_: int, until: timedelta | None) -> None:
        self._act(Acknowledge(target=self._page(target_), until=None if until is None else self.now + until))

    @precondition(lambda self: self.straight.books)
    @rule(target_=TARGETS, which=st.integers(0, 3))
    def somebody_does_something_else(self, target_: int, which: int) -> None:
        page = self._page(target_)
        deeds: tuple[AnyDeed, ...] = (
            Unacknowledge(target=page),
            Snooze(target=page, until=self.now + HOUR),
            Note(target=page, note="seen"),
            Resolve(target=page, reason="by hand"),
        )
        self._act(deeds[which])

    @rule(which=st.integers(0, 3), drill=st.booleans())
    def somebody_silences_or_hands_over(self, which: int, drill: bool) -> None:
        name = f"s{self.actions}"
        match = (Match(subjects=("e*",)), Match(dyads=("AA-BB",)), Match(severities=("warn",)))[self.actions % 3]
        deeds: tuple[AnyDeed, ...] = (
            Silence(name=name, match=match, start=self.now, end=self.now + HOUR, reason="work"),
            Silence(name=name, match=match, start=self.now + HOUR, end=self.now + DAY, reason="work"),
            Unsilence(name=f"s{self.actions - 1}", reason="done"),
            HandOver(rota="duty", to="bob", until=self.now + HOUR),
        )
        self._act(deeds[which], exercise=drill)

    @precondition(lambda self: self.sent)
    @rule(number=st.integers(0, 30), which=st.integers(0, 2))
    def a_delivery_ends(self, number: int, which: int) -> None:
        sending = self.sent[-1 - number % len(self.sent)]
        receiver = "siren" if which == 2 and not sending.exercise else sending.receiver
        outcome = Outcome(key=sending.key, receiver=receiver, at=self.now, delivered=which != 1, reason="down")
        if outcome.delivered and receiver != sending.receiver and sending.key in self.straight.awaiting.known:
            self._stood_in(sending, receiver)
        self.put(OutcomeEntry(at=self.now, outcome=outcome))

    def _stood_in(self, sending: Sending, receiver: str) -> None:
        for key, told in self.told.items():
            page = self.straight.listed.get(key)
            if page == sending.page and sending.receiver in told and sending.kind not in CLEARING:
                told.add(receiver)
                if self.over.get(key, self.now) > sending.at or key not in self.over:
                    self.owed.setdefault(key, set()).add(receiver)

    @rule()
    def a_restart(self) -> None:
        self.restarted = Desk(RULES)
        self.restarted.recall(self.cells)
        assert self.restarted.changes() == {}

    @precondition(lambda self: self.journal)
    @rule(number=st.integers(0, 20))
    def an_entry_comes_twice(self, number: int) -> None:
        entry = self.journal[-1 - number % len(self.journal)]
        assert self.restarted.take(entry) == []
        self.cells.update({name: cell for name, cell in self.restarted.changes().items() if cell is not None})

    # What must hold.

    def _hold_against_the_law(self, sending: Sending, entry: AnyEntry, page: PageView | None) -> None:
        drill = sending.exercise
        assert (sending.receiver == "drills") == drill
        assert sending.key not in {other.key for other in self.sent}
        assert sending.at == self.straight.now
        if not sending.lapses:
            assert page is None or page.trouble is not None
            return
        for one in sending.lapses:
            key = (drill, one.id)
            assert self.known[key].revision == one.revision
            assert drill == (one.exercise or one.run is not None)
            standing = one.state in ("open", "unknown") and one.resolved is None
            if sending.kind in CLEARING:
                self.owed.get(key, set()).discard(sending.receiver)
                assert sending.receiver in self.told[key]
            else:
                self.told.setdefault(key, set()).add(sending.receiver)
                if sending.kind != "late":
                    assert standing
                    self.owed.setdefault(key, set()).add(sending.receiver)
        if sending.kind == "alarm":
            assert any(one.state == "open" for one in sending.lapses)
        if isinstance(entry, TickEntry) and page is not None and sending.kind in ("escalation", "nag"):
            assert page.state == "firing" or page.has is not None or page.snoozed is not None
            assert page.has is None or (page.has.until is not None and page.has.until <= entry.at)
            assert page.snoozed is None or (page.snoozed.until is not None and page.snoozed.until <= entry.at)

    @invariant()
    def whoever_got_the_alarm_got_the_all_clear_within_a_minute(self) -> None:
        for key, since in self.over.items():
            if self.now - since >= MINUTE and (self.straight.wake is None or self.straight.wake > self.now):
                assert not self.owed.get(key)

    @invariant()
    def nothing_that_wakes_people_is_ever_forgotten(self) -> None:
        for view in self.straight.pages():
            loud = view.severity.rank >= Severity.PAGE.rank and not view.exercise
            if loud or view.state != "firing":
                assert view.next_due is not None
                assert view.next_due >= self.straight.now

    @invariant()
    def both_show_the_same(self) -> None:
        assert self.restarted.pages(settled=True) == self.straight.pages(settled=True)
        assert self.restarted.wake == self.straight.wake


TestDesks = Desks.TestCase
TestDesks.settings = settings(
    max_examples=80,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
