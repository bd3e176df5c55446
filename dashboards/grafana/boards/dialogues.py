"""Dialogues: how many channels are alive between two parties, over time, and how long each was switched off."""

from dashboards.grafana.board import Board, of_chosen, page
from dashboards.grafana.clauses import cited
from dashboards.grafana.flux import equals, keep, read
from dashboards.grafana.names import SEVERITIES, Buckets
from dashboards.grafana.panels import bars, lines, linked, placed, rows, stand_words, states, words
from dashboards.grafana.records import lapses, listed
from dashboards.grafana.standings import changes, current, shares
from dashboards.influx.schema import DialogueRow
from streams.agreements.model import Benchmark, Cadence, Standing

UID = "steadyline-dialogues"
ALIVE = 1
_OPEN = cited(lambda rule: isinstance(rule, Standing | Cadence | Benchmark))


def board(buckets: Buckets) -> Board:
    """Dialogues."""
    dyad = of_chosen("dyad")
    channels = rows({"last": "dateTimeAsIso", "due": "dateTimeAsIso"}, {"stand": [stand_words()]})
    linked(channels, "name", "The page of this channel", page("steadyline-channel", channel="${__data.fields.name}"))
    return Board(
        UID,
        "Dialogues",
        "How many channels two parties keep alive, over time: the light switch in numbers.",
        (
            placed(
                lines("short", "${__field.labels.dyad}"),
                ALIVE,
                "Channels alive",
                "How many channels of each pair of parties are neither lapsed nor unknown. Steps down are switch-offs; a "
                "step up is a contact, never a promise.",
                _counted("alive", dyad, buckets),
                wide=12,
                high=9,
            ),
            placed(
                lines("short", "${__field.labels.dyad}"),
                2,
                "Channels declared",
                "How many channels of each pair there are by their agreements: what alive is measured against.",
                _counted("declared", dyad, buckets),
                wide=6,
                high=9,
            ),
            placed(
                lines("short", "${__field.labels.dyad}"),
                3,
                "Channels UNKNOWN",
                "Of how many nobody can say whether they are alive.",
                _counted("unknown", dyad, buckets),
                wide=6,
                high=9,
            ),
            placed(
                channels,
                4,
                "Channels",
                "Each channel as it stands at the end of the time shown, the worst first: its last contact, and when the "
                "next is due.",
                current(("channel",), *dyad, buckets=buckets)
                + "current |> map(fn: (r) => ({r with last: r.last * 1000, due: r.due * 1000}))\n"
                + '  |> sort(columns: ["stand", "dyad", "name"], desc: true)\n'
                + f"  {keep('dyad', 'name', 'stand', 'reason', 'last', 'due', 'agreement')}",
                wide=12,
                high=12,
            ),
            placed(
                bars("percent", "name"),
                5,
                "Availability",
                "For which share of the time of which anything is known each channel was not lapsed, the worst first.",
                shares(("channel",), *dyad, buckets=buckets)
                + "shares |> filter(fn: (r) => r.known > 0)\n"
                + "  |> map(fn: (r) => ({name: r.name, availability: 100.0 * float(v: r.up) / float(v: r.known)}))\n"
                + '  |> sort(columns: ["availability", "name"]) |> limit(n: 30)',
                wide=12,
                high=12,
            ),
            placed(
                states("${__field.labels.name}"),
                6,
                "How they stood",
                "Each channel over time: good, late, LAPSED, UNKNOWN.",
                changes(("channel",), *dyad, buckets=buckets),
                wide=24,
                high=14,
            ),
            placed(
                rows({"onset": "dateTimeAsIso", "ended": "dateTimeAsIso"}, {"severity": [words(SEVERITIES)]}),
                7,
                "Switched off",
                "Channels that were suspended, cancelled or let lapse, the latest first, with the clause and, where several "
                "were cut by one announcement, its name in the column group." + _OPEN,
                lapses(equals("obligation", "standing", "cadence", "benchmark"), *dyad, buckets=buckets)
                + listed("ended", "group", "dyad", "agreement", "id"),
                wide=24,
                high=10,
                none="none was switched off",
            ),
        ),
        ("dyad",),
        "now-90d",
    )


def _counted(field: str, tests: tuple[str, ...], buckets: Buckets) -> str:
    """A count for each pair of parties, where it changes and at its end."""
    return (
        f"said = {read(DialogueRow, (field,), *tests, buckets=buckets)}\n"
        '  |> group(columns: ["dyad"]) |> sort(columns: ["_time"]) |> keep(columns: ["_time", "_value", "dyad"])\n'
        'turned = said |> duplicate(column: "_value", as: "n") |> difference(columns: ["_value"], keepFirst: true)\n'
        "  |> filter(fn: (r) => not exists r._value or r._value != 0) |> map(fn: (r) => ({r with _value: r.n}))\n"
        '  |> drop(columns: ["n"])\n'
        'union(tables: [turned, said |> last()]) |> unique(column: "_time") |> sort(columns: ["_time"])'
    )
