"""All benchmarks: ``python -m tests.benchmarks``; one part of them: ``python -m tests.benchmarks live``."""

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks import replay
from tests.broker import missing

RESULTS = Path(__file__).with_name("RESULTS.md")
EMBEDDED = "embedded"
HEADINGS = {
    "peers": "## Side by side\n",
    "live": "## The live path: Kafka and Faust\n",
    "late": "## The live path: what did not come, and who was away\n",
    "scale": "## Scaling out\n",
    "warnings": "## Reading warnings\n",
    "gateway": "## The gateway\n",
    "desk": "## The alert desk\n",
    "influx": "## InfluxDB\n",
    "page": "## The watch page\n",
}
"""How each part of the results begins, in their order; what stands before them all is that of the embedded run."""

BROKERED = ("live", "late", "scale", "desk", "influx")
"""The parts that need a broker."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and put what was measured into its part of ``RESULTS.md``."""
    measures: dict[str, Callable[[bool], str]] = {
        EMBEDDED: _embedded,
        "peers": _peers,
        "live": _live,
        "late": _late,
        "scale": _scale,
        "warnings": _warnings,
        "gateway": _gateway,
        "desk": _desk,
        "influx": _influx,
        "page": _page,
    }
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure speed and memory.")
    parser.add_argument("part", nargs="?", choices=("all", *measures), default="all", help="what is measured")
    parser.add_argument("--smoke", action="store_true", help="tiny numbers, which say nothing; prints and writes no file")
    given = parser.parse_args(arguments)
    reason = missing()
    if reason is not None and given.part in BROKERED:
        raise SystemExit(reason)
    parts = taken_apart(RESULTS.read_text(encoding="utf-8"))
    for name, measure in measures.items():
        if given.part not in ("all", name):
            continue
        if name in BROKERED and reason is not None:
            print(f"{name} is not measured: {reason}", file=sys.stderr)  # noqa: T201
            continue
        parts[name] = measure(given.smoke)
        print(parts[name])  # noqa: T201 - a command's output
        if not given.smoke:
            # Hours of the others are not lost where one fails.
            RESULTS.write_text(put_together(parts), encoding="utf-8")


def taken_apart(results: str) -> dict[str, str]:
    """The results by part, without their headings."""
    places = sorted((results.find(heading), name) for name, heading in HEADINGS.items() if heading in results)
    ends = [place for place, _ in places[1:]] + [len(results)]
    parts = {EMBEDDED: results[: places[0][0]] if places else results}
    for (place, name), end in zip(places, ends, strict=True):
        parts[name] = results[place + len(HEADINGS[name]) : end]
    return parts


def put_together(parts: dict[str, str]) -> str:
    """The same as one text."""
    told = [parts[EMBEDDED]] + [f"{heading}\n{parts[name].strip()}" for name, heading in HEADINGS.items() if name in parts]
    return "\n\n".join(part.rstrip() for part in told) + "\n"


def _embedded(smoke: bool) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "embedded.md"
        sizes = ["--events", "20000", "--runs", "1"] if smoke else []
        replay.main([*sizes, "--output", str(path)])
        return path.read_text(encoding="utf-8")


def _peers(smoke: bool) -> str:
    from tests.benchmarks.peers import report

    return f"{_written('peers')}\n\n{report.report(*((20_000, 5_000, 1) if smoke else (1_000_000, 200_000, 3)), 1, _say)}"


def _live(smoke: bool) -> str:
    # Faust and the clients of Kafka take seconds to import.
    from tests.benchmarks.live.report import SMOKE, Sizes, report

    return f"{_on_kafka('live')}\n{report(SMOKE if smoke else Sizes(), _say)}"


def _late(smoke: bool) -> str:
    from tests.benchmarks.live.report import SMOKE, Sizes, report_late

    return f"{_on_kafka('late')}\n{report_late(SMOKE if smoke else Sizes(), _say)}"


def _on_kafka(part: str) -> str:
    lines = [
        _written(part),
        "",
        "A real Kafka broker on the same machine, of one node, beside the workers and whoever sends and reads: they share its",
        "cores. Times are the wall's. Three figures are the least, the median and the most of the runs; runs of one table are",
        "taken in turns.",
        "",
    ]
    return "\n".join(lines)


def _scale(smoke: bool) -> str:
    from tests.benchmarks.live.scaling import SMOKE, Sizes, report

    return f"{_written('scale')}\n\n{report(SMOKE if smoke else Sizes(), _say)}"


def _warnings(smoke: bool) -> str:
    from tests.benchmarks import warnings

    return f"{_written('warnings')}\n\n{warnings.report(smoke=smoke)}"


def _gateway(smoke: bool) -> str:
    from tests.benchmarks import gateway

    return f"{_written('gateway')}\n\n{gateway.report(*((4, 1) if smoke else (100, 5)))}"


def _desk(smoke: bool) -> str:
    from tests.benchmarks import desk

    return f"{_written('desk')}\n\n{desk.report(*((20, 40) if smoke else (400, 1_000)))}"


def _page(smoke: bool) -> str:
    from tests.benchmarks import page

    return f"{_written('page')}\n{page.measure(smoke)}"


def _say(said: str) -> None:
    print(said, file=sys.stderr, flush=True)  # noqa: T201 - how far it is


def _written(part: str) -> str:
    by = f"{platform.python_implementation()} {platform.python_version()}"
    return f"Written by `python -m tests.benchmarks {part}` under {by}."


def _influx(smoke: bool) -> str:
    from tests.benchmarks.influx import report

    return f"{_written('influx')}\n\n{report(smoke=smoke)}"


if __name__ == "__main__":
    main()
