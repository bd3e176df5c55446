"""Incidents, and whether anybody talked afterwards."""

from dashboards.grafana.board import Board, of_chosen
from dashboards.grafana.clauses import cited
from dashboards.grafana.flux import equals
from dashboards.grafana.names import BLUE, SEVERITIES, VERMILION, Buckets, Look
from dashboards.grafana.panels import bars, lines, placed, rows, words, world
from dashboards.grafana.records import happened, lapses, listed, measured
from dashboards.influx.schema import ContactRow, IncidentRow
from streams.agreements.model import Response

UID = "steadyline-incidents"
_AFTER = cited(lambda rule: isinstance(rule, Response) and rule.trigger == "incident")
_ANSWERS = cited(lambda rule: isinstance(rule, Response))
_KEPT = {"1": Look("in time", BLUE), "0": Look("TOO LATE", VERMILION)}


def board(buckets: Buckets) -> Board:
    """Incidents and contacts."""
    dyad = of_chosen("dyad")
    incidents = happened(IncidentRow, *dyad, buckets=buckets)
    contact = measured(equals("what", "contact"), buckets=buckets)
    return Board(
        UID,
        "Incidents and contacts",
        "What happened between the forces of two parties, and whether and when they talked about it.",
        (
            placed(
                rows(),
                1,
                "Incidents",
                "Encounters, collisions, shots and alarms of the time shown, the latest first, as each source reports them. "
                "Where two sources tell of one incident, both stand here with its one name.",
                incidents
                + 'happened |> sort(columns: ["_time"], desc: true)\n'
                + '  |> keep(columns: ["_time", "dyad", "gravity", "domain", "text", "incident", "source", "id"])',
                wide=14,
                high=10,
                none="no incident in this time",
            ),
            placed(
                bars("short", "dyad"),
                2,
                "Incidents by dyad",
                "How many incidents each pair of parties had in the time shown, each counted once however many report it.",
                incidents
                + 'happened |> group(columns: ["dyad", "incident"]) |> first(column: "id") |> group(columns: ["dyad"])\n'
                + '  |> count(column: "id") |> group() |> rename(columns: {id: "incidents"}) |> sort(columns: ["dyad"])',
                wide=10,
                high=10,
                none="no incident in this time",
            ),
            placed(
                lines("s", "${__field.labels.subject}", points=True),
                3,
                "From incident to contact",
                "How long after each incident the two sides first talked, on any channel, beside what the rule asks for "
                "(owed). Incidents after which nobody talked are among the lapses below." + _AFTER,
                contact
                + "found = measured |> map(fn: (r) => ({_time: r._time, _value: r.value, subject: r.subject}))\n"
                + "owed = measured |> filter(fn: (r) => exists r.owed) "
                + '|> map(fn: (r) => ({_time: r._time, _value: r.owed, subject: "owed"}))\n'
                + 'union(tables: [found, owed]) |> group(columns: ["subject"]) |> sort(columns: ["_time"])',
                wide=14,
                high=10,
                none="no contact after an incident in this time",
            ),
            placed(
                rows({"after": "s", "owed": "s"}, {"kept": [words(_KEPT)]}),
                4,
                "Contact after each incident",
                "For each incident that was followed by contact: after how long, and whether that was in time.",
                contact
                + "measured |> map(fn: (r) => ({_time: r._time, dyad: r.subject, incident: r.of, after: r.value, owed: r.owed, "
                + "kept: r.kept, agreement: r.agreement}))\n"
                + '  |> sort(columns: ["_time"], desc: true)',
                wide=10,
                high=10,
                none="no contact after an incident in this time",
            ),
            placed(
                rows({"onset": "dateTimeAsIso", "deadline": "dateTimeAsIso"}, {"severity": [words(SEVERITIES)]}),
                5,
                "Silence after incidents, and calls not taken",
                "Lapses of answers: an incident after which nobody talked, a call that nobody took. Critical where no "
                "military channel was up when it happened." + _ANSWERS,
                lapses(equals("obligation", "response"), *dyad, buckets=buckets)
                + listed("deadline", "dyad", "agreement", "id"),
                wide=24,
                high=9,
                none="nothing was left unanswered",
            ),
            placed(
                rows(),
                6,
                "Contacts",
                "Every contact between two parties, the latest first: over which channel, at which level. public: a "
                "statement, which ends nothing; alternate: over somebody else's line.",
                happened(ContactRow, *dyad, buckets=buckets)
                + 'happened |> sort(columns: ["_time"], desc: true)\n'
                + '  |> keep(columns: ["_time", "dyad", "channel", "kind", "level", "text", "source", "id"])',
                wide=14,
                high=12,
                none="no contact in this time",
            ),
            placed(
                world("text"),
                7,
                "Where",
                "Incidents of the time shown whose place is known.",
                incidents
                + "happened |> filter(fn: (r) => exists r.lat)\n"
                + '  |> keep(columns: ["_time", "lat", "lon", "dyad", "gravity", "text", "id"])',
                wide=10,
                high=12,
                none="no incident with a known place",
            ),
        ),
        ("dyad",),
        "now-90d",
    )
