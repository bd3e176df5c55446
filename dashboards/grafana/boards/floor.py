"""The watch floor: one look says what is wrong."""

from dashboards.grafana.board import Board, of_chosen, page
from dashboards.grafana.flux import STOP, equals
from dashboards.grafana.names import BLUE, GREY, ORANGE, SEVERITIES, VERMILION, Buckets
from dashboards.grafana.panels import counter, linked, placed, rows, stand_words, states, words, world
from dashboards.grafana.records import in_window, lapses, notices
from dashboards.grafana.standings import changes, current
from streams.posture import Kind, Stand

UID = "steadyline-floor"
CHANNEL_UID = "steadyline-channel"
OPEN_LAPSES, WRONG = 5, 6
NEVER = "never-heard"
_ALL: tuple[Kind, ...] = ("channel", "regime", "dyad", "feed")
_AGE = f"(int(v: {STOP}) - int(v: r._time)) / 1000000000"


def board(buckets: Buckets) -> Board:
    """The watch floor."""
    chosen = of_chosen("dyad", "agreement")
    now = current(_ALL, *chosen, buckets=buckets)
    never = equals("reason", NEVER)
    wrong = rows({"since": "dateTimeAsIso", "due": "dateTimeAsIso"}, {"stand": [stand_words()]}).no_value("nothing is wrong")
    linked(wrong, "name", "Its page, where it is a channel", page(CHANNEL_UID, channel="${__data.fields.name}"))
    return Board(
        UID,
        "Watch floor",
        "One look says what is wrong: which promises are broken now, since when, and what nobody can say.",
        (
            placed(
                counter(steps=((None, BLUE), (1, VERMILION))),
                1,
                "Lapsed now",
                "How many channels, regimes and dyads are LAPSED: something that an agreement asks for was not done by its "
                "deadline. Blue: none.",
                now + _count(f"r.stand == {int(Stand.LAPSED)}"),
                wide=5,
                high=4,
                none="no word",
            ),
            placed(
                counter(steps=((None, BLUE), (1, ORANGE))),
                2,
                "Late now",
                "How many are overdue and still within their grace.",
                now + _count(f"r.stand == {int(Stand.LATE)}"),
                wide=5,
                high=4,
                none="no word",
            ),
            placed(
                counter(steps=((None, BLUE), (1, GREY))),
                3,
                "UNKNOWN now",
                "Of how many nobody can say how they stand, although they were heard before: the feed that would carry the "
                "evidence is silent. Unknown is neither good nor lapsed. Grey: some.",
                now + _count(f"r.stand == {int(Stand.UNKNOWN)} and not {never}"),
                wide=5,
                high=4,
                none="no word",
            ),
            placed(
                counter(steps=((None, GREY),)),
                12,
                "Never heard of",
                "How many channels, regimes, dyads and feeds have never said anything: nothing is connected that would speak "
                "of them. They are UNKNOWN, and no alert rings for them.",
                now + _count(f"r.stand == {int(Stand.UNKNOWN)} and {never}"),
                wide=4,
                high=4,
                none="no word",
            ),
            placed(
                counter("s", ((None, BLUE), (120, ORANGE), (600, VERMILION))),
                4,
                "Age of what you see",
                "How old the newest word on this page is. Orange from 2 minutes: the watch lags. From 10 minutes: the watch "
                "is BLIND, and what stands here is UNKNOWN. (On a replay: how long before the end of the time shown it "
                "ended.)",
                now + f'current |> map(fn: (r) => ({{age: {_AGE}}})) |> min(column: "age")',
                wide=5,
                high=4,
                none="BLIND: no word at all",
            ),
            placed(
                rows({"onset": "dateTimeAsIso", "deadline": "dateTimeAsIso"}, {"severity": [words(SEVERITIES)]}),
                OPEN_LAPSES,
                "Open lapses",
                "What is owed and not met, the loudest first, each with the clause that asks for it, in the words of its "
                "agreement. A promise to resume ends none of them; contact does.",
                lapses(*chosen, buckets=buckets)
                + "lapses\n"
                + f"  |> filter(fn: (r) => {equals('state', 'open')})\n"
                + '  |> map(fn: (r) => ({r with rank: if r.severity == "critical" then 0 else if r.severity == "page" then 1 '
                + 'else if r.severity == "warn" then 2 else 3, onset: r.onset * 1000, deadline: r.deadline * 1000}))\n'
                + '  |> sort(columns: ["rank", "onset"])\n'
                + '  |> keep(columns: ["severity", "text", "clause", "onset", "deadline", "reason", "agreement", '
                + '"dyad", "party", '
                + '"subject", "id"])',
                wide=24,
                high=9,
                none="no lapse is open",
            ),
            placed(
                wrong,
                WRONG,
                "What is not as it ought to be",
                "Everything that is LAPSED, UNKNOWN or late at the end of the time shown, in this order, with the reason; "
                "what was never heard of comes last.",
                now
                + "current |> filter(fn: (r) => r.stand != 0)\n"
                + "  |> map(fn: (r) => ({r with since: r.since * 1000, due: r.due * 1000, "
                + f"rank: if r.stand == {int(Stand.LAPSED)} then 0 else if {never} then 3 "
                + f"else if r.stand == {int(Stand.UNKNOWN)} then 1 else 2}}))\n"
                + '  |> sort(columns: ["rank", "kind", "name"])\n'
                + '  |> keep(columns: ["kind", "name", "party", "dyad", "stand", "reason", "open", "since", '
                + '"due", "agreement"])',
                wide=14,
                high=9,
                none="nothing is wrong",
            ),
            placed(
                rows({"due": "dateTimeAsIso", "in": "s"}),
                7,
                "Next expected",
                "Which sign of life is owed next, and in how long: the next check of a line, the next meeting of a dialogue, "
                "as the calendar of its agreement has it. Below zero: overdue.",
                now
                + "current |> filter(fn: (r) => exists r.due)\n"
                + f"  |> map(fn: (r) => ({{r with in: r.due - int(v: {STOP}) / 1000000000, due: r.due * 1000}}))\n"
                + '  |> sort(columns: ["due"]) |> limit(n: 20)\n'
                + '  |> keep(columns: ["name", "dyad", "due", "in", "agreement"])',
                wide=10,
                high=9,
                none="nothing is expected",
            ),
            placed(
                states("${__field.labels.name}"),
                8,
                "Dyads",
                "How each pair of parties stood: LAPSED where any promise between them is, UNKNOWN where nobody can say.",
                changes(("dyad",), *chosen, buckets=buckets),
                wide=24,
                high=8,
            ),
            placed(
                states("${__field.labels.name}"),
                9,
                "Channels",
                "How each channel stood. good: it is kept as promised; late: overdue within its grace; LAPSED: not kept; "
                "UNKNOWN: its feed is silent.",
                changes(("channel",), *chosen, buckets=buckets),
                wide=24,
                high=14,
            ),
            placed(
                world("title"),
                10,
                "Notices now in their windows",
                "Where launches are announced for this very time: the middle of each announced area. Under which clauses "
                "such notices are owed is said on the page of the notification regime.",
                notices(buckets=buckets)
                + in_window("notices")
                + '\n  |> filter(fn: (r) => exists r.lat) |> keep(columns: ["lat", "lon", "title", "party", "radius_km"])',
                wide=14,
                high=12,
                none="no window is open",
            ),
            placed(
                rows({"from": "dateTimeAsIso", "until": "dateTimeAsIso", "radius_km": "lengthkm"}),
                11,
                "The same in a list",
                "Notices whose windows are open at the end of the time shown: whose, until when, and who was told.",
                notices(buckets=buckets)
                + in_window("notices")
                + "\n  |> map(fn: (r) => ({r with from: r.window_start * 1000, until: r.window_end * 1000}))\n"
                + '  |> sort(columns: ["until"])\n'
                + '  |> keep(columns: ["party", "title", "from", "until", "recipients", "launch_class", "radius_km"])',
                wide=10,
                high=12,
                none="no window is open",
            ),
        ),
    )


def _count(test: str) -> str:
    """How many pass a test: a number also where none does, and none at all only where nothing is known."""
    return f'current |> map(fn: (r) => ({{r with n: if {test} then 1 else 0}})) |> group() |> sum(column: "n")'
