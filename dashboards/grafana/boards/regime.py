"""The notification regime: whether launches were announced, in time, to everybody, by both sides."""

from dashboards.grafana.board import Board, of_chosen
from dashboards.grafana.clauses import cited
from dashboards.grafana.flux import equals
from dashboards.grafana.names import BLUE, GREY, SEVERITIES, VERMILION, Buckets, Look
from dashboards.grafana.panels import bars, lines, placed, rows, states, words, world
from dashboards.grafana.records import happened, lapses, listed, measured, notices
from dashboards.grafana.standings import changes
from dashboards.influx.schema import LaunchRow
from streams.agreements.model import Balance, Conformance, Prior

UID = "steadyline-regime"
_MATCHED = {"1": Look("announced", BLUE), "0": Look("NOT announced", VERMILION), "-1": Look("UNKNOWN", GREY)}
_AHEAD = cited(lambda rule: isinstance(rule, Prior))
_ALL_OF_IT = cited(lambda rule: isinstance(rule, Prior | Conformance | Balance))


def board(buckets: Buckets) -> Board:
    """The notification regime."""
    agreement = of_chosen("agreement")
    lead = measured(equals("what", "lead"), *agreement, buckets=buckets)
    launch = measured(equals("what", "launch"), *agreement, buckets=buckets)
    return Board(
        UID,
        "Notification regime",
        "Whether launches are announced as the agreements ask: in time, to everybody who is owed it, by both sides.",
        (
            placed(
                lines("h", "${__field.labels.line}", points=True, least=None),
                1,
                "Lead times against the rule",
                "How long before its window each notice was received, by launcher and recipient, beside what the rule asks "
                "for (owed). Below the rule the notice came too late; below zero, after the window had opened." + _AHEAD,
                lead
                + 'found = measured |> map(fn: (r) => ({_time: r._time, _value: r.value, line: r.subject + " to " + '
                + '(if exists r.recipient then r.recipient else "all")}))\n'
                + "owed = measured |> filter(fn: (r) => exists r.owed) |> map(fn: (r) => ({_time: r._time, _value: r.owed, "
                + 'line: "owed by " + r.agreement}))\n'
                + 'union(tables: [found, owed]) |> group(columns: ["line"]) |> sort(columns: ["_time"])',
                wide=14,
                high=10,
                none="no notice in this time",
            ),
            placed(
                rows({"kept": "percentunit", "shortest": "h", "median": "h", "owed": "h"}),
                2,
                "Per recipient",
                "Of the notices that each launcher owes each recipient: how many were given, which share in time, the "
                "shortest and the median lead. A launch told to three and not to the fourth has lapsed toward the fourth "
                "alone." + _AHEAD,
                lead
                + "counted = measured |> filter(fn: (r) => exists r.recipient)\n"
                + '  |> group(columns: ["agreement", "subject", "recipient"])\n'
                + "many = counted |> reduce(identity: {notices: 0, in_time: 0, shortest: 1000000.0, owed: 0.0}, "
                + "fn: (r, accumulator) => ({notices: accumulator.notices + 1, "
                + "in_time: accumulator.in_time + (if exists r.kept then r.kept else 1), "
                + "shortest: if r.value < accumulator.shortest then r.value else accumulator.shortest, "
                + "owed: if exists r.owed then r.owed else accumulator.owed}))\n"
                + 'half = counted |> median(column: "value")\n'
                + 'join(tables: {many: many, half: half}, on: ["agreement", "subject", "recipient"]) |> group()\n'
                + "  |> map(fn: (r) => ({launcher: r.subject, recipient: r.recipient, agreement: r.agreement, "
                + "notices: r.notices, "
                + "kept: float(v: r.in_time) / float(v: r.notices), shortest: r.shortest, median: r.value, owed: r.owed}))\n"
                + '  |> sort(columns: ["agreement", "launcher", "recipient"])',
                wide=10,
                high=10,
                none="no notice in this time",
            ),
            placed(
                bars("short", "way"),
                3,
                "Reciprocity",
                "How many notices each party gave each other one. Where one side tells and the other does not, a regime is "
                "on its way out, though no article may yet be broken.",
                lead
                + "measured |> filter(fn: (r) => exists r.recipient)\n"
                + '  |> group(columns: ["subject", "recipient", "of"]) |> first(column: "value")\n'
                + '  |> group(columns: ["subject", "recipient"]) |> count(column: "value") |> group()\n'
                + '  |> map(fn: (r) => ({way: r.subject + " told " + r.recipient, notices: r.value})) |> '
                + 'sort(columns: ["way"])',
                wide=8,
                high=10,
                none="no notice in this time",
            ),
            placed(
                bars("short", "launcher"),
                4,
                "Launches announced and not",
                "Of the launches that each party owed somebody notice of: how many were announced, were not, and of how many "
                "nobody can say, toward each recipient." + _AHEAD,
                launch
                + "measured\n"
                + '  |> map(fn: (r) => ({launcher: r.subject + " to " + (if exists r.recipient then r.recipient else "all"), '
                + 'announced: if r.value > 0.5 then 1 else 0, "not announced": if r.value > -0.5 and r.value < '
                + "0.5 then 1 else 0, "
                + "unknown: if r.value < -0.5 then 1 else 0}))\n"
                + '  |> group(columns: ["launcher"])\n'
                + '  |> reduce(identity: {announced: 0, "not announced": 0, unknown: 0}, fn: (r, accumulator) => '
                + "({announced: accumulator.announced + r.announced, "
                + '"not announced": accumulator["not announced"] + r["not announced"], '
                + 'unknown: accumulator.unknown + r.unknown})) |> group() |> sort(columns: ["launcher"])',
                wide=16,
                high=10,
                none="no launch in this time",
            ),
            placed(
                rows(None, {"announced": [words(_MATCHED)]}),
                5,
                "Launches, one by one",
                "Each launch and each party that was owed a notice of it, the latest first. UNKNOWN: the feed that carries "
                "such notices was silent, so its absence proves nothing.",
                launch
                + "measured |> map(fn: (r) => ({_time: r._time, launch: r.of, launcher: r.subject, recipient: r.recipient, "
                + "announced: int(v: r.value), agreement: r.agreement, rule: r.rule}))\n"
                + '  |> sort(columns: ["_time"], desc: true)',
                wide=12,
                high=10,
                none="no launch in this time",
            ),
            placed(
                rows({"from": "dateTimeAsIso", "until": "dateTimeAsIso", "radius_km": "lengthkm"}),
                6,
                "Notices",
                "Every notice that stands, at its last revision, the latest window first. Cancelled ones and those taken "
                "back are left out.",
                notices(buckets=buckets)
                + "notices |> map(fn: (r) => ({r with from: r.window_start * 1000, until: r.window_end * 1000}))\n"
                + '  |> sort(columns: ["from"], desc: true)\n'
                + '  |> keep(columns: ["party", "launch_class", "title", "status", "from", "until", '
                + '"recipients", "radius_km", "id"])',
                wide=12,
                high=10,
                none="no notice stands",
            ),
            placed(
                states("${__field.labels.name}: ${__field.labels.party}"),
                7,
                "Regimes",
                "How each party kept each agreement on notices: LAPSED while a launch without notice, a suspension or a "
                "renunciation stands open.",
                changes(("regime",), *agreement, buckets=buckets, labels=("name", "party")),
                wide=24,
                high=10,
            ),
            placed(
                world("text"),
                8,
                "Launches",
                "Where launches of the time shown started, as sources say. Two sources that disagree are both shown.",
                happened(LaunchRow, buckets=buckets)
                + "happened |> filter(fn: (r) => exists r.lat)\n"
                + '  |> keep(columns: ["_time", "lat", "lon", "party", "launch_class", "text", "source", "range_km", "id"])',
                wide=12,
                high=12,
                none="no launch with a known site",
            ),
            placed(
                rows({"onset": "dateTimeAsIso", "deadline": "dateTimeAsIso"}, {"severity": [words(SEVERITIES)]}),
                9,
                "Notices that failed",
                "Lapses of notices, and of launches that did not keep to theirs, the latest first, each with its clause."
                + _ALL_OF_IT,
                lapses(equals("obligation", "prior", "conformance", "balance"), *agreement, buckets=buckets)
                + listed("deadline", "party", "subject", "agreement", "id"),
                wide=12,
                high=12,
                none="no notice failed",
            ),
        ),
        ("agreement",),
        "now-90d",
    )
