"""Every slot comes up once, due or missed, whatever the clock does; and nobody vouches for a slot that was not made."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.probes.model import Tcp
from producers.probes.schedule import Entry, Schedule
from producers.probes.timetable import Every, Kept, Timetable, next_slots, timetable_of
from producers.probes.vouching import Voucher
from streams.agreements.load import load_builtin
from streams.agreements.model import Cadence, Calendar, Epoch, Feed
from streams.feeds import FeedRecord
from streams.rulebook import Rule, RuleBook
from streams.spans import Span

T = datetime(2026, 3, 28, tzinfo=UTC)
BOOK = RuleBook(load_builtin())
LINE = BOOK.channels["inter-korean-liaison"]
LATE = timedelta(seconds=5)
ALWAYS = Epoch()


def kept(*rules: str, zone: str = "UTC", holidays: str | None = None, epoch: Epoch = ALWAYS, channel: Epoch = ALWAYS) -> Kept:
    """The slots of a channel with one obligation."""
    agreement = BOOK.agreements[0]
    obligation = Cadence(
        id="c",
        clause="c",
        sources=("s",),
        channels=("x",),
        calendar=Calendar(rules=rules, zone=zone, holidays=holidays),
        epochs=(epoch,),
    )
    return Kept([Rule(agreement, obligation)], channel)


def slots(timetable: Timetable, start: datetime, end: datetime) -> list[datetime]:
    """The slots one by one, as ``next_from`` gives them."""
    found = []
    moment = timetable.next_from(start)
    while moment is not None and moment < end:
        found.append(moment)
        moment = timetable.next_from(moment + timedelta(microseconds=1))
    return found


TIMETABLES: dict[str, Timetable] = {
    "every minute": Every(timedelta(minutes=1)),
    "every 7 s": Every(timedelta(seconds=7)),
    "Berlin, quarter past, through the changes of clocks": kept("FREQ=HOURLY;BYMINUTE=15;BYSECOND=0", zone="Europe/Berlin"),
    "New York, 02:30": kept("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0", zone="America/New_York"),
    "Seoul, working days": kept(
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,17;BYMINUTE=0;BYSECOND=0", zone="Asia/Seoul", holidays="KR"
    ),
    "two rules that meet": kept("FREQ=HOURLY;BYMINUTE=0;BYSECOND=0", "FREQ=DAILY;BYHOUR=12;BYMINUTE=0;BYSECOND=0"),
    "until a day": kept("FREQ=HOURLY;BYMINUTE=0;BYSECOND=0", epoch=Epoch(until=date(2026, 3, 29))),
}


@settings(max_examples=30)
@given(
    name=st.sampled_from(sorted(TIMETABLES)),
    begin=st.integers(0, 5 * 86_400).map(lambda second: T + timedelta(seconds=second - 86_400)),
    steps=st.lists(
        st.one_of(st.floats(0.01, 2), st.floats(2, 300), st.floats(300, 20_000), st.floats(-100, 0)), min_size=1, max_size=30
    ),
)
def test_every_slot_comes_up_once(name: str, begin: datetime, steps: list[float]) -> None:
    """Steps of less than nothing are a clock that is set back; long ones a machine that was asleep."""
    timetable = TIMETABLES[name]
    schedule = Schedule([Entry("p", timetable, LATE)], begin)
    now = latest = begin
    made, missed = [], 0
    for step in (0.0, *steps):
        now += timedelta(seconds=step)
        turn = schedule.turn(now)
        for due in turn.due:
            assert timedelta() <= now - due.slot <= LATE
            made.append(due.slot)
        for gone in turn.missed:
            assert gone.slots.first <= gone.slots.last < now
            missed += gone.slots.number
            # What was missed cannot have been met: too late, or another one took its turn.
            assert now - gone.slots.last > LATE or turn.due
        latest = max(latest, now)
    asked = slots(timetable, begin, latest + timedelta(microseconds=1))
    assert made == sorted(set(made))
    assert set(made) <= set(asked)
    assert len(made) + missed == len(asked)
    following = schedule.next()
    assert following == timetable.next_from(latest + timedelta(microseconds=1))


@given(
    name=st.sampled_from(sorted(TIMETABLES)),
    begin=st.integers(0, 7 * 86_400).map(lambda second: T + timedelta(seconds=second - 3 * 86_400)),
    length=st.floats(0, 10_000),
)
def test_a_stretch_is_what_its_slots_are(name: str, begin: datetime, length: float) -> None:
    end = begin + timedelta(seconds=length)
    found, stretch = slots(TIMETABLES[name], begin, end), TIMETABLES[name].stretch(begin, end)
    assert (stretch is None) == (not found)
    if stretch is not None:
        assert tuple(stretch) == (len(found), found[0], found[-1])


def local(timetable: Timetable, zone: str, start: datetime, end: datetime) -> list[str]:
    return [f"{slot.astimezone(ZoneInfo(zone)):%d %H:%M%z}" for slot in slots(timetable, start, end)]


def test_clocks_that_change_move_no_call() -> None:
    calls = kept("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", zone="Europe/Berlin")
    begin = datetime(2026, 3, 28, tzinfo=UTC)
    assert local(calls, "Europe/Berlin", begin, begin + timedelta(days=3)) == [
        "28 09:00+0100",
        "29 09:00+0200",
        "30 09:00+0200",
    ]
    begin = datetime(2026, 10, 24, tzinfo=UTC)
    assert local(calls, "Europe/Berlin", begin, begin + timedelta(days=2)) == ["24 09:00+0200", "25 09:00+0100"]


def test_a_holiday_is_no_day_of_calls() -> None:
    """The first of March is a holiday in Korea; in 2026 it is a Sunday, and the Monday is off for it."""
    begin = datetime(2026, 2, 27, tzinfo=UTC)
    days = local(TIMETABLES["Seoul, working days"], "Asia/Seoul", begin, datetime(2026, 3, 3, 12, tzinfo=UTC))
    assert days == ["27 09:00+0900", "27 17:00+0900", "03 09:00+0900", "03 17:00+0900"]


def test_a_rule_asks_only_while_it_and_its_channel_are_in_force() -> None:
    hourly = "FREQ=HOURLY;BYMINUTE=0;BYSECOND=0"
    rule, channel = Epoch(start=date(2026, 3, 28), until=date(2026, 4, 2)), Epoch(start=date(2026, 4, 1))
    found = slots(kept(hourly, epoch=rule, channel=channel), datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    assert found == [datetime(2026, 4, 1, hour, tzinfo=UTC) for hour in range(24)]
    assert kept(hourly, epoch=rule).next_from(datetime(2026, 4, 2, tzinfo=UTC)) is None


def test_a_channel_has_the_calendar_of_its_agreement() -> None:
    target = Tcp(id="t", channel=LINE.id, host="x", port=1)
    found = next_slots(target, BOOK, datetime(2026, 11, 24, 1, tzinfo=UTC), 3)
    assert [f"{slot:%m-%d %H:%M}" for slot in found] == ["11-24 08:00", "11-25 00:00", "11-25 08:00"]
    assert timetable_of(Tcp(id="t", channel="us-china-dtl", host="x", port=1), BOOK) is None


def test_a_year_asleep_is_told_at_once() -> None:
    schedule = Schedule([Entry("p", Every(timedelta(seconds=1)), LATE)], T)
    turn = schedule.turn(T + timedelta(days=366, seconds=0.5))
    assert turn.due[0].slot == T + timedelta(days=366)
    assert turn.missed[0].slots == (366 * 86_400, T, T + timedelta(days=366, seconds=-1))


@pytest.mark.parametrize(("after", "due"), [(-0.001, False), (0, True), (5, True), (5.001, False)])
def test_a_slot_is_due_from_its_second_until_it_is_too_late(after: float, due: bool) -> None:
    slot = T + timedelta(minutes=1)
    schedule = Schedule([Entry("p", Every(timedelta(minutes=1)), LATE)], T + timedelta(seconds=1))
    turn = schedule.turn(slot + timedelta(seconds=after))
    assert [each.slot for each in turn.due] == [slot] * due
    assert len(turn.missed) == (after > 5)


Action = tuple[str, float]


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(("made", "lost", "restart")), st.floats(0.5, 400)), max_size=40), st.integers(1, 300))
def test_nobody_vouches_for_a_slot_that_was_not_made(actions: list[Action], silent_after: int) -> None:
    """Held against the watch's own reading of heartbeats."""
    feed = Feed(id="f", title="f", heartbeat=Span(seconds=1), silent_after=Span(seconds=silent_after))
    heard, voucher = FeedRecord(feed), Voucher(feed.silent_after)
    now, lost = T, list[datetime]()
    for action, seconds in actions:
        slot = now + timedelta(seconds=seconds)
        now = slot + timedelta(seconds=0.25)
        if action == "made":
            voucher.began(slot)
            # A beat while the probe is under way reaches up to it at most.
            during = voucher.complete(now)
            assert during is None or during < slot
            if during is not None:
                voucher.beat(during)
                heard.beat(during)
            voucher.settled(slot)
        elif action == "lost":
            voucher.lost(slot)
            lost.append(slot)
        else:
            # Another process takes over, and knows only that slots lay shortly before it.
            voucher = Voucher(feed.silent_after)
            voucher.lost(slot)
            lost.append(slot)
        moment = voucher.complete(now)
        if moment is not None:
            assert moment <= now
            voucher.beat(moment)
            heard.beat(moment)
    for slot in lost:
        assert heard.vouches(slot, slot, now + timedelta(days=1)) is False


def test_a_feed_speaks_again_once_the_hole_is_long_enough() -> None:
    voucher = Voucher(Span(seconds=60))
    assert voucher.complete(T) == T
    voucher.beat(T)
    voucher.lost(T + timedelta(seconds=10))
    assert voucher.complete(T + timedelta(seconds=60)) is None
    assert voucher.complete(T + timedelta(seconds=61)) == T + timedelta(seconds=61)
    voucher.beat(T + timedelta(seconds=61))
    assert voucher.complete(T + timedelta(seconds=61)) is None
    assert voucher.complete(T + timedelta(seconds=62)) == T + timedelta(seconds=62)
