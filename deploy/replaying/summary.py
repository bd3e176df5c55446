"""The counts of a replay, in words and for machines."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from deploy.exits import BAD_INPUT, FINE, LAPSED
from deploy.replaying.session import Session
from deploy.showing.table import counts, is_shown
from streams.events.times import spoken


def exit_code(session: Session) -> int:
    """Bad input takes precedence: what could not be read may hide a lapse, or the proof against one."""
    if session.faulty:
        return BAD_INPUT
    return LAPSED if any(map(counts, session.result.lapses)) else FINE


def summary(session: Session) -> dict[str, Any]:
    """The counts for machines, under stable names.

    ``lapses_by_severity`` counts what stands (open or resolved, no drills), as the exit code does.
    """
    result = session.result
    standing = [lapse for lapse in result.lapses if counts(lapse)]
    return {
        "recording": session.given.name,
        "until": result.end,
        "events": sum(result.events.values()),
        "events_by_type": dict(sorted(result.events.items())),
        "events_left_out": result.left_out,
        "lapses": len(standing),
        "lapses_by_state": _tally((lapse.state for lapse in result.lapses), ("open", "resolved", "withdrawn", "unknown")),
        "lapses_by_severity": _tally((lapse.severity.value for lapse in standing), ("info", "warn", "page", "critical")),
        "exercise_lapses": sum(lapse.exercise for lapse in result.lapses),
        "dead_letters": result.refused,
        "unreadable": [{"place": broken.place, "line": broken.line, "reason": broken.reason} for broken in result.broken],
        "seconds": round(result.seconds, 6),
        "events_per_second": round(result.events_per_second),
        "exit_code": exit_code(session),
    }


def _tally(values: Iterable[str], names: tuple[str, ...]) -> dict[str, int]:
    found = Counter(values)
    return {name: found[name] for name in names}


def in_words(session: Session, *, everything: bool) -> str:
    """The counts in a sentence or three, for people; the same history is told in the same words."""
    result = session.result
    states = Counter(lapse.state for lapse in result.lapses if not lapse.exercise)
    lapsed = states["open"] + states["resolved"]
    parts = [f"{lapsed} lapse{'' if lapsed == 1 else 's'}"]
    if lapsed:
        parts[0] += f" ({states['open']} open, {states['resolved']} resolved)"
    if states["unknown"]:
        parts.append(f"{states['unknown']} UNKNOWN")
    if drills := sum(lapse.exercise for lapse in result.lapses):
        parts.append(f"{drills} in EXERCISE")
    if not everything and (hidden := _hidden(session)):
        parts.append(f"not shown: {hidden} (--all shows them)")
    events = sum(result.events.values())
    told = f"{', '.join(parts)}.\n{events:,} event{'' if events == 1 else 's'}"
    if result.left_out:
        told += f" ({result.left_out:,} more came only later)"
    if result.end is not None:
        told += f", until {spoken(result.end)}"
    return f"{told}."


def speed_in_words(session: Session) -> str:
    """How long the run took."""
    return f"{session.result.seconds:.2f} s, {session.result.events_per_second:,.0f} events a second."


def _hidden(session: Session) -> str:
    hidden = Counter(
        "withdrawn" if lapse.state == "withdrawn" else "info" for lapse in session.result.lapses if not is_shown(lapse)
    )
    return ", ".join(f"{hidden[name]} {name}" for name in ("info", "withdrawn") if hidden[name])
