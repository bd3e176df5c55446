"""The suite of faults: ``python -m tests.chaos --seed 1 --rounds 4``, or ``make chaos SEED=1 ROUNDS=4``."""

import argparse
import logging
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.broker import missing, missing_database
from tests.chaos import cottage, live, recorded
from tests.chaos.house import undisturbed_desk
from tests.chaos.results import RESULTS, Told, document, struck, survived
from tests.chaos.rounds import Round, needs_disk, plan
from tests.chaos.servers import cannot_mount
from tests.chaos.surviving import Survived
from tests.chaos.verdict import Difference, self_check

_EXAMPLES = """examples:
  python -m tests.chaos                       every fault, alone and by twos; writes tests/chaos/RESULTS.md
  python -m tests.chaos --seed 7 --rounds 4   four rounds of another seed
  python -m tests.chaos --only kill-broker    the rounds in which this happens

exit codes: 0 every fault was survived, 1 one left a trace, 3 the servers cannot be had here"""
_SHOWN = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Let faults happen to the real stack, and hold what is found against the undisturbed run.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, help="what happens when follows from it (1)")
    parser.add_argument("--rounds", type=int, help="how many (every fault alone, and as many pairs)")
    parser.add_argument(
        "--only", metavar="WHAT", help="of all rounds those in which this fault happens, or the one of this number"
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each round on standard output")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go (tests/chaos/RESULTS.md)")
    given = parser.parse_args(arguments)
    console = Console(stderr=True, highlight=False, markup=False)
    # What it remarks of a broker that is away is what this is about.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    reason = missing() or missing_database()
    if reason is not None:
        console.print(reason)
        return 3
    with tempfile.TemporaryDirectory(prefix="steadyline-chaos-") as folder:
        told, skipped, planted = _run(given, Path(folder), console)
    if given.only is None:
        given.output.write_text(document(given.seed, told, planted, skipped), encoding="utf-8")
    console.print(f"{survived(told)} of {struck(told)} faults survived, in {len(told)} rounds.")
    return 0 if survived(told) == struck(told) else 1


def _run(given: argparse.Namespace, folder: Path, console: Console) -> tuple[list[Told], list[str], int]:
    rounds = [
        one
        for one in plan(given.seed, given.rounds)
        if given.only is None or given.only in (one.words, str(one.number), *(strike.fault for strike in one.strikes))
    ]
    unmounted = cannot_mount(folder)
    skipped = [f"round {one.number}, {one.words}: {unmounted}" for one in rounds if unmounted is not None and needs_disk(one)]
    told: list[Told] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("the verdict, on falsified outcomes", total=len(rounds))
        planted = trial(given.seed)
        for one in rounds:
            progress.update(task, description=one.words)
            if unmounted is None or not needs_disk(one):
                home = folder / str(one.number)
                home.mkdir()
                try:
                    found = _survive(one, home)
                except AssertionError as error:
                    # Other rounds are not lost where one does not come to its end.
                    found = Survived(differences=[Difference("end", "missing", str(error).partition("\n")[0])], said=str(error))
                told.append((one, found))
                _tell(one, found, console, as_json=given.json)
            progress.advance(task)
    return told, skipped, planted


def _survive(one: Round, home: Path) -> Survived:
    match one.story:
        case "recorded":
            return recorded.survive(one, home, f"chaos-{one.number}-{secrets.token_hex(3)}")
        case "live":
            return live.survive(one, home)
        case "embedded":
            return cottage.survive(one, home)


def trial(seed: int) -> int:
    """Show falsified outcomes of a small story to the verdict; how many it noticed, which is all of them."""
    story = recorded.Story.of(seed, "trial", 600)
    return self_check(story.expected(undisturbed_desk("trial")), seed)


def _tell(one: Round, found: Survived, console: Console, *, as_json: bool) -> None:
    verdict = "the same" if not found.differences else f"{len(found.differences)} differences"
    console.print(
        f"round {one.number}: {one.words}: {found.lapses} revisions, {found.pages} pages, {found.points:,} points: {verdict}"
    )
    for difference in found.differences[:_SHOWN]:
        console.print(f"  {difference}", soft_wrap=True)
    if found.said:
        console.print(found.said, soft_wrap=True)
    if as_json:
        row = {"round": one._asdict(), **vars(found), "differences": [each._asdict() for each in found.differences]}
        sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
