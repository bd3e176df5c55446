"""A real broker that asks for TLS and a password: the whole way over it, and what is said to those that it does not let in."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest

from dashboards.influx.reading import Log
from dashboards.influx.settings import WriterSettings
from dashboards.page.live_kafka import LiveTopics
from producers.appending.kafka import KafkaAppender
from producers.publish import Publisher, PublishError
from streams.live.settings import WorkerSettings
from streams.live.watchdog import broker as asked
from streams.log.admin import Admin, BrokerError
from streams.log.kafka import TopicReader
from streams.log.roles import ROLES, grants
from streams.routes import Homes
from streams.rulebook import RuleBook
from streams.topics import ACTIONS, CHANNELS, DESK, LAPSES, catalogue, in_run
from tests.alerts.service.behaviours import came, lived
from tests.alerts.service.policies import policy
from tests.alerts.service.test_kafka import KafkaDesk
from tests.broker import shared
from tests.guarded import PASSWORDS, Guarded, Papers, told
from tests.live.running import Ground, embedded, planned, until, worker
from tests.live.test_publish import steadyline
from tests.live.test_verify import verified
from tests.live.test_worker import story
from tests.page.serving import agreements
from tests.page.test_live_kafka import END

STORY = "us-china-2022"


class Broker(NamedTuple):
    """Where it is, and what it asks for."""

    bootstrap: str
    mutual: str
    papers: Papers


@pytest.fixture(scope="module")
def guarded(real: None, request: pytest.FixtureRequest) -> Iterator[Broker]:
    with shared(Path(request.config.rootpath) / ".pytest_cache" / "guarded", Guarded()) as (_, report):
        facts = report.facts
        yield Broker(str(facts["bootstrap"]), str(facts["mutual"]), Papers(Path(str(facts["folder"]))))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_the_whole_way_each_with_what_its_role_may_do_and_no_more(guarded: Broker, run: str, tmp_path: Path) -> None:
    bootstrap, lines = guarded.bootstrap, story(STORY)
    expected = embedded(lines, run)

    def being(role: str) -> AbstractContextManager[None]:
        return told(guarded.papers.environment(role))

    with told(guarded.papers.environment()):
        for role in ROLES:
            allowed = steadyline("topics", "allow", role, f"User:{role}", "--bootstrap", bootstrap, "--run", run)
            assert allowed.exit_code == 0, allowed.output
    with being("topics"):
        ground = Ground(bootstrap, run, 2)
    with being("gateway"):
        KafkaAppender(bootstrap, Homes.of(RuleBook(agreements())), run=run).close()
        ground.send(planned(lines, run, 2))
    with worker(ground, **guarded.papers.environment("worker")) as process, being("reader"):
        process.ready()
        until(lambda: len(ground.revisions()) >= len(expected), process.said)
        assert process.end() == 0, process.said()
        assert not any(password in process.said() for password in PASSWORDS.values())
    with being("worker"), Admin(bootstrap) as asked_first:
        assert asked_first.check(catalogue(2, run)) == []
    with being("reader"):
        assert ground.revisions() == expected
        verified(bootstrap, run, code=0)
    with being("page"):
        floor(bootstrap, run)
    with being("writer"):
        written(bootstrap, run, tmp_path)
    with being("desk"):
        lived(desked(ground, tmp_path))


def test_what_a_role_is_not_for_it_may_not_do(guarded: Broker, run: str) -> None:
    with told(guarded.papers.environment()):
        ground = Ground(guarded.bootstrap, run, 1)
        with Admin(guarded.bootstrap) as made:
            made.allow("User:page", grants("page", run))
    names = {name: ground.topic(name) for name in (CHANNELS, LAPSES, ACTIONS)}
    with told(guarded.papers.environment("page")):
        for name in names:
            with pytest.raises(PublishError, match="uthorization"), Publisher(guarded.bootstrap, names, 5.0) as forger:
                forger.send(name, 0, None, b"{}")
        with Admin(guarded.bootstrap) as asked, pytest.raises(BrokerError, match="uthorization"):
            asked.allow("User:page", grants("worker", run))


def floor(bootstrap: str, run: str) -> None:
    """The watch page shows it."""
    topics = LiveTopics(bootstrap, agreements(), lambda: END, run=run)
    try:
        until(lambda: topics.read()[1].health == "good", "the watch page")
        assert topics.read()[0].channels["us-china-dtl"].stand == "lapsed"
    finally:
        topics.close()


def written(bootstrap: str, run: str, folder: Path) -> None:
    """The writer to InfluxDB reads it, keeps how far it is, and writes a dead letter; the watchdog sees how much there is."""
    settings = WriterSettings(WorkerSettings(bootstrap=bootstrap, run=run), "http://127.0.0.1:1", "o", folder / "none", None)
    with Log(settings) as log:
        until(lambda: any(record.topic == LAPSES for record in log.poll(0.2)), "the writer to read the lapses")
        log.commit({(LAPSES, 0): 1})
        log.refuse("bucket", "line", "of no use")
    place = (in_run(CHANNELS, run), 0)
    extents = asked(bootstrap)([place])
    assert extents is not None
    assert extents[place].end > 0


async def desked(ground: Ground, folder: Path) -> None:
    """The desk takes the lapses in."""
    desk = KafkaDesk(ground, folder)
    async with desk.running(policy("json://127.0.0.1:9/"), ground.run):
        await came(lambda: ground.end(ground.topic(DESK)) > 0, "the journal")


def admin(bootstrap: str) -> None:
    with Admin(bootstrap, 0.5) as made:
        made.cluster()


def reader(bootstrap: str) -> None:
    with TopicReader(bootstrap, LAPSES, 1.0) as made:
        made.bounds()


def publisher(bootstrap: str) -> None:
    with Publisher(bootstrap, {}, 1.0):
        pass


REFUSED = [
    ({"PASSWORD_FILE": "{}/wrong.password"}, "does not let admin in, by STEADYLINE_KAFKA_USERNAME and its password"),
    ({"PASSWORD_FILE": "{}/wrong.password", "MECHANISM": "PLAIN"}, "does not let admin in, by STEADYLINE_KAFKA_USERNAME"),
    ({"CA_FILE": "{}/stranger.pem"}, "is not believed, by STEADYLINE_KAFKA_CA_FILE: unable to get local issuer certificate"),
    ({"SECURITY": "SASL_PLAINTEXT", "CA_FILE": ""}, "breaks off, where STEADYLINE_KAFKA_SECURITY=SASL_PLAINTEXT is spoken"),
    (
        dict.fromkeys(("SECURITY", "CA_FILE", "MECHANISM", "USERNAME", "PASSWORD_FILE"), ""),
        "STEADYLINE_KAFKA_SECURITY=PLAINTEXT",
    ),
]


@pytest.mark.parametrize(
    ("client", "over", "why"),
    [*((admin, *case) for case in REFUSED), (reader, *REFUSED[0]), (publisher, *REFUSED[2])],
    ids=lambda value: getattr(value, "__name__", str(value)[:40]),
)
def test_who_is_not_let_in_is_told_why_and_soon(
    guarded: Broker, client: Callable[[str], None], over: dict[str, str], why: str
) -> None:
    papers = guarded.papers
    environment = papers.environment(**{name: text.format(papers.folder) for name, text in over.items()})
    began = time.monotonic()
    with told(environment), pytest.raises(Exception, match=why) as error:
        client(guarded.bootstrap)
    # What it waits for is 7 s at the most; more is a hang.
    assert time.monotonic() - began < 15
    assert not any(password in str(error.value) for password in (*PASSWORDS.values(), "not it"))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_every_mechanism_opens(guarded: Broker, mechanism: str) -> None:
    with told(guarded.papers.environment(MECHANISM=mechanism)):
        admin(guarded.bootstrap)


def test_a_certificate_of_the_clients_own_opens(guarded: Broker) -> None:
    certified = guarded.papers.certified()
    with told(certified):
        admin(guarded.mutual)
    without = {name: value for name, value in certified.items() if name[-8:] not in ("ATE_FILE", "KEY_FILE")}
    with told(without), pytest.raises(BrokerError, match="STEADYLINE_KAFKA_SECURITY=SSL"):
        admin(guarded.mutual)
