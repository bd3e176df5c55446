"""``steadyline watch``: the watch page, over a recording, a story or the live log."""

import getpass
import re
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.alerts_people import PeopleFile, people_at
from deploy.commands.options import Certificate, Key, examples, tls_or_leave
from deploy.consoles import complain, emit, out
from deploy.exits import bad_input, bad_use
from deploy.places import state_log, state_sessions
from streams.daytime import utc

EXAMPLES = examples(
    "steadyline watch us-china-2022",
    "steadyline watch recording.jsonl.gz --rules stricter.toml",
    "steadyline watch --live",
    "steadyline watch --live --log kept.db --policy policy.toml",
    "steadyline watch --live --bootstrap 127.0.0.1:9092",
    "steadyline watch --live --log kept.db --bind 127.0.0.1:8095",
)
"""The end of the command's help."""
_PERSON = re.compile(r"[^A-Za-z0-9._@-]+")


def watch(
    what: Annotated[
        str | None,
        typer.Argument(metavar="[STORY|FILE]", help="A story, or a recording, to begin with.", show_default=False),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Follow the live log, that gateways and reports write to.")] = False,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log", metavar="FILE", help="With --live: the log (SQLite).  [default: $XDG_STATE_HOME/steadyline/steadyline.db]"
        ),
    ] = None,
    bootstrap: Annotated[
        str | None,
        typer.Option("--bootstrap", metavar="HOST:PORT", help="With --live: follow the workers on this Kafka instead."),
    ] = None,
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="With --bootstrap: the topics of this run, not the live ones.")
    ] = None,
    rules: Annotated[
        list[Path] | None,
        typer.Option(
            "--rules",
            metavar="FILE|DIR",
            help="Agreements over the built-in ones, to compare with; may be given again. With --live: what is judged by.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="With --live: act on the alert desk of this log, which has this policy."),
    ] = None,
    people: PeopleFile = None,
    bind: Annotated[str, typer.Option("--bind", metavar="HOST:PORT", help="Where to listen.")] = "127.0.0.1:8095",
    host_name: Annotated[
        list[str] | None, typer.Option("--host-name", metavar="NAME", help="A name by which the page may be asked.")
    ] = None,
    certificate: Certificate = None,
    key: Key = None,
    browser: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser, where there is a display.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the address as JSON.")] = False,
) -> None:
    """Serve the watch page: what lapsed, why, and how everything stands; with a story, at any moment of it.

    Prints a link that signs one browser in, and another each time one was used. Ends with Ctrl-C.
    """
    tls_or_leave(certificate, key)
    if what == "-":
        bad_use("expected a file or a story: standard input can be read once only")
    if log is not None and not live:
        bad_use("expected --log only with --live: a recording is named without it")
    if bootstrap is not None and (not live or log is not None or policy is not None):
        bad_use("expected --bootstrap only with --live, and neither --log nor --policy: it follows the topics alone")
    if run_id is not None and bootstrap is None:
        bad_use("expected --run only with --bootstrap")
    if policy is not None and not live:
        bad_use("expected --policy only with --live: nothing can be done about what is past")
    # The server takes longer to import than most commands take to run.
    import msgspec

    from alerts.service.embedded import desk_file
    from dashboards.page.live import LiveLog
    from dashboards.page.ports import Member
    from dashboards.page.serve import Page, Settings
    from dashboards.page.sources import Live
    from deploy.commands.alerts_run import policy_or_leave
    from deploy.replaying.session import rules_or_leave
    from deploy.watching.desk import DeskPeople, FileDesk, LogReports
    from deploy.watching.recordings import StoryShelf
    from producers.history.story import StoryError
    from streams.agreements.load import AgreementError
    from streams.live.logs import configure
    from streams.private_file import PrivateFileError
    from streams.rulebook import RuleBook
    from streams.web.serving import is_loopback

    configure(form="json" if as_json else None)
    try:
        shelf = StoryShelf(what, rules or [])
    except (AgreementError, StoryError) as error:
        bad_input(str(error))
    except OSError as error:
        bad_input(f"{error.filename}: {error.strerror}")
    judges, kept = rules_or_leave(rules[0] if rules else None), log or state_log()
    follows: Live | None = LiveLog(kept, judges, utc) if live else None
    if bootstrap is not None:
        # Kafka's client takes a second to import.
        from dashboards.page.live_kafka import LiveTopics

        follows = LiveTopics(bootstrap, judges, utc, run=run_id)
    settings = Settings(
        bind=bind,
        hosts=tuple(host_name or ()),
        owner=Member(id=_me(), name=_me(), role="admin"),
        opens=None if what is None else Path(what).name,
        certificate=certificate,
        key=key,
        # Whoever watches stays signed in over a restart; a look at history needs no more than its link.
        sessions=state_sessions(int(bind.rpartition(":")[2] or 0)) if live and bind.rpartition(":")[2].isdigit() else None,
    )
    page: Page

    if certificate is None and not is_loopback(bind.rpartition(":")[0].strip("[]")):
        complain("passwords come in without TLS: give --certificate and --key, or let only a proxy with TLS reach this address")

    def told(first: bool) -> None:
        link = page.link()
        if as_json:
            emit(msgspec.json.encode({"bind": str(page.bind), "link": link}))
        else:
            words = "The watch page: " if first else "Signed in. For another browser: "
            out().print(words + link, soft_wrap=True, markup=False, highlight=False)
        if first and browser and sys.stdout.isatty():
            with suppress(webbrowser.Error):
                webbrowser.open(page.link())

    try:
        page = Page(
            settings,
            shelf,
            live=follows,
            people=DeskPeople(people_at(people)) if live else None,
            desk=None if policy is None else FileDesk(desk_file(kept), policy_or_leave(policy), utc),
            reports=LogReports(kept, RuleBook(judges), utc) if live and bootstrap is None else None,
            entered=lambda _: told(False),
        )
    except PrivateFileError as error:
        bad_input(str(error))
    except ValueError as error:
        bad_use(str(error))
    try:
        page.serve(ready=lambda: told(True))
    except PrivateFileError as error:
        bad_input(str(error))
    except OSError as error:
        bad_use(str(error.strerror or error))


def _me() -> str:
    """The name of whoever started the page, as an action would have it."""
    with suppress(OSError, KeyError, ImportError):
        name = _PERSON.sub("-", getpass.getuser()).strip("-._@")
        if name:
            return name[:64]
    return "owner"
