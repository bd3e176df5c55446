"""How many warnings a second are read: ``python -m tests.benchmarks warnings``.

The texts of the corpora, over and over, on one core, from text to reading and to JSON; seconds are those of the processor.
No text is remembered by the readers, only halves of positions are: so each pass moves every position's minutes.
"""

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import msgspec

from producers.warnings import navigational, notam
from producers.warnings.reading import Reading
from producers.warnings.spoken import as_json
from producers.warnings.texts import read
from tests.benchmarks.bars import kept

CORPUS = Path(__file__).parents[1] / "producers" / "warnings" / "corpus"
RECEIVED = datetime(2024, 9, 24, tzinfo=UTC)
BAR = 2_000
"""Texts a second that are asked for, on one core."""
_MINUTES = re.compile(r"(?<=\d-)\d\d\.\d\d(?=[NSEW])")


def report(*, smoke: bool) -> str:
    """All of it, as Markdown."""
    passes, runs = (2, 1) if smoke else (40, 5)
    readers: dict[str, tuple[str, Callable[[str, datetime], Reading]]] = {
        "navigational warnings": ("navigational", navigational.read),
        "NOTAMs": ("notam", notam.read),
        "both, told apart": ("*", read),
    }
    lines = [
        "The texts of the corpora, over and over, on one core, from text to reading and on to JSON; each pass moves every",
        f"position, so that nothing is remembered. Processor time; the least, the median and the most of {runs} runs.",
        "",
        "| what | texts | texts a second | with JSON |",
        "|---|---|---|---|",
    ]
    slowest = []
    for name, (form, reader) in readers.items():
        texts = [path.read_text("utf-8") for path in sorted(CORPUS.glob(f"{form}/*.txt"))]
        load = [_moved(text, number) for number in range(passes) for text in texts]
        plain = [len(load) / _seconds(load, reader, as_text=False) for _ in range(runs)]
        spoken = [len(load) / _seconds(load, reader, as_text=True) for _ in range(runs)]
        lines.append(f"| {name} | {len(load):,} | {_three(plain)} | {_three(spoken)} |")
        slowest.append(median(spoken))
    return "\n".join([*lines, "", kept("the slowest, with JSON, texts a second", min(slowest), "at least", BAR)])


def _moved(text: str, number: int) -> str:
    return _MINUTES.sub(lambda found: f"{int(found[0][:2]):02d}.{(int(found[0][3:]) + number) % 100:02d}", text)


def _seconds(load: Sequence[str], reader: Callable[[str, datetime], Reading], *, as_text: bool) -> float:
    encode = msgspec.json.encode
    begun = time.process_time()
    for text in load:
        reading = reader(text, RECEIVED)
        if as_text:
            encode(as_json(reading))
    return time.process_time() - begun


def _three(rates: Sequence[float]) -> str:
    return f"{min(rates):,.0f} / {median(rates):,.0f} / {max(rates):,.0f}"
