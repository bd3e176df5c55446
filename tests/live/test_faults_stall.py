"""A worker that fetches no more: it notices by itself, starts itself anew, and loses nothing."""

from tests.live.faults import QUICK, Case, Feeder, load
from tests.live.running import until, worker

DEAF = "tests.live.deaf:app"


def test_a_stalled_consumer_is_noticed_by_its_worker_which_starts_anew(kafka: str, run: str) -> None:
    case = Case(kafka, run, 3, load(10_000))
    feeder = Feeder(case.ground, case.part(0, 0.9), 4.0, lingers=True)
    with worker(case.ground, app=DEAF, **QUICK) as process:
        until(lambda: "the worker is stuck" in process.said(), process.said)
        case.midway()
        number = process.process.pid
        until(lambda: "this is a restart by the watchdog" in process.said(), process.said)
        feeder.done()
        Feeder(case.ground, case.part(0.9, 1.0)).done()
        case.finish(process)
        assert process.process.pid == number, "it is the same process"
        said = process.said()
    assert said.count("the worker is stuck") == 1
    assert "and the broker has" in said
