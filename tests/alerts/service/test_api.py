"""The desk's API: who may do what, and what is refused."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import pytest

from alerts.audit import verify
from alerts.people import Account, Doorkeeper, change, hashed, new_token
from alerts.policy import Receiver
from alerts.service.deskside import Side
from alerts.service.embedded import Embedded
from alerts.service.server import Server
from alerts.service.store import Store
from streams.web.guard import Guard
from tests.alerts.build import lapse
from tests.alerts.delivery.running import Told
from tests.alerts.service.behaviours import came
from tests.alerts.service.policies import policy
from tests.alerts.service.test_embedded import Handed

PASSWORD = "correct horse battery"
HASHED = cache(lambda: hashed(PASSWORD))


class Served(NamedTuple):
    """A desk with one page, and its API."""

    client: httpx.AsyncClient
    tokens: dict[str, str]
    page: str
    store: Store


def served(folder: Path, use: Callable[[Served], Awaitable[None]]) -> None:
    async def scenario() -> None:
        rules = policy("json://127.0.0.1:9/none", receivers=(Receiver(id="hook"), Receiver(id="log", kind="log")))
        tokens, people = {}, []
        for role in ("viewer", "officer"):
            tokens[role], token = new_token(now())
            people.append(Account(id=role, name=role, role=role, created=now(), tokens=(token,), password=HASHED()))
        change(folder / "people.json", lambda kept: msgspec.structs.replace(kept, people=tuple(people)))
        faults: list[BaseException] = []
        source = Handed()
        source.lapses.append(lapse())
        with Store(folder / "watch.desk.db") as store:
            ports = {"hook": Told(), "log": Told()}
            embedded = Embedded(store, rules, source, ports, clock=now, crash=faults.append)
            station = embedded.runner.station
            side = Side(embedded.act, store.head)
            server = Server(side, Doorkeeper(folder / "people.json"), bind="127.0.0.1:0", clock=now)
            await server.start()
            embedded.start()
            side.runner = embedded.runner
            try:
                await came(lambda: bool(station.desk.pages()) and not station.pending, "the page")
                async with httpx.AsyncClient(base_url=f"http://{server.bind}", trust_env=False) as client:
                    await use(Served(client, tokens, station.desk.pages()[0].id, store))
            finally:
                await server.stop()
                await embedded.stop()
        assert not faults

    asyncio.run(scenario())


def now() -> datetime:
    return datetime.now(UTC)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_an_officer_acts_and_it_stands_on_the_trail_under_their_name(tmp_path: Path) -> None:
    async def use(at: Served) -> None:
        body = {"deed": {"do": "ack", "target": at.page, "note": "on it"}, "id": "mine-1"}
        answer = await at.client.post("/v1/actions", json=body, headers=bearer(at.tokens["officer"]))
        assert answer.status_code == 201
        assert answer.json()["action"]["by"] == "officer"
        (record,) = [data for _, data in at.store.actions()]
        assert verify([record], [at.store.head()]).faults == []
        pages = await at.client.get("/v1/pages", headers=bearer(at.tokens["viewer"]))
        assert [(each["state"], each["has"]["by"]) for each in pages.json()] == [("acknowledged", "officer")]
        report = await at.client.get("/v1/handover", headers=bearer(at.tokens["viewer"]))
        assert report.json()["next"][at.page].startswith("officer has it")
        assert report.json()["trail"] == f"1:{answer.json()['digest']}"
        # The same id is the same action.
        again = await at.client.post("/v1/actions", json=body, headers=bearer(at.tokens["officer"]))
        assert again.status_code == 201
        assert len(at.store.actions()) == 1

    served(tmp_path, use)


def test_who_is_nobody_or_only_looks_does_nothing(tmp_path: Path) -> None:
    async def use(at: Served) -> None:
        body = {"deed": {"do": "ack", "target": at.page}}
        basic = base64.b64encode(f"officer:{PASSWORD}".encode()).decode()
        wrong = base64.b64encode(b"officer:wrong horse battery").decode()
        table = [
            ({}, 401),
            (bearer("sld_" + "x" * 43), 401),
            ({"Authorization": f"Basic {wrong}"}, 401),
            ({"Authorization": "Basic ?"}, 401),
            (bearer(at.tokens["viewer"]), 403),
            ({"Authorization": f"Basic {basic}"}, 201),
        ]
        for headers, status in table:
            assert (await at.client.post("/v1/actions", json=body, headers=headers)).status_code == status
        for path in ("/v1/pages", "/v1/handover", "/v1/silences", "/v1/watch", f"/v1/pages/{at.page}"):
            assert (await at.client.get(path)).status_code == 401
            assert (await at.client.get(path, headers=bearer(at.tokens["viewer"]))).status_code == 200

    served(tmp_path, use)


def test_who_guesses_is_slowed_down(tmp_path: Path) -> None:
    async def use(at: Served) -> None:
        statuses = [(await at.client.get("/v1/pages", headers=bearer(f"guess-{n}"))).status_code for n in range(14)]
        assert statuses[:10] == [401] * 10
        assert statuses[-1] == 429

    served(tmp_path, use)


def test_who_has_a_token_is_let_in_however_others_at_the_address_guess(tmp_path: Path) -> None:
    async def use(at: Served) -> None:
        for number in range(14):
            await at.client.get("/v1/pages", headers=bearer(f"guess-{number}"))
        assert (await at.client.get("/v1/pages", headers=bearer("guess-14"))).status_code == 429
        act = {"deed": {"do": "ack", "target": at.page}}
        assert (await at.client.post("/v1/actions", json=act, headers=bearer(at.tokens["officer"]))).status_code == 201

    served(tmp_path, use)


def test_who_guesses_at_once_guesses_no_more_often(tmp_path: Path) -> None:
    async def use(at: Served) -> None:
        guesses = [base64.b64encode(f"officer:wrong horse {number}".encode()).decode() for number in range(40)]
        asked = (at.client.get("/v1/pages", headers={"Authorization": f"Basic {each}"}) for each in guesses)
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
        # Ten, and those that were being looked at together with the tenth.
        assert statuses.count(401) <= 14
        assert set(statuses) == {401, 429}

    served(tmp_path, use)


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b'{"deed":{"do":"ack","target":"ffffffffffffffff"}}', 409, "ffffffffffffffff"),
        (b'{"deed":{"do":"unsilence","name":"none","reason":"x"}}', 409, "no silence of the name 'none'"),
        (b'{"deed":{"do":"ack","target":"x"}}', 422, "$.deed.target"),
        (b'{"deed":{"do":"obey"}}', 422, "Invalid value 'obey'"),
        (b'{"deed":{"do":"ack","target":"ffffffffffffffff"},"by":"admin"}', 422, "unknown field `by`"),
        (b"nothing", 422, "malformed"),
        (b'{"deed":{"do":"note","target":"ffffffffffffffff","note":"' + b"x" * 20_000 + b'"}}', 413, ""),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_no_trace(tmp_path: Path, body: bytes, status: int, why: str) -> None:
    async def use(at: Served) -> None:
        answer = await at.client.post("/v1/actions", content=body, headers=bearer(at.tokens["officer"]))
        assert answer.status_code == status
        assert why in answer.json()["detail"]
        assert answer.headers["content-type"] == "application/problem+json"
        assert at.store.actions() == []

    served(tmp_path, use)


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.service.server.Guard", partial(Guard, body_seconds=0.4))

    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(20)

    async def use(served: Served) -> None:
        token = bearer(served.tokens["officer"])
        answer = await served.client.post("/v1/actions", content=body(), headers=token, timeout=5)
        assert answer.status_code == 408

    served(tmp_path, use)


def test_health_readiness_metrics_and_the_document_are_for_whoever_asks_here(tmp_path: Path) -> None:
    async def use(at: Served) -> None:
        assert (await at.client.get("/healthz")).json() == {"alive": True, "why": None}
        assert (await at.client.get("/readyz")).json() == {"ready": True, "why": []}
        metrics = (await at.client.get("/metrics")).text
        assert "steadyline_desk_live 1.0" in metrics
        assert 'steadyline_desk_pages{state="firing"} 1.0' in metrics
        assert 'steadyline_desk_outcomes_total{outcome="delivered",receiver="hook"} 1.0' in metrics
        document = (await at.client.get("/openapi.json")).json()
        assert {"/v1/pages", "/v1/actions", "/v1/handover"} <= set(document["paths"])
        asking = document["paths"]["/v1/actions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert asking == {"$ref": "#/components/schemas/Asking"}
        elsewhere = await at.client.get("/healthz", headers={"Host": "evil.example"})
        assert elsewhere.status_code == 421

    served(tmp_path, use)
