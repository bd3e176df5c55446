"""``steadyline scorecard``: how channels, launch regimes and dyads fared over a recording."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
import typer
from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deploy.commands.options import Json, Rules, Until, What, examples, moment
from deploy.consoles import emit, out, safe, words
from deploy.exits import BAD_INPUT, FINE, bad_use
from deploy.replaying.session import Session, run
from deploy.showing.table import EXERCISE
from streams.events.times import spoken
from streams.scorecard import (
    ChannelScore,
    DyadScore,
    Outage,
    Reciprocity,
    RegimeScore,
    Resumption,
    Scorecard,
    Step,
    first_heard,
)
from streams.scorecard import scorecard as measured
from streams.spans import in_words

EXAMPLES = examples(
    "steadyline scorecard us-china-2022",
    "steadyline scorecard us-china-2022 --since 2023-11-15 --until 2024-09-30",
    "steadyline scorecard recording.jsonl.gz --rules rules/ --json",
    "Exit codes: 0 measured, 2 bad use, 3 bad input. A lapse is no error here.",
)
"""The end of the command's help."""

_WIDE = 48
_STEPS = 12
_BARS = "▁▂▃▄▅▆▇█"


def _beginning(text: str) -> datetime:
    given = moment(text)
    return given.replace(hour=0, minute=0, second=0) if len(text) == len("2024-01-01") else given


Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        metavar="TIME",
        parser=_beginning,
        help="Measure from there: 2023-11-15 (its start, UTC) or 2023-11-15T08:00Z.",
    ),
]


def scorecard(what: What, as_json: Json = False, rules: Rules = None, since: Since = None, until: Until = None) -> None:
    """Measure the light switch: availability and switch-offs, leads and reciprocity, channels alive.

    A story is measured over its whole stretch, a recording from the first thing heard to the last, unless --since or --until
    say otherwise. Time for which nobody can say whether a channel was up counts as unknown, never as up.
    """
    session = run(what, rules, until=until)
    card = _card(session, since)
    if as_json:
        emit(msgspec.json.encode({"recording": session.given.name, **msgspec.structs.asdict(card)}))
    else:
        console = out()
        for renderable in _told(session, card):
            console.print(renderable)
    session.warn()
    raise typer.Exit(BAD_INPUT if session.faulty else FINE)


def _card(session: Session, since: datetime | None) -> Scorecard:
    transitions = [revision for revisions in session.result.history.values() for revision in revisions]
    until = session.result.end
    start = since or session.given.start or first_heard(session.watch, transitions)
    if until is None or start is None:
        return Scorecard()
    if start > until:
        if since is not None:
            bad_use(f"--since {spoken(start)} lies after the end of the recording, {spoken(until)}")
        start = until
    return measured(session.watch, transitions, start, until)


def _told(session: Session, card: Scorecard) -> Iterator[RenderableType]:
    """What the command prints for people."""
    story = session.given.story
    yield Text(safe(story.title if story is not None else session.given.name), "bold")
    if card.since is None or card.until is None:
        yield Text("nothing was heard of: there is nothing to measure")
        return
    yield Text(f"{spoken(card.since)} to {spoken(card.until)}, {in_words(card.until - card.since)}\n", "dim")
    if card.channels:
        yield _channels(card.channels)
    promises = [(score, promise) for score in card.channels for promise in score.resumptions]
    if promises:
        yield _promises(promises, card.until)
    if any(score.calls is not None for score in card.channels):
        yield _calls(card.channels)
    if card.regimes:
        yield _regimes(card.regimes)
    if card.reciprocity:
        yield _reciprocity(card.reciprocity)
    if card.dyads:
        yield _dyads(card.dyads, card.since, card.until)
    yield Text(_closing(card), "dim")
    if card.exercise_lapses:
        yield Text.assemble(EXERCISE, f" lapses of drills: {card.exercise_lapses}, counted in nothing above ", EXERCISE)


def _closing(card: Scorecard) -> str:
    heard = len(card.channels)
    return f"{heard} channel{'' if heard == 1 else 's'} heard of, {card.never_heard} never."


def _channels(scores: Sequence[ChannelScore]) -> Table:
    table = _table(
        "Channels", "channel", ">observed", ">up", ">unknown", ">cut off", ">outages", ">longest", "from, until", "last sign"
    )
    for score in scores:
        outage = score.longest_outage
        table.add_row(
            _channel(score),
            _length(score.observed),
            _share(score),
            _length(score.unknown) if score.unknown else "-",
            str(len(score.switch_offs)) if score.switch_offs else "-",
            str(score.outages) if score.outages else "-",
            "-" if outage is None else _length(outage.seconds),
            _when(outage),
            _moment(score.last_sign),
        )
    return table


def _when(outage: Outage | None) -> Text:
    if outage is None:
        return Text("-")
    if outage.end is None:
        return Text.assemble(f"{spoken(outage.start)}\n", ("open", "bold red"))
    return Text(f"{spoken(outage.start)}\n{spoken(outage.end)}")


def _channel(score: ChannelScore) -> Text:
    return Text.assemble(words(score.channel), *(((" proposed", "italic cyan"),) if score.proposed else ()))


def _share(score: ChannelScore) -> Text:
    if score.availability is None:
        return Text("-")
    style = "green" if score.availability >= 0.99 else "yellow" if score.availability >= 0.5 else "bold red"
    return Text(f"{score.availability:.1%}", style)


def _promises(promises: Sequence[tuple[ChannelScore, Resumption]], until: datetime) -> Table:
    table = _table(
        "Said to be resumed", "channel", "cut", "promised", "real contact", ">days from the promise", ">days from the cut"
    )
    for score, promise in promises:
        waited = f"none in {_length((until - promise.promised).total_seconds())}"
        table.add_row(
            _channel(score),
            _day(promise.cut_day),
            _day(promise.promised_day),
            Text(waited, "bold red") if promise.contact is None else _day(promise.contact_day),
            _count(promise.days),
            _count(promise.days_from_cut),
        )
    return table


def _calls(scores: Sequence[ChannelScore]) -> Table:
    headings = (">asked", ">answered", ">late", ">declined", ">unanswered", ">pending", ">median answer", ">longest answer")
    table = _table("Calls asked for", "channel", *headings)
    for score in scores:
        calls = score.calls
        if calls is not None:
            tally = (calls.asked, calls.answered, calls.late, calls.declined, calls.unanswered, calls.pending)
            table.add_row(
                _channel(score), *(str(each) if each else "-" for each in tally), _length(calls.median), _length(calls.longest)
            )
    return table


def _regimes(scores: Sequence[RegimeScore]) -> Table:
    table = _table(
        "Regimes", "rule", "toward", ">notices", ">lead owed", "lead: least, median, most", ">short", "launches", ">off window"
    )
    for score in scores:
        rule = Text.assemble(words(score.agreement, "dim"), " ", words(score.rule))
        if score.unverified:
            rule.append(" [unverified]", "magenta")
        if score.proposed:
            rule.append(" proposed", "italic cyan")
        table.add_row(
            rule,
            words(f"{score.launcher} to {score.recipient}"),
            f"{score.notices}{f' ({score.voluntary} voluntary)' if score.voluntary else ''}" if score.notices else "-",
            "any" if score.lead_owed_hours == 0 else score.lead_owed,
            _leads(score),
            str(score.short) if score.short else "-",
            _launches(score),
            _count(score.outside_window),
        )
    return table


def _leads(score: RegimeScore) -> str:
    parts = []
    if score.leads is not None:
        parts.append(", ".join(f"{hours:.1f}" for hours in (score.leads.least, score.leads.median, score.leads.most)) + " h")
    if score.leads_unknown:
        parts.append(f"{score.leads_unknown} unknown")
    return "; ".join(parts) or "-"


def _launches(score: RegimeScore) -> Text:
    """``3: 2 matched, 1 unmatched``: only what there is."""
    tally: tuple[tuple[int, str, str], ...] = (
        (score.matched, "matched", ""),
        (score.told_after, "told after", "yellow"),
        (score.unmatched, "unmatched", "bold red"),
        (score.not_owed, "not owed", "dim"),
        (score.unknown, "unknown", "bold black on bright_cyan"),
    )
    text = Text(f"{score.launches}: " if score.launches else "-")
    for number, (count, name, style) in enumerate(each for each in tally if each[0]):
        text.append(", " if number else "").append(f"{count} {name}", style)
    return text


def _reciprocity(pairs: Sequence[Reciprocity]) -> Table:
    table = _table("Notices each way", "agreement", "dyad", "given", "voluntary")
    for pair in pairs:
        given, voluntary = (
            ", ".join(f"{party} {count}" for party, count in zip(pair.parties, counts, strict=True))
            for counts in (pair.given, pair.voluntary)
        )
        table.add_row(words(pair.agreement), words(pair.dyad), words(given), words(voluntary))
    return table


def _dyads(scores: Sequence[DyadScore], since: datetime, until: datetime) -> Group:
    table = _table("Channels alive", "dyad", ">first", "over time", ">last", "least", "most")
    parts: list[RenderableType] = [table]
    for score in scores:
        table.add_row(
            words(score.dyad),
            str(score.at_since.alive),
            sparkline(score.steps, since, until),
            str(score.at_until.alive),
            f"{score.least.alive} from {_moment(score.least.moment)}",
            f"{score.most.alive} from {_moment(score.most.moment)}",
        )
    for score in scores:
        parts.append(words(score.dyad, "bold"))
        shown = score.steps if len(score.steps) <= _STEPS else (*score.steps[: _STEPS // 2], *score.steps[-_STEPS // 2 :])
        for number, step in enumerate(shown):
            if len(shown) < len(score.steps) and number == _STEPS // 2:
                parts.append(Padding(Text(f"... {len(score.steps) - len(shown)} more (--json has them all)", "dim"), (0, 2)))
            parts.append(Padding(_step(step), (0, 2)))
    return Group(*parts, "")


def _step(step: Step) -> Text:
    unknown = f", {step.unknown} unknown" if step.unknown else ""
    return Text.assemble((f"{spoken(step.moment)}  ", "dim"), f"{step.alive} alive, {step.lapsed} lapsed{unknown}")


def sparkline(steps: Sequence[Step], since: datetime, until: datetime, width: int = _WIDE) -> str:
    """The channels alive as a line of bars, each the least of its part of the time; a dot is none alive.

    Args:
        steps: The counts from each of their moments on, the first of which is ``since``.
        since: The beginning of the line, UTC.
        until: Its end.
        width: How many bars.
    """
    most = max((step.alive for step in steps), default=0)
    part = (until - since) / width
    if not most or part <= timedelta():
        return "·" * width
    bars = []
    for number in range(width):
        start, end = since + part * number, since + part * (number + 1)
        held = [step for step in steps if step.moment <= start][-1:] + [step for step in steps if start < step.moment < end]
        least = min(step.alive for step in held)
        bars.append(_BARS[round(least / most * (len(_BARS) - 1))] if least else "·")
    return "".join(bars)


def _table(title: str, *headings: str) -> Table:
    """A table; a heading that begins with ``>`` is over numbers."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0)
    )
    for heading in headings:
        table.add_column(
            heading.removeprefix(">"),
            justify="right" if heading.startswith(">") else "left",
            overflow="fold",
            no_wrap=heading == "channel",
        )
    return table


def _length(seconds: float | None) -> str:
    return "-" if seconds is None else in_words(timedelta(seconds=seconds))


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)


def _moment(when: datetime | None) -> str:
    return "-" if when is None else spoken(when)


def _day(day: date | None) -> str:
    return "-" if day is None else day.isoformat()
