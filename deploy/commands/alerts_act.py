"""``steadyline alerts ack`` and its like: what people do about pages; and ``handover``, what is open."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from deploy.commands.alerts_people import PeopleFile, people_at
from deploy.commands.options import Json, examples, joined, moment
from deploy.consoles import complain, emit, out, words
from deploy.exits import BAD_INPUT, BAD_USE, FINE, LAPSED, bad_input, bad_use
from streams.actions import AnyDeed
from streams.events.times import spoken
from streams.spans import Span

if TYPE_CHECKING:
    from alerts.desk import PageView
    from alerts.handover import Handover
    from alerts.service.acting import Desk

URL = "http://127.0.0.1:8091"
_CODES = "Exit codes: 0 done, 2 it was not done, 3 the desk does not answer or a file cannot be used."
Page = Annotated[str, typer.Argument(metavar="PAGE", help="A page's id, or a lapse's on it.", show_default=False)]
Desk_ = Annotated[str, typer.Option("--to", metavar="URL", envvar="STEADYLINE_DESK", help="The API of the desk.")]
Log = Annotated[
    Path | None,
    typer.Option(
        "--log", metavar="FILE", help="An embedded log whose desk's file is written to, instead of --to; with --policy."
    ),
]
Policy_ = Annotated[Path | None, typer.Option("--policy", metavar="FILE", help="The policy of that desk.")]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", metavar="FILE", help="Your token. Else $STEADYLINE_DESK_TOKEN_FILE or $STEADYLINE_DESK_TOKEN."
    ),
]
Plain = Annotated[bool, typer.Option("--plain-http", help="Send the token without TLS to elsewhere too.")]
Words_ = Annotated[str | None, typer.Option("--note", metavar="WORDS", help="What else is to be remembered.")]
Reason = Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why.", show_default=False)]
Until = Annotated[
    datetime | None, typer.Option("--until", metavar="TIME", parser=moment, help="Until then: 2026-11-30T08:00Z.")
]
For = Annotated[str | None, typer.Option("--for", metavar="SPAN", help="For so long: '90 min', '3 d'.")]


Fields = dict[str, Any]
"""A deed, as it is written; ``None`` for what was not said."""


def _common(
    *,
    exercise: Annotated[bool, typer.Option("--exercise", help="It is about a drill.")] = False,
    to: Desk_ = URL,
    log: Log = None,
    policy: Policy_ = None,
    people: PeopleFile = None,
    token_file: TokenFile = None,
    plain_http: Plain = False,
    as_json: Json = False,
) -> None:
    """What every action can say: on which desk, and as whom."""


def acknowledge(
    page: Page,
    until: Until = None,
    span: For = None,
    note: Words_ = None,
) -> Fields:
    """Say that you have it: nobody is told again until then, or until it gets worse or comes back."""
    return {"do": "ack", "target": page, "until": _end(until, span), "note": note}


def unacknowledge(
    page: Page,
    note: Words_ = None,
) -> Fields:
    """Let go of it: whoever is to be told is told anew."""
    return {"do": "unack", "target": page, "note": note}


def snooze(
    page: Page,
    until: Until = None,
    span: For = None,
    note: Words_ = None,
) -> Fields:
    """Hear nothing of it until then, and then again; nobody has it in between."""
    if (end := _end(until, span)) is None:
        bad_use("expected --until or --for")
    return {"do": "snooze", "target": page, "until": end, "note": note}


def remark(
    page: Page,
    text: Annotated[str, typer.Argument(metavar="WORDS", help="What is to be remembered.", show_default=False)],
) -> Fields:
    """Put a remark on a page."""
    return {"do": "note", "target": page, "note": text}


def resolve(
    page: Page,
    reason: Reason,
) -> Fields:
    """Close a page that no event will ever end. The lapse itself stays as the log has it."""
    return {"do": "resolve", "target": page, "reason": reason}


def silence(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.", show_default=False)],
    reason: Reason,
    dyad: Annotated[list[str] | None, typer.Option("--dyad", metavar="A-B", help="Between these; may be repeated.")] = None,
    agreement: Annotated[list[str] | None, typer.Option("--agreement", metavar="ID", help="Of this agreement.")] = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", metavar="AGREEMENT/RULE", help="Of this rule.")] = None,
    subject: Annotated[list[str] | None, typer.Option("--subject", metavar="TEXT", help="About this; * is any.")] = None,
    severity: Annotated[list[str] | None, typer.Option("--severity", metavar="NAME", help="So loud.")] = None,
    start: Annotated[
        datetime | None, typer.Option("--from", metavar="TIME", parser=moment, help="From then on.  [default: now]")
    ] = None,
    until: Until = None,
    span: For = None,
) -> Fields:
    """Announce that nobody is to be alarmed about something for a while. All-clears still go out."""
    begin = start or datetime.now(UTC)
    if (end := _end(until, span, begin)) is None:
        bad_use("expected --until or --for")
    match = {"dyads": dyad, "agreements": agreement, "rules": rule, "subjects": subject, "severities": severity}
    meant = {field: values for field, values in match.items() if values}
    return {"do": "silence", "name": name, "match": meant, "start": begin, "end": end, "reason": reason}


def unsilence(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which silence.", show_default=False)],
    reason: Reason,
) -> Fields:
    """End a silence before its time; what lapsed in it and still stands is told now."""
    return {"do": "unsilence", "name": name, "reason": reason}


def hand_over(
    rota: Annotated[str, typer.Argument(metavar="ROTA", help="Which watch.", show_default=False)],
    whom: Annotated[str, typer.Argument(metavar="PERSON", help="Who has it from now on.", show_default=False)],
    until: Until = None,
    span: For = None,
    note: Words_ = None,
) -> Fields:
    """Give a watch to somebody else than its calendar says, until then or until its next change."""
    return {"do": "hand-over", "rota": rota, "to": whom, "until": _end(until, span), "note": note}


def handover(
    to: Desk_ = URL,
    log: Log = None,
    policy: Policy_ = None,
    people: PeopleFile = None,
    token_file: TokenFile = None,
    plain_http: Plain = False,
    as_json: Json = False,
) -> None:
    """Say what is open, since when, what was done, who has it, and what comes next."""
    from alerts.service.acting import ActingError

    desk = _desk(to, log, policy, people, token_file, plain=plain_http)
    try:
        with contextlib.closing(desk):
            report = desk.handover()
    except ActingError as error:
        bad_input(str(error))
    if as_json:
        emit(msgspec.json.encode(report))
    else:
        _show(report)
    raise typer.Exit(LAPSED if report.open else FINE)


def register(app: typer.Typer) -> None:
    """Put the commands of this module under ``app``."""
    page = "1f0c5a9b2e7d4c68"
    told: dict[str, tuple[Callable[..., Fields], str]] = {
        "ack": (acknowledge, f"steadyline alerts ack {page} --for '2 d' --note 'called the embassy'"),
        "unack": (unacknowledge, f"steadyline alerts unack {page}"),
        "snooze": (snooze, f"steadyline alerts snooze {page} --for '90 min'"),
        "note": (remark, f"steadyline alerts note {page} 'they say it is the cable'"),
        "resolve": (resolve, f"steadyline alerts resolve {page} --reason 'the line was given up by both'"),
        "silence": (
            silence,
            "steadyline alerts silence cable-works --subject 'inter-korean-*' --for '6 h' --reason 'works announced on 3 May'",
        ),
        "unsilence": (unsilence, "steadyline alerts unsilence cable-works --reason 'done early'"),
        "hand-over": (hand_over, "steadyline alerts hand-over watch ben --until 2026-11-30T08:00Z"),
    }
    for name, (command, example) in told.items():
        app.command(name, epilog=examples(example, _CODES))(joined(command, _common, _do))
    codes = "Exit codes: 0 nothing is open, 1 something is, 2 bad use, 3 the desk does not answer or a file cannot be used."
    app.command("handover", epilog=examples("steadyline alerts handover", "steadyline alerts handover --json", codes))(handover)


def _end(until: datetime | None, span: str | None, start: datetime | None = None) -> datetime | None:
    if until is not None and span is not None:
        bad_use("expected --until or --for, not both")
    if span is None:
        return until
    try:
        length = Span.parse(span)
    except ValueError as error:
        bad_use(f"--for: {error}")
    return length.after(start or datetime.now(UTC))


def _desk(
    to: str, log: Path | None, policy: Path | None, people: Path | None, token_file: Path | None, *, plain: bool
) -> "Desk":
    from alerts.people import PeopleError
    from alerts.service.acting import ActingError, ByApi, ByFile, UnreachableError, token_of
    from alerts.service.embedded import desk_file
    from deploy.commands.alerts_run import policy_or_leave

    try:
        token = token_of(token_file)
        if log is None:
            return ByApi(to, token, plain=plain)
        if policy is None:
            bad_use("expected --policy with --log: what can be done depends on it")
        return ByFile(desk_file(log), policy_or_leave(policy), people_at(people), token)
    except (UnreachableError, PeopleError) as error:
        bad_input(str(error))
    except ActingError as error:
        bad_use(str(error))


def _do(
    fields: Fields,
    *,
    exercise: bool,
    to: str,
    log: Path | None,
    policy: Path | None,
    people: Path | None,
    token_file: Path | None,
    plain_http: bool,
    as_json: bool,
) -> None:
    """Do it, and say so."""
    from alerts.service.acting import ActingError, UnreachableError

    try:
        deed: AnyDeed = msgspec.convert({key: value for key, value in fields.items() if value is not None}, AnyDeed)
    except msgspec.ValidationError as error:
        bad_use(str(error))
    desk = _desk(to, log, policy, people, token_file, plain=plain_http)
    try:
        with contextlib.closing(desk):
            told = desk.act(deed, exercise=exercise)
    except ActingError as error:
        complain(str(error))
        raise typer.Exit(BAD_INPUT if isinstance(error, UnreachableError) else BAD_USE) from None
    if as_json:
        emit(msgspec.json.encode({"action": told.action, "trail": str(told.head)}))
    else:
        out().print(words(f"done by {told.action.by} at {spoken(told.action.at)}, record {told.head.number} of the trail"))


def _show(report: "Handover") -> None:
    console = out()

    def line(text: str, style: str = "") -> None:
        console.print(words(text, style), soft_wrap=True)

    line(f"Handover, {spoken(report.at)}", "bold")
    for rota, person in sorted(report.watch.items()):
        line(f"  {rota}: {person or 'NOBODY'}", "" if person else "bold red")
    if not report.open:
        line("Nothing is open.")
    for page in report.open:
        line("")
        _show_page(page, report.next[page.id], line)
    for silence in report.silences:
        holds = "silent" if silence.holds else "to be silent"
        line(f"{holds} from {spoken(silence.start)} to {spoken(silence.end)}: {silence.name} ({silence.reason})")
    if report.waiting or report.failing:
        line("")
        line(f"{report.waiting} messages wait to be delivered.")
    for receiver, why in sorted(report.failing.items()):
        line(f"  {receiver} takes nothing: {why}", "red")
    line("")
    line(f"Trail: {report.trail}", "dim")


def _show_page(page: "PageView", next_step: str, line: Any) -> None:  # noqa: ANN401 - prints a line
    head = f"{page.severity.upper()} {page.state} since {spoken(page.since)}  {page.id}"
    line(f"{'EXERCISE ' if page.exercise else ''}{head}", "bold")
    if page.trouble is not None:
        line(f"  {page.trouble}")
    for lapse in page.lapses:
        line(f"  {lapse.state}: {lapse.agreement}/{lapse.rule} {lapse.subject}, {lapse.reason}, since {spoken(lapse.onset)}")
    for deed in page.deeds:
        line(f"  {spoken(deed.at)} {deed.by}: {deed.did}{f': {deed.note}' if deed.note else ''}")
    line(f"  told {page.sendings} times. Next: {next_step}")
