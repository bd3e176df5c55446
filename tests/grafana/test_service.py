"""The whole way once: a story on Kafka, a worker, the writer as a process, a real InfluxDB, the pages with their own token."""

from pathlib import Path

from dashboards.grafana.names import Buckets
from producers.history.story import find_story, load_story
from tests.conftest import Database
from tests.grafana.asking import EVERYTHING, boards, interpolated
from tests.grafana.history import lines_of
from tests.grafana.test_stories import BALLOON, LOOKS
from tests.influx.ground import prepared, writer
from tests.influx.told import rows, told
from tests.live.running import Ground, planned, until, worker


def test_the_pages_show_what_the_service_wrote_to_whoever_may_only_read(
    kafka: str, run: str, influx: Database, tmp_path: Path
) -> None:
    database = prepared(influx, tmp_path)
    ground = Ground(kafka, run, 2)
    sendings = planned(lines_of(BALLOON), run, 2)
    ground.send(sendings)
    counts = {measurement: len(points) for measurement, points in told(rows(sendings, run, 2)).items()}
    with worker(ground) as judge, writer(ground, database) as service:
        judge.ready()
        until(lambda: database.counts(run) == counts, lambda: f"{counts}, there: {database.counts(run)}\n{service.said()}")
    story = load_story(find_story(BALLOON))
    looks = [look for look in LOOKS if look.run == BALLOON]
    assert len(looks) >= 6
    for look in looks:
        panel = next(one for one in boards(Buckets())[f"steadyline-{look.board}"]["panels"] if one["id"] == look.panel)
        choice = {"run": run, "dyad": EVERYTHING, "agreement": EVERYTHING, "channel": look.channel}
        found = database.ask(interpolated(panel["targets"][0]["query"], story.start, story.until, choice, period="1h"))
        assert not isinstance(look.sees, int)
        assert found, look
        assert look.sees(found), (look, found[:5])
