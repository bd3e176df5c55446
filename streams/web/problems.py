"""What went wrong with a request, as it is answered (RFC 9457, ``application/problem+json``)."""

from http import HTTPStatus

import msgspec

JSON = "application/json"
PROBLEM = "application/problem+json"
RETRY = {"Retry-After": "2"}
"""The headers of an answer that may be another in two seconds."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong with a request.

    Attributes:
        type: Always ``about:blank``: the status says what kind of problem it is.
        title: The status in words.
        status: The HTTP status.
        detail: What is wrong with this request.
    """

    # Written out also where it is the default.
    type: str
    title: str
    status: int
    detail: str


class ProblemError(Exception):
    """A request that is answered with a problem."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}

    def document(self) -> Problem:
        """The problem as it is answered."""
        return problem(self.status, self.detail)


def title_of(status: int) -> str:
    """A status in words."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def problem(status: int, detail: str) -> Problem:
    """A problem of this kind."""
    return Problem(type="about:blank", title=title_of(status), status=status, detail=detail)
