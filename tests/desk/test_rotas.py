"""Rotas: whose turn it is, to the second, where clocks change too; overrides; calendars of any calendar program."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import msgspec
import pytest

from alerts.desk import Desk
from alerts.desk.rotas import Handed, Rotas
from alerts.policy import Officer, Override, Policy, Receiver, Rota
from streams.actions import HandOver
from tests.desk.build import DAY, HOUR, MINUTE, POLICY, SECOND, T0, Run, lapse, policy, words

PEOPLE = tuple(
    Officer(id=name, name=name.title(), known_as=(f"{name[0]}.{name[1:]}@example.org",), receivers=(f"{name}-phone",))
    for name in ("ann", "bob", "cyd")
)
RECEIVERS = tuple(Receiver(id=f"{person.id}-phone") for person in PEOPLE)


def rotas(rota: Rota) -> Rotas:
    return Rotas(Policy(receivers=RECEIVERS, people=PEOPLE, rotas=(rota,)))


def weekly(zone: str, **more: object) -> Rota:
    fields = {"id": "watch", "zone": zone, "people": ("ann", "bob"), "start": date(2026, 1, 5), "handover": time(9)}
    return Rota(**(fields | more))  # type: ignore[arg-type]


# Mondays at nine: in winter 14:00 UTC in New York, in summer 13:00; clocks change on 8 March and 1 November 2026.
HANDOVERS = [
    ("America/New_York", datetime(2026, 1, 12, 14, tzinfo=UTC), "ann", "bob"),
    ("America/New_York", datetime(2026, 3, 2, 14, tzinfo=UTC), "bob", "ann"),
    ("America/New_York", datetime(2026, 3, 9, 13, tzinfo=UTC), "ann", "bob"),
    ("America/New_York", datetime(2026, 10, 26, 13, tzinfo=UTC), "bob", "ann"),
    ("America/New_York", datetime(2026, 11, 2, 14, tzinfo=UTC), "ann", "bob"),
    ("Asia/Seoul", datetime(2026, 3, 9, 0, tzinfo=UTC), "ann", "bob"),
    ("Europe/Berlin", datetime(2026, 3, 30, 7, tzinfo=UTC), "bob", "ann"),
    ("Australia/Lord_Howe", datetime(2026, 4, 5, 22, 30, tzinfo=UTC), "ann", "bob"),
]


@pytest.mark.parametrize(("zone", "moment", "before", "after"), HANDOVERS)
def test_the_watch_changes_at_its_local_time_to_the_second(zone: str, moment: datetime, before: str, after: str) -> None:
    known = rotas(weekly(zone))
    assert [known.on_watch("watch", moment + step * SECOND) for step in (-1, 0, 1)] == [before, after, after]
    assert known.edges("watch", moment - SECOND, moment) == [moment]


def test_a_handover_at_a_time_that_clocks_skip_or_repeat_happens_once() -> None:
    daily = weekly("America/New_York", days=1, handover=time(2, 30), start=date(2026, 3, 1))
    skipped = rotas(daily).edges("watch", datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC))
    assert [f"{edge:%d %H:%M}" for edge in skipped] == ["07 07:30", "08 07:30", "09 06:30"]
    daily = weekly("America/New_York", days=1, handover=time(1, 30), start=date(2026, 3, 1))
    repeated = rotas(daily).edges("watch", datetime(2026, 10, 31, 12, tzinfo=UTC), datetime(2026, 11, 2, 12, tzinfo=UTC))
    assert [f"{edge:%d %H:%M}" for edge in repeated] == ["01 05:30", "02 06:30"]


def test_every_second_between_two_edges_is_the_same_persons() -> None:
    known = rotas(weekly("America/New_York", days=1, handover=time(2, 30), start=date(2026, 3, 1)))
    start = datetime(2026, 3, 6, tzinfo=UTC)
    edges = [start, *known.edges("watch", start, start + 5 * DAY), start + 5 * DAY]
    for first, last in pairwise(edges):
        inside = [first, first + (last - first) / 2, last - SECOND]
        assert len({known.on_watch("watch", moment) for moment in inside}) == 1


def test_before_its_first_day_nobody_has_the_watch() -> None:
    assert rotas(weekly("UTC")).on_watch("watch", datetime(2026, 1, 5, 8, 59, 59, tzinfo=UTC)) is None
    assert rotas(weekly("UTC")).on_watch("watch", datetime(2026, 1, 5, 9, tzinfo=UTC)) == "ann"


def test_an_override_has_the_watch_from_its_start_until_its_end_and_the_last_one_named_counts() -> None:
    start = datetime(2026, 1, 6, 12, tzinfo=UTC)
    overrides = (Override(person="bob", start=start, end=start + DAY), Override(person="cyd", start=start, end=start + HOUR))
    known = rotas(weekly("UTC", overrides=overrides))
    moments = [start - SECOND, start, start + HOUR, start + DAY - SECOND, start + DAY]
    assert [known.on_watch("watch", moment) for moment in moments] == ["ann", "cyd", "bob", "bob", "ann"]


def test_handed_over_by_hand_until_the_next_change_and_no_longer() -> None:
    known = rotas(weekly("UTC"))
    now = datetime(2026, 1, 6, tzinfo=UTC)
    change = known.next_change("watch", now)
    assert change == datetime(2026, 1, 12, 9, tzinfo=UTC)
    handed = {"watch": Handed("cyd", change)}
    assert [known.on_watch("watch", moment, handed) for moment in (now, change - SECOND, change)] == ["cyd", "cyd", "bob"]


def test_the_desk_calls_whom_the_watch_was_handed_to() -> None:
    run = Run()
    run.act(HandOver(rota="duty", to="bob"), timedelta())
    run.lapse(lapse())
    assert words(run.until(10 * SECOND)) == [("alarm", "bob-phone")]
    assert run.desk.watch(T0 + HOUR) == {"duty": "bob"}
    assert run.desk.watch(T0 + 6 * DAY + 21 * HOUR) == {"duty": "bob"}


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//any//calendar//EN
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART;TZID=America/New_York:20260302T090000
DTEND;TZID=America/New_York:20260302T210000
RRULE:FREQ=DAILY
EXDATE;TZID=America/New_York:20260304T090000
SUMMARY:Ann
END:VEVENT
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
RECURRENCE-ID;TZID=America/New_York:20260305T090000
DTSTART;TZID=America/New_York:20260305T120000
DTEND;TZID=America/New_York:20260305T210000
SUMMARY:Bob
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260310
DTEND;VALUE=DATE:20260311
SUMMARY:whole day
ATTENDEE;CN=Cyd:mailto:C.Yd@Example.org
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTAMP:20260101T000000Z
DTSTART:20260302T150000Z
DTEND:20260302T160000Z
SUMMARY:All hands
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def calendar(text: str) -> Rotas:
    return rotas(Rota(id="watch", zone="America/New_York", calendar="watch.ics", calendar_text=text))


# Nine to nine in New York; clocks change on 8 March; the 4th is left out, the 5th is Bob's from noon, the 10th is all Cyd's.
WATCHES = [
    (datetime(2026, 3, 2, 13, 59, 59, tzinfo=UTC), None),
    (datetime(2026, 3, 2, 14, tzinfo=UTC), "ann"),
    (datetime(2026, 3, 2, 15, 30, tzinfo=UTC), "ann"),
    (datetime(2026, 3, 3, 2, tzinfo=UTC), None),
    (datetime(2026, 3, 4, 15, tzinfo=UTC), None),
    (datetime(2026, 3, 5, 15, tzinfo=UTC), None),
    (datetime(2026, 3, 5, 17, tzinfo=UTC), "bob"),
    (datetime(2026, 3, 9, 12, 59, 59, tzinfo=UTC), None),
    (datetime(2026, 3, 9, 13, tzinfo=UTC), "ann"),
    (datetime(2026, 3, 10, 4, tzinfo=UTC), "cyd"),
    (datetime(2026, 3, 10, 13, tzinfo=UTC), "ann"),
    (datetime(2026, 3, 11, 3, tzinfo=UTC), "cyd"),
    (datetime(2031, 7, 1, 13, tzinfo=UTC), "ann"),
]


@pytest.mark.parametrize(("moment", "person"), WATCHES)
def test_a_calendar_says_whose_watch_it_is(moment: datetime, person: str | None) -> None:
    assert calendar(CALENDAR).on_watch("watch", moment) == person


def test_a_calendars_changes_are_known_ahead() -> None:
    known = calendar(CALENDAR)
    now = datetime(2026, 3, 9, 15, tzinfo=UTC)
    assert known.next_change("watch", now) == datetime(2026, 3, 10, 1, tzinfo=UTC)


def event(*lines: str) -> str:
    inside = ("BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", "SUMMARY:ann", *lines, "END:VEVENT")
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *inside, "END:VCALENDAR", ""))


START = "DTSTART:20260302T090000Z"
HOSTILE = [
    ("", "iCalendar"),
    ("BEGIN:VCALENDAR", "iCalendar"),
    ("not a calendar", "iCalendar"),
    ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "one event"),
    (event(START, "RRULE:FREQ=SECONDLY"), "by days, weeks, months or years"),
    (event(START, "RRULE:FREQ=HOURLY;INTERVAL=2"), "by days, weeks, months or years"),
    (event(START, "RRULE:FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,1,2;BYSECOND=0,1"), "expected no BYHOUR, BYMINUTE, BYSECOND"),
    (event(START, "RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=TU"), "expected no BYDAY"),
    (event(START, "RRULE:FREQ=DAILY;INTERVAL=0"), "an INTERVAL from 1"),
    (event(START, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "a rule that comes true"),
    (event("RRULE:FREQ=DAILY"), "an event with a start"),
    (event(START, "DTEND:20260302T080000Z"), "an end after the start"),
    (event(START) * 2, "iCalendar"),
    (event(START, "DTEND:99991231T235959Z"), "at most 366 days"),
    (event("DTSTART:00010101T090000Z", "RRULE:FREQ=DAILY"), "a start from 1970 to 2200"),
    (event(START, "RDATE;VALUE=PERIOD:20260501T000000Z/P9999999D"), "got a period"),
    (event(START, "RRULE:FREQ=DAILY;COUNT=" + "9" * 5_000), "by days, weeks, months or years"),
    (event(*(f"COMMENT:{'x' * 60}" for _ in range(5_000))), "at most 262144 bytes"),
    (event(START, *("END:VEVENT", "BEGIN:VEVENT", "UID:2") * 2_000), "at most 2000 events"),
]


@pytest.mark.parametrize(("text", "wrong"), HOSTILE, ids=[wrong for _, wrong in HOSTILE])
def test_a_calendar_that_is_none_or_would_never_end_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        calendar(text)


def test_a_watch_of_people_whom_nobody_knows_is_nobodys() -> None:
    stranger = event(START, "DTEND:20260302T180000Z").replace("SUMMARY:ann", "SUMMARY:mallory")
    assert calendar(stranger).on_watch("watch", datetime(2026, 3, 2, 10, tzinfo=UTC)) is None


def test_a_rota_says_who_either_in_turn_or_by_a_calendar() -> None:
    with pytest.raises(ValueError, match="got neither"):
        Rota(id="watch")
    with pytest.raises(ValueError, match="got both"):
        weekly("UTC", calendar="watch.ics")
    with pytest.raises(ValueError, match="expected `start`"):
        Rota(id="watch", people=("ann",))


def test_somebody_whom_the_policy_does_not_know_reaches_nobody() -> None:
    known = Rotas(msgspec.structs.replace(POLICY, people=POLICY.people[:1]))
    assert known.told(("person:bob", "rota:none", "receiver:none", "person:ann"), T0) == [("ann-phone", "ann")]


# As Outlook writes it: a zone by its own name with its own rules, an alarm inside the event, a week every other week.
OUTLOOK = """BEGIN:VCALENDAR
PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN
VERSION:2.0
METHOD:PUBLISH
BEGIN:VTIMEZONE
TZID:Eastern Standard Time
BEGIN:STANDARD
DTSTART:16011104T020000
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010311T020000
RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
CLASS:PUBLIC
DTSTAMP:20260101T000000Z
DTSTART;TZID="Eastern Standard Time":20260302T090000
DTEND;TZID="Eastern Standard Time":20260309T090000
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO
SUMMARY;LANGUAGE=en-us:Ann
UID:040000008200E00074C5B7101A82E008
BEGIN:VALARM
TRIGGER:-PT15M
ACTION:DISPLAY
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
OUTLOOK_WATCHES = [
    (datetime(2026, 3, 2, 13, 59, 59, tzinfo=UTC), None),
    (datetime(2026, 3, 2, 14, tzinfo=UTC), "ann"),
    (datetime(2026, 3, 9, 12, 59, 59, tzinfo=UTC), "ann"),
    (datetime(2026, 3, 9, 13, tzinfo=UTC), None),
    (datetime(2026, 3, 16, 13, tzinfo=UTC), "ann"),
]


@pytest.mark.parametrize(("moment", "person"), OUTLOOK_WATCHES)
def test_a_calendar_with_zones_of_its_own_says_whose_watch_it_is(moment: datetime, person: str | None) -> None:
    assert calendar(OUTLOOK).on_watch("watch", moment) == person


def test_a_watch_handed_to_somebody_whom_a_later_policy_does_not_know_is_whose_it_would_have_been() -> None:
    run = Run()
    run.act(HandOver(rota="duty", to="bob", until=T0 + 5 * DAY), MINUTE)
    cells = {name: cell for name, cell in run.desk.changes().items() if cell is not None}
    rota = msgspec.structs.replace(POLICY.rotas[0], people=("ann",))
    run.desk = Desk(policy(people=tuple(person for person in POLICY.people if person.id != "bob"), rotas=(rota,)))
    run.desk.recall(cells)
    run.lapse(lapse(), at=HOUR)
    assert words(run.until(2 * HOUR))[0] == ("alarm", "ann-phone")
    assert run.desk.watch(T0 + HOUR) == {"duty": "ann"}
