"""Whose certificates are believed of a gateway or a desk that is asked over TLS: one's own authority's, or the usual."""

import os
import ssl
from collections.abc import Mapping

CA_FILE = "STEADYLINE_CA_FILE"


class TrustError(ValueError):
    """The file holds no certificates. The message names it."""


def trusting(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext | bool:
    """What httpx is to verify by: the authority of ``STEADYLINE_CA_FILE`` and no other, or without it those it knows.

    Raises:
        TrustError: when the file cannot be read or holds no certificates.
    """
    named = environment.get(CA_FILE, "").strip()
    if not named:
        return True
    try:
        context = ssl.create_default_context(cafile=named)
    except ssl.SSLError:
        raise TrustError(f"{CA_FILE}: expected certificates (PEM), and {named} holds none") from None
    except OSError as error:
        raise TrustError(f"{CA_FILE}: expected a file that can be read, got {named}: {error.strerror}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
