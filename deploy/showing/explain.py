"""The whole chain of a lapse: what was asked, what is known, how it was reckoned, and how the judgement changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from deploy.consoles import words
from deploy.showing.table import EXERCISE, SEVERITY_STYLES, how_long, rule_of, state_of
from streams.events import AnyEvent
from streams.events.schemas import short_name
from streams.events.times import spoken, zone_named
from streams.lapses import Lapse


def explained(
    lapse: Lapse, revisions: Sequence[Lapse], found: Mapping[str, Sequence[AnyEvent]], end: datetime | None
) -> RenderableType:
    """One lapse in full.

    Args:
        lapse: Its last revision.
        revisions: All its revisions, in order.
        found: The events it cites, by id.
        end: The end of what was watched, UTC.
    """
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("asked", words(lapse.clause))
    for source in lapse.sources:
        grid.add_row("", words(source, "dim"))
    if lapse.unverified:
        grid.add_row("[unverified]", words(f"rests on memory, not on a source that was read: {', '.join(lapse.unverified)}"))
    if lapse.proposed:
        grid.add_row("proposed", "this agreement does not exist yet; it is judged as if it did")
    grid.add_row("parties", words(", ".join(lapse.parties)))
    grid.add_row("times", words(_times(lapse, end)))
    if lapse.group is not None:
        grid.add_row("announced", words(lapse.group))
    for label, lines in (("reckoning", lapse.arithmetic), ("sources differ", lapse.claims)):
        for number, line in enumerate(lines):
            grid.add_row("" if number else label, words(line))
    for number, name in enumerate(_cited(lapse, revisions)):
        grid.add_row("" if number else "evidence", _evidence(name, found.get(name, ())))
    for number, revision in enumerate(revisions):
        grid.add_row("" if number else "history", _revision(revision))
    heading = Text.assemble(
        *((EXERCISE, " ") if lapse.exercise else ()),
        state_of(lapse),
        " ",
        (lapse.severity.value, SEVERITY_STYLES[lapse.severity.value]),
        " ",
        rule_of(lapse),
        " ",
        words(lapse.subject, "bold"),
    )
    return Group(Rule(heading, align="left", style="dim"), Padding(grid, (0, 0, 1, 2)))


def _times(lapse: Lapse, end: datetime | None) -> str:
    parts = [f"since {spoken(lapse.onset)}", f"deadline {spoken(lapse.deadline)}"]
    if lapse.resolved is not None:
        parts.append(f"met {spoken(lapse.resolved)}")
    return f"{', '.join(parts)}; {how_long(lapse, end)}{'' if lapse.resolved else ' so far'}; {lapse.reason}"


def _cited(lapse: Lapse, revisions: Sequence[Lapse]) -> list[str]:
    """Every event that any revision rests on, in the order they were cited."""
    names = [name for revision in (lapse, *revisions) for name in (*revision.events, revision.because) if name is not None]
    return list(dict.fromkeys(names))


def cited(lapses: Sequence[Lapse], history: Mapping[tuple[bool, str], Sequence[Lapse]]) -> set[str]:
    """The ids of all events that the lapses rest on, in any of their revisions."""
    return {name for lapse in lapses for name in _cited(lapse, history.get((lapse.exercise, lapse.id), ()))}


def _evidence(name: str, events: Sequence[AnyEvent]) -> RenderableType:
    lines: list[Text] = []
    for event in events:
        lines.append(words(f"{name}  {short_name(str(event.__struct_config__.tag))}  {occurred(event)}"))
        for label, moment in (("received", event.received), ("reported", event.reported), ("logged", event.ingested)):
            if moment is not None:
                lines[-1].append(f"  {label} {spoken(moment)}")
        lines.append(words(f"  {event.source}", "dim"))
        if getattr(event.data, "presumed", False):
            lines.append(Text("  presumed held: generated from the channel's calendar, reported by nobody", "italic"))
        text = getattr(event.data, "text", None)
        if text:
            lines.append(words(f'  "{text}"'))
    return Group(*lines) if lines else words(f"{name}  (not in this recording)")


def occurred(event: AnyEvent) -> str:
    """When the event occurred, no more exactly than its source knew: ``2022-08-05 (the day in Asia/Shanghai)``."""
    if event.precision == "day":
        local = event.time.astimezone(zone_named(event.zone))
        return f"{local:%Y-%m-%d} (the day in {event.zone})"
    if event.precision == "hour":
        return f"{spoken(event.time)} (to the hour)"
    return spoken(event.time)


def _revision(lapse: Lapse) -> Text:
    text = words(f"{lapse.revision}. {spoken(lapse.at)}  {lapse.change}, {lapse.severity.value}")
    if lapse.because is not None:
        text.append_text(words(f"  because of {lapse.because}", "dim"))
    return text
