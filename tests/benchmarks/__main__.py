"""All benchmarks: ``python -m tests.benchmarks``; one part of them: ``python -m tests.benchmarks embedded`` or ``live``."""

import argparse
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import replay
from tests.broker import missing

RESULTS = Path(__file__).with_name("RESULTS.md")
LIVE = "## The live path: Kafka and Faust\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and put what was measured into its part of ``RESULTS.md``."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure speed and memory.")
    parser.add_argument(
        "part", nargs="?", choices=("all", "embedded", "live", "gateway", "warnings"), default="all", help="what is measured"
    )
    parser.add_argument("--smoke", action="store_true", help="tiny numbers, which say nothing; prints and writes no file")
    given = parser.parse_args(arguments)
    if given.part == "gateway":
        # Printed only: its part of the results is put in by hand.
        from tests.benchmarks import gateway

        gateway.main(["--smoke"] if given.smoke else [])
        return
    if given.part == "warnings":
        # Printed only, likewise.
        from tests.benchmarks import warnings

        warnings.main(["--smoke"] if given.smoke else [])
        return
    before, _, after = RESULTS.read_text(encoding="utf-8").partition(LIVE)
    if given.part != "live":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "embedded.md"
            sizes = ["--events", "20000", "--runs", "1"] if given.smoke else []
            replay.main([*sizes, "--output", str(path)])
            before = path.read_text(encoding="utf-8") + "\n"
    if given.part != "embedded":
        reason = missing()
        if reason is not None and given.part == "live":
            raise SystemExit(reason)
        if reason is None:
            after = _live(smoke=given.smoke)
            print(LIVE + after)  # noqa: T201 - a command's output
        else:
            print(f"the live path is not measured: {reason}", file=sys.stderr)  # noqa: T201
    if not given.smoke:
        RESULTS.write_text(f"{before.rstrip()}\n\n{LIVE}{after}" if after else before, encoding="utf-8")


def _live(*, smoke: bool) -> str:
    # Faust and the clients of Kafka take seconds to import.
    from tests.benchmarks.live.report import SMOKE, Sizes, report

    sizes = SMOKE if smoke else Sizes()
    lines = [
        "",
        f"Written by `python -m tests.benchmarks live` under {platform.python_implementation()} {platform.python_version()}.",
        "",
        "A real Kafka broker on the same machine, of one node, beside the workers and whoever sends and reads: they share its",
        "cores. Times are the wall's. Three figures are the least, the median and the most of the runs; runs of one table are",
        "taken in turns.",
        "",
        report(sizes, lambda said: print(said, file=sys.stderr, flush=True)),  # noqa: T201
    ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    main()
