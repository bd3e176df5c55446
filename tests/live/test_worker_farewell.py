"""A worker that is told to end does so, also where the broker will never answer again."""

from pathlib import Path

from streams.live.farewell import CUT_SHORT, FAREWELL
from tests.live.faults import QUICK, Broker
from tests.live.running import Ground, planned, until, worker
from tests.live.test_worker import story


def test_told_to_end_while_the_broker_is_gone_it_ends(real: None, run: str, tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    try:
        ground = Ground(broker.bootstrap, run, 2)
        ground.send(planned(story("us-china-2022"), run, 2))
        with worker(ground, **QUICK) as process:
            process.ready()
            until(lambda: bool(ground.revisions()), "the first lapses")
            broker.kill()
            # In good order where nothing was under way, cut short where something was.
            assert process.end(FAREWELL + 10) in (0, CUT_SHORT), process.said()
            said = process.said()
        assert said.count("Unable connect to node") < 20
    finally:
        broker.gone()
