"""What an application answers when a request goes wrong: a problem, and never what was going on inside."""

from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from streams.web.problems import PROBLEM, Problem, ProblemError, problem

Asked = Request[Any, Any, Any]
_log = structlog.stdlib.get_logger(__name__)


def _problem(_: Asked, error: ProblemError) -> Response[bytes]:
    return _answered(error.document(), error.headers)


def _http(_: Asked, error: HTTPException) -> Response[bytes]:
    kept = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return _answered(problem(error.status_code, error.detail if error.status_code < 500 else ""), kept)


def _deep(_: Asked, __: RecursionError) -> Response[bytes]:
    return _answered(problem(400, "expected JSON, got brackets nested too deeply"), {})


def _fault(request: Asked, error: Exception) -> Response[bytes]:
    _log.error("a fault of our own", route=request.scope.get("path_template"), exc_info=error)
    return _answered(problem(500, "a fault of our own"), {})


def _answered(document: Problem, headers: dict[str, str]) -> Response[bytes]:
    return Response(msgspec.json.encode(document), status_code=document.status, media_type=PROBLEM, headers=headers)


HANDLERS: dict[int | type[Exception], Callable[[Asked, Any], Response[bytes]]] = {
    ProblemError: _problem,
    HTTPException: _http,
    RecursionError: _deep,
    Exception: _fault,
}
"""For ``Litestar(exception_handlers=...)``."""
