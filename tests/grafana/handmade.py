"""Points made by hand, one thing of each kind, of which it is known what every query must find."""

from datetime import UTC, datetime, timedelta

from dashboards.influx.schema import (
    LIVE,
    ContactRow,
    DialogueRow,
    IncidentRow,
    LapseRow,
    LaunchRow,
    LetterRow,
    MeasureRow,
    NoticeRow,
    PipelineRow,
    RetractionRow,
    Row,
    StandingRow,
    What,
    WriterRow,
)
from dashboards.influx.times import at_minute, at_second, seconds
from streams.lapses import Change, State

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
"""The end of the world: what is said each minute was last said a minute before."""
START = NOW - timedelta(hours=4)
DRILL = "drill-1"
CALL = "us-china-dtl"
"""A channel that was LAPSED from an hour on for two hours."""
LINE = "nk-line"
"""A channel that was late and has been UNKNOWN for the last 39 minutes."""

Points = list[tuple[Row, int]]


def world() -> Points:
    """The same world twice: live, and in a drill; a drill has no pipeline of its own."""
    return [*_said(LIVE), *_said(DRILL), *_happened(LIVE), *_happened(DRILL), *_watch()]


def _said(run: str) -> Points:
    made: Points = []
    for minute in range(240):
        at = START + timedelta(minutes=minute)
        lapsed = 60 <= minute < 180
        stand, why = (2, "declined") if lapsed else (0, "")
        due, last = seconds(NOW) + 3_600, seconds(at) - 600
        channel = StandingRow(
            run=run, kind="channel", name=CALL, dyad="PRC-US", agreement="us-china-dtl-2008",
            stand=stand, reason=why, open=int(lapsed), since=seconds(at) - 60, last=last, due=due,
        )  # fmt: skip
        silent = minute > 200
        line = StandingRow(
            run=run, kind="channel", name=LINE, dyad="DPRK-ROK", agreement="inter-korean-channels",
            stand=3 if silent else 1, reason="feed-silent" if silent else "overdue", open=0,
        )  # fmt: skip
        others = (
            StandingRow(run=run, kind="dyad", name="PRC-US", dyad="PRC-US", stand=stand, reason=why, open=0),
            StandingRow(
                run=run, kind="regime", name="launch-1988", party="US", agreement="launch-1988", stand=0, reason="", open=0
            ),
            StandingRow(
                run=run, kind="feed", name="nrrc-us-rus", agreement="launch-1988", stand=0, reason="", open=0, last=seconds(at)
            ),
            DialogueRow(run=run, dyad="PRC-US", alive=0 if lapsed else 1, unknown=0, declared=1),
        )
        made += ((row, at_minute(at)) for row in (channel, line, *others))
    return made


def _watch() -> Points:
    made: Points = []
    for minute in range(240):
        at = START + timedelta(minutes=minute)
        pipeline = PipelineRow(run=LIVE, partition="0", now=seconds(at), age=1.5, standings=5, open=1)
        writer = WriterRow(run=LIVE, points=minute * 60, lag=0.2, failures=3 * (minute >= 100), behind=0, letters=0)
        made += ((pipeline, at_minute(at)), (writer, at_minute(at)))
    return made


def _happened(run: str) -> Points:
    began, ended = START + timedelta(hours=1), START + timedelta(hours=3)
    made = [
        _lapse(run, "declined-call", 1, "opened", "open", "warn", began, began),
        _lapse(run, "declined-call", 2, "escalated", "open", "page", began, began + timedelta(hours=1)),
        _lapse(run, "declined-call", 3, "resolved", "resolved", "page", began, ended, resolved=ended),
        _lapse(run, "second-call", 1, "opened", "open", "critical", ended, ended),
    ]
    for number in range(3):
        made += _third(run, number, START + timedelta(minutes=40 + 30 * number))
    taken_back = RetractionRow(run=run, id="r-1", retracts="notice-1", why="a mistake")
    letter = LetterRow(run=run, topic="channels", kind="not-an-event", reason="no JSON", partition=0, offset=7)
    made.append((taken_back, at_second(NOW - timedelta(minutes=5), "r-1")))
    made.append((letter, at_second(NOW - timedelta(minutes=8), "letter")))
    return made


def _third(run: str, number: int, at: datetime) -> Points:
    """One of three notices, launches, incidents, contacts and measures of each kind."""
    made: Points = []

    def measure(what: What, subject: str, value: float, **more: object) -> None:
        of = f"{what}-{number}"
        row = MeasureRow(run=run, what=what, subject=subject, value=value, of=of, **more)  # type: ignore[arg-type]
        made.append((row, at_second(at, of)))

    lead = 20.0 + 5 * number
    measure("lead", "US", lead, agreement="launch-1988", rule="notice", recipient="RUS", owed=24.0, kept=int(lead >= 24))
    measure("answer", CALL, 100.0 * number, agreement="us-china-dtl-2008", rule="call-answered", owed=900.0, kept=1)
    measure("check", CALL, 250.0)
    measure("contact", "PRC-US", 3_600.0 * (number + 1), agreement="incident-contact", rule="contact", owed=7_200.0, kept=1)
    measure("launch", "US", float(number - 1), agreement="launch-1988", rule="notice", recipient="RUS")
    notice = NoticeRow(
        run=run, party="US", launch_class="icbm", id=f"notice-{number}", notice=f"n-{number}", revision=1, status="planned",
        cancelled=int(number == 2), title=f"notice {number}", lat=10.0, lon=120.0, radius_km=50.0, recipients="RUS",
        window_start=seconds(NOW) - 7_200, window_end=seconds(NOW) + 7_200,
    )  # fmt: skip
    made.append((notice, at_second(at, notice.id, 1)))
    launch = LaunchRow(
        run=run, party="US", launch_class="icbm", id=f"launch-{number}", source="somebody", lat=34.0, lon=-120.0,
        says_notified=1, text="a launch",
    )  # fmt: skip
    made.append((launch, at_second(at, launch.id)))
    incident = IncidentRow(
        run=run, dyad="PRC-US", gravity="high", domain="air", id=f"incident-{number}",
        incident=f"i-{min(number, 1)}", source="somebody", lat=20.0, lon=110.0, text="too close",
    )  # fmt: skip
    made.append((incident, at_second(at, incident.id)))
    contact = ContactRow(
        run=run, dyad="PRC-US", channel=CALL, kind="contact", id=f"contact-{number}", level="minister", source="somebody"
    )
    made.append((contact, at_second(at, contact.id)))
    return made


def _lapse(
    run: str, name: str, revision: int, change: Change, state: State, severity: str, onset: datetime, at: datetime,
    resolved: datetime | None = None,
) -> tuple[Row, int]:  # fmt: skip
    row = LapseRow(
        run=run, agreement="us-china-dtl-2008", rule="call-answered", obligation="response", dyad="PRC-US", party="PRC",
        channel=CALL, severity=severity, state=state, change=change, reason="declined", id=name, revision=revision,
        subject=CALL, clause="A call is taken.", deadline=seconds(onset), onset=seconds(onset), exercise=int(run != LIVE),
        resolved=None if resolved is None else seconds(resolved), text="PRC declined the call",
    )  # fmt: skip
    return row, at_second(at, name, revision)
