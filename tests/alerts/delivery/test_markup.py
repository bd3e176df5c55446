"""What chat services that know markup are given: doubles of them, for the real ones are others' and far away."""

from typing import Any

import pytest
import requests

from alerts.delivery.ports import Message
from tests.alerts.build import sending
from tests.alerts.delivery.test_real_receivers import apprise, run

EVIL = "<script>alert(1)</script> <b>dead</b> <!channel> <http://evil.test|here> &amp;"
SPELLED = (
    "&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt;dead&lt;/b&gt; &lt;!channel&gt; &lt;http://evil.test|here&gt; &amp;amp;"
)
CHATS = {
    "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#watch",
}


@pytest.mark.parametrize("url", CHATS.values(), ids=CHATS)
def test_no_markup_of_a_text_is_markup_in_a_chat(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def request(*_: object, data: Any = None, **__: object) -> requests.Response:
        sent.append(str(data))
        taken = requests.Response()
        taken.status_code, taken._content = 200, b"ok"
        return taken

    monkeypatch.setattr(requests.Session, "request", request)
    run(apprise(url), lambda port: port.deliver(Message(sending(), f"Line {EVIL}", f"Since {EVIL}\n")))
    assert [text.count(SPELLED) for text in sent] == [2]
    assert not any(EVIL in text for text in sent)
