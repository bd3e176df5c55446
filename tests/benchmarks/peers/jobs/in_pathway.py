"""The job by Pathway, whose runtime is Rust, on one thread: tables and joins, no step of it in Python.

As its guide has it: ``jsonlines`` with paths into the JSON; ``diff`` of a channel's times, which says where a check is
missing; ``interval_join_left`` of launches with notices and of incidents with contacts, and what found no partner. A notice's
window is taken to open no more than an hour before the launch, which is true of the load: ``interval_join`` must be told. A
file that ends is read in its mode ``static``, all in one commit: nothing is late in it, and it costs less than the small
commits of a stream. Session windows (``windowby``) would do for the checks too, and walk every session row by row.
"""

from datetime import UTC, timedelta
from typing import Any

import pathway as pw

from tests.benchmarks.oracle import CONTACT_WITHIN, LONGEST_GAP, Lapse
from tests.benchmarks.peers.job import begun


class _Line(pw.Schema):
    type: str
    time: str
    channel: str | None = pw.column_definition(default_value=None)
    party: str | None = pw.column_definition(default_value=None)
    launch: str | None = pw.column_definition(default_value=None)
    received: str | None = pw.column_definition(default_value=None)
    opens: str | None = pw.column_definition(default_value=None)
    closes: str | None = pw.column_definition(default_value=None)
    incident: str | None = pw.column_definition(default_value=None)
    one: str | None = pw.column_definition(default_value=None)
    other: str | None = pw.column_definition(default_value=None)


_PATHS = {
    "channel": "/data/channel",
    "party": "/data/party",
    "launch": "/data/launch",
    "received": "/data/recipients/0/received",
    "opens": "/data/window/opens",
    "closes": "/data/window/closes",
    "incident": "/data/incident",
    "one": "/data/parties/0",
    "other": "/data/parties/1",
}
_NOTICE_BEFORE = timedelta(hours=1)


def found(path: str) -> list[Lapse]:
    """Run the tables to their end."""
    lapses: list[Lapse] = []

    def told(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
        lapses.append((row["rule"], row["subject"], row["onset"].to_pydatetime().replace(tzinfo=UTC)))

    lines = pw.io.jsonlines.read(path, schema=_Line, mode="static", json_field_paths=_PATHS)
    for table in (_checks(lines), _launches(lines), _incidents(lines)):
        pw.io.subscribe(table, on_change=told)
    begun()
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
    return lapses


def _of(lines: Any, kind: str) -> Any:
    return lines.filter(pw.this.type == f"org.steadyline.{kind}.v1").with_columns(time=_moment(pw.this.time))


def _moment(text: Any) -> Any:
    return pw.unwrap(text).dt.strptime("%Y-%m-%dT%H:%M:%S%.fZ", contains_timezone=False)


def _checks(lines: Any) -> Any:
    checks = _of(lines, "channel.check").select(pw.this.time, channel=pw.unwrap(pw.this.channel))
    checks += checks.diff(pw.this.time, pw.this.time, instance=pw.this.channel)
    gaps = checks.filter(pw.coalesce(pw.this.diff_time, LONGEST_GAP) > LONGEST_GAP)
    missing = gaps.select(pw.this.channel, since=pw.this.time - pw.unwrap(pw.this.diff_time))
    lasts = checks.groupby(pw.this.channel).reduce(pw.this.channel, since=pw.reducers.max(pw.this.time))
    return pw.Table.concat_reindex(missing, lasts).select(
        rule="check", subject=pw.this.channel, onset=pw.this.since + LONGEST_GAP
    )


def _launches(lines: Any) -> Any:
    party = pw.unwrap(pw.this.party)
    launches = _of(lines, "launch.observation").select(
        pw.this.time, party=party, subject=party + "/" + pw.unwrap(pw.this.launch) + "/WATCH"
    )
    notices = _of(lines, "launch.notice").select(
        party=party, received=_moment(pw.this.received), opens=_moment(pw.this.opens), closes=_moment(pw.this.closes)
    )
    before = pw.temporal.interval(-_NOTICE_BEFORE, timedelta(0))
    joined = launches.interval_join_left(notices, launches.time, notices.opens, before, launches.party == notices.party).select(
        launches.subject,
        onset=launches.time,
        # Where there is no notice, that of the moment of the launch, which came too late.
        held=(pw.coalesce(notices.received, launches.time) < launches.time)
        & (pw.coalesce(notices.closes, launches.time) >= launches.time),
    )
    return _unmet("notice", joined)


def _incidents(lines: Any) -> Any:
    one, other = pw.unwrap(pw.this.one), pw.unwrap(pw.this.other)
    pair = pw.if_else(one < other, one + "-" + other, other + "-" + one)
    incidents = _of(lines, "incident.report").select(pw.this.time, pair=pair, subject=pair + "/" + pw.unwrap(pw.this.incident))
    contacts = _of(lines, "contact").select(pw.this.time, pair=pair)
    within = pw.temporal.interval(timedelta(0), CONTACT_WITHIN)
    joined = incidents.interval_join_left(
        contacts, incidents.time, contacts.time, within, incidents.pair == contacts.pair
    ).select(
        incidents.subject,
        onset=incidents.time,
        held=pw.coalesce(contacts.time, incidents.time) > incidents.time,
    )
    return _unmet("contact", joined)


def _unmet(rule: str, joined: Any) -> Any:
    held = joined.select(pw.this.subject, pw.this.onset, held=pw.cast(int, pw.this.held))
    counted = held.groupby(pw.this.subject, pw.this.onset).reduce(
        pw.this.subject, pw.this.onset, held=pw.reducers.sum(pw.this.held)
    )
    return counted.filter(pw.this.held == 0).select(pw.this.subject, pw.this.onset, rule=rule)
