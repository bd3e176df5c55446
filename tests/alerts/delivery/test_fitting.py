"""Long pages where messages are short: one message, with its middle left out; a drill says so in each."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.apprising import AppriseReceiver
from alerts.delivery.fitting import SHORT, fitted
from alerts.delivery.ports import Message
from alerts.wording import body, subject
from streams.allowing import AllowList
from tests.alerts.build import lapse, receiver, sending

MANY = tuple(lapse(f"line-{number}-<&>") for number in range(50))
SMS = f"twilio://AC{'a' * 32}:{'b' * 32}@15551233456/15551234567"
CHAT = "tgram://123456789:abcdefg_hijklmnop/12315544/"


def posted(url: str, monkeypatch: pytest.MonkeyPatch, **changed: Any) -> list[str]:
    """What a page of very many lapses makes a service be sent, text by text."""
    sent: list[str] = []

    def post(*_: object, data: Any = None, **__: object) -> requests.Response:
        sent.append(data["Body"] if isinstance(data, dict) else json.loads(data)["text"])
        taken = requests.Response()
        taken.status_code, taken._content = 201 if url == SMS else 200, b"{}"
        return taken

    monkeypatch.setattr("requests.post", post)
    monkeypatch.setattr(requests.Session, "request", post)
    page = sending(lapses=MANY, more=200, **changed)

    async def scenario() -> None:
        port = AppriseReceiver(receiver(url=url), Path(), AllowList.of([]))
        try:
            await port.deliver(Message(page, subject(page), body(page)))
        finally:
            await port.close()

    asyncio.run(scenario())
    return sent


@pytest.mark.parametrize("drill", [False, True])
def test_a_page_of_very_many_lapses_is_one_short_message(drill: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = posted(SMS, monkeypatch, exercise=drill)
    assert "LAPSED: line-0" in text
    assert "and 249 more (00000000000000aa)" in text
    assert (text.startswith("EXERCISE"), "EXERCISE" in text[-32:]) == (drill, drill)


def test_no_message_of_a_drill_is_without_its_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = posted(CHAT, monkeypatch, exercise=True)
    assert all("EXERCISE" in text[:40] and "EXERCISE" in text[-60:] for text in texts), texts
    assert len(posted(CHAT, monkeypatch)) > len(texts)


@given(
    st.lists(st.text(st.characters(exclude_characters="\n"), max_size=80), max_size=60),
    st.text(st.characters(exclude_characters="\n"), max_size=200),
    st.integers(0, 2 * SHORT),
    st.sampled_from([0, 50, 250]),
    st.booleans(),
)
def test_what_is_fitted_fits_or_may_be_several(lines: list[str], title: str, room: int, title_room: int, drill: bool) -> None:
    text = "\n".join(lines)
    head, rest = fitted(title, text, room=room, title_room=title_room, drill=drill)
    if title_room:
        assert len(head) <= title_room
    if rest == text or not room:
        return
    assert drill or room < SHORT
    assert len(rest) <= (room if title_room or not head else room - len(head) - 2)
