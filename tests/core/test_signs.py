"""Signs in columns hold what a sorted set of them holds, give each change once, and answer as a look through all would."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.signs import Sign, Signs

START = datetime(2026, 3, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 90).map(lambda minutes: START + timedelta(minutes=minutes))


@st.composite
def signs(draw: st.DrawFn) -> Sign:
    """One sign, exact or known to the day."""
    moment, known_to_the_day = draw(MOMENTS), draw(st.integers(0, 9)) == 0
    latest = moment + timedelta(days=1) if known_to_the_day else moment
    return Sign(moment, latest, draw(st.sampled_from("abc")), draw(st.sampled_from(("urn:one", "urn:two"))))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), signs()),
        st.tuples(st.just("remove"), signs()),
        st.tuples(st.just("append"), st.integers(1, 20)),
        st.tuples(st.just("forget"), MOMENTS),
        st.tuples(st.just("give"), st.none()),
    ),
    max_size=60,
)
Cells = dict[int, list[Sign]]


def give(held: Signs, cells: Cells) -> None:
    """Keep what changed, as whoever keeps the state does."""
    for number, some in held.changes():
        if some is None:
            del cells[number]
        else:
            cells[number] = some
    assert not held.changed


def forgotten(model: list[Sign], before: datetime) -> list[Sign]:
    """What is left: the last that began before, what can have come from then on, and what began later."""
    begun = [sign for sign in model if sign.earliest < before]
    return [sign for sign in model if sign not in begun[:-1] or sign.latest >= before]


def shares(sign: Sign, start: datetime, end: datetime) -> bool:
    """Whether it can have come within a stretch that has both its ends; a day has its first instant and not its last."""
    if sign.earliest == sign.latest:
        return sign.earliest >= start and sign.earliest <= end
    return not (sign.latest <= start or sign.earliest >= end)


def take(held: Signs, model: list[Sign], cells: Cells, step: tuple[str, object]) -> list[Sign]:
    match step:
        case "add", Sign() as sign:
            assert (held.add(sign) is None) == (sign in model)
            return sorted({*model, sign})
        case "remove", Sign() as sign:
            assert held.remove(sign) == (sign in model)
            return [one for one in model if one != sign]
        case "append", int(minutes):
            last = model[-1].earliest if model else START
            sign = Sign(last + timedelta(minutes=minutes), last + timedelta(minutes=minutes), "a", "urn:one")
            held.append(sign.earliest, sign.event, sign.source)
            return [*model, sign]
        case "forget", datetime() as before:
            held.forget(before)
            return forgotten(model, before)
        case _:
            give(held, cells)
            return model


@given(STEPS, st.lists(MOMENTS, min_size=1, max_size=5))
def test_columns_hold_and_answer_what_a_sorted_set_does(steps: list[tuple[str, object]], moments: list[datetime]) -> None:
    held, model, cells = Signs(), list[Sign](), Cells()
    for step in steps:
        model = take(held, model, cells, step)
        assert list(held) == model
        assert held.part(0, len(held)) == [held[place] for place in range(len(held))] == model
    for moment in moments:
        assert held.first_from(moment) == next((one for one in model if one.earliest >= moment), None)
        assert held.first_after(moment) == next((one for one in model if one.earliest > moment), None)
        assert held.possibly_after(moment) == next((one for one in model if one.latest > moment), None)
        assert held.last_until(moment) == next((one for one in reversed(model) if one.earliest <= moment), None)
        assert held.within(moment, max(moments)) == [one for one in model if shares(one, moment, max(moments))]
    assert [held.find(name) for name in "abc"] == [next((one for one in model if one.event == name), None) for name in "abc"]


@given(STEPS)
def test_what_was_given_of_the_changes_is_all_there_is(steps: list[tuple[str, object]]) -> None:
    held, model, cells = Signs(), list[Sign](), Cells()
    for step in steps:
        model = take(held, model, cells, step)
    give(held, cells)
    assert sorted(sign for some in cells.values() for sign in some) == model
    again = Signs()
    again.recall(sign for some in cells.values() for sign in some)
    assert list(again) == model
    assert not again.changed
    assert list(again.changes()) == []
