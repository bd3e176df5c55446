"""The suite of faults: ``python -m tests.chaos --seed 1 --rounds 4``, or ``make chaos SEED=1 ROUNDS=4``."""

import argparse
import logging
import secrets
import signal
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.broker import missing, missing_database
from tests.chaos import cottage, live, recorded
from tests.chaos.faults import FAULTS
from tests.chaos.house import undisturbed_desk
from tests.chaos.results import RESULTS, Told, document, struck, survived
from tests.chaos.rounds import Round, needs_disk, plan
from tests.chaos.servers import cannot_mount
from tests.chaos.surviving import Survived
from tests.chaos.verdict import Difference, self_check

_EXAMPLES = """examples:
  python -m tests.chaos                       every fault, alone and by twos; writes tests/chaos/RESULTS.md
  python -m tests.chaos --seed 7 --rounds 4   four rounds of another seed
  python -m tests.chaos --only kill-broker    the rounds in which this happens; writes no file

exit codes: 0 every fault was survived, 1 one left a trace, 2 bad use, 3 the servers cannot be had here"""
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
    parser.add_argument(
        "--jobs", type=int, default=1, help="how many rounds at the same time, each with a stack of its own (1)"
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
    rounds = [one for one in plan(given.seed, given.rounds) if given.only is None or given.only in _names(one)]
    if not rounds:
        parser.error(f"argument --only: no round of seed {given.seed} has {given.only!r}; the faults: {', '.join(FAULTS)}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="steadyline-chaos-") as folder:
        suite = Suite(given, rounds, Path(folder), console)
        suite.run()
    told = suite.told
    console.print(f"{survived(told)} of {struck(told)} faults survived, in {len(told)} of {len(rounds)} rounds.")
    return 0 if survived(told) == struck(told) else 1


def _names(one: Round) -> tuple[str, ...]:
    return one.words, str(one.number), one.telling, *(strike.fault for strike in one.strikes)


class Suite:
    """The rounds of one call, some of them at the same time, and what came of them so far."""

    def __init__(self, given: argparse.Namespace, rounds: Sequence[Round], folder: Path, console: Console) -> None:
        self._given, self._rounds, self._folder, self._console = given, rounds, folder, console
        self._planted = 0
        self._skipped: list[str] = []
        self.told: list[Told] = []

    def run(self) -> None:
        """Let all of it happen. Interrupted, it ends with the rounds that are under way."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("falsified outcomes, for the verdict", total=len(self._rounds))
            self._planted = trial(self._given.seed)
            unmounted = cannot_mount(self._folder)
            with ThreadPoolExecutor(self._given.jobs) as pool:
                futures = {}
                for one in self._rounds:
                    if unmounted is not None and needs_disk(one):
                        self._skipped.append(f"round {one.number}, {one.words}: {unmounted}")
                        progress.advance(task)
                    else:
                        futures[pool.submit(self._survive, one)] = one
                progress.update(task, description="rounds")
                try:
                    for future in as_completed(list(futures)):
                        self._take(futures.pop(future), future.result())
                        progress.advance(task)
                except KeyboardInterrupt:
                    pool.shutdown(wait=False, cancel_futures=True)
                    self._console.print("interrupted: the rounds under way are ended first")
            for future, one in futures.items():
                if not future.cancelled():
                    self._take(one, future.result())
        for reason in self._skipped:
            self._console.print(f"left out: {reason}")

    def _survive(self, one: Round) -> Survived:
        home = self._folder / str(one.number)
        home.mkdir()
        try:
            return _survive(one, home)
        except Exception as error:  # noqa: BLE001 - other rounds are not lost where one does not come to its end
            why = f"{type(error).__name__}: {error}"
            return Survived(differences=[Difference("end", "missing", why.partition("\n")[0])], said=why)

    def _take(self, one: Round, found: Survived) -> None:
        self.told = sorted([*self.told, (one, found)], key=lambda each: each[0].number)
        _tell(one, found, self._console, as_json=self._given.json)
        if self._given.only is None:
            # Nor is an hour lost where the last one does not.
            text = document(self._given.seed, len(self._rounds), self.told, self._planted, self._skipped)
            self._given.output.write_text(text, encoding="utf-8")


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
