"""What the page answers where it cannot do what it was asked: RFC 9457."""

from http import HTTPStatus

import msgspec

PROBLEM = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, in words for the person who asked."""

    title: str
    status: int
    detail: str = ""


class RefusedError(Exception):
    """A request that is refused, with its status and why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
