"""The audit trail shows what was done to it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alerts.audit import Fault, Head, chained, read_record, verify
from streams.actions import Acknowledge, Action, Note, Resolve

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAGE = "00000000000000aa"


def action(number: int, by: str = "ann", note: str = "seen") -> Action:
    deed = Acknowledge(target=PAGE) if number % 2 else Note(target=PAGE, note=note)
    return Action(id=f"a-{number}", at=NOON + timedelta(minutes=number), by=by, deed=deed)


def trail(actions: Sequence[Action]) -> tuple[list[bytes], Head]:
    head, records = Head(), []
    for each in actions:
        data, head = chained(head, each)
        records.append(data)
    return records, head


FIVE, HEAD = trail([action(number) for number in range(1, 6)])


def forged(records: Sequence[bytes], place: int, by: str) -> list[bytes]:
    """The trail with one record changed, and all hashes behind it reckoned anew."""
    actions = [read_record(data).action for data in records]
    old = actions[place]
    actions[place] = Action(id=old.id, at=old.at, by=by, deed=old.deed)
    return trail(actions)[0]


def test_a_trail_that_was_left_alone_is_sound() -> None:
    assert verify(FIVE, [HEAD]) == (HEAD, [])
    assert verify([]) == (Head(), [])
    assert HEAD.number == 5
    assert Head.read(str(HEAD)) == HEAD


TAMPERED: list[tuple[str, Callable[[list[bytes]], list[bytes]], list[int]]] = [
    ("another name", lambda t: [*t[:2], t[2].replace(b'"ann"', b'"eve"'), *t[3:]], [4]),
    ("another time", lambda t: [t[0].replace(b"12:01", b"12:09"), *t[1:]], [2]),
    ("one left out", lambda t: [*t[:2], *t[3:]], [3]),
    ("the first left out", lambda t: t[1:], [1]),
    ("two swapped", lambda t: [t[0], t[2], t[1], *t[3:]], [2, 3, 4]),
    ("one twice", lambda t: [*t[:3], t[2], *t[3:]], [4]),
    ("one added", lambda t: [*t[:3], chained(Head(), action(9, "eve"))[0], *t[3:]], [4, 5]),
    ("bytes that are none", lambda t: [*t[:2], b"{}", *t[3:]], [3, 4]),
    ("spaces", lambda t: [*t[:2], t[2].replace(b":", b": ", 1), *t[3:]], [3, 4]),
    ("the last changed", lambda t: [*t[:4], t[4].replace(b'"ann"', b'"eve"')], [5]),
    ("the last cut off", lambda t: t[:4], [5]),
    ("all cut off", lambda t: [], [1]),
    ("written anew", lambda t: forged(t, 1, "eve"), [5]),
    ("written anew and cut off", lambda t: forged(t, 1, "eve")[:4], [5]),
]


@pytest.mark.parametrize(("tamper", "places"), [each[1:] for each in TAMPERED], ids=[each[0] for each in TAMPERED])
def test_what_was_done_to_a_trail_is_found(tamper: Callable[[list[bytes]], list[bytes]], places: list[int]) -> None:
    found = verify(tamper(list(FIVE)), [HEAD])
    assert [fault.place for fault in found.faults] == places


def test_without_a_head_that_somebody_kept_two_things_are_not_found() -> None:
    assert verify(FIVE[:3]).faults == []
    assert verify(forged(FIVE, 1, "eve")).faults == []
    # An old head is enough for what stood before it was written down.
    old = trail([action(number) for number in range(1, 4)])[1]
    assert verify(forged(FIVE, 1, "eve"), [old]).faults == [Fault(3, "record 3 is not the one that was known")]


def test_a_head_beside_the_trail_does_not_stand_in_for_one_that_was_written_down() -> None:
    anew = forged(FIVE, 4, "eve")
    beside = verify(anew).head
    assert beside.number == HEAD.number
    for known in ([HEAD, beside], [beside, HEAD]):
        assert verify(anew, known).faults == [Fault(5, "record 5 is not the one that was known")]


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
ACTIONS = st.lists(
    st.builds(
        lambda number, by, note: Action(id=f"a-{number}", at=NOON, by=by, deed=Resolve(target=PAGE, reason=note)),
        st.integers(0, 99),
        st.sampled_from(["ann", "bob"]),
        WORDS,
    ),
    min_size=1,
    max_size=8,
)


@given(ACTIONS)
def test_every_trail_of_the_desk_is_sound(actions: list[Action]) -> None:
    records, head = trail(actions)
    assert verify(records, [head]) == (head, [])


@given(ACTIONS, st.data())
def test_any_byte_that_differs_is_found(actions: list[Action], data: st.DataObject) -> None:
    records, head = trail(actions)
    place = data.draw(st.integers(0, len(records) - 1))
    offset = data.draw(st.integers(0, len(records[place]) - 1))
    other = data.draw(st.integers(0, 255))
    changed = bytearray(records[place])
    assume(changed[offset] != other)
    changed[offset] = other
    records[place] = bytes(changed)
    assert verify(records, [head]).faults


@given(ACTIONS, st.data())
def test_any_other_order_or_choice_of_records_is_found(actions: list[Action], data: st.DataObject) -> None:
    records, head = trail(actions)
    other = data.draw(st.lists(st.sampled_from(records), max_size=10))
    assume(other != records)
    assert verify(other, [head]).faults
