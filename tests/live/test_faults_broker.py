"""A broker that is ended, killed, and away for a minute: the worker needs nobody's hands."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.faults import QUICK, Broker, Case, Feeder, load
from tests.live.keeping import kept
from tests.live.running import until

EVENTS = 20_000


@pytest.fixture
def broker(real: None, tmp_path: Path) -> Iterator[Broker]:
    """One of the test's own."""
    broker = Broker(tmp_path)
    yield broker
    broker.gone()


def test_a_broker_that_is_away_for_a_minute(broker: Broker, run: str) -> None:
    """It goes in mid-stream, with records on their way to it from the worker and from the producer."""
    case = Case(broker.bootstrap, run, 3, load(EVENTS))
    with kept(case.ground, **QUICK) as worker:
        feeder = Feeder(case.ground, case.part(0, 0.9), 10.0, lingers=True)
        case.reach(0.2, worker.said)
        broker.down()
        time.sleep(60)  # the length of it is what is tested
        assert broker.up() == broker.bootstrap
        case.midway()
        feeder.done()
        Feeder(case.ground, case.part(0.9, 1.0)).done()
        until(lambda: case.complete() and case.ground.caught_up(), lambda: f"the end\n{worker.said()}", 60)
        assert worker.end() == 0, worker.said()
    case.verify(restarted=True)


def test_a_broker_that_starts_anew_in_mid_stream(broker: Broker, run: str) -> None:
    """Once it was ended in good order, once killed."""
    case = Case(broker.bootstrap, run, 3, load(EVENTS))
    with kept(case.ground, **QUICK) as worker:
        feeder = Feeder(case.ground, case.part(0, 0.9), 5.0, lingers=True)
        for share, leave in ((0.2, broker.down), (0.6, broker.kill)):
            case.reach(share, worker.said)
            leave()
            assert broker.up() == broker.bootstrap
            case.midway()
        feeder.done()
        # Whoever has no answer sends again, and this broker takes it in again: see ``Case.log``.
        Feeder(case.ground, case.part(0.8, 0.9)).done()
        Feeder(case.ground, case.part(0.9, 1.0)).done()
        until(lambda: case.complete() and case.ground.caught_up(), lambda: f"the end\n{worker.said()}", 60)
        assert worker.end() == 0, worker.said()
    case.verify(restarted=True)
