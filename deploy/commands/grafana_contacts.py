"""Who is told what, from a file, and the addresses from theirs."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.exits import bad_input
from streams import toml

if TYPE_CHECKING:
    from dashboards.grafana.alerting.contacts import Contact, Routing

Contacts = Annotated[
    Path | None,
    typer.Option("--contacts", metavar="FILE", help="Who is told what (TOML). Else three webhooks and one for exercises."),
]


def routing_or_leave(path: Path | None) -> "Routing":
    """Who is told what, by the file or as usual; leaves with 3 where the file is not what it ought to be."""
    from dashboards.grafana.alerting.contacts import Routing, usual

    if path is None:
        return usual()
    try:
        return toml.decode(path.read_bytes(), Routing)
    except OSError as error:
        bad_input(f"{path}: {error.strerror}")
    except ValueError as error:
        bad_input(f"{path}: {error}")


def addressed(contact: "Contact") -> str:
    """The address itself, out of its file or variable.

    Raises:
        OSError: when the file cannot be read.
        ValueError: when there is no address in it.
    """
    if contact.address_file is not None:
        address = Path(contact.address_file).read_text(encoding="utf-8").strip()
    else:
        address = os.environ.get(str(contact.address_env), "").strip()
    if not address or not address.isprintable():
        raise ValueError(f"{contact.place}: expected an address on one line")
    return address
