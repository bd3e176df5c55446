"""``steadyline gateway``: takes events in over HTTP."""

import sys
from datetime import timedelta
from typing import Annotated

import msgspec
import typer

from deploy.commands.gateway_access import BIND, LedgerFile, TokensFile, ledger_at, tokens_at
from deploy.commands.gateway_checks import checks
from deploy.commands.gateway_tokens import tokens
from deploy.commands.options import Certificate, Json, Key, Rules, examples, tls_or_leave
from deploy.consoles import emit, out, words
from deploy.exits import bad_input, bad_use
from deploy.replaying.session import rules_or_leave
from streams.rulebook import RuleBook

app = typer.Typer(
    help="Take events in over HTTP from those who are allowed to send them, and append them to the log.",
    no_args_is_help=True,
    epilog=examples("steadyline gateway run --to kafka://127.0.0.1:9092", "steadyline gateway token list"),
)
app.add_typer(tokens, name="token")
app.add_typer(checks, name="check")


@app.command(
    epilog=examples(
        "steadyline gateway run --to kafka://127.0.0.1:9092",
        "steadyline gateway run --to steadyline.db --bind 127.0.0.1:8090 --tokens tokens.json",
        "Exit codes: 0 ended as it was asked to, 2 bad use or nothing can listen there,"
        " 3 the log does not answer or is not what it ought to be, or a file cannot be used.",
    )
)
def run(
    to: Annotated[
        str,
        typer.Option("--to", metavar="kafka://HOST:PORT|FILE", help="The log: on Kafka, or a SQLite file.", show_default=False),
    ],
    bind: Annotated[str, typer.Option("--bind", metavar="HOST:PORT", help="Where to listen.")] = BIND,
    tokens_file: TokensFile = None,
    ledger: LedgerFile = None,
    host: Annotated[
        list[str] | None, typer.Option("--host", metavar="NAME", help="A name by which it may be asked; may be repeated.")
    ] = None,
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="The topics of one replay or drill on Kafka, not the live ones.")
    ] = None,
    remember: Annotated[
        int, typer.Option("--remember", metavar="DAYS", min=1, max=3_650, help="How long an id is known.")
    ] = 30,
    events: Annotated[
        float, typer.Option("--events-per-second", metavar="N", min=0.1, help="Events a second of a token without a rate.")
    ] = 2_000.0,
    certificate: Certificate = None,
    key: Key = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Serve until it is told to stop (SIGTERM or Ctrl-C): what was begun is ended first.

    With --json, one line tells where it listens once it does, and the log of what it does is JSON.
    """
    # A web server and a client of Kafka take longer to import than all other commands together take to run.
    from producers.appending import AppendError
    from producers.gateway.buckets import Rates
    from producers.gateway.ledger import LedgerError
    from producers.gateway.serve import Gateway, Settings
    from producers.gateway.tokens import TokensError
    from streams.live.logs import configure

    tls_or_leave(certificate, key)
    book = RuleBook(rules_or_leave(rules))
    configure(form="json" if as_json else None)
    try:
        settings = Settings(
            to=to,
            run=run_id,
            tokens=tokens_at(tokens_file),
            ledger=ledger_at(ledger),
            bind=bind,
            hosts=tuple(host or ()),
            remember=timedelta(days=remember),
            certificate=certificate,
            key=key,
            rates=Rates(events=events, events_at_once=max(20_000.0, events)),
        )
        gateway = Gateway(settings, book)
        gateway.serve(lambda: _listening(str(gateway.bind), secure=certificate is not None, as_json=as_json))
    except (AppendError, LedgerError, TokensError) as error:
        bad_input(str(error))
    except (ValueError, OSError) as error:
        bad_use(str(error))


def _listening(bind: str, *, secure: bool, as_json: bool) -> None:
    url = f"http{'s' if secure else ''}://{bind}"
    if as_json:
        emit(msgspec.json.encode({"url": url}))
    else:
        out().print(words(f"listening at {url}"))
    sys.stdout.flush()
