"""A feed is complete only where nothing of it lies refused."""

from pathlib import Path

from producers.delivery.outbox import Outbox
from producers.delivery.spool import Spool
from tests.delivery.build import HERE, NOW, check


def test_a_feed_is_not_complete_while_an_event_of_it_lies_refused(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db") as spool:
        probe, other = (Outbox(spool, HERE, feed=feed) for feed in ("probe", "other"))
        probe.put([check("a")], NOW)
        assert probe.complete, "what waits will come"
        spool.settle((), {spool.first(HERE, 1, 1)[0].position: "no such channel"}, NOW)
        assert (probe.complete, other.complete) == (False, True)
        spool.drop([spool.dead_letters()[0].number])
        assert probe.complete, "somebody has looked at it"
