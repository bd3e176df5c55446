"""``steadyline audit``: whether what people did stands as it was written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from deploy.commands.options import Json, examples
from deploy.consoles import complain, emit, out, words
from deploy.exits import FINE, LAPSED, bad_input, bad_use

if TYPE_CHECKING:
    from alerts.audit import Head

_EXAMPLES = (
    "steadyline audit verify --log steadyline.db",
    "steadyline audit verify --bootstrap 127.0.0.1:9092 --head 17:9f86d081884c7d65...",
)
app = typer.Typer(
    help="Hold the audit trail of what people did against its chain of hashes.",
    no_args_is_help=True,
    epilog=examples(*_EXAMPLES),
)


@app.callback()
def audit() -> None:
    """Hold the audit trail of what people did against its chain of hashes."""


@app.command(
    epilog=examples(
        *_EXAMPLES,
        "Exit codes: 0 the trail is sound, 1 it was tampered with, 2 bad use, 3 it cannot be read.",
    )
)
def verify(
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="The embedded log beside which the desk's file is.")
    ] = None,
    bootstrap: Annotated[
        str | None, typer.Option("--bootstrap", metavar="HOST:PORT", help="A broker; several with commas.")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run", metavar="ID", help="The trail of one replay or drill.")] = None,
    head: Annotated[
        list[str] | None,
        typer.Option("--head", metavar="NUMBER:HASH", help="A head that was written down before; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find every record that was changed, left out, added or moved, and print the head to write down elsewhere.

    Who cuts off the end, or writes the trail anew from some record on, is found by a head from before: in a file, the one
    that is kept beside the trail, unless that was changed too; and those given with --head.
    """
    from alerts.audit import Head
    from alerts.audit import verify as verified

    if (log is None) == (bootstrap is None):
        bad_use("expected --log or --bootstrap, one of them")
    try:
        known = [Head.read(text) for text in head or ()]
    except ValueError as error:
        bad_use(f"--head: {error}")
    if log is not None:
        records, kept = _of_file(log)
        known.append(kept)
    else:
        records = _of_kafka(str(bootstrap), run_id)
    verdict = verified(records, known)
    for fault in verdict.faults:
        if as_json:
            emit(msgspec.json.encode({"place": fault.place, "fault": fault.what}))
        else:
            complain(f"record at place {fault.place}: {fault.what}")
    if as_json:
        emit(msgspec.json.encode({"records": verdict.head.number, "faults": len(verdict.faults), "head": str(verdict.head)}))
    elif not verdict.faults:
        out().print(words(f"{verdict.head.number} records, each as it was written. Head: {verdict.head}"), soft_wrap=True)
    raise typer.Exit(LAPSED if verdict.faults else FINE)


def _of_file(log: Path) -> tuple[list[bytes], "Head"]:
    from alerts.service.embedded import desk_file
    from alerts.service.store import Store, StoreError

    try:
        with Store(desk_file(log), create=False) as store:
            return [data for _, data in store.actions()], store.head()
    except StoreError as error:
        bad_input(str(error))


def _of_kafka(bootstrap: str, run_id: str | None) -> list[bytes]:
    from streams.log.kafka import KafkaLogError, TopicReader
    from streams.topics import ACTIONS, in_run

    try:
        with TopicReader(bootstrap, in_run(ACTIONS, run_id)) as reader:
            return [record.value or b"" for batch in reader.read_all() for record in batch.records]
    except ValueError as error:
        bad_use(f"--run: {error}")
    except KafkaLogError as error:
        bad_input(str(error))
