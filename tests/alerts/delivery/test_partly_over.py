"""A page lists many lapses: the end of one of them must not end what a receiver shows of the others."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from alerts.delivery.alertmanager import AlertmanagerReceiver
from alerts.delivery.apprising import AppriseReceiver
from alerts.delivery.ports import Message
from alerts.journal import LapseEntry, OutcomeEntry
from alerts.policy import Receiver
from alerts.sendings import Outcome, Sending
from alerts.station import Station
from streams.allowing import AllowList
from streams.severity import Severity
from tests.alerts.build import NOON, lapse, receiver, sending
from tests.alerts.receivers import alertmanager, webhook
from tests.alerts.service.policies import policy

LOOPBACK = AllowList.of(["127.0.0.0/8"])
ALARM = sending(severity=Severity.CRITICAL, stands=Severity.CRITICAL)
PARTLY = sending(number=2, kind="all-clear", severity=Severity.CRITICAL, stands=Severity.PAGE)
EASED = sending(number=3, kind="update", severity=Severity.WARN, stands=Severity.PAGE)
CLEAR = sending(number=4, kind="all-clear", severity=Severity.PAGE)


def test_alertmanager_fires_on_in_the_words_and_as_loud_as_what_stands(tmp_path: Path) -> None:
    def told(fires: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return [(alert["labels"]["severity"], alert["annotations"]["summary"]) for alert in fires]

    async def scenario(url: str) -> list[list[tuple[str, str]]]:
        port = AlertmanagerReceiver(receiver(url=url), Path(), LOOPBACK, clock=lambda: datetime.now(UTC))
        seen = []
        try:
            for each in (ALARM, PARTLY, EASED, CLEAR):
                await port.deliver(Message(each, each.kind, "text"))
                seen.append(told(await asyncio.to_thread(real.firing)))
            # Who never had the alarm is told of its end, and nothing of that is repeated.
            await port.deliver(Message(PARTLY, PARTLY.kind, "text"))
            assert port._firing == {}
        finally:
            await port.close()
        return seen

    with alertmanager(tmp_path) as real:
        seen = asyncio.run(scenario(real.url))
    assert seen == [[("critical", "alarm")], [("page", "alarm")], [("page", "update")], []]


@pytest.mark.parametrize(
    ("url", "name", "fires", "over"),
    [
        ("pagerduty://integrationkey0@apikey0000", "dedup_key", "trigger", "resolve"),
        ("splunk://routing@apikey0000", "entity_id", "CRITICAL", "RECOVERY"),
        ("signl4://secret00?action=map", "X-S4-ExternalID", '"title"', '"resolved"'),
        ("pagertree://int_secret00?action=map", "id", '"create"', '"resolve"'),
    ],
)
def test_a_paging_service_closes_a_page_when_nothing_of_it_stands(
    url: str, name: str, fires: str, over: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted: list[str] = []

    def post(_: str, data: str | bytes, **__: object) -> requests.Response:
        posted.append(data if isinstance(data, str) else data.decode())
        answer = requests.Response()
        answer.status_code = 202 if "pagerduty" in url else 200
        return answer

    monkeypatch.setattr("requests.post", post)
    delivered(AppriseReceiver(receiver(url=url), Path(), LOOPBACK), ALARM, PARTLY, CLEAR)
    assert [over in each for each in posted] == [False, False, True], posted
    assert all(fires in each for each in posted[:2])
    # By its page each is known again, and from every other page.
    assert {json.loads(each).get(name) for each in posted} == {f"steadyline-{ALARM.page}"}


def test_a_webhook_is_told_whether_all_is_over() -> None:
    with webhook() as hook:
        delivered(AppriseReceiver(receiver(url=hook.url), Path(), LOOPBACK), ALARM, PARTLY, CLEAR)
    assert [(call.body["over"], call.body["type"]) for call in hook.calls] == [
        ("no", "failure"),
        ("no", "failure"),
        ("yes", "success"),
    ]


def delivered(port: AppriseReceiver, *sendings: Sending) -> None:
    async def scenario() -> None:
        try:
            for each in sendings:
                await port.deliver(Message(each, each.kind, "text"))
        finally:
            await port.close()

    asyncio.run(scenario())


def test_alertmanager_knows_a_page_after_a_restart_as_it_did_before(tmp_path: Path) -> None:
    rules = policy("json://127.0.0.1:9/hook", receivers=(Receiver(id="hook", kind="alertmanager", url="http://127.0.0.1:9"),))
    before = Station(rules)
    cells: dict[str, bytes] = {}
    lapses = (lapse("east", group="e-1"), lapse("west", group="e-1", agreement="another", severity=Severity.CRITICAL))
    for each in lapses:
        for told in before.take(LapseEntry(at=NOON, lapse=each)):
            before.take(OutcomeEntry(at=NOON, outcome=Outcome(key=told.key, receiver="hook", at=NOON, delivered=True)))
        cells |= {name: cell for name, cell in before.changes().items() if cell is not None}
    after = Station(rules)
    after.recall(cells)
    assert (after.firing, after.fired) == (before.firing, before.fired)
    ((place, last),) = after.firing.items()
    first = after.fired[place]
    assert [each.lapses[0].agreement for each in (first, last)] == ["us-china-channels", "another"]

    async def scenario(url: str) -> list[list[dict[str, Any]]]:
        labels = []
        for resumed in (False, True):
            port = AlertmanagerReceiver(receiver(url=url), Path(), LOOPBACK, clock=lambda: datetime.now(UTC))
            try:
                if resumed:
                    port.resume(Message(last, "t", "text"), first)
                    await port.deliver(Message(last, "t", "text"))
                else:
                    await port.deliver(Message(first, "t", "text"))
                    await port.deliver(Message(last, "t", "text"))
            finally:
                await port.close()
            labels.append([alert["labels"] for alert in await asyncio.to_thread(real.firing)])
        return labels

    with alertmanager(tmp_path) as real:
        labels = asyncio.run(scenario(real.url))
    assert len(labels[0]) == 1
    assert labels[0] == labels[1]
