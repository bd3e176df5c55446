"""What a suite of faults found, as a document."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from deploy.stack.influx_build import VERSION as INFLUXDB
from deploy.stack.kafka import VERSION as KAFKA
from tests.chaos.faults import FAULTS
from tests.chaos.rounds import Round
from tests.chaos.surviving import Survived

RESULTS = Path(__file__).with_name("RESULTS.md")
Told = tuple[Round, Survived]


def survived(told: Sequence[Told]) -> int:
    """How many faults left no trace: each fault of each round, and each way of telling that is not the plain one."""
    return sum(_faults(one) for one, found in told if not found.differences)


def struck(told: Sequence[Told]) -> int:
    """How many there were."""
    return sum(_faults(one) for one, _ in told)


def _faults(one: Round) -> int:
    return len(one.strikes) + (one.telling != "plain")


def document(seed: int, rounds: int, told: Sequence[Told], planted: int, skipped: Sequence[str]) -> str:
    """The results as Markdown."""
    versions = f"Kafka {KAFKA}, InfluxDB {INFLUXDB}, Faust {version('faust-streaming')}, CPython {platform.python_version()}"
    lines = [
        "# Faults",
        "",
        f"Written by `make chaos SEED={seed} ROUNDS={rounds}` under {versions}.",
        "",
        f"**{survived(told)} of {struck(told)} faults survived, in {len(told)} rounds.**",
        *([] if len(told) == rounds else ["", f"{rounds - len(told)} of {rounds} rounds were left out, or not come to."]),
        "",
        "Each round has the whole stack to itself, each part a process of its own, and in mid-story the faults strike.",
        "",
        "- A **recorded** story has times of its own: producer, Kafka, a worker, the alert desk, the writer, InfluxDB.",
        "  Afterwards lapses (each revision once, byte for byte), pages (each word once, by its key) and points must be those",
        "  of the undisturbed run, which is the embedded one.",
        "- A **live** story goes from a producer's spool over the gateway, and two workers judge it by their clock. Lapses and",
        "  pages must be those of the undisturbed run, but for when something became known; lapses, byte for byte, and points",
        "  also those of an undisturbed watch on the log as it stands.",
        "- An **embedded** story is a live one without Kafka and InfluxDB, on one SQLite file.",
        "",
        f"Before the first round {planted} falsified outcomes were shown to the verdict: a lapse, a page and a point lost,",
        "doubled or told otherwise. Where it does not notice one of them, the suite ends there.",
        "",
        "| round | story | what happened | held | told by then | revisions | pages | said again | points | s | afterwards |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(one, found) for one, found in told]
    if skipped:
        lines += ["", *(f"Left out: {reason}." for reason in skipped)]
    lines += [
        "",
        "`told by then`: how many revisions stood in the log when the first fault struck. `said again`: words that reached",
    ]
    lines += [
        "a receiver twice, under one key: a desk that dies or loses Kafka between a word and its record says it again.",
        "",
    ]
    lines += ["| fault | what it is |", "|---|---|"]
    lines += [f"| {fault.name} | {fault.what} |" for fault in FAULTS.values()]
    return "\n".join(lines) + "\n"


def _row(one: Round, found: Survived) -> str:
    holds = ", ".join(f"{strike.holds:g} s" for strike in one.strikes) or "-"
    told = f"{found.mid[0]} of {found.mid[1]}" if one.strikes else "-"
    after = "the same" if not found.differences else f"**{len(found.differences)} differences**: {found.differences[0]}"
    cells = [one.number, one.story, one.words, holds, told, found.lapses, found.pages, found.repeated]
    return f"| {' | '.join(map(str, [*cells, f'{found.points:,}', f'{found.seconds:.0f}', after]))} |"
