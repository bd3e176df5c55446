"""The desk with its sendings goes on from any entry of its journal as if nothing had been."""

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.journal import ActionEntry, AnyEntry, LapseEntry, OutcomeEntry, TickEntry, decode_entry, encode_entry
from alerts.policy import Receiver
from alerts.sendings import CLEARING, Outcome, Sending
from alerts.station import Station
from streams.actions import Acknowledge, Action
from streams.lapses import Lapse
from streams.severity import Severity
from tests.alerts.build import NOON, lapse
from tests.alerts.service.policies import policy

RULES = policy(
    "json://127.0.0.1:9/hook",
    receivers=(Receiver(id="hook", kind="alertmanager", url="http://127.0.0.1:9"), Receiver(id="log", kind="log")),
    again=(300.0,),
)


class Writer:
    """Writes a journal as a desk at work does: what it is told, and the outcomes of what it said."""

    def __init__(self) -> None:
        self.station = Station(RULES)
        self.entries: list[bytes] = []
        self.sent: list[Sending] = []
        self.now = NOON

    def put(self, entry: AnyEntry) -> None:
        self.entries.append(encode_entry(entry))
        self.sent += self.station.take(entry)

    def do(self, step: tuple[str, int]) -> None:
        what, number = step
        self.now += timedelta(seconds=1 + number)
        match what:
            case "lapse":
                self.put(LapseEntry(at=self.now, lapse=lapse(f"line-{number}")))
            case "over":
                over: dict[str, Any] = {"revision": 2, "change": "resolved", "state": "resolved", "resolved": self.now}
                self.put(LapseEntry(at=self.now, lapse=lapse(f"line-{number}", **over)))
            case "tick":
                self.now += timedelta(minutes=number)
                self.put(TickEntry(at=self.now))
            case "ack":
                for page in self.station.desk.pages()[:1]:
                    deed = Acknowledge(target=page.id)
                    action = Action(id=f"ack-{len(self.entries)}", at=self.now, by="ann", deed=deed)
                    self.put(ActionEntry(at=self.now, action=action))
            case _:
                for sending in list(self.station.pending.values())[:1]:
                    took = what == "took"
                    outcome = Outcome(key=sending.key, receiver=sending.receiver, at=self.now, delivered=took, final=number > 1)
                    self.put(OutcomeEntry(at=self.now, outcome=outcome))


STEPS = st.lists(
    st.tuples(st.sampled_from(["lapse", "over", "tick", "ack", "took", "took", "failed"]), st.integers(0, 4)), max_size=25
)


def written(steps: list[tuple[str, int]]) -> Writer:
    writer = Writer()
    for step in steps:
        writer.do(step)
    return writer


@settings(max_examples=60)
@given(STEPS, st.data())
def test_recalled_at_any_entry_it_says_what_it_would_have_said(steps: list[tuple[str, int]], data: st.DataObject) -> None:
    writer = written(steps)
    entries = [decode_entry(entry) for entry in writer.entries]
    cut = data.draw(st.integers(0, len(entries)))
    cells: dict[str, bytes] = {}
    first = Station(RULES)
    said = []
    for entry in entries[:cut]:
        said += first.take(entry)
        for name, cell in first.changes().items():
            if cell is None:
                cells.pop(name, None)
            else:
                cells[name] = cell
    second = Station(RULES)
    second.recall(cells)
    for entry in entries[cut:]:
        said += second.take(entry)
    assert said == writer.sent
    assert second.pending == writer.station.pending
    assert second.firing == writer.station.firing


@settings(max_examples=60)
@given(STEPS)
def test_each_sending_is_pending_until_its_outcome_and_said_under_one_key(steps: list[tuple[str, int]]) -> None:
    writer = written(steps)
    keys = [sending.key for sending in writer.sent]
    assert len(set(keys)) == len(keys)
    outcomes = [entry.outcome for entry in map(decode_entry, writer.entries) if isinstance(entry, OutcomeEntry)]
    done = {outcome.key for outcome in outcomes if outcome.delivered or outcome.final}
    assert set(writer.station.pending) == set(keys) - done


@settings(max_examples=60)
@given(STEPS)
def test_alertmanager_fires_what_it_took_last_until_nothing_of_it_stands(steps: list[tuple[str, int]]) -> None:
    writer = written(steps)
    by_key = {sending.key: sending for sending in writer.sent}
    last: dict[str, Sending] = {}
    for entry in map(decode_entry, writer.entries):
        if isinstance(entry, OutcomeEntry) and entry.outcome.delivered:
            sending = by_key[entry.outcome.key]
            if sending.receiver != "hook" or sending.kind == "late":
                continue
            if sending.kind not in CLEARING:
                last[sending.page] = sending
            elif sending.stands is None:
                last.pop(sending.page, None)
            elif sending.page in last:
                last[sending.page] = msgspec.structs.replace(last[sending.page], stands=sending.stands)
    assert {page: sending for (_, page), sending in writer.station.firing.items()} == last


@given(STEPS)
@settings(max_examples=30)
def test_a_journal_whose_entries_come_twice_says_nothing_twice(steps: list[tuple[str, int]]) -> None:
    writer = written(steps)
    twice = Station(RULES)
    said = [sending for entry in map(decode_entry, writer.entries) for _ in range(2) for sending in twice.take(entry)]
    assert said == writer.sent


def test_what_a_stand_in_was_told_is_over_fires_nowhere() -> None:
    writer = Writer()
    for step in (("lapse", 1), ("took", 1), ("over", 1)):
        writer.do(step)
    assert list(writer.station.firing)
    (clear,) = writer.station.pending.values()
    outcome = Outcome(key=clear.key, receiver="log", at=writer.now, delivered=True)
    writer.put(OutcomeEntry(at=writer.now, outcome=outcome))
    assert writer.station.firing == {}


def test_the_end_of_one_lapse_ends_nothing_of_another_on_its_page() -> None:
    writer = Writer()

    def took(*lapses: Lapse) -> None:
        for each in lapses:
            writer.put(LapseEntry(at=writer.now, lapse=each))
        writer.do(("tick", 2))
        while writer.station.pending:
            writer.do(("took", 1))

    over: dict[str, Any] = {"revision": 2, "change": "resolved", "state": "resolved", "resolved": NOON, "group": "e-1"}
    critical = Severity.CRITICAL
    took(lapse("east", group="e-1", severity=critical), lapse("west", group="e-1"))
    took(lapse("east", **over, severity=critical))
    assert writer.sent[-1].kind == "all-clear"
    assert [(sending.kind, sending.stands) for sending in writer.station.firing.values()] == [("update", Severity.PAGE)]
    took(lapse("west", **over))
    assert writer.sent[-1].ends
    assert writer.station.firing == {}
