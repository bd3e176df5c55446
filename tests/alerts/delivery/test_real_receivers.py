"""A real mail server, a real webhook and the real Alertmanager receive what is sent, and can tell what they have had."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.addresses import without_secrets
from alerts.delivery.alertmanager import AlertmanagerReceiver
from alerts.delivery.apprising import AppriseReceiver
from alerts.delivery.ports import Message, Port, ReceiverError, UndeliveredError
from alerts.sendings import Sending
from alerts.wording import body, subject
from streams.allowing import AllowList
from streams.severity import Severity
from tests.alerts.build import lapse, receiver, sending
from tests.alerts.receivers import HOST, alertmanager, eventually, mailbox, webhook

LOOPBACK = AllowList.of(["127.0.0.0/8"])
NOWHERE = AllowList.of([])
Firing = Callable[[], list[dict[str, Any]]]
"""Asks Alertmanager what fires."""


def message(of: Sending | None = None, title: str = "Line dead", body: str = "Since noon.\n") -> Message:
    return Message(of or sending(), title, body)


def run(port: Port, use: Callable[[Port], Awaitable[object]]) -> None:
    async def scenario() -> None:
        try:
            await use(port)
        finally:
            await port.close()

    asyncio.run(scenario())


def apprise(url: str, allow: AllowList = LOOPBACK, **options: float) -> AppriseReceiver:
    return AppriseReceiver(receiver(url=url), Path(), allow, **options)  # type: ignore[arg-type]


def test_a_mail_arrives_with_the_key_as_its_message_id() -> None:
    alarm = sending()
    with mailbox() as box:
        run(apprise(box.url), lambda port: port.deliver(message(alarm, "Verbindung tot: 朝鲜", "Seit Mittag.\n")))
    (mail,) = box.mails
    assert mail["Subject"] == "Verbindung tot: 朝鲜"
    assert mail.get_content().strip() == "Seit Mittag."
    assert mail.get_all("Message-ID") == [f"<{alarm.key}@steadyline>"]
    assert mail["References"] == f"<{alarm.page}@steadyline>"
    assert mail["X-Steadyline-Key"] == alarm.key
    assert mail["To"] == "ann@example.test"


@pytest.mark.parametrize(
    "title",
    ["Line dead\r\nBcc: all@example.test", "Line dead\nContent-Type: text/html\n\n<script>", "Line\x1b[31m \u202e dead\x00"],
    ids=["a header", "a body", "controls"],
)
def test_what_a_title_says_makes_no_header_of_a_mail(title: str) -> None:
    with mailbox() as box:
        run(apprise(box.url), lambda port: port.deliver(message(title=title, body="<script>alert(1)</script>\n.\nQUIT\n")))
    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == "<script>alert(1)</script>\n.\nQUIT\n"


def test_a_mail_server_that_refuses_is_a_reason_without_its_password() -> None:
    with mailbox() as box:
        box.answer = "554 no room"
        url = f"mailto://desk:hunter2secret@{HOST}:{box.port}/?from=desk@steadyline.test&to=ann@example.test&mode=insecure"

        async def refused(port: Port) -> None:
            with pytest.raises(UndeliveredError) as caught:
                await port.deliver(message())
            assert "hunter2secret" not in str(caught.value)

        run(apprise(url), refused)
        assert box.mails == []


def test_a_webhook_gets_the_key_and_what_kind_of_word_it_is() -> None:
    alarm = sending(severity=Severity.CRITICAL, exercise=True)
    with webhook() as hook:
        run(apprise(hook.url), lambda port: port.deliver(message(alarm)))
    (call,) = hook.calls
    assert call.headers["Idempotency-Key"] == alarm.key
    assert call.body | {"title": "Line dead", "message": "Since noon."} == call.body
    told = {name: call.body[name] for name in ("key", "page", "kind", "severity", "exercise", "type")}
    assert told == {
        "key": alarm.key,
        "page": alarm.page,
        "kind": "alarm",
        "severity": "critical",
        "exercise": "yes",
        "type": "failure",
    }


def test_a_webhook_that_refuses_says_why_and_no_secret_of_its_address() -> None:
    with webhook() as hook:
        hook.answer = lambda _: 503
        secret = f"json://user:passw0rdx@{HOST}:{hook.port}/T0KENINPATH/hook?+X-Auth=HEADERSECRET"

        async def refused(port: Port) -> None:
            with pytest.raises(UndeliveredError) as caught:
                await port.deliver(message())
            assert "503" in str(caught.value)
            for each in ("T0KENINPATH", "passw0rdx", "HEADERSECRET"):
                assert each not in str(caught.value)

        run(apprise(secret), refused)


def test_a_webhook_that_hangs_is_left_after_its_time() -> None:
    with webhook() as hook:
        hook.hangs.set()

        async def left(port: Port) -> None:
            with pytest.raises(UndeliveredError, match=r"no answer within 0\.2 s"):
                await port.deliver(message())

        run(apprise(hook.url, timeout=0.2), left)
        hook.freed.set()


def test_no_webhook_sends_us_on_to_somewhere_else() -> None:
    with webhook() as hook:
        hook.answer = lambda number: 302 if number == 1 else 200

        async def refused(port: Port) -> None:
            with pytest.raises(UndeliveredError):
                await port.deliver(message())

        run(apprise(hook.url), refused)
        assert hook.tried == 1


@pytest.mark.parametrize(
    ("host", "resolved"),
    [
        ("127.0.0.1", None),
        ("169.254.169.254", None),
        ("10.1.2.3", None),
        ("[::1]", None),
        ("hooks.example.test", "169.254.169.254"),
        ("hooks.example.test", "::ffff:10.0.0.1"),
    ],
)
def test_no_page_knocks_within_our_own_walls_unless_that_was_allowed(host: str, resolved: str | None) -> None:
    asked: list[str] = []

    def lookup(name: str) -> list[str]:
        asked.append(name)
        return [str(resolved)]

    async def refused(port: Port) -> None:
        with pytest.raises(UndeliveredError, match="is not called"):
            await port.deliver(message())

    for url in (f"json://{host}:9/hook", f"mailto://{host}:9/?from=a@b.test&to=c@d.test"):
        run(AppriseReceiver(receiver(url=url), Path(), NOWHERE, lookup=lookup), refused)
    run(
        AlertmanagerReceiver(receiver(url=f"http://{host}:9"), Path(), NOWHERE, clock=lambda: datetime.now(UTC), lookup=lookup),
        refused,
    )
    assert len(asked) == (0 if resolved is None else 3)


@pytest.mark.parametrize("resolved", ["127.0.0.1", "169.254.169.254", "10.1.2.3"])
def test_a_host_elsewhere_in_an_address_is_held_against_the_allow_list_too(resolved: str) -> None:
    url = "acs://a@b.test/QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=/inner.example.test/c@d.test"

    async def refused(port: Port) -> None:
        with pytest.raises(UndeliveredError, match=r"inner\.example\.test is not called"):
            await port.deliver(message())

    run(AppriseReceiver(receiver(url=url), Path(), NOWHERE, lookup=lambda _: [resolved]), refused)


def test_an_address_in_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "hook-url"
    with webhook() as hook:
        file.write_text(hook.url + "\n")
        port = AppriseReceiver(receiver(url_file="hook-url"), tmp_path, LOOPBACK)

        async def use(port: Port) -> None:
            await port.deliver(message())
            file.write_text(hook.url.replace("/hook", "/other"))
            await port.deliver(message(sending(number=2)))
            file.unlink()
            with pytest.raises(UndeliveredError, match="hook-url"):
                await port.deliver(message(sending(number=3)))

        run(port, use)
    assert [call.path for call in hook.calls] == ["/hook", "/other"]


@pytest.mark.parametrize(
    ("url", "kind"),
    [("nothing://s3cretpart", "apprise"), ("json://", "apprise"), ("s3cretpart", "apprise"), ("ftp://s3cretpart", "am")],
)
def test_an_address_that_cannot_be_used_is_refused_without_being_shown(
    url: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logged: list[str] = []
    hearing = logging.Handler()
    hearing.emit = lambda record: logged.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(hearing)

    def open_it() -> Port:
        if kind == "am":
            return AlertmanagerReceiver(receiver(url=url), Path(), LOOPBACK, clock=lambda: datetime.now(UTC))
        return apprise(url)

    with pytest.raises(ReceiverError, match="receiver hook: expected") as caught:
        open_it()
    logging.getLogger().removeHandler(hearing)
    assert "s3cretpart" not in f"{caught.value} {logged} {capsys.readouterr().err}"


def test_nothing_of_an_address_but_its_host_is_left_in_a_reason() -> None:
    address = "https://us%65r:p%40ssword@hooks.example.test/services/T000/B111/abcdefgh?token=zzzzzz&x=1"
    told = without_secrets(f"POST {address} failed for user and p@ssword, T000, zzzzzz at hooks.example.test", address)
    assert "hooks.example.test" in told
    for secret in ("p@ssword", "p%40ssword", "T000", "B111", "abcdefgh", "zzzzzz"):
        assert secret not in told


def test_alertmanager_fires_until_the_all_clear_and_knows_a_page_by_its_labels(tmp_path: Path) -> None:
    first, louder = sending(), sending(number=2, kind="alarm", severity=Severity.CRITICAL)
    clear = sending(number=3, kind="all-clear", severity=Severity.PAGE)
    with alertmanager(tmp_path) as real:
        port = AlertmanagerReceiver(
            receiver(url=real.url), Path(), LOOPBACK, clock=lambda: datetime.now(UTC), again=timedelta(seconds=0.05)
        )

        async def use(_: Port) -> None:
            await port.deliver(message(first))
            (alert,) = await asyncio.to_thread(real.firing)
            assert alert["labels"] == {
                "alertname": "SteadylineLapse",
                "page": first.page,
                "severity": "page",
                "exercise": "no",
                "agreement": "us-china-channels",
                "dyad": "PRC-US",
            }
            assert alert["annotations"] == {"summary": "Line dead", "description": "Since noon.\n", "key": first.key}
            # It is repeated: its end moves on.
            later = await asyncio.to_thread(_until_moved, real.firing, alert)
            assert later["startsAt"] == alert["startsAt"]
            # Louder: the old severity's alert ends as the new one's begins.
            await port.deliver(message(louder))
            assert [each["labels"]["severity"] for each in await asyncio.to_thread(real.firing)] == ["critical"]
            await port.deliver(message(clear))
            assert await asyncio.to_thread(real.firing) == []
            # What was over as it became known is said once, and stands nowhere.
            await port.deliver(message(sending(page="00000000000000bb", kind="late")))
            assert [each["labels"]["page"] for each in await asyncio.to_thread(real.firing)] == ["00000000000000bb"]
            assert "00000000000000bb" not in port._firing
            await port.deliver(message(sending(page="00000000000000bb", number=2, kind="withdrawn")))
            # Nothing repeats it from then on.
            other = await _round_over(port, real.firing)
            assert [each["labels"]["page"] for each in await asyncio.to_thread(real.firing)] == [other.page]

        run(port, use)


def test_what_is_over_fires_no_more_though_alertmanager_could_not_be_told(tmp_path: Path) -> None:
    clear = sending(number=2, kind="all-clear", severity=Severity.CRITICAL)
    with alertmanager(tmp_path) as real:
        (tmp_path / "url").write_text(real.url)
        port = AlertmanagerReceiver(
            receiver(url_file="url"), tmp_path, LOOPBACK, clock=lambda: datetime.now(UTC), again=timedelta(seconds=0.05)
        )

        async def use(_: Port) -> None:
            await port.deliver(message())
            (tmp_path / "url").rename(tmp_path / "away")
            with pytest.raises(UndeliveredError):
                await port.deliver(message(clear))
            (tmp_path / "away").rename(tmp_path / "url")
            (alert,) = await asyncio.to_thread(real.firing)
            other = await _round_over(port, real.firing)
            assert await asyncio.to_thread(_fires, real.firing, clear.page) == [alert]
            await port.deliver(message(clear))
            assert [each["labels"]["page"] for each in await asyncio.to_thread(real.firing)] == [other.page]

        run(port, use)


def test_alertmanager_is_told_again_of_what_fired_before_a_restart(tmp_path: Path) -> None:
    with alertmanager(tmp_path) as real:
        port = AlertmanagerReceiver(
            receiver(url=real.url), Path(), LOOPBACK, clock=lambda: datetime.now(UTC), again=timedelta(seconds=0.05)
        )

        async def use(_: Port) -> None:
            port.resume(message())
            await asyncio.to_thread(eventually, lambda: len(real.firing()) == 1, "the alert")

        run(port, use)


def test_an_alertmanager_that_is_away_is_a_reason(tmp_path: Path) -> None:
    port = AlertmanagerReceiver(receiver(url="http://127.0.0.1:1"), Path(), LOOPBACK, clock=lambda: datetime.now(UTC))

    async def refused(port: Port) -> None:
        with pytest.raises(UndeliveredError, match="ConnectError"):
            await port.deliver(message())

    run(port, refused)


async def _round_over(port: Port, firing: Firing) -> Sending:
    """Wait until everything that fires was repeated: a page that fires from now on, the one returned, shows it."""
    other = sending(page="00000000000000ff")
    await port.deliver(message(other))
    (alert,) = await asyncio.to_thread(_fires, firing, other.page)
    await asyncio.to_thread(_until_moved, firing, alert)
    return other


def _until_moved(firing: Firing, alert: dict[str, Any]) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def moved() -> bool:
        found[:] = _fires(firing, alert["labels"]["page"])
        return len(found) == 1 and found[0]["endsAt"] > alert["endsAt"]

    eventually(moved, "its end to move on")
    return found[0]


def _fires(firing: Firing, page: str) -> list[dict[str, Any]]:
    return [alert for alert in firing() if alert["labels"]["page"] == page]


def test_names_with_scripts_controls_and_turned_writing_are_harmless_in_a_mail() -> None:
    evil = "dtl\r\nBcc: all@example.test\r\n\r\n<script>alert(1)</script>\x1b]0;owned\x07\u202egnp\u0000\u2028"
    alarm = sending(lapses=(lapse(evil, parties=("<b>US</b>", "PRC\nX"), arithmetic=(evil,), claims=(evil,)),), because=evil)
    with mailbox() as box:
        run(apprise(box.url), lambda port: port.deliver(Message(alarm, subject(alarm), body(alarm))))
    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert [mail.get_content_type(), mail.is_multipart()] == ["text/plain", False]
    told = mail["Subject"] + mail.get_content().replace("\r\n", "").replace("\n", "")
    assert all(char.isprintable() for char in told)
    assert "<script>" in mail.get_content()
