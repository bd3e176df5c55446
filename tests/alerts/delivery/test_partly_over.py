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
from alerts.sendings import Sending
from streams.allowing import AllowList
from streams.severity import Severity
from tests.alerts.build import receiver, sending
from tests.alerts.receivers import alertmanager, webhook

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
