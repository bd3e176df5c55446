"""The desk's HTTP API: what is open, what was done, and actions by people who signed in. Thin routes on Litestar."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol

import msgspec
from litestar import Litestar, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import SecurityScheme
from litestar.params import FromPath, FromQuery
from msgspec import Meta
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from alerts.audit import Head
from alerts.desk import PageView, SilenceView
from alerts.gate import Gate
from alerts.handover import Handover
from alerts.people import Doorkeeper
from alerts.station import Station
from streams.actions import Action, AnyDeed
from streams.events.envelope import EventId
from streams.web.describing import SCHEMAS, described, plain, serving, told
from streams.web.handling import HANDLERS, Asked
from streams.web.problems import JSON, RETRY, ProblemError

LONGEST_BODY = 16_384
"""Bytes of an action."""
_AWAY = "the desk does not run here now; ask again"


class Asking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants to do.

    Attributes:
        deed: What; see ``do``.
        id: The same id is the same action, however often it is sent; one is made where there is none.
        exercise: Done in a drill.
    """

    deed: AnyDeed
    id: EventId | None = None
    exercise: bool = False


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, and where it stands on the audit trail.

    Attributes:
        number: The number of the trail's last record then.
        digest: Its hash.
    """

    action: Action
    number: int
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """Who has the watch, by rota; nobody where that is null."""

    rotas: dict[str, str | None]


class Deskside(Protocol):
    """What the API asks of the desk that runs in the same process."""

    @property
    def station(self) -> Station | None:
        """The desk; ``None`` while it does not run here."""

    async def act(self, action: Action) -> Head:
        """Put an action on the trail, durably.

        Raises:
            OSError: when the trail cannot be written.
        """

    def head(self) -> Head:
        """The head of the trail."""

    def handover(self) -> Handover:
        """What is open, who has it, what comes next."""

    def alive(self) -> str | None:
        """Why the desk is none any more; ``None`` where it is one."""

    def ready(self) -> list[str]:
        """Why it does not work now; empty where it does."""


def application(
    desk: Deskside,
    doors: Doorkeeper,
    registry: CollectorRegistry,
    *,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    open_metrics: bool,
) -> Litestar:
    """The application, ready to be served.

    Args:
        desk: The desk.
        doors: Who is who.
        registry: What to show to Prometheus.
        clock: The time of day, UTC.
        monotonic: A clock that never goes back, in seconds.
        open_metrics: Whether the metrics are shown to whoever asks.
    """
    gate = Gate(doors, clock, monotonic)
    troubles = {
        400: told("No such question."),
        401: told("Nobody, or a wrong secret."),
        403: told("Not with this role."),
        429: told("Too often."),
        503: told("The desk does not run here now."),
    }
    secured: list[dict[str, list[str]]] = [{"token": []}, {"password": []}]

    @get("/v1/pages", operation_id="Pages", summary="The pages that are open", security=secured, responses=troubles)
    async def pages(request: Asked, settled: FromQuery[bool] = False) -> Response[bytes]:
        await gate.person(request, "viewer")
        return _json(_station(desk).desk.pages(settled=settled))

    missing = {**troubles, 404: told("No such page.")}

    @get("/v1/pages/{page:str}", operation_id="Page", summary="One page", security=secured, responses=missing)
    async def page(request: Asked, page: FromPath[str]) -> Response[bytes]:
        await gate.person(request, "viewer")
        found = [each for each in _station(desk).desk.pages(settled=True) if each.id == page]
        if not found:
            raise ProblemError(404, "no such page")
        return _json(found[0])

    @get("/v1/silences", operation_id="Silences", summary="What is silent", security=secured, responses=troubles)
    async def silences(request: Asked) -> Response[bytes]:
        await gate.person(request, "viewer")
        return _json(_station(desk).desk.silences())

    @get("/v1/watch", operation_id="Watch", summary="Who has the watch", security=secured, responses=troubles)
    async def watch(request: Asked) -> Response[bytes]:
        await gate.person(request, "viewer")
        return _json(Watch(rotas=_station(desk).desk.watch(clock())))

    @get("/v1/handover", operation_id="Handover", summary="What to know at a handover", security=secured, responses=troubles)
    async def handover(request: Asked) -> Response[bytes]:
        await gate.person(request, "viewer")
        _station(desk)
        return _json(desk.handover())

    @post(
        "/v1/actions",
        status_code=201,
        operation_id="Act",
        summary="Acknowledge, let go of, snooze, note, silence, end a silence, hand over or resolve",
        description="Answers once it stands on the audit trail. It is taken in right after that.",
        security=secured,
        request_max_body_size=LONGEST_BODY,
        responses={
            **troubles,
            201: ResponseSpec(data_container=Done, description="It stands on the trail.", generate_examples=False),
            409: told("It makes no sense now."),
            422: told("No action."),
            408: told("The body comes too slowly."),
            413: told("Too large."),
        },
    )
    async def act(request: Asked) -> Response[bytes]:
        person = await gate.person(request, "officer")
        try:
            asked = msgspec.json.decode(await request.body(), type=Asking)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise ProblemError(422, str(error)) from None
        name = asked.id or f"api/{uuid.uuid4()}"
        action = Action(id=name, at=clock(), by=person.id, deed=asked.deed, via="api", exercise=asked.exercise)
        station = _station(desk)
        if (why := station.desk.refusal(action)) is not None:
            raise ProblemError(409, why)
        try:
            # What was sent again because its answer was lost is on the trail already.
            head = desk.head() if name in station.desk.actions else await desk.act(action)
        except OSError:
            raise ProblemError(503, "the trail cannot be written now", headers=RETRY) from None
        return Response(
            msgspec.json.encode(Done(action=action, number=head.number, digest=head.digest)), status_code=201, media_type=JSON
        )

    @get(
        "/healthz",
        operation_id="Health",
        summary="Whether the desk is one",
        responses={200: plain("It is."), 503: plain("It is none any more.")},
    )
    async def healthz() -> Response[bytes]:
        why = desk.alive()
        return _json({"alive": why is None, "why": why}, status=200 if why is None else 503)

    @get(
        "/readyz",
        operation_id="Ready",
        summary="Whether it works",
        responses={200: plain("It does."), 503: plain("It does not.")},
    )
    async def readyz() -> Response[bytes]:
        reasons = desk.ready()
        return _json({"ready": not reasons, "why": reasons}, status=503 if reasons else 200)

    @get(
        "/metrics",
        operation_id="Metrics",
        summary="For Prometheus",
        responses={**troubles, 200: plain("Its text format.", str, "text/plain")},
    )
    async def metrics(request: Asked) -> Response[bytes]:
        if not open_metrics:
            await gate.person(request, "viewer")
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": kind})

    handlers: list[HTTPRouteHandler] = [pages, page, silences, watch, handover, act, healthz, readyz, metrics]
    return Litestar(
        [*handlers, serving(document(handlers))], exception_handlers=HANDLERS, logging_config=None, openapi_config=None
    )


def document(handlers: Sequence[HTTPRouteHandler]) -> dict[str, Any]:
    """The OpenAPI document, with the schemas of what is sent and answered, made from the types."""
    made = described(
        handlers,
        title="Steadyline alert desk",
        description="What is open, who has it, and what people do about it.",
        schemes={
            "token": SecurityScheme(type="http", scheme="bearer", description="steadyline alerts people add"),
            "password": SecurityScheme(type="http", scheme="basic"),
        },
    )
    types = (Asking, Done, PageView, SilenceView, Watch, Handover)
    (*schemas,), parts = msgspec.json.schema_components(types, ref_template=SCHEMAS + "{name}")
    made["components"]["schemas"].update(msgspec.json.decode(msgspec.json.encode(parts)))
    of = dict(zip(types, schemas, strict=True))

    def answers(path: str, schema: dict[str, Any]) -> None:
        made["paths"][path]["get"]["responses"]["200"]["content"] = {JSON: {"schema": schema}}

    answers("/v1/pages", {"type": "array", "items": of[PageView]})
    answers("/v1/pages/{page}", of[PageView])
    answers("/v1/silences", {"type": "array", "items": of[SilenceView]})
    answers("/v1/watch", of[Watch])
    answers("/v1/handover", of[Handover])
    body = {"required": True, "content": {JSON: {"schema": of[Asking]}}}
    made["paths"]["/v1/actions"]["post"]["requestBody"] = body
    return made


def _station(desk: Deskside) -> Station:
    station = desk.station
    if station is None:
        raise ProblemError(503, _AWAY, headers=RETRY)
    return station


def _json(document: object, *, status: int = 200) -> Response[bytes]:
    return Response(msgspec.json.encode(document) + b"\n", status_code=status, media_type=JSON)
