"""The agreements shipped with Steadyline say the numbers that the instruments and the practice say."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement, Cadence, Channel, Epoch, Obligation, Prior, Response, Standing
from streams.calendars import Slots
from streams.severity import Severity
from streams.spans import Span

# The synthetic load is no agreement of anybody's; the benchmarks hold it to its numbers.
AGREEMENTS = {agreement.id: agreement for agreement in load_builtin() if agreement.id != "synthetic-load"}
OBLIGATIONS = {
    (agreement.id, obligation.id): obligation for agreement in AGREEMENTS.values() for obligation in agreement.obligations
}
CHANNELS = {channel.id: channel for agreement in AGREEMENTS.values() for channel in agreement.channels}
FEEDS = {feed.id: feed for agreement in AGREEMENTS.values() for feed in agreement.feeds}
WARN, PAGE, CRITICAL = Severity.WARN, Severity.PAGE, Severity.CRITICAL


def span(text: str) -> Span:
    return Span.parse(text)


def rule(agreement: str, obligation: str) -> Any:
    return OBLIGATIONS[agreement, obligation]


NUMBERS: list[tuple[str, str, str, object]] = [
    ("launch-1988", "launch-notice", "lead", span("24 h")),
    ("launch-1988", "launch-notice", "reference", "date"),
    ("launch-1988", "launch-notice", "scope.classes", ("icbm", "slbm")),
    ("launch-1988", "launch-as-notified", "valid_for", span("4 d")),
    ("incsea-1972", "danger-at-sea", "lead", span("3 d")),
    ("plns-2000", "prelaunch", "lead", span("24 h")),
    ("plns-2000", "prelaunch", "longest_lead", span("30 d")),
    ("plns-2000", "prelaunch", "scope.min_range_km", 500),
    ("plns-2000", "prelaunch", "scope.min_apogee_km", 500),
    ("new-start-2010", "half-year-data", "grace", span("30 d")),
    ("prc-russia-2009", "missiles", "scope.min_range_km", 2000),
    ("prc-russia-2009", "missiles", "scope.directions", {"RUS": ("E", "NE", "S", "SE"), "PRC": ("W", "NW", "N", "NE")}),
    ("prc-russia-2009", "withheld-quota", "quota", 2),
    ("india-pakistan-flight-tests-2005", "flight-test", "lead", span("3 d")),
    ("india-pakistan-flight-tests-2005", "window-and-distances", "valid_for", span("5 d")),
    ("india-pakistan-flight-tests-2005", "window-and-distances", "site_border_km", 40),
    ("india-pakistan-flight-tests-2005", "window-and-distances", "impact_border_km", 70),
    ("india-pakistan-installations-1988", "list-exchange", "grace", span("24 h")),
    ("us-china-mmca-1998", "half-yearly-meeting", "longest_gap", span("8 months")),
    ("us-china-channels", "defense-policy-talks", "longest_gap", span("16 months")),
    ("us-china-channels", "theater-calls", "longest_gap", span("13 months")),
    ("us-china-dtl-2008", "call-request", "steps.0.after", span("48 h")),
    ("us-china-dtl-2008", "call-request", "declined", PAGE),
    # A request of August 2022 was answered after 503 days: what ends a lapse must still count then.
    ("navigational-warnings", "dprk-launch", "lead", span("5 d")),
    ("navigational-warnings", "dprk-launch", "suspendable", False),
    ("navigational-warnings", "dprk-window", "tolerance", span("0 s")),
    ("navigational-warnings", "dprk-window", "severity", PAGE),
    ("notam", "hazard-to-flight", "lead", span("24 h")),
    ("vienna-document-2011", "unusual-activity", "steps.0.after", span("48 h")),
    ("washington-moscow-link", "hourly-test", "grace", span("10 min")),
    ("inter-korean-channels", "liaison-calls", "grace", span("30 min")),
    ("inter-korean-channels", "liaison-calls", "early", span("5 min")),
    ("inter-korean-channels", "liaison-calls", "missed", (WARN, PAGE)),
    ("inter-korean-channels", "military-calls", "together", PAGE),
    ("india-pakistan-dgmo", "tuesday-call", "grace", span("24 h")),
    ("eucom-ndmc", "call-answered", "steps.0.after", span("15 min")),
    ("eucom-ndmc", "call-answered", "steps.1.after", span("1 h")),
    ("incident-contact", "contact", "raised.incidents", 2),
    ("incident-contact", "contact", "raised.within", span("10 d")),
    ("proposed-us-china", "prelaunch", "lead", span("24 h")),
    ("proposed-us-china", "hourly-test", "grace", span("10 min")),
]


@pytest.mark.parametrize(("agreement", "obligation", "field", "expected"), NUMBERS)
def test_an_obligation_says_the_number_of_its_instrument(agreement: str, obligation: str, field: str, expected: object) -> None:
    value: Any = rule(agreement, obligation)
    for name in field.split("."):
        value = value[int(name)] if name.isdigit() else getattr(value, name)
    assert value == expected


@pytest.mark.parametrize(
    ("agreement", "epoch"),
    [
        ("launch-1988", Epoch(start=date(1988, 5, 31))),
        ("strategic-exercises-1989", Epoch(start=date(1990, 1, 1))),
        ("new-start-2010", Epoch(start=date(2011, 2, 5), until=date(2026, 2, 5))),
        ("prc-russia-2009", Epoch(start=date(2010, 12, 16), until=date(2030, 12, 16))),
        ("india-pakistan-flight-tests-2005", Epoch(start=date(2005, 10, 3))),
        ("us-china-dtl-2008", Epoch(start=date(2008, 2, 29))),
    ],
)
def test_an_agreement_is_in_force_from_its_day_on(agreement: str, epoch: Epoch) -> None:
    assert AGREEMENTS[agreement].epoch == epoch


@pytest.mark.parametrize(
    ("agreement", "obligation", "day", "holds"),
    [
        ("hcoc-2002", "prelaunch", "2007-12-31T23:59Z", True),
        ("hcoc-2002", "prelaunch", "2008-01-01T00:00Z", False),
        ("hcoc-2002", "launch-notices-kept", "2008-01-01T00:00Z", True),
        ("accidents-1971", "launch-toward-the-other", "1988-05-30T23:59Z", True),
        ("accidents-1971", "launch-toward-the-other", "1988-05-31T00:00Z", False),
        ("prc-russia-2009", "withheld-quota", "2015-12-15T00:00Z", False),
        ("prc-russia-2009", "withheld-quota", "2015-12-16T00:00Z", True),
        ("us-china-mmca-1998", "yearly-meeting", "2022-08-05T00:00Z", True),
        ("us-china-mmca-1998", "half-yearly-meeting", "2025-11-18T00:00Z", True),
        ("new-start-2010", "data-notices-kept", "2023-02-21T00:00Z", True),
        ("new-start-2010", "data-notices-kept", "2026-02-05T00:00Z", False),
        # The exchange center never opened; nobody owed it a notice.
        ("plns-2000", "prelaunch", "2024-11-06T00:00Z", False),
        # A proposal judges no launch that was made before it.
        ("proposed-us-china", "prelaunch", "2025-11-05T00:00Z", False),
    ],
)
def test_history_is_judged_by_the_rules_of_its_day(agreement: str, obligation: str, day: str, holds: bool) -> None:
    assert AGREEMENTS[agreement].in_force(rule(agreement, obligation), datetime.fromisoformat(day)) is holds


@pytest.mark.parametrize(
    ("agreement", "obligation", "field"),
    [
        ("launch-1988", "launch-as-notified", "valid_for"),
        ("plns-2000", "prelaunch", "lead"),
        ("plns-2000", "prelaunch", "longest_lead"),
        ("hcoc-2002", "as-notified", "clause"),
        ("hcoc-2002", "as-notified", "required"),
        ("vienna-document-2011", "unusual-activity", "steps"),
        ("proposed-us-china", "prelaunch", "scope.min_range_km"),
        ("proposed-us-china", "dialogues-live", "target"),
    ],
)
def test_a_number_from_memory_is_marked_as_unverified(agreement: str, obligation: str, field: str) -> None:
    assert field in rule(agreement, obligation).unverified


@pytest.mark.parametrize(
    "agreement",
    [
        "incsea-1972",
        "japan-china-macm-2018",
        "new-start-2010",
        "us-china-mmca-1998",
        "us-china-mou-2014",
        "vienna-document-2011",
        "washington-moscow-link",
    ],
)
def test_a_date_from_memory_is_marked_as_unverified(agreement: str) -> None:
    assert "epoch" in AGREEMENTS[agreement].unverified


@pytest.mark.parametrize("agreement", ["notam", "vienna-document-2011"])
def test_a_summary_with_a_number_from_memory_is_marked_as_unverified(agreement: str) -> None:
    assert "summary" in AGREEMENTS[agreement].unverified


@pytest.mark.parametrize(
    "verified",
    [
        ("launch-1988", "launch-notice"),
        ("india-pakistan-flight-tests-2005", "flight-test"),
        ("us-china-dtl-2008", "call-request"),
    ],
)
def test_a_number_that_was_read_is_not_marked(verified: tuple[str, str]) -> None:
    assert OBLIGATIONS[verified].unverified == ()


SECTION_3 = {
    "washington-moscow-link": ("RUS", "US"),
    "nrrc-us-rus": ("RUS", "US"),
    "inter-korean-liaison": ("DPRK", "ROK"),
    "inter-korean-military-west": ("DPRK", "ROK"),
    "inter-korean-military-east": ("DPRK", "ROK"),
    "unc-kpa-pink-phone": ("KPA", "UNC"),
    "india-pakistan-dgmo": ("IND", "PAK"),
    "eucom-ndmc": ("RUS", "US"),
    "us-china-dtl": ("PRC", "US"),
    "us-china-mmca": ("PRC", "US"),
    "us-china-dpct": ("PRC", "US"),
    "us-china-theater": ("PRC", "US"),
    "japan-china-hotline": ("JPN", "PRC"),
}


@pytest.mark.parametrize(("channel", "parties"), SECTION_3.items())
def test_every_known_channel_is_registered_with_its_parties(channel: str, parties: tuple[str, str]) -> None:
    assert tuple(sorted(CHANNELS[channel].parties)) == parties


def military(dyad: set[str], day: datetime) -> set[str]:
    return {
        c.id for c in CHANNELS.values() if c.military and set(c.parties) == dyad and c.epoch.holds(day) and not c.hypothetical
    }


def test_the_military_channels_of_the_us_and_china_are_those_that_were_cut_or_went_unanswered() -> None:
    assert military({"US", "PRC"}, datetime(2022, 12, 21, tzinfo=UTC)) == {
        "us-china-theater",
        "us-china-dpct",
        "us-china-mmca",
        "us-china-cjcs",
        "us-china-dtl",
    }


def test_the_telephone_link_did_not_exist_when_the_aircraft_collided_in_2001() -> None:
    assert "us-china-dtl" not in military({"US", "PRC"}, datetime(2001, 4, 1, tzinfo=UTC))


def test_every_military_channel_of_the_us_and_china_can_lapse() -> None:
    judged = {
        channel
        for obligation in OBLIGATIONS.values()
        if isinstance(obligation, Standing | Response)
        for channel in obligation.channels
    }
    assert military({"US", "PRC"}, datetime(2022, 12, 21, tzinfo=UTC)) <= judged


def test_the_announcement_of_5_august_2022_is_eight_lapses() -> None:
    cut = {f"us-china-{name}" for name in ("theater", "dpct", "mmca", "migration", "legal-assistance", "transnational-crime")}
    cut |= {"us-china-counternarcotics", "us-china-climate"}
    duties = [name for o in OBLIGATIONS.values() if isinstance(o, Standing) for name in o.channels if name in cut]
    assert sorted(duties) == sorted(cut)


def standing_channels() -> list[str]:
    return [name for o in OBLIGATIONS.values() if isinstance(o, Standing) for name in o.channels]


@pytest.mark.parametrize("channel", sorted(set(CHANNELS) - {"jdec", "osce-network", "incsea-review", "new-start-data"}))
def test_a_channel_that_is_cut_off_lapses_once(channel: str) -> None:
    judged = standing_channels().count(channel)
    assert judged == (0 if channel == "india-pakistan-installation-lists" else 1)


def test_the_three_inter_korean_lines_are_siblings() -> None:
    assert {c.group for c in CHANNELS.values() if c.id.startswith("inter-korean")} == {"inter-korean"}


@pytest.mark.parametrize(
    ("agreement", "obligation", "start", "end", "due"),
    [
        # A Friday, a weekend and a Monday: the liaison line rests on Saturday and Sunday.
        (
            "inter-korean-channels",
            "liaison-calls",
            "2023-04-07T00:00Z",
            "2023-04-10T23:00Z",
            ["2023-04-07T00:00Z", "2023-04-07T08:00Z", "2023-04-10T00:00Z", "2023-04-10T08:00Z"],
        ),
        (
            "inter-korean-channels",
            "military-calls",
            "2023-04-08T00:00Z",
            "2023-04-09T00:00Z",
            ["2023-04-08T00:00Z", "2023-04-08T07:00Z"],
        ),
        ("unc-kpa", "line-checks", "2022-01-01T00:00Z", "2022-01-02T00:00Z", ["2022-01-01T00:30Z", "2022-01-01T06:30Z"]),
        (
            "washington-moscow-link",
            "hourly-test",
            "2024-03-10T05:30Z",
            "2024-03-10T08:00Z",
            ["2024-03-10T06:00Z", "2024-03-10T07:00Z"],
        ),
        (
            "india-pakistan-dgmo",
            "tuesday-call",
            "2024-02-12T00:00Z",
            "2024-02-20T00:00Z",
            ["2024-02-12T19:00Z", "2024-02-19T19:00Z"],
        ),
        ("india-pakistan-installations-1988", "list-exchange", "2023-06-01T00:00Z", "2024-06-01T00:00Z", ["2023-12-31T19:00Z"]),
        (
            "new-start-2010",
            "half-year-data",
            "2012-01-01T00:00Z",
            "2013-01-01T00:00Z",
            ["2012-03-01T00:00Z", "2012-09-01T00:00Z"],
        ),
    ],
)
def test_checks_fall_due_when_the_practice_says(agreement: str, obligation: str, start: str, end: str, due: list[str]) -> None:
    slots = Slots(rule(agreement, obligation).calendar)
    between = slots.between(datetime.fromisoformat(start), datetime.fromisoformat(end))
    assert between == [datetime.fromisoformat(moment) for moment in due]


def test_no_call_is_asked_for_on_a_tuesday_of_eid() -> None:
    eid = datetime(2022, 5, 2, 19, tzinfo=UTC)  # Tuesday 3 May 2022 in Pakistan
    assert Slots(rule("india-pakistan-dgmo", "tuesday-call").calendar).next_from(eid) == datetime(2022, 5, 9, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("agreement", "obligation"),
    [key for key, o in OBLIGATIONS.items() if isinstance(o, Cadence) and o.calendar is not None],
)
def test_checks_by_the_calendar_have_a_feed_that_can_fall_silent(agreement: str, obligation: str) -> None:
    cadence = rule(agreement, obligation)
    assert cadence.feed in FEEDS
    assert {CHANNELS[channel].feed for channel in cadence.channels} == {cadence.feed}


CONFIDENTIAL = ["launch-1988", "hcoc-2002", "prc-russia-2009", "india-pakistan-flight-tests-2005", "accidents-1971"]


@pytest.mark.parametrize("agreement", CONFIDENTIAL)
def test_a_confidential_notice_that_nobody_saw_is_unknown_and_not_missing(agreement: str) -> None:
    priors = [o for o in AGREEMENTS[agreement].obligations if isinstance(o, Prior)]
    assert all(prior.feed in FEEDS for prior in priors)


def owed(launcher: str, launch_class: str, day: str, range_km: float | None = None) -> set[tuple[str, str]]:
    """Which recipients are owed a notice under which agreement; the direction of flight is left open."""
    result = set()
    for agreement in AGREEMENTS.values():
        for prior in agreement.obligations:
            if not isinstance(prior, Prior) or not agreement.in_force(prior, datetime.fromisoformat(day)):
                continue
            scope = prior.scope
            near = scope.min_range_km is not None and (range_km or 0) <= scope.min_range_km
            if launch_class not in (scope.always if near else (*scope.classes, *scope.always)):
                continue
            if launcher in (prior.launchers or agreement.parties):
                others = prior.recipients or tuple(party for party in agreement.parties if party != launcher)
                result |= {(agreement.id, recipient) for recipient in others}
    return result


def test_the_chinese_launch_of_2024_was_owed_to_the_states_around_the_ocean() -> None:
    pacific = {("customary-prelaunch", party) for party in ("US", "FRA", "NZL", "JPN")}
    assert owed("PRC", "icbm", "2024-09-25T00:44Z") == pacific


def test_the_american_launches_of_2024_and_2025_were_owed_to_russia_alone() -> None:
    for day in ("2024-11-06T07:01Z", "2025-11-05T12:00Z"):
        assert owed("US", "icbm", day, 6760) == {("launch-1988", "RUS")}


def test_the_russian_launch_of_2022_was_owed_to_the_united_states_alone() -> None:
    assert {key for key in owed("RUS", "icbm", "2022-04-20T12:00Z") if key[0] != "prc-russia-2009"} == {("launch-1988", "US")}


def test_the_missiles_around_taiwan_were_owed_to_japan_by_one_norm() -> None:
    for launch_class in ("srbm", "ballistic"):
        assert owed("PRC", launch_class, "2022-08-04T05:56Z", 700) == {("navigational-warnings", "JPN")}


def test_the_anti_satellite_test_of_2007_was_owed_by_one_norm() -> None:
    assert owed("PRC", "asat", "2007-01-11T22:26Z") == {("customary-prelaunch", "US")}


@pytest.mark.parametrize("launch_class", ["icbm", "slv"])
def test_north_korean_launches_are_owed_to_japan_even_after_it_renounced_notices(launch_class: str) -> None:
    assert owed("DPRK", launch_class, "2023-12-17T23:24Z") == {("navigational-warnings", "JPN")}
    assert not rule("navigational-warnings", "dprk-launch").suspendable
    assert rule("navigational-warnings", "warnings-kept").suspendable


def test_cruise_missiles_of_india_are_outside_its_agreement() -> None:
    assert owed("IND", "cruise", "2022-03-09T13:13Z") == set()


def test_contact_after_an_incident_is_asked_for_in_three_steps() -> None:
    contact = rule("incident-contact", "contact")
    assert [(str(step.after), step.severity) for step in contact.steps] == [("2 h", WARN), ("24 h", PAGE), ("48 h", CRITICAL)]
    assert {frozenset(dyad) for dyad in contact.dyads} == {
        frozenset(pair)
        for pair in [("US", "PRC"), ("US", "RUS"), ("DPRK", "ROK"), ("DPRK", "US"), ("IND", "PAK"), ("JPN", "PRC")]
    }


def test_only_what_is_proposed_or_never_opened_is_hypothetical() -> None:
    assert {c.id for c in CHANNELS.values() if c.hypothetical} == {"nnrrc-prc", "jdec"}
    assert [a.id for a in AGREEMENTS.values() if a.standing == "proposed"] == ["proposed-us-china"]


def test_every_table_names_sources_that_are_addresses() -> None:
    for agreement in AGREEMENTS.values():
        tables: tuple[Agreement | Channel | Obligation, ...] = (agreement, *agreement.channels, *agreement.obligations)
        for table in tables:
            assert all(source.startswith(("https://", "http://")) for source in table.sources), (agreement.id, table.id)


def test_agreements_come_sorted_by_id() -> None:
    assert [agreement.id for agreement in load_builtin()] == sorted({*AGREEMENTS, "synthetic-load"})
    assert len(AGREEMENTS) >= 26
