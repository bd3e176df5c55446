"""Each service answers as its OpenAPI document says, whatever it is asked, and never with a fault of its own."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from tests.alerts.service.test_api import Served, bearer
from tests.alerts.service.test_api import served as desk
from tests.gateway.running import running
from tests.page.serving import served

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
KNOWN = {"name": "us-china-2022", "told": "fail"}
"""What a path may name, beside what is made up: else nothing would ever be found."""
EITHER = st.booleans()
Answers = set[tuple[str, int]]
"""What was asked, and with which status it was answered."""
QUIET = [HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def hold_to_its_word(
    document: str, headers: dict[str, str], *, without: Iterable[str] = (), known: SearchStrategy[bool] = EITHER
) -> Answers:
    """Ask everything that the document describes, well and badly, known by name and signed in or not."""
    schema: Any = schemathesis.openapi.from_url(document, headers=headers)
    base = document.removesuffix("/openapi.json").removesuffix("/api")
    answered: list[tuple[str, int]] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in without:
            continue
        # Any text can stand in a path: only what else is sent can be wrong.
        modes = (
            [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
            if operation.body or operation.query
            else [GenerationMode.POSITIVE]
        )
        for mode in modes:

            @settings(
                max_examples=10,
                derandomize=True,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=QUIET,
            )
            @given(case=operation.as_strategy(generation_mode=mode), known=known)
            def answers(case: Any, known: bool) -> None:
                if known:
                    case.path_parameters.update({name: KNOWN[name] for name in KNOWN if name in case.path_parameters})
                    case.query.pop("rules", None)
                    case.headers.update(headers)
                # What was put right may have been all that was wrong.
                told = case.call(base_url=base, headers=headers, timeout=20)
                answered.append((case.operation.label, told.status_code))
                case.validate_response(told, checks=CHECKS[:-1] if known else CHECKS)

            answers()
    return set(answered)


def test_the_gateway(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        document = f"{gateway.client.base_url}/openapi.json".replace("//openapi", "/openapi")
        asked = hold_to_its_word(document, {"Authorization": f"Bearer {gateway.secret}"})
    assert {("POST /v1/events", 422), ("GET /ping/{address}/{told}", 404), ("GET /metrics", 200)} <= asked


def test_the_watch_page(tmp_path: Path) -> None:
    with served(log=tmp_path / "x.db") as page, httpx.Client(base_url=f"http://{page.bind}") as client:
        client.get(page.link())
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items()),
            "X-Steadyline-Form": client.get("/api/me").json()["form"],
        }
        # The stream goes on for ever, and who signs out is nobody.
        document = f"http://{page.bind}/api/openapi.json"
        asked = hold_to_its_word(document, headers, without=("/api/live/stream", "/api/sign-out"))
    assert {("POST /api/sign-in", 403), ("POST /api/live/deeds", 409), ("POST /api/live/deeds", 400)} <= asked
    assert {("GET /api/recordings/{name}/floor", status) for status in (200, 400, 404)} <= asked


def test_the_desk(tmp_path: Path) -> None:
    async def use(at: Served) -> None:
        document = f"{at.client.base_url}/openapi.json".replace("//openapi", "/openapi")
        headers = bearer(at.tokens["officer"])
        # Who is not signed in a few times is slowed down, and would be told nothing else.
        asked = await asyncio.to_thread(hold_to_its_word, document, headers, known=st.just(True))
        assert {("GET /v1/pages", 200), ("GET /v1/pages", 400), ("GET /v1/pages/{page}", 404)} <= asked
        assert {("POST /v1/actions", status) for status in (201, 409, 422)} & asked

    desk(tmp_path, use)
