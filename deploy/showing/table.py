"""The table of lapses, and the words, marks and colours that every view of them shares."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text

from deploy.consoles import safe, words
from streams.events.times import spoken
from streams.lapses import Lapse
from streams.severity import Severity
from streams.spans import in_words

SEVERITY_STYLES = {"info": "dim", "warn": "yellow", "page": "bold red", "critical": "bold white on red"}
STATE_STYLES = {"open": "bold red", "resolved": "green", "withdrawn": "dim strike", "unknown": "bold black on bright_cyan"}
STATE_WORDS = {"open": "OPEN", "resolved": "resolved", "withdrawn": "withdrawn", "unknown": "UNKNOWN"}
EXERCISE = Text("EXERCISE", style="bold black on bright_yellow")


def is_shown(lapse: Lapse) -> bool:
    """Whether the table shows the lapse without being asked for everything."""
    return lapse.state != "withdrawn" and lapse.severity is not Severity.INFO


def counts(lapse: Lapse) -> bool:
    """Whether the lapse counts for the exit code: it stands, and it is no drill's."""
    return lapse.state in ("open", "resolved") and not lapse.exercise


def rule_of(lapse: Lapse, between: str = " ") -> Text:
    """The rule, after its agreement, with the marks that say how far it is to be trusted."""
    text = Text.assemble(words(lapse.agreement, "dim"), between, words(lapse.rule))
    if lapse.unverified:
        text.append(" [unverified]", "magenta")
    if lapse.proposed:
        text.append(" proposed", "italic cyan")
    return text


def how_long(lapse: Lapse, end: datetime | None) -> str:
    """From the onset to the resolution, or to the end of what was watched."""
    if lapse.resolved is not None:
        return in_words(lapse.resolved - lapse.onset)
    if lapse.state == "withdrawn" or end is None or end < lapse.onset:
        return "-"
    return in_words(end - lapse.onset)


def state_of(lapse: Lapse) -> Text:
    """The state as a word in its colour; a drill says so here as well."""
    text = Text(STATE_WORDS[lapse.state], style=STATE_STYLES[lapse.state])
    return Text.assemble(text, " ", EXERCISE) if lapse.exercise else text


def lapse_table(lapses: Sequence[Lapse], end: datetime | None, title: str | None = None) -> Table:
    """The lapses one a row, in the order given; lines tie together what one announcement caused."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0)
    )
    table.add_column("", width=1, no_wrap=True)
    table.add_column("rule", overflow="fold")
    table.add_column("subject", overflow="fold")
    table.add_column("onset (UTC)", no_wrap=True)
    table.add_column("how long", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for tie, lapse in zip(ties(lapses), lapses, strict=True):
        # Two lines a row, so that the subject, which people search for, stays on one.
        rule = rule_of(lapse, "\n")
        table.add_row(
            Text(tie, "dim"),
            Text.assemble(EXERCISE, " ", rule) if lapse.exercise else rule,
            Text.assemble(words(lapse.subject), "\n", (lapse.reason, "dim")),
            spoken(lapse.onset),
            how_long(lapse, end),
            Text(lapse.severity.value, SEVERITY_STYLES[lapse.severity.value]),
            Text.assemble(state_of(lapse), "\n", _resolved_on(lapse)),
        )
    return table


def _resolved_on(lapse: Lapse) -> str:
    return f"{lapse.resolved:%Y-%m-%d}" if lapse.state == "resolved" and lapse.resolved is not None else ""


def in_order(lapses: Iterable[Lapse]) -> list[Lapse]:
    """The lapses as people read them: by onset, then what one announcement caused together, then by rule and subject."""
    return sorted(lapses, key=lambda lapse: (lapse.onset, lapse.group or "", lapse.agreement, lapse.rule, lapse.subject))


def ties(lapses: Sequence[Lapse]) -> list[str]:
    """For each row a piece of the line that joins neighbours of one announcement, or nothing."""
    result = []
    for place, lapse in enumerate(lapses):
        above = lapse.group is not None and place > 0 and lapses[place - 1].group == lapse.group
        below = lapse.group is not None and place + 1 < len(lapses) and lapses[place + 1].group == lapse.group
        result.append("│" if above and below else "└" if above else "┌" if below else " ")
    return result


def announcements(lapses: Sequence[Lapse]) -> list[str]:
    """What one announcement did, for each that caused more than one of the lapses: ``8 lapses from one announcement: ...``."""
    groups = Counter(lapse.group for lapse in lapses if lapse.group is not None)
    return [f"{count} lapses from one announcement: {safe(group)}" for group, count in groups.items() if count > 1]


def line_of(lapse: Lapse) -> Text:
    """One change of one lapse on one line, for a replay that is watched as it runs."""
    text = Text.assemble(
        (f"{spoken(lapse.at)}  ", "dim"),
        (f"{lapse.change:<10}", STATE_STYLES[lapse.state]),
        (f"{lapse.severity.value:<9}", SEVERITY_STYLES[lapse.severity.value]),
        rule_of(lapse),
        "  ",
        words(lapse.subject),
    )
    return Text.assemble(EXERCISE, " ", text, " ", EXERCISE) if lapse.exercise else text
