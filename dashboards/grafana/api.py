"""Grafana's HTTP API behind one method, so that what speaks to it can be exchanged. It speaks by way of ``grafana-api``.

That library has three habits that are met here and nowhere else: it reads JSON out of every answer, so an empty one raises
although all went well; whatever attribute it is asked for it takes for a verb of HTTP; and it never tries again.
"""

from typing import Literal, Protocol
from urllib.parse import quote, urlsplit

import requests
from grafana_api.grafana_api import GrafanaException
from grafana_api.grafana_face import GrafanaFace
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from streams.allowing import repeatable

Verb = Literal["GET", "POST", "PUT", "DELETE"]
_AWAY = frozenset({429, 502, 503, 504})
"""Answers of a server that is not there just now. All that we ask for can be asked for twice."""
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class ApiError(Exception):
    """Grafana did not do what it was asked.

    Attributes:
        status: Of HTTP; none where there was no answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Server(Protocol):
    """A Grafana, or something that answers like one."""

    def ask(self, verb: Verb, path: str, body: object = None) -> object:
        """What is answered to this; nothing where the answer is empty.

        Raises:
            ApiError: when it is refused, or nobody answers.
        """
        ...


class Remote:
    """A Grafana at an address, asked with a token of a service account, or as a user."""

    def __init__(
        self, url: str, auth: str | tuple[str, str], *, timeout: float = 10.0, tries: int = 3, pause: float = 0.3
    ) -> None:
        """Take an address such as ``https://grafana.example.org/path``.

        Raises:
            ValueError: when it is none.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError(f"expected https://HOST[:PORT][/PATH] of a Grafana, got {repeatable(url, parts.query)}")
        prefix = f"{parts.path.strip('/')}/" if parts.path.strip("/") else ""
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.url = url
        self._api = GrafanaFace(auth, host, parts.port, prefix, parts.scheme, timeout=timeout).api
        # A page to sign in with is no answer, and no other server is to see the token.
        self._api.s.max_redirects = 0
        self._api.s.trust_env = False
        self._tries, self._pause = tries, pause

    @staticmethod
    def is_plain(url: str) -> bool:
        """Whether whoever listens on the way to this address reads the token."""
        parts = urlsplit(url)
        return parts.scheme == "http" and parts.hostname not in _LOCAL

    def ask(self, verb: Verb, path: str, body: object = None) -> object:
        """As ``Server`` says; tried again where the server is away for a moment."""
        again = Retrying(
            retry=retry_if_exception(
                lambda error: isinstance(error, ApiError) and (error.status is None or error.status in _AWAY)
            ),
            stop=stop_after_attempt(self._tries),
            wait=wait_exponential(self._pause, max=10),
            reraise=True,
        )
        return again(self._once, verb, path, body)

    def _once(self, verb: Verb, path: str, body: object) -> object:
        try:
            return getattr(self._api, verb)(path, json=body)
        except GrafanaException as error:
            raise ApiError(f"{verb} {path}: {error.message}", error.status_code) from error
        except requests.exceptions.JSONDecodeError as error:
            # It is only read where the status was below 400.
            if not error.doc.strip():
                return None
            raise ApiError(f"{verb} {path}: an answer that is no JSON; is {self.url} a Grafana?", 200) from error
        except requests.exceptions.TooManyRedirects as error:
            raise ApiError(f"{verb} {path}: sent elsewhere; is {self.url} the address of Grafana itself?", 302) from error
        except requests.RequestException as error:
            raise ApiError(f"{verb} {path}: {self.url} does not answer: {type(error).__name__}") from error
        except TypeError as error:
            # The library looks for a message in whatever JSON a refusal brings.
            raise ApiError(f"{verb} {path}: a refusal without a word", 400) from error


def path(*parts: str) -> str:
    """A path with its names spelled so that none of them is taken for more than a name."""
    return "/" + "/".join(quote(part, safe="") for part in parts)
