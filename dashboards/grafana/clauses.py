"""The clauses behind a panel, out of the agreements themselves: a description that is written once grows wrong."""

from collections.abc import Callable

from streams.agreements.load import load_builtin
from streams.agreements.model import AnyObligation


def cited(wanted: Callable[[AnyObligation], bool]) -> str:
    """The clauses of the built-in obligations that are wanted, as a list; with its empty line before it."""
    found = (
        f"- {agreement.id}, {obligation.id}: {obligation.clause}"
        for agreement in load_builtin()
        for obligation in agreement.obligations
        if agreement.id != _SYNTHETIC and wanted(obligation)
    )
    return "\n\nThe clauses:\n" + "\n".join(found)


_SYNTHETIC = "synthetic-load"
