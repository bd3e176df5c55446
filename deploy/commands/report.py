"""``steadyline report``: what a person saw or heard, told to the log."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from deploy.commands.options import Json, Rules, examples, joined
from deploy.consoles import complain, emit, out, words
from deploy.delivering import PlainHttp, SpoolFile, To, TokenFile, handed_over, target_or_leave, user_source
from deploy.exits import BAD_INPUT, BAD_USE, FINE, NOT_YET
from deploy.replaying.session import rules_or_leave
from producers.reports import forms
from producers.reports.sheet import ReportError, Said, Sheet
from streams.events import AnyEvent
from streams.rulebook import RuleBook

_CODES = (
    "Exit codes: 0 handed over, 2 bad use (all faults are told at once), 3 refused, or not even kept,"
    " 75 kept and not handed over yet: steadyline spool send."
)
app = typer.Typer(
    help="Report an incident, a call, a channel's status, a line check, a contact; or take a report back.",
    no_args_is_help=True,
    epilog=examples(
        "steadyline report call --channel us-china-dtl --party US",
        "steadyline report incident --parties US,PRC --gravity high --domain air --at 2026-11-23T09:10Z",
        _CODES,
    ),
)

Channel = Annotated[str, typer.Option("--channel", metavar="ID", help="The channel, as its agreement calls it.")]
PartyOption = Annotated[str, typer.Option("--party", metavar="PARTY", help="Who did it: US, PRC, DPRK, ...")]
Parties = Annotated[str, typer.Option("--parties", metavar="A,B", help="The two parties, such as US,PRC.")]
Text = Annotated[str | None, typer.Option("--text", metavar="WORDS", help="What else is to be said.")]


def _common(
    *,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="When: 2026-11-23T09:00Z, '2026-11-23 18:00 Asia/Seoul', 2026-11-23.")
    ] = "now",
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help="The zone of --at where it has none: Asia/Seoul, +09:00.")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option("--precision", metavar="second|minute|hour|day", help="How exactly, where less so than it is written."),
    ] = None,
    reported: Annotated[
        str | None, typer.Option("--reported", metavar="TIME", help="When it was first reported. Without it: now.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="URI", help="Who says so. Without it: urn:steadyline:report:USER.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="The event's id: given twice, it counts once. Without it: a new one."),
    ] = None,
    exercise: Annotated[bool, typer.Option("--exercise", help="A drill: it never reaches the real pager.")] = False,
    to: To = None,
    token_file: TokenFile = None,
    plain_http: PlainHttp = False,
    spool: SpoolFile = None,
    rules: Rules = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the CloudEvent, and keep and send nothing.")] = False,
    as_json: Json = False,
) -> None:
    """What every report can say about itself, and where it goes."""


Form = Callable[[Sheet, Said], AnyEvent]


def _report(command: Callable[..., Form]) -> Callable[..., None]:
    """A command of what ``command`` asks and of all that is common: it fills in the form and has it delivered."""
    return joined(command, _common, lambda form, **common: _deliver(form, **common))


@app.command(
    epilog=examples(
        "steadyline report incident --parties US,PRC --gravity high --domain air --at 2026-11-23T09:10Z",
        "steadyline report incident --parties US,RUS --gravity elevated --domain sea --at 2026-11-23 --zone Asia/Tokyo"
        " --place 38.5,132.2 --closest-m 50 --platform 'USS Chafee' --dry-run",
        _CODES,
    )
)
@_report
def incident(
    parties: Parties,
    gravity: Annotated[str, typer.Option("--gravity", metavar="low|elevated|high|critical", help="How dangerous it was.")],
    domain: Annotated[
        str, typer.Option("--domain", metavar="air|sea|land|space|cyber|ai|bio|nuclear", help="Where such things happen.")
    ],
    incident_name: Annotated[
        str | None,
        typer.Option("--incident", metavar="ID", help="The incident, where it was reported before. Without it: new."),
    ] = None,
    place: Annotated[str | None, typer.Option("--place", metavar="LAT,LON", help="Degrees; south and west negative.")] = None,
    closest_m: Annotated[float | None, typer.Option("--closest-m", metavar="METRES", help="The closest approach.")] = None,
    platforms: Annotated[
        list[str] | None, typer.Option("--platform", metavar="NAME", help="A ship, an aircraft; as often as needed.")
    ] = None,
    text: Text = None,
) -> Form:
    """Report an incident between two parties."""
    return lambda sheet, said: forms.incident(
        sheet,
        said,
        name=incident_name,
        parties=parties,
        gravity=gravity,
        domain=domain,
        place=place,
        closest_m=closest_m,
        platforms=platforms or (),
        text=text,
    )


@app.command(
    epilog=examples(
        "steadyline report call --channel us-china-dtl --party US",
        "steadyline report call --channel us-china-dtl --party US --request call-7 --outcome unanswered --at 2026-11-23T09:20Z",
        _CODES,
    )
)
@_report
def call(
    channel: Channel,
    party: PartyOption,
    outcome: Annotated[
        str,
        typer.Option("--outcome", metavar="placed|acknowledged|answered|declined|unanswered", help="How far it has come."),
    ] = "placed",
    request: Annotated[
        str | None,
        typer.Option("--request", metavar="ID", help="The call, as its first report named it. Without it: a new one."),
    ] = None,
    text: Text = None,
) -> Form:
    """Report a call that was placed over a channel, and then how it ended."""
    return lambda sheet, said: forms.call(
        sheet, said, channel=channel, party=party, request=request, outcome=outcome, text=text
    )


@app.command(
    epilog=examples(
        "steadyline report status --channel us-china-mmca --party PRC --status suspended --at 2026-11-23T04:00Z",
        "steadyline report status --channel us-china-dtl --channel us-china-mmca --party PRC --status cancelled --dry-run",
        _CODES,
    )
)
@_report
def status(
    channels: Annotated[list[str], typer.Option("--channel", metavar="ID", help="A channel; as often as needed.")],
    party: PartyOption,
    declared: Annotated[
        str, typer.Option("--status", metavar="open|suspended|cancelled|agreed-to-resume", help="What was declared.")
    ],
    announcement: Annotated[
        str | None, typer.Option("--announcement", metavar="ID", help="The announcement, where several reports are about one.")
    ] = None,
    text: Text = None,
) -> Form:
    """Report what a party declared about channels. An agreement to resume is a promise; only contact resumes."""
    return lambda sheet, said: forms.status(
        sheet, said, channels=channels, party=party, declared=declared, announcement=announcement, text=text
    )


@app.command(
    epilog=examples(
        "steadyline report check --channel unc-kpa-pink-phone --at '2026-11-23 09:30 Asia/Seoul'",
        "steadyline report check --channel unc-kpa-pink-phone --outcome no-carrier --json",
        _CODES,
    )
)
@_report
def check(
    channel: Channel,
    outcome: Annotated[
        str, typer.Option("--outcome", metavar="answered|unanswered|no-carrier", help="no-carrier: no dial tone at all.")
    ] = "answered",
    latency_ms: Annotated[float | None, typer.Option("--latency-ms", metavar="MS", help="How long the answer took.")] = None,
    text: Text = None,
) -> Form:
    """Report a line check that was made."""
    return lambda sheet, said: forms.check(sheet, said, channel=channel, outcome=outcome, latency_ms=latency_ms, text=text)


@app.command(
    epilog=examples(
        "steadyline report contact --parties US,PRC --level theater --at 2026-11-23T09:00+08:00",
        "steadyline report contact --parties US,PRC --channel us-china-dtl --level chief",
        _CODES,
    )
)
@_report
def contact(
    parties: Parties,
    channel: Annotated[str | None, typer.Option("--channel", metavar="ID", help="The channel it went over, if any.")] = None,
    level: Annotated[
        str,
        typer.Option(
            "--level", metavar="leader|minister|adviser|chief|theater|...", help="Who spoke: also envoy, working, duty, bridge."
        ),
    ] = "unknown",
    public: Annotated[bool, typer.Option("--public", help="A public statement: heard, and never counted as contact.")] = False,
    alternate: Annotated[bool, typer.Option("--alternate", help="Over somebody else's line, or ship to ship.")] = False,
    text: Text = None,
) -> Form:
    """Report that two parties spoke."""
    return lambda sheet, said: forms.contact(
        sheet, said, parties=parties, channel=channel, level=level, public=public, alternate=alternate, text=text
    )


@app.command(
    epilog=examples(
        "steadyline report retract report-1 --reason 'the wrong channel'",
        "steadyline report retract report-1 --reason 'a drill' --dry-run",
        _CODES,
    )
)
@_report
def retract(
    retracts: Annotated[str, typer.Argument(metavar="ID", help="The id of the event that is taken back.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why: whoever was told the one is told the other.")],
) -> Form:
    """Take a report back: it never happened as reported."""
    return lambda sheet, said: forms.retract(sheet, said, retracts=retracts, reason=reason)


def _deliver(
    form: Form,
    *,
    at: str,
    zone: str | None,
    precision: str | None,
    reported: str | None,
    source: str | None,
    name: str | None,
    exercise: bool,
    to: str | None,
    token_file: Path | None,
    plain_http: bool,
    spool: Path | None,
    rules: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Check the report, keep it, and send it; leaves with what came of it."""
    said = Said(
        at=at,
        source=user_source() if source is None else source,
        id=f"report-{uuid.uuid4()}" if name is None else name,
        zone=zone,
        precision=precision,
        reported=reported,
        exercise=exercise,
    )
    now = datetime.now(UTC)
    try:
        event = form(Sheet(RuleBook(rules_or_leave(rules)), now), said)
    except ReportError as error:
        for problem in error.problems:
            complain(str(problem))
        raise typer.Exit(BAD_USE) from None
    if dry_run:
        from streams.events.decode import encode

        line = encode(event)
        emit(line if as_json else msgspec.json.format(line, indent=2))
        return
    target = target_or_leave(to, plain=plain_http)
    (handed,) = handed_over((event,), target, spool, rules, token_file, plain=plain_http)
    if as_json:
        emit(msgspec.json.encode(handed.row(target)))
    else:
        out().print(words(handed.told(target)), soft_wrap=True)
        if handed.why is not None:
            complain(handed.why)
    raise typer.Exit({"sent": FINE, "kept": NOT_YET, "refused": BAD_INPUT}[handed.state])
