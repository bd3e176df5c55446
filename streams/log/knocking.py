"""Why a broker does not let a client in: asked by a client that says so, where the usual ones say only that time ran out."""

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError

from streams.log.access import Access, AccessError, access

PATIENCE = 5.0
"""Seconds that each broker is given to say why."""
_LEAVE = 0.1


def why(bootstrap: str, usual: str) -> str:
    """What to say of a broker that could not be connected to: what it says itself, or else the usual and how it was spoken to.

    Args:
        bootstrap: ``HOST:PORT``, several with commas.
        usual: What is said unless it tells more.
    """
    try:
        known = access()
    except AccessError as wrong:
        return str(wrong)
    usual = f"{usual}; spoken was STEADYLINE_KAFKA_SECURITY={known.security}"
    if known.security == "PLAINTEXT":
        return usual
    # Whoever asks may be in the middle of a loop of events of its own.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_asked(bootstrap, known))).result() or usual


async def _asked(bootstrap: str, known: Access) -> str | None:
    told = [await _knock(server.strip(), known) for server in bootstrap.split(",")]
    # TLS takes leave of the other side before a connection is gone.
    await asyncio.sleep(_LEAVE)
    return next((reason for reason in told if reason is not None), None)


async def _knock(server: str, known: Access) -> str | None:
    host, _, port = server.rpartition(":")
    milliseconds = int(PATIENCE * 1_000)
    try:
        # Named as the client itself names it to the broker, so that what is checked is the same.
        knocking = create_conn(host.strip("[]"), int(port), request_timeout_ms=milliseconds, **known.settings())
        (await asyncio.wait_for(knocking, PATIENCE)).close()
    except ssl.SSLCertVerificationError as error:
        return f"the certificate of {server} is not believed, by STEADYLINE_KAFKA_CA_FILE: {error.verify_message}"
    except (SaslAuthenticationFailed, UnsupportedSaslMechanismError) as error:
        return f"{server} does not let {known.username} in, by STEADYLINE_KAFKA_USERNAME and its password: {error}"
    except ssl.SSLError as error:
        return f"{server} speaks no TLS as STEADYLINE_KAFKA_SECURITY={known.security} asks for: {error.reason}"
    except (KafkaError, OSError, TimeoutError) as error:
        what = str(error) or "no answer"
        return f"{server} breaks off, where STEADYLINE_KAFKA_SECURITY={known.security} is spoken: {what}"
    return None
