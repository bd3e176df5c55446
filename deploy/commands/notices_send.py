"""``steadyline notices send`` and ``template``: notices of launches into the log, whatever form they come in."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, get_args

import msgspec
import typer

from deploy.commands.options import Json, Rules, examples, moment
from deploy.consoles import complain, emit, note, out, words
from deploy.delivering import Handed, PlainHttp, SpoolFile, To, TokenFile, handed_over, target_or_leave, user_source
from deploy.exits import BAD_INPUT, FINE, LAPSED, NOT_YET, bad_input, bad_use
from deploy.places import state_warnings
from deploy.replaying.inputs import bytes_or_leave
from deploy.replaying.session import rules_or_leave
from producers.structured.checking import meant
from producers.structured.flat import Usual
from producers.structured.reading import FORMS, Known, form_of
from producers.structured.reading import read as read_structured
from producers.structured.template import Format, template
from producers.warnings.filed import Filed, Hazard, Said, filed
from producers.warnings.remembering import Remembered, RememberingError
from streams.agreements.model import Agreement
from streams.events import AnyEvent, FeedHeartbeat
from streams.events.decode import encode
from streams.events.housekeeping import Beat
from streams.events.times import spoken

MOST_BYTES = 16_777_216
"""The largest file of notices: a year of one coordinator's is a tenth of it."""
_TEXT = "text"
_FORMS = (*FORMS, _TEXT)
SEND = examples(
    "steadyline notices send notice.toml --dry-run",
    "steadyline notices send warnings.txt --to https://gateway.example --party PRC",
    "steadyline notices send today.txt --feed navarea-xi --to https://gateway.example",
    "steadyline notices send - --form text --received 2026-11-23T09:05Z --json < hydropac.txt",
    "Where one notice of a file is faulty, none is sent, unless --partial; every fault is told at once with its line, its field"
    " and what was expected.",
    "A broadcast text that was not fully understood is no fault: it goes in, marked with what was not read. One of gunnery or"
    " cables is passed over. One that does not say what endangers is left out until --hazard says it. What is sent again counts"
    " once.",
    "Exit codes: 0 handed over, 1 handed over but for texts that do not say what endangers, 2 bad use, 3 faulty or refused,"
    " 75 kept and not handed over yet (steadyline spool send).",
)
TEMPLATE = examples(
    "steadyline notices template > notice.toml",
    "steadyline notices template --format csv > notices.csv",
)


def send(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Notices, or - for standard input.", show_default=False)],
    form: Annotated[
        str | None,
        typer.Option(
            "--form", metavar="|".join(_FORMS), help="How it is written; text: as broadcast. Without it: by name and beginning."
        ),
    ] = None,
    party: Annotated[
        str | None,
        typer.Option("--party", metavar="PARTY", help="Who launches: where a form is silent, and of texts whatever they say."),
    ] = None,
    hazard: Annotated[
        str | None, typer.Option("--hazard", metavar="launch|debris", help="What endangers, where a text does not say it.")
    ] = None,
    received: Annotated[
        datetime | None,
        typer.Option("--received", metavar="TIME", parser=moment, help="When broadcast texts came in; now, without it."),
    ] = None,
    feed: Annotated[
        str | None,
        typer.Option(
            "--feed",
            metavar="ID",
            help="These are all warnings of that feed until now (or --received): its sign of life goes after them.",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="URI", help="Who says so. Without it: urn:steadyline:report:USER.")
    ] = None,
    exercise: Annotated[bool, typer.Option("--exercise", help="A drill: it never reaches the real pager.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Send what is sound, although something else is faulty.")] = False,
    memory: Annotated[
        Path | None,
        typer.Option(
            "--memory",
            metavar="FILE",
            help="Which notice each broadcast text stood for: what replaces or cancels it later is told of the same."
            " Without it: $XDG_STATE_HOME/steadyline/warnings.db.",
        ),
    ] = None,
    to: To = None,
    token_file: TokenFile = None,
    plain_http: PlainHttp = False,
    spool: SpoolFile = None,
    rules: Rules = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the CloudEvents, and keep and send nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Send notices of launches: forms that somebody filled in (TOML, CSV, JSON), or warnings as they are broadcast."""
    agreements, now = rules_or_leave(rules), datetime.now(UTC)
    known = _known(agreements)
    target = target_or_leave(to, plain=plain_http)
    if form is not None and form not in _FORMS:
        bad_use(f"--form: expected one of {', '.join(_FORMS)}, got {form!r}")
    if hazard is not None and hazard not in get_args(Hazard):
        bad_use(f"--hazard: expected launch or debris, got {hazard!r}")
    if party is not None and party not in known.parties:
        bad_use(f"--party: no agreement knows the party {party!r}{meant(party, sorted(known.parties), or_else=True)}")
    if received is not None and received > now:
        bad_use(f"--received: {spoken(received)} has not come yet")
    feeds = sorted(each.id for agreement in agreements for each in agreement.feeds)
    if feed is not None and feed not in feeds:
        bad_use(f"--feed: no agreement knows the feed {feed!r}{meant(feed, feeds, or_else=True)}")
    data = bytes_or_leave(file, MOST_BYTES)
    name, who = "standard input" if file == "-" else file, source or user_source()
    chosen = form or form_of(name, data) or _TEXT
    if chosen == _TEXT:
        said = Said(received or now, who, party, hazard, may_be_none=feed is not None)  # type: ignore[arg-type]
        found = _texts(name, data, said, memory or state_warnings(), exercise=exercise, partial=partial, dry_run=dry_run)
    else:
        usual = Usual(who, party, exercise)
        result = read_structured(name, data, chosen, usual, known, partial=partial)  # type: ignore[arg-type]
        found = Filed(*result, unclear=0)
    _tell(found, partial=partial, as_json=as_json)
    code = BAD_INPUT if found.problems else LAPSED if found.unclear else FINE
    if found.problems and not partial:
        raise typer.Exit(code)
    events: list[AnyEvent] = [*found.events]
    if feed is not None and (found.problems or found.unclear):
        complain(f"no sign of life of {feed}: not all of it went in")
    elif feed is not None:
        events.append(_beat(feed, received or now, who, exercise=exercise))
    if dry_run:
        for event in events:
            line = encode(event)
            emit(line if as_json else msgspec.json.format(line, indent=2))
        raise typer.Exit(code)
    handed = handed_over(events, target, spool, rules, token_file, plain=plain_http, feed=feed) if events else []
    _say(handed, target, as_json=as_json)
    states = {each.state for each in handed}
    raise typer.Exit(BAD_INPUT if "refused" in states or found.problems else NOT_YET if "kept" in states else code)


def show_template(
    form: Annotated[str, typer.Option("--format", metavar="toml|csv|json", help="Which form is wanted.")] = "toml",
    as_json: Json = False,
) -> None:
    """Print the form of a notice for a person to fill in, with what each field means."""
    if form not in get_args(Format):
        bad_use(f"--format: expected one of {', '.join(get_args(Format))}, got {form!r}")
    typer.echo(template("json" if as_json else form), nl=False)  # type: ignore[arg-type]


def _beat(feed: str, complete: datetime, source: str, *, exercise: bool) -> FeedHeartbeat:
    return FeedHeartbeat(
        specversion="1.0",
        id=f"beat-{feed}-{complete.isoformat()}",
        source=source,
        time=complete,
        exercise=exercise,
        data=Beat(feed=feed),
    )


def _known(agreements: Sequence[Agreement]) -> Known:
    parties = {party for agreement in agreements for party in agreement.parties}
    return Known(parties, {agreement.id for agreement in agreements})


def _texts(name: str, data: bytes, said: Said, memory: Path, *, exercise: bool, partial: bool, dry_run: bool) -> Filed:
    """The events of a file of broadcast texts; remembered where they will be sent."""
    # A dry run leaves nothing behind, and remembers what is there.
    where = None if dry_run and not memory.exists() else memory
    try:
        with Remembered(where, exercise=exercise) as remembered:
            found = filed(name, data, said, remembered)
            if not dry_run and (partial or not found.problems):
                remembered.keep()
    except RememberingError as error:
        bad_input(str(error))
    return found


def _tell(found: Filed, *, partial: bool, as_json: bool) -> None:
    """What is wrong, and what may be; where nothing is sent for it, say so too."""
    for problem in found.problems:
        if as_json:
            emit(msgspec.json.encode({**problem._asdict(), "ok": False}))
        else:
            complain(str(problem))
    for remark in found.remarks:
        note(str(remark))
    if found.problems and not partial:
        complain("nothing was sent; --partial sends what is sound")


def _say(handed: Sequence[Handed], target: str, *, as_json: bool) -> None:
    for each in handed:
        if as_json:
            emit(msgspec.json.encode(each.row(target)))
        else:
            out().print(words(each.told(target)), soft_wrap=True)
    for why in () if as_json else dict.fromkeys(each.why for each in handed if each.why is not None):
        complain(why)
