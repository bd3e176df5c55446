"""A bar on standard error for a run on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def bar(console: Console, size: int | None) -> Iterator[Callable[[int, int, datetime], None]]:
    """Show a bar, and give what moves it: called with the bytes and events done, and the time in the replay.

    Args:
        console: Where it is drawn; it is gone when the run ends.
        size: Bytes there are to read, where that is known.
    """
    columns = (
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TextColumn("{task.fields[at]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("replay", total=size, events=0, at="")

        def move(read: int, events: int, now: datetime) -> None:
            progress.update(task, completed=read, events=events, at=f"{now:%Y-%m-%d %H:%M}Z")

        yield move
