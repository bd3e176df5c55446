"""Receivers by Apprise: mail, chat, paging services, webhooks and its hundred others.

Apprise says only whether it worked; why not, it tells its log, which is caught for the outcome. Its calls block, so each
receiver has threads of its own: one that hangs holds up nobody else.
"""

import asyncio
import email.utils
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import apprise
import requests
from apprise.plugins.custom_form import NotifyForm
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.custom_xml import NotifyXML
from apprise.plugins.email import base as mails
from apprise.plugins.pagerduty import NotifyPagerDuty, PagerDutyAction
from apprise.plugins.pagertree import NotifyPagerTree
from apprise.plugins.signl4 import NotifySIGNL4
from apprise.plugins.splunk import NotifySplunk

from alerts.delivery.addresses import Lookup, address_of, look_up, refuse_unmeant, without_secrets
from alerts.delivery.fitting import SHORT, fitted
from alerts.delivery.ports import Message, ReceiverError, UndeliveredError
from alerts.policy import Receiver
from streams.allowing import AllowList, literal
from streams.severity import Severity

TIMEOUT = 10.0
"""Seconds after which a receiver that does not answer counts as one that did not take it."""
AT_ONCE = 4
"""Messages that are under way to one receiver at the same time."""
_LONG = 10_000
"""Characters: where a message takes more, a page of the longest fits as it is."""
_INCIDENTS: dict[type, str] = {NotifyPagerTree: "thirdparty", NotifySIGNL4: "external_id", NotifySplunk: "entity_id"}
"""What services call the name by which they know an incident again."""
_WEBHOOKS = (NotifyJSON, NotifyForm, NotifyXML)

# It names addresses in its log, secrets and all. What it says of one message is caught for that message.
_log = logging.getLogger("apprise")
_log.propagate = False
_log.addHandler(logging.NullHandler())

_named: ContextVar[str | None] = ContextVar("the Message-ID of the mail that is being made", default=None)


def _message_id(idstring: str | None = None, domain: str | None = None) -> str:
    return _named.get() or email.utils.make_msgid(idstring, domain)


# Apprise gives each mail a random Message-ID and takes no other; the same mail sent again after a crash must be known by it.
vars(mails)["make_msgid"] = _message_id

_calling: ContextVar[Callable[[str], None] | None] = ContextVar("refuses hosts while a message is delivered", default=None)
_send = requests.adapters.HTTPAdapter.send


class _UnmeantError(requests.RequestException):
    """A host that is not to be called; services take it for one that does not answer."""


def _meant(
    self: requests.adapters.HTTPAdapter,
    request: requests.PreparedRequest,
    *rest: Any,  # noqa: ANN401 - handed on as they are
    **more: Any,  # noqa: ANN401
) -> requests.Response:
    refuse = _calling.get()
    if refuse is not None:
        refuse(urlsplit(request.url or "").hostname or "")
    return _send(self, request, *rest, **more)


# Some services have a host elsewhere in their address, or are told by one host to call another.
requests.adapters.HTTPAdapter.send = _meant  # type: ignore[method-assign]


class AppriseReceiver:
    """One receiver of the kind ``apprise``."""

    def __init__(
        self, receiver: Receiver, base: Path, allow: AllowList, *, timeout: float = TIMEOUT, lookup: Lookup = look_up
    ) -> None:
        """Prepare, and see that its address is one.

        Args:
            receiver: Of the policy.
            base: The folder in which its ``url_file`` is.
            allow: Hosts within this machine or its networks that may be called.
            timeout: Seconds for each message.
            lookup: Finds the addresses of a host.

        Raises:
            ReceiverError: when it has no address that Apprise understands.
        """
        self._receiver = receiver
        self._base = base
        self._allow = allow
        self._timeout = timeout
        self._lookup = lookup
        self._made()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"receiver-{receiver.id}")

    async def deliver(self, message: Message) -> None:
        """Deliver; see ``Port``."""
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._deliver, message)
        try:
            async with asyncio.timeout(self._timeout):
                await work
        except TimeoutError:
            raise UndeliveredError(f"no answer within {self._timeout:g} s") from None

    async def close(self) -> None:
        """Let go of the threads; one that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _deliver(self, message: Message) -> None:
        try:
            address, service = self._made()
        except ReceiverError as error:
            raise UndeliveredError(str(error)) from None
        host = _host(service)
        if host is not None:
            refuse_unmeant(host, self._allow, self._lookup)
        _dress(service, message)
        title, text = _fitted(service, message)
        said: list[str] = []
        post = apprise.Apprise(asset=service.asset)
        post.add(service)
        unmeant: list[UndeliveredError] = []

        def refuse(called: str) -> None:
            try:
                addresses = [called] if literal(called) is not None else list(self._lookup(called))
            except OSError:
                # Behind a proxy names of the world need not be known here.
                return
            try:
                refuse_unmeant(called, self._allow, lambda _: addresses)
            except UndeliveredError as error:
                unmeant.append(error)
                raise _UnmeantError(str(error)) from None

        calling = _calling.set(refuse)
        token = _named.set(f"<{message.sending.key}@steadyline>")
        try:
            took = post.notify(
                body=text,
                title=title,
                notify_type=_urgency(message),
                body_format=apprise.NotifyFormat.TEXT,
                log_callback=_heard(said),
            )
        except Exception as error:  # noqa: BLE001 - a hundred services of others: none of them may end the outbox
            raise UndeliveredError(without_secrets(f"{type(error).__name__}: {error}", address)) from None
        finally:
            _named.reset(token)
            _calling.reset(calling)
        if not took and unmeant:
            raise unmeant[0]
        if not took:
            raise UndeliveredError(without_secrets("; ".join(said) or "refused, without a reason", address)[:500])

    def _made(self) -> tuple[str, Any]:
        """The address and a service of Apprise's for it, a new one for each message: they keep state."""
        address = address_of(self._receiver, self._base)
        scheme, found, _ = address.partition("://")
        try:
            service = apprise.Apprise.instantiate(address, asset=_asset())
        except Exception:  # noqa: BLE001 - as above
            service = None
        if service is None:
            raise ReceiverError(
                f"receiver {self._receiver.id}: expected an address of Apprise's, such as mailtos://USER:PASSWORD@HOST?to=WHOM,"
                f" got one that cannot be used{f', of scheme {scheme[:20]}' if found else ''}"
            )
        return address, service


def _asset() -> apprise.AppriseAsset:
    return apprise.AppriseAsset(
        app_id="Steadyline",
        app_desc="Steadyline",
        app_url="",
        async_mode=False,
        secure_logging=True,
        interpret_escapes=False,
        plugin_paths=[],
        # Where a receiver sends us on to was never allowed.
        http_redirects=False,
    )


def _host(service: Any) -> str | None:  # noqa: ANN401 - Apprise's services share no type that says so
    """The host that an address names; none where the service has hosts of its own."""
    if "host" not in service.template_tokens:
        return None
    return str(getattr(service, "smtp_host", None) or service.host or "") or None


def _fitted(service: Any, message: Message) -> tuple[str, str]:  # noqa: ANN401
    sending = message.sending
    drill = sending.exercise or sending.run is not None
    room = int(service.body_maxlen)
    if drill and SHORT <= room < _LONG:
        # Chats know markup: each sign that means something there takes several characters, and the text is cut after that.
        room //= 4
    return fitted(message.title, message.body, room=room, title_room=int(service.title_maxlen), drill=drill)


def _dress(service: Any, message: Message) -> None:  # noqa: ANN401
    """Put the keys where the receiver can tell by them that it has had this message, or which alarm is taken back."""
    sending = message.sending
    service.overflow_mode = apprise.OverflowMode.SPLIT
    if isinstance(service, mails.NotifyEmail):
        thread = f"<{sending.page}@steadyline>"
        service.headers = {
            **service.headers,
            "X-Steadyline-Key": sending.key,
            "X-Steadyline-Page": sending.page,
            "References": thread,
            "Auto-Submitted": "auto-generated",
        }
    elif isinstance(service, _WEBHOOKS):
        service.headers = {**service.headers, "Idempotency-Key": sending.key}
        told = {
            "key": sending.key,
            "page": sending.page,
            "kind": sending.kind,
            "severity": str(sending.severity),
            "exercise": "yes" if sending.exercise else "no",
            "over": "yes" if sending.ends else "no",
        }
        service.payload_extras = {**told, **service.payload_extras}
    elif (name := _INCIDENTS.get(type(service))) is not None and service.action == "map":
        # Where a success closes what fires: without its page's name an incident is that of all pages, or of one word alone.
        setattr(service, name, f"steadyline-{sending.page}")
    elif isinstance(service, NotifyPagerDuty):
        service.dedup = f"steadyline-{sending.page}"
        service.action = PagerDutyAction.RESOLVE if message.ends else PagerDutyAction.TRIGGER


def _urgency(message: Message) -> apprise.NotifyType:
    sending = message.sending
    if sending.ends:
        return apprise.NotifyType.SUCCESS
    # By a success some services close what fires; while more of the page stands, its loudness is that of what stands.
    severity = sending.stands if sending.clears and sending.stands is not None else sending.severity
    if severity.rank >= Severity.PAGE.rank:
        return apprise.NotifyType.FAILURE
    return apprise.NotifyType.WARNING


def _heard(said: list[str]) -> Callable[[Any, Any], None]:
    def hear(entry: Any, _: Any) -> None:  # noqa: ANN401
        if entry.level in ("WARNING", "ERROR", "CRITICAL"):
            said.append(" ".join(str(entry.message).split()))

    return hear
