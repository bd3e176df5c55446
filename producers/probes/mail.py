"""A mail server: it greets with 220 and takes EHLO. No mail is sent."""

import asyncio
import ipaddress
import ssl
from pathlib import Path

import aiosmtplib

from producers.probes import trust
from producers.probes.attempt import Attempt, Wrong, quoted, shown
from producers.probes.model import Smtp
from producers.probes.network import Ways


async def probe(target: Smtp, ways: Ways, base: Path, attempt: Attempt) -> None:
    """Call, be greeted, greet back, and leave.

    Raises:
        Wrong, NoCarrier, NotMade, OSError: see ``attempt``.
    """
    asked = target.tls
    name = target.host if asked is None or asked.server_name is None else asked.server_name
    context = None if target.security == "none" else trust.context(asked, base)
    sock = await ways.dial(target.host, target.port, attempt)
    attempt.doing = "waiting for a mail server's greeting"
    client = aiosmtplib.SMTP(
        hostname=name,
        local_hostname=_literal(sock.getsockname()[0]),
        use_tls=target.security == "tls",
        start_tls=False,
        tls_context=context,
        sock=sock,
        timeout=attempt.timeout + 1,
    )
    try:
        greeting = await client.connect()
        attempt.saw(f"greeted {greeting.code} {quoted(greeting.message, 80)}")
        if greeting.code != aiosmtplib.SMTPStatus.ready:
            raise Wrong(f"greeted with {greeting.code}, expected 220")
        if target.security == "starttls":
            attempt.doing = "waiting for STARTTLS"
            await client.starttls(server_hostname=name, tls_context=context)
        if target.security != "none":
            trust.check(asked, client.get_transport_info("ssl_object"), attempt)
        attempt.doing = "waiting for an answer to EHLO"
        hello = await client.ehlo()
        attempt.saw(f"EHLO {hello.code}")
    except ssl.SSLError as error:
        raise trust.refused(error) from error
    except aiosmtplib.SMTPException as error:
        raise _read(error) from error
    finally:
        transport = client.transport
        if isinstance(transport, asyncio.WriteTransport):
            if not transport.is_closing():
                # Said, and not waited for; nor is the other side's goodbye in TLS, which may never come.
                transport.write(b"QUIT\r\n")
            transport.abort()
        client.close()


def _literal(address: str) -> str:
    """This machine as RFC 5321 lets one without a name call itself."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return f"[IPv6:{ip}]" if ip.version == 6 else f"[{ip}]"


def _read(error: aiosmtplib.SMTPException) -> Exception:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return trust.refused(cause)
        cause = cause.__cause__ or cause.__context__
    return Wrong(f"no answer as of a mail server: {shown(str(error) or type(error).__name__)}")
