"""A broadcast text and what was seen, the whole way: command, gateway, Kafka, worker, lapse or none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from producers.plan import Sending
from streams.events import Tick
from streams.events.decode import encode
from streams.events.housekeeping import Reading
from streams.lapses import decode_lapse
from streams.topics import INPUTS
from tests.deploy.conftest import Steadyline
from tests.gateway.running import MINE, Running, event, running
from tests.live.running import Ground, Revisions, embedded, until, worker

RULE = ("customary-prelaunch", "anti-satellite")
"""The one rule that asks for word to the United States, whom a HYDROPAC tells, and waits for no feed's sign of life."""
PARTITIONS = 2


def group(at: datetime) -> str:
    return at.strftime("%d%H%MZ %b %y").upper()


def hydropac(issued: datetime, opens: datetime, closes: datetime) -> str:
    return (
        f"{group(issued)}\nHYDROPAC 2345/{issued:%y}(97).\nWESTERN NORTH PACIFIC.\n1. HAZARDOUS OPERATIONS, MISSILE LAUNCHING\n"
        f"   {group(opens)} TO {group(closes)} IN AREA BOUND BY\n   23-45.00N 120-12.00E, 24-15.00N 120-12.00E,"
        f" 24-15.00N 120-42.00E.\n2. CANCEL THIS MSG {group(closes + timedelta(hours=1))}.\n"
    )


def seen(name: str, at: datetime, lat: float, lon: float) -> dict[str, Any]:
    data = {"party": "PRC", "launch": name, "class": "asat", "impact": {"lat": lat, "lon": lon}}
    return event("launch.observation", f"seen-{name}", data, time=at.isoformat())


def ticks(run: str, now: datetime) -> list[Sending]:
    tick = Tick(specversion="1.0", id=f"tick-{now:%H%M%S%f}", source="urn:test:clock", time=now, run=run, data=Reading())
    return [Sending(topic, place, None, encode(tick), 0) for place in range(PARTITIONS) for topic in INPUTS]


def lapsed(revisions: Revisions) -> dict[str, list[tuple[str, str]]]:
    """What was found under that rule, by the launch: reason and state of each revision."""
    found: dict[str, list[tuple[str, str]]] = {}
    for lapse in map(decode_lapse, revisions.values()):
        if (lapse.agreement, lapse.rule) == RULE:
            found.setdefault(lapse.subject.split("/")[1], []).append((lapse.reason, lapse.state))
    return found


def sent(steadyline: Steadyline, gateway: Running, text: str, received: datetime) -> None:
    path, token = gateway.folder / "hydropac.txt", gateway.folder / "token"
    path.write_text(text, encoding="utf-8")
    token.write_text(gateway.secret, encoding="utf-8")
    told = ("--party", "PRC", "--source", MINE, "--received", received.isoformat())
    to = ("--to", f"http://{gateway.gateway.bind}", "--token-file", token)
    result = steadyline("notices", "send", path, *told, *to)
    assert result.exit_code == 0, result.output
    assert "hydropac-2345-" in result.stdout


def test_a_launch_that_a_hydropac_announced_lapses_not_and_one_elsewhere_does(
    kafka: str, run: str, tmp_path: Path, steadyline: Steadyline
) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    issued, opens = now - timedelta(days=5), now - timedelta(days=3)
    ground = Ground(kafka, run, PARTITIONS)
    with worker(ground) as process, running(tmp_path, f"kafka://{kafka}", run=run) as gateway:
        # Of what was announced before anybody saw it there is nothing to say.
        sent(steadyline, gateway, hydropac(issued, opens, opens + timedelta(hours=6)), issued + timedelta(minutes=20))
        announced, elsewhere = opens + timedelta(hours=1), opens + timedelta(hours=40)
        for one in (seen("announced", announced, 24.0, 120.3), seen("elsewhere", elsewhere, -10.0, 170.0)):
            answer = gateway.post(one)
            assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text
        process.ready()
        ground.send(ticks(run, datetime.now(UTC) + timedelta(seconds=1)))
        until(lambda: "elsewhere" in lapsed(ground.revisions()), f"the lapse\n{process.said()}")
        # Whatever else those ticks bring is written by the time the group has committed them.
        until(ground.caught_up, f"the whole log\n{process.said()}")
        found = lapsed(ground.revisions())
        assert process.end() == 0, process.said()
        log = [record for record in ground.records("launches") if b"tick" not in record]
    assert found.keys() == {"elsewhere"}
    assert found["elsewhere"][-1] == ("no-notice", "open")
    assert ground.letters() == []
    unannounced = [record for record in log if b"hydropac" not in record]
    assert (len(log), len(unannounced)) == (3, 2)
    assert lapsed(embedded(unannounced, run)).keys() == {"announced", "elsewhere"}, "it was the text that made the difference"
