"""A thousand lapses at once: grouped, listed with a bound, quick, and in bounded memory."""

import time
import tracemalloc

from alerts.desk.saying import LISTED
from alerts.sendings import Sending
from alerts.wording import body
from tests.desk.build import HOUR, MINUTE, SECOND, Run, lapse, policy

MANY = 1_000


def told(run: Run) -> list[Sending]:
    return run.until(10 * SECOND)


def test_a_thousand_of_one_announcement_are_one_page_that_lists_some_and_counts_the_others() -> None:
    run = Run()
    run.lapse(*(lapse(f"line-{number}", group="announcement") for number in range(MANY)))
    (sending,) = told(run)
    assert (len(sending.lapses), sending.more) == (LISTED, MANY - LISTED)
    assert f"... and {MANY - LISTED} more." in body(sending)


def test_each_of_the_thousand_gets_its_all_clear_in_one_word_though_not_all_were_listed() -> None:
    run = Run()
    run.lapse(*(lapse(f"line-{number}", group="announcement") for number in range(MANY)))
    told(run)
    run.lapse(*(lapse(f"line-{number}", 2, "resolved", group="announcement") for number in range(MANY)), at=HOUR / 6)
    (clear,) = run.until(HOUR / 6 + MINUTE)
    assert (clear.kind, len(clear.lapses) + clear.more) == ("all-clear", MANY)
    assert run.desk.pages() == []


def test_a_thousand_between_a_thousand_pairs_are_no_thousand_pages() -> None:
    run = Run(policy(together=20))
    run.lapse(*(lapse(f"line-{number}", parties=("AA", f"B{number}")) for number in range(MANY)))
    sent = told(run)
    assert len(sent) == 21
    assert sum(len(sending.lapses) + sending.more for sending in sent) == MANY


def test_a_thousand_are_taken_in_within_seconds_and_a_few_kilobytes_each() -> None:
    lapses = [lapse(f"line-{number}", group="announcement") for number in range(MANY)]
    run = Run()
    tracemalloc.start()
    began = time.perf_counter()
    run.lapse(*lapses)
    told(run)
    cells = run.desk.changes()
    took = time.perf_counter() - began
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Measured: 0.3 s and 3 kB each, with the tracing; the bounds only fail where it grows with the square.
    assert took < 10
    assert most < MANY * 20_000
    assert max(len(cell) for cell in cells.values() if cell is not None) < 20_000
