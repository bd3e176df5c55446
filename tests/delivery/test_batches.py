"""What is sent next, and what becomes of it: decided without a network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.delivery.batches import BEAT, planned, refused_whole, taken
from producers.delivery.spool import Kept
from tests.delivery.build import HERE


def kept(*words: str) -> list[Kept]:
    """Events by short words: ``e`` of no feed, ``e:f`` of the feed f, ``b:f`` its heartbeat."""
    events = []
    for position, word in enumerate(words, 1):
        kind, _, feed = word.partition(":")
        events.append(Kept(position, HERE, feed or None, "s", str(position), BEAT if kind == "b" else "k", "t", b"{}"))
    return events


@pytest.mark.parametrize(
    ("words", "incomplete", "batch", "aside"),
    [
        ("", "", [], []),
        ("e e e", "", [1, 2, 3], []),
        ("b:f e:f b:g", "", [1, 2, 3], []),
        ("e:f b:f", "", [1], []),
        ("e:f b:g b:f e:f", "", [1, 2], []),
        ("e b:f", "", [1, 2], []),
        ("b:f e:f b:g", "f", [2, 3], [1]),
        ("e:f b:f e:f b:f e:g b:g e", "f", [1, 3, 5], [2, 4]),
        ("b:f b:f", "f", [], [1, 2]),
    ],
)
def test_a_heartbeat_never_travels_with_what_it_vouches_for(
    words: str, incomplete: str, batch: list[int], aside: list[int]
) -> None:
    plan = planned(kept(*words.split()), {incomplete})
    assert [event.position for event in plan.batch] == batch
    assert list(plan.aside) == aside


WORDS = st.lists(st.sampled_from(("e", "e:f", "e:g", "b:f", "b:g")), max_size=20)


@given(WORDS, st.sets(st.sampled_from("fg")))
def test_a_plan_keeps_the_order_and_comes_forward(words: list[str], incomplete: set[str]) -> None:
    waiting = kept(*words)
    plan = planned(waiting, incomplete)
    positions = [event.position for event in plan.batch]
    assert positions == sorted(positions)
    assert bool(words) == bool(plan.batch or plan.aside), "each plan moves something"
    seen = sorted([*positions, *plan.aside])
    assert seen == list(range(1, len(seen) + 1)), "no gap is left behind"


@given(WORDS.filter(bool), st.data())
def test_what_was_taken_is_sent_or_refused_and_nothing_else(words: list[str], data: st.DataObject) -> None:
    batch = kept(*words)
    refused = data.draw(st.dictionaries(st.integers(0, len(batch) - 1), st.just("why")))
    outcome = taken(batch, refused)
    assert sorted([*outcome.sent, *outcome.refused]) == [event.position for event in batch]
    assert outcome.again == ()


@given(WORDS.filter(bool), st.data())
def test_a_batch_that_is_refused_whole_is_halved_down_to_the_one(words: list[str], data: st.DataObject) -> None:
    batch = kept(*words)
    poison = data.draw(st.sets(st.sampled_from([event.position for event in batch]), min_size=1))
    parts, order, refused = [batch], list[int](), dict[int, str]()
    while parts:
        part = list(parts.pop(0))
        bad = poison & {event.position for event in part}
        outcome = refused_whole(part, "too large") if bad else taken(part, {})
        order += outcome.sent
        refused |= outcome.refused
        parts[:0] = [list(each) for each in outcome.again]
    assert set(refused) == poison
    assert order == [event.position for event in batch if event.position not in poison], "the others go over, in order"
