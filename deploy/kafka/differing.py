"""Topics that are not as they ought to be."""

from collections.abc import Sequence

import typer

from deploy.consoles import complain
from deploy.exits import BAD_USE
from streams.log.admin import Difference


def leave_where_topics_differ(differences: Sequence[Difference], bootstrap: str, run: str | None) -> None:
    """Leaves with 2 where there are differences: tells them all, and what helps."""
    for difference in differences:
        complain(str(difference))
    if differences:
        of_run = "" if run is None else f" --run {run}"
        complain(f"create what is missing with: steadyline topics create --bootstrap {bootstrap}{of_run}")
        raise typer.Exit(BAD_USE)
