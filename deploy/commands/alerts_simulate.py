"""``steadyline alerts simulate``: who would have been called, when, how often, had there been this policy."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import msgspec
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from alerts.sendings import Sending
from alerts.wording import subject
from deploy.commands.alerts_check import PolicyOption, policy_or_leave
from deploy.commands.options import Json, Rules, Until, What, examples
from deploy.consoles import emit, out, safe, words
from deploy.exits import BAD_INPUT, FINE, bad_use
from deploy.showing.table import SEVERITY_STYLES
from deploy.simulating import Simulation
from deploy.simulating import simulate as simulated
from streams.events.times import spoken
from streams.severity import Severity
from streams.spans import Span

EXAMPLES = examples(
    "steadyline alerts simulate us-china-2022",
    "steadyline alerts simulate korea-2023 --policy policy.toml --ack-after never",
    "steadyline alerts simulate korea-2022 --json",
    "Exit codes: 0 told, 2 bad use, 3 bad input. That somebody would have been called is no error here.",
)
_CALLS = frozenset(("alarm", "unknown", "escalation", "nag", "reminder"))


def simulate(
    what: What,
    policy: PolicyOption = None,
    ack_after: Annotated[
        str,
        typer.Option("--ack-after", metavar="SPAN|never", help="So long after an alarm whoever got it acknowledges it."),
    ] = "10min",
    rules: Rules = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Replay history before an alert desk and say who would have been told what, when, how often. Nothing is sent.

    It is taken that whoever gets an alarm answers it after ten minutes; --ack-after never shows what escalation would do.
    """
    given = policy_or_leave(policy)
    simulation = simulated(what, given, rules, until=until, ack_after=_span(ack_after))
    if as_json:
        for sending in simulation.sendings:
            emit(msgspec.json.encode({**msgspec.to_builtins(sending), "subject": subject(sending, given)}))
        emit(msgspec.json.encode({"summary": _summary(simulation)}))
    else:
        _show(simulation)
    simulation.session.warn()
    raise typer.Exit(BAD_INPUT if simulation.session.faulty else FINE)


def _span(text: str) -> timedelta | None:
    if text == "never":
        return None
    try:
        span = Span.parse(text)
    except ValueError as error:
        bad_use(f"--ack-after: {error}")
    if span.months:
        bad_use(f"--ack-after: expected a span without months, got {text!r}")
    return timedelta(seconds=span.seconds)


def _summary(simulation: Simulation) -> dict[str, object]:
    """Who was called how often: what wakes people is told apart from what can wait."""
    sendings = simulation.sendings
    return {
        "pages": len(simulation.desk.pages(settled=True)),
        "open": len(simulation.desk.pages()),
        "sendings": len(sendings),
        "kinds": dict(sorted(Counter(sending.kind for sending in sendings).items())),
        "paged": dict(sorted(Counter(sending.receiver for sending in sendings if _pages(sending)).items())),
        "told": dict(sorted(Counter(sending.receiver for sending in sendings if not _pages(sending)).items())),
    }


def _pages(sending: Sending) -> bool:
    """Whether it calls somebody away from what they do: loud, and not good news."""
    return sending.kind in _CALLS and sending.severity.rank >= Severity.PAGE.rank and not sending.exercise


def _who(sending: Sending) -> str:
    return f"{sending.person} ({sending.receiver})" if sending.person else sending.receiver


def _show(simulation: Simulation) -> None:
    console = out()
    given = simulation.session.given
    title = given.story.title if given.story is not None else given.name
    if simulation.sendings:
        console.print(_table(simulation.sendings, title))
    else:
        console.print(words(title, "bold"))
    summary = _summary(simulation)
    console.print(words(f"Pages: {summary['pages']}, open at the end: {summary['open']}. Words said: {summary['sendings']}."))
    for label, counts in (("Paged", summary["paged"]), ("Told without a page", summary["told"])):
        assert isinstance(counts, dict)
        told = ", ".join(f"{who} {_times(number)}" for who, number in counts.items())
        console.print(words(f"{label}: {told or 'nobody'}."), soft_wrap=True)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _table(sendings: Sequence[Sending], title: str) -> Table:
    table = Table(title=safe(title), title_style="bold", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("when", "word", "severity", "to", "page"):
        table.add_column(heading, no_wrap=heading != "to", overflow="fold")
    for heading in ("about", "why now"):
        table.add_column(heading, overflow="fold")
    for sending in sendings:
        first = sending.lapses[0].subject if sending.lapses else ""
        others = len(sending.lapses) - 1 + sending.more
        drill = " EXERCISE" if sending.exercise else ""
        table.add_row(
            words(spoken(sending.at)),
            words(sending.kind + drill),
            Text(sending.severity, style=SEVERITY_STYLES[sending.severity]),
            words(_who(sending)),
            words(sending.page[:6], "dim"),
            words(first + (f" and {others} more" if others > 0 else "")),
            words(sending.because),
        )
    return table
