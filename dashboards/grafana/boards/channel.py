"""A channel's page: whether it is kept, how quickly it answers, when it was dark."""

from dashboards.grafana.board import Board
from dashboards.grafana.clauses import cited
from dashboards.grafana.flux import chosen, equals
from dashboards.grafana.names import BLUE, GREY, ORANGE, SEVERITIES, VERMILION, Buckets
from dashboards.grafana.panels import calendar, counter, lines, placed, rows, stand_words, states, words
from dashboards.grafana.records import happened, lapses, measured
from dashboards.grafana.standings import changes, current, daily, shares
from dashboards.influx.schema import ContactRow
from streams.agreements.model import Cadence, Response, Standing

UID = "steadyline-channel"
_KEPT = cited(lambda rule: isinstance(rule, Standing | Cadence))
_ANSWERED = cited(lambda rule: isinstance(rule, Response) and rule.trigger == "request")
_CHECKED = cited(lambda rule: isinstance(rule, Cadence))


def board(buckets: Buckets) -> Board:
    """A channel's page."""
    ours = chosen("name", "channel")
    now = current(("channel",), ours, buckets=buckets)
    part = shares(("channel",), ours, buckets=buckets)
    return Board(
        UID,
        "Channel",
        "One channel: whether it is kept as promised, how quickly it answers, and when it was dark.",
        (
            placed(
                counter().mappings([stand_words()]),
                1,
                "Stands",
                "How the channel stands at the end of the time shown. UNKNOWN: its feed is silent, nobody can say.",
                now + 'current |> keep(columns: ["stand"])',
                wide=6,
                high=4,
                none="no word",
            ),
            placed(
                counter("percent", ((None, VERMILION), (90, ORANGE), (99, BLUE))),
                2,
                "Availability",
                "For which share of the time of which anything is known the channel was not lapsed. Time in which its feed "
                "was silent counts neither way.",
                part
                + "shares |> filter(fn: (r) => r.known > 0)\n"
                + "  |> map(fn: (r) => ({availability: 100.0 * float(v: r.up) / float(v: r.known)}))",
                wide=6,
                high=4,
                none="nothing is known",
            ),
            placed(
                counter("percent", ((None, BLUE), (1, GREY))),
                3,
                "Not known",
                "For which share of the time since the channel was first heard of nobody could say how it stood.",
                part
                + "shares |> filter(fn: (r) => r.all > 0)\n"
                + "  |> map(fn: (r) => ({unknown: 100.0 * float(v: r.all - r.known) / float(v: r.all)}))",
                wide=6,
                high=4,
            ),
            placed(
                counter("dateTimeFromNow"),
                4,
                "Next sign expected",
                "When the calendar of its agreement asks for the next check, call or meeting.",
                now + "current |> filter(fn: (r) => exists r.due) |> map(fn: (r) => ({due: r.due * 1000}))",
                wide=6,
                high=4,
                none="none by any calendar",
            ),
            placed(
                states("${__field.labels.name}"),
                5,
                "How it stood",
                "good, late (within the grace), LAPSED, UNKNOWN (its feed was silent), over time.",
                changes(("channel",), ours, buckets=buckets),
                wide=24,
                high=5,
            ),
            placed(
                calendar("${__field.labels.name}"),
                6,
                "Calendar",
                "The worst of each day, UTC: LAPSED before UNKNOWN before late before good.",
                daily(("channel",), ours, buckets=buckets),
                wide=24,
                high=5,
            ),
            placed(
                rows(
                    {"onset": "dateTimeAsIso", "ended": "dateTimeAsIso", "lasted": "s"},
                    {"severity": [words(SEVERITIES)]},
                ),
                7,
                "Outages",
                "Every lapse of this channel, the latest first, with the clause that asks for it; as long as it lasted, or "
                "has until the end of the time shown. One outage is one lapse, however many checks were missed." + _KEPT,
                lapses(chosen("channel", "channel"), buckets=buckets)
                + 'lapses |> filter(fn: (r) => r.state != "withdrawn")\n'
                + "  |> map(fn: (r) => ({r with ended: r.resolved * 1000, "
                + "lasted: (if exists r.resolved then r.resolved else int(v: v.timeRangeStop) / 1000000000) - r.onset}))\n"
                + "  |> map(fn: (r) => ({r with onset: r.onset * 1000}))\n"
                + '  |> sort(columns: ["onset"], desc: true)\n'
                + '  |> keep(columns: ["state", "severity", "reason", "text", "clause", "onset", "ended", '
                + '"lasted", "party", "id"])',
                wide=24,
                high=8,
                none="no outage is on record",
            ),
            placed(
                lines("s", "${__field.labels.what}", points=True),
                8,
                "Answer times",
                "How long a call waited for its answer, beside what the rule asks for (owed). Calls that were never answered "
                "are among the outages." + _ANSWERED,
                measured(chosen("subject", "channel"), equals("what", "answer"), buckets=buckets) + _value_and_owed("answer"),
                wide=12,
                high=8,
                none="no call was answered in this time",
            ),
            placed(
                lines("ms", "${__field.labels.subject}", points=True),
                9,
                "Line checks",
                "How long each test of the line took, from its start to its answer." + _CHECKED,
                measured(chosen("subject", "channel"), equals("what", "check"), buckets=buckets)
                + "measured |> map(fn: (r) => ({_time: r._time, _value: r.value, subject: r.subject})) |> "
                + 'group(columns: ["subject"])'
                + ' |> sort(columns: ["_time"])',
                wide=12,
                high=8,
                none="no check in this time",
            ),
            placed(
                rows(),
                10,
                "Contacts over it",
                "Every contact that is known to have gone over this channel. A public statement is none.",
                happened(ContactRow, chosen("channel", "channel"), buckets=buckets)
                + 'happened |> sort(columns: ["_time"], desc: true)'
                + ' |> keep(columns: ["_time", "dyad", "kind", "level", "text", "source", "id"])',
                wide=24,
                high=8,
                none="no contact in this time",
            ),
        ),
        ("channel",),
        "now-30d",
    )


def _value_and_owed(word: str) -> str:
    """Two series: what was measured, and what was owed where something was."""
    shape = '|> group(columns: ["what"]) |> sort(columns: ["_time"])'
    return (
        f'found = measured |> map(fn: (r) => ({{_time: r._time, _value: r.value, what: "{word}"}})) {shape}\n'
        "owed = measured |> filter(fn: (r) => exists r.owed) "
        f'|> map(fn: (r) => ({{_time: r._time, _value: r.owed, what: "owed"}})) {shape}\n'
        "union(tables: [found, owed])"
    )
