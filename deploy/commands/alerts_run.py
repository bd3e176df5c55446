"""``steadyline alerts run``: the alert desk as a service; ``test``: one page to one receiver, as an exercise."""

import asyncio
import os
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from alerts.policies import PolicyError, load
from alerts.policy import Policy
from deploy.commands.alerts_people import PeopleFile, people_at
from deploy.commands.options import Certificate, Json, Key, Rules, examples, tls_or_leave
from deploy.consoles import complain, emit, out, words
from deploy.exits import BAD_INPUT, BROKEN, FINE, bad_input, bad_use
from deploy.replaying.session import rules_or_leave
from streams.allowing import AllowList

if TYPE_CHECKING:
    from alerts.service.settings import DeskSettings

BIND = "127.0.0.1:8091"
RUN_EXAMPLES = examples(
    "steadyline alerts run policy.toml --log steadyline.db",
    "steadyline alerts run policy.toml --bootstrap 127.0.0.1:9092 --allow 10.0.0.0/8",
    "Exit codes: 0 ended as it was asked to, 2 bad use or nothing can listen there, 3 the policy is faulty, the log does not"
    " answer or a file cannot be used, 70 a fault of its own: start it again.",
)
TEST_EXAMPLES = examples(
    "steadyline alerts test ann-phone --policy policy.toml",
    "steadyline alerts test siren --policy policy.toml --allow 127.0.0.1 --json",
    "Exit codes: 0 the receiver took it, 2 bad use, 3 it did not take it, or the policy cannot be used.",
)
PolicyArgument = Annotated[Path, typer.Argument(metavar="POLICY", help="The policy (TOML).", show_default=False)]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="NAME|NETWORK",
        envvar="STEADYLINE_DESK_ALLOW",
        help="Addresses within this machine or its networks at which receivers may be; may be repeated.",
    ),
]


def run(
    policy: PolicyArgument,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="Without Kafka: judge this log (SQLite) as it grows.")
    ] = None,
    bootstrap: Annotated[
        str | None, typer.Option("--bootstrap", metavar="HOST:PORT", help="With Kafka: a broker; several with commas.")
    ] = None,
    run_id: Annotated[
        str | None,
        typer.Option("--run", metavar="ID", help="Serve one replay or drill: all of it goes to the exercise route."),
    ] = None,
    people: PeopleFile = None,
    bind: Annotated[str, typer.Option("--bind", metavar="HOST:PORT", help="Where the API listens.")] = BIND,
    host: Annotated[
        list[str] | None, typer.Option("--host", metavar="NAME", help="A name by which it may be asked; may be repeated.")
    ] = None,
    allow: Allow = None,
    certificate: Certificate = None,
    key: Key = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Tell people, by the policy, until it is told to stop (SIGTERM or Ctrl-C).

    What it took in, what it said and what came of it stands in its journal, on Kafka or beside the log (steadyline.desk.db
    for steadyline.db): kill it, start it again, and it goes on. With --json, one line tells where its API is, and the log of
    what it does is JSON.
    """
    from alerts.delivery.ports import ReceiverError
    from alerts.people import PeopleError
    from streams.live.logs import configure

    if (log is None) == (bootstrap is None):
        bad_use("expected --log or --bootstrap, one of them")
    tls_or_leave(certificate, key)
    settings = replace(
        _settings(policy_or_leave(policy), policy.parent, people, run_id, bind, host or [], allow or []),
        certificate=certificate,
        key=key,
    )
    logs = configure(form="json" if as_json else None, run=run_id)
    try:
        if log is not None:
            _embedded(settings, log, rules, as_json=as_json)
        else:
            _on_kafka(settings, str(bootstrap), logs, as_json=as_json)
    except (ReceiverError, PeopleError) as error:
        bad_input(str(error))
    except ValueError as error:
        bad_use(str(error))


def _embedded(settings: "DeskSettings", log: Path, rules: Path | None, *, as_json: bool) -> None:
    from alerts.service.embedded import EmbeddedDesk, desk_file
    from alerts.service.store import StoreError
    from deploy.replaying.follow import Follower
    from streams.daytime import utc
    from streams.live.clock import elapsed

    follower = Follower(log, rules_or_leave(rules), utc, elapsed=elapsed, run=settings.run)
    try:
        desk = EmbeddedDesk(settings, desk_file(log), follower)
        asyncio.run(desk.serve(lambda url: _listening(url, as_json=as_json)))
    except StoreError as error:
        bad_input(str(error))
    except OSError as error:
        bad_use(str(error))


def _on_kafka(settings: "DeskSettings", bootstrap: str, logs: dict[str, Any], *, as_json: bool) -> None:
    # Faust takes longer to import than all other commands together take to run.
    import faust

    from alerts.service.kafka import DeskWorkerSettings, create_app
    from streams.live.settings import SettingsError, from_environment

    told = {"STEADYLINE_KAFKA": bootstrap, "STEADYLINE_RUN": settings.run or ""}
    try:
        worker = DeskWorkerSettings(**msgspec.structs.asdict(from_environment({**os.environ, **told})))
    except SettingsError as error:
        bad_use(str(error))
    _topics_or_leave(worker.bootstrap, settings.run)
    app = create_app(settings, worker, listening=lambda url: _listening(url, as_json=as_json), logs=logs)
    app.finalize()
    faust.Worker(app, loglevel="info").execute_from_commandline()
    raise typer.Exit(BROKEN if app.side.fault is not None else FINE)


def _topics_or_leave(bootstrap: str, run_id: str | None) -> None:
    """Leaves with 2 where a topic of the desk's is missing or differs, with 3 where no broker answers."""
    from deploy.kafka.differing import leave_where_topics_differ
    from streams.log.admin import Admin, BrokerError
    from streams.topics import ACTIONS, DESK, LAPSES, catalogue, in_run

    needed = {in_run(name, run_id) for name in (LAPSES, ACTIONS, DESK)}
    try:
        with Admin(bootstrap) as admin:
            differences = admin.check([topic for topic in catalogue(run=run_id) if topic.name in needed])
    except BrokerError as error:
        bad_input(str(error))
    leave_where_topics_differ(differences, bootstrap, run_id)


def _listening(url: str, *, as_json: bool) -> None:
    if as_json:
        emit(msgspec.json.encode({"url": url}))
    else:
        out().print(words(f"listening at {url}"))
    sys.stdout.flush()


def try_out(
    receiver: Annotated[str, typer.Argument(metavar="RECEIVER", help="Its id in the policy.", show_default=False)],
    policy: Annotated[Path, typer.Option("--policy", metavar="FILE", help="The policy (TOML).", show_default=False)],
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Send one page to one receiver, marked as an exercise, and say whether it took it."""
    from alerts.delivery.ports import ReceiverError, UndeliveredError
    from alerts.service.trial import tried

    found = policy_or_leave(policy)
    if receiver not in {each.id for each in found.receivers}:
        bad_use(f"no receiver of {policy} is called {receiver}: {', '.join(each.id for each in found.receivers)}")
    why = None
    try:
        key = asyncio.run(tried(found, policy.parent, receiver, _allowed(allow or []), uuid.uuid4().hex))
    except ReceiverError as error:
        bad_input(str(error))
    except UndeliveredError as error:
        key, why = "", str(error)
    if as_json:
        emit(msgspec.json.encode({"receiver": receiver, "delivered": why is None, "key": key, "why": why}))
    elif why is None:
        out().print(words(f"{receiver} took it, key {key}"))
    else:
        complain(f"{receiver} did not take it: {why}")
    raise typer.Exit(FINE if why is None else BAD_INPUT)


def policy_or_leave(path: Path) -> Policy:
    """The policy; leaves with 3 and all its faults where it cannot be used."""
    try:
        return load(path)
    except PolicyError as error:
        for problem in error.problems:
            complain(str(problem))
        raise typer.Exit(BAD_INPUT) from None
    except OSError as error:
        bad_input(f"{path}: {error.strerror or error}")


def _allowed(entries: list[str]) -> AllowList:
    try:
        return AllowList.of(each for entry in entries for each in entry.split(",") if each.strip())
    except ValueError as error:
        bad_use(f"--allow: {error}")


def _settings(
    policy: Policy, base: Path, people: Path | None, run_id: str | None, bind: str, hosts: list[str], allow: list[str]
) -> "DeskSettings":
    from alerts.service.settings import DeskSettings
    from streams.topics import in_run

    if run_id is not None:
        try:
            in_run("lapses", run_id)
        except ValueError as error:
            bad_use(f"--run: {error}")
    return DeskSettings(
        policy=policy,
        base=base,
        people=people_at(people),
        allow=_allowed(allow),
        run=run_id,
        bind=bind,
        hosts=tuple(hosts),
    )
