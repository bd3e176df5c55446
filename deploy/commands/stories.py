"""``steadyline stories``: the stretches of history that come with the product."""

from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from deploy.commands.options import Json
from deploy.consoles import emit, out, words
from deploy.exits import FINE, LAPSED, bad_input
from deploy.replaying.session import run
from producers.history.expect import unmet
from producers.history.story import Story, StoryError, builtin_stories, find_story, load_story


def stories(
    as_json: Json = False,
    check: Annotated[
        bool, typer.Option("--check", help="Replay each story and hold it against what it must and must not show.")
    ] = False,
) -> None:
    """List the stories: real history, with what a watch must and must not find in it.

    With --check, exits with 1 where a story does not show what it must.
    """
    told = []
    for name in builtin_stories():
        try:
            told.append(load_story(find_story(name)))
        except StoryError as error:
            bad_input(str(error))
    rows = [_row(story) | ({"unmet": _unmet(story)} if check else {}) for story in told]
    if as_json:
        for row in rows:
            emit(msgspec.json.encode(row))
    else:
        _show(rows, check=check)
    raise typer.Exit(LAPSED if any(row.get("unmet") for row in rows) else FINE)


def _row(story: Story) -> dict[str, Any]:
    return {
        "story": story.name,
        "title": story.title,
        "about": story.about,
        "from": story.start,
        "until": story.until,
        "events": len(story.events),
        "must": len(story.must),
        "must_not": len(story.must_not),
    }


def _unmet(story: Story) -> list[str]:
    history = run(story.name, progress=False).result.history
    return unmet(story, [revision for revisions in history.values() for revision in revisions])


def _show(rows: list[dict[str, Any]], *, check: bool) -> None:
    console = out()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("story", "from", "until", "events", "title", *(("as expected",) if check else ())):
        table.add_column(heading, overflow="fold", justify="right" if heading == "events" else "left")
    for row in rows:
        cells = [row["story"], f"{row['from']:%Y-%m-%d}", f"{row['until']:%Y-%m-%d}", str(row["events"]), row["title"]]
        if check:
            cells.append(f"no: {len(row['unmet'])}" if row["unmet"] else "yes")
        table.add_row(*map(words, cells))
    console.print(table)
    for row in rows:
        for sentence in row.get("unmet", ()):
            console.print(words(f"{row['story']}: {sentence}"))
