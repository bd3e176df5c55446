"""The gateway's routes, on Litestar: thin, since what they do is done elsewhere."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from litestar import HttpMethod, Litestar, MediaType, Response, get, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema, SecurityScheme
from litestar.params import FromPath
from prometheus_client.exposition import choose_encoder

from producers.gateway.bodies import Body, GoneError, SlowError, TooLargeError
from producers.gateway.buckets import Buckets
from producers.gateway.events import BATCH, ONE, STREAM, Events, Headers
from producers.gateway.intake import AwayError, BusyError, Intake, Parcel
from producers.gateway.limits import Limits
from producers.gateway.metrics import Metrics
from producers.gateway.pings import LONGEST_BODY, MOST_TEXT, Pings, signal_of
from producers.gateway.problems import Problem, ProblemError, Receipt
from producers.gateway.tokens import Keyring, TokensError, heard_of
from streams.events.schemas import schema
from streams.web.describing import SCHEMAS, described, plain, serving, told
from streams.web.handling import HANDLERS, Asked
from streams.web.problems import JSON, RETRY

_LONGEST_RUN = 64
_EVENT = f"{SCHEMAS}Event"


def _body() -> RequestBody:
    # The events' own schema is put in by ``document``.
    one = Schema(description="A CloudEvent of Steadyline's", any_of=[])
    return RequestBody(
        description="One event, a JSON array of events, or one event a line. Binary mode (ce-* headers) is taken as well.",
        required=True,
        content={kind: OpenAPIMediaType(schema=one) for kind in (ONE, BATCH, STREAM)},
    )


@dataclass
class _PostEvents(Operation):
    def __post_init__(self) -> None:
        self.request_body = _body()


def _told(status: str) -> ResponseSpec:
    return told(status, Problem)


@dataclass(frozen=True)
class Parts:
    """What the routes hand their work to."""

    events: Events
    pings: Pings
    intake: Intake
    keyring: Keyring
    buckets: Buckets
    limits: Limits
    metrics: Metrics
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    open_metrics: bool


def application(parts: Parts) -> Litestar:
    """The application, ready to be served."""

    @post(
        "/v1/events",
        status_code=202,
        operation_id="PostEvents",
        operation_class=_PostEvents,
        summary="Append events to the log",
        description="Answers once everything that was taken in is durable. Sent again, an event counts as a duplicate.",
        security=[{"token": []}],
        responses={
            202: ResponseSpec(data_container=Receipt, description="Durable.", generate_examples=False),
            401: _told("No valid token."),
            403: _told("The token may not say this."),
            408: _told("The body comes too slowly."),
            409: _told("Another event has this id."),
            413: _told("Too large."),
            415: _told("Another content type, or a compressed body."),
            422: _told("No event."),
            429: _told("More than the token may send; see Retry-After."),
            503: _told("The log takes nothing in; see Retry-After."),
        },
    )
    async def events(request: Asked) -> Response[bytes]:
        receipt = await parts.events.post(request.scope["headers"], request.receive)
        return Response(msgspec.json.encode(receipt), status_code=202, media_type=JSON)

    calls = (HttpMethod.GET, HttpMethod.POST, HttpMethod.HEAD)
    troubles = {404: _told("No such check."), 429: _told("Too often."), 503: _told("The log takes nothing in.")}

    @route("/ping/{address:str}", http_method=calls, status_code=200, summary="It works", responses=troubles)
    async def ping(request: Asked, address: FromPath[str]) -> Response[str]:
        return await _ping(parts, request, address, "")

    @route(
        "/ping/{address:str}/{told:str}",
        http_method=calls,
        status_code=200,
        summary="It failed, it begins, it says something, or it ended with an exit status",
        description="`told` is fail, start, log or an exit status from 0 to 255. `?rid=` tells runs apart.",
        responses=troubles,
    )
    async def ping_told(request: Asked, address: FromPath[str], told: FromPath[str]) -> Response[str]:
        return await _ping(parts, request, address, told)

    @get("/healthz", operation_id="Health", summary="Whether the gateway runs", responses={200: plain("It does.")})
    async def healthz() -> Response[bytes]:
        return Response(b'{"alive":true}\n', media_type=JSON)

    @get(
        "/readyz",
        operation_id="Ready",
        summary="Whether the log takes events in",
        responses={200: plain("It does."), 503: _told("It does not.")},
    )
    async def readyz() -> Response[bytes]:
        try:
            await parts.intake.ask()
        except (AwayError, BusyError):
            raise ProblemError(503, "the log does not take events in", headers=RETRY) from None
        return Response(b'{"ready":true}\n', media_type=JSON)

    @get(
        "/metrics",
        operation_id="Metrics",
        summary="For Prometheus",
        responses={200: plain("Its text format.", str, "text/plain"), 401: _told("No valid token.")},
    )
    async def metrics(request: Asked) -> Response[bytes]:
        if not parts.open_metrics:
            # Who sends what, and when last, is not for everybody.
            parts.events.token(Headers(request.scope["headers"]))
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(parts.metrics.registry), headers={"Content-Type": kind})

    handlers = [events, ping, ping_told, healthz, readyz, metrics]
    return Litestar(
        [*handlers, serving(document(handlers))],
        exception_handlers=HANDLERS,
        request_max_body_size=None,
        logging_config=None,
        openapi_config=None,
    )


async def _ping(parts: Parts, request: Asked, address: str, told: str) -> Response[str]:
    try:
        check = parts.keyring.check(address)
    except TokensError:
        raise ProblemError(503, "the gateway's checks cannot be read", headers=RETRY) from None
    signal = signal_of(told)
    if check is None or signal is None:
        raise ProblemError(404, "no such check")
    bucket = parts.buckets.pings(check.name)
    at = parts.monotonic()
    if (wait := bucket.wait(1, at)) > 0:
        raise ProblemError(429, "this check is pinged too often", headers={"Retry-After": str(max(1, math.ceil(wait)))})
    bucket.take(1, at)
    body = Body(request.receive, parts.limits.idle_seconds, parts.limits.body_seconds)
    run = str(request.query_params.get("rid", ""))[:_LONGEST_RUN]
    try:
        said = parts.pings.say(check, signal, await body.head(MOST_TEXT, LONGEST_BODY), run, parts.clock())
        notes = [(check.name, signal, said.text)] if said.text else []
        ready = [] if said.event is None else [said.event]
        await parts.intake.put(Parcel(heard_of(check), "gateway/ping", None, ready, (), notes))
        parts.pings.kept(check, run, said)
    except (AwayError, BusyError):
        raise ProblemError(503, "the log does not take events in; ping again", headers=RETRY) from None
    except SlowError as error:
        raise ProblemError(408, str(error)) from None
    except TooLargeError as error:
        raise ProblemError(413, str(error)) from None
    except GoneError as error:
        raise ProblemError(400, str(error)) from None
    return Response("OK\n", media_type=MediaType.TEXT, headers={"Ping-Body-Limit": str(MOST_TEXT)})


def document(handlers: Sequence[HTTPRouteHandler]) -> dict[str, Any]:
    """The OpenAPI document, with the events' own schema, made from the types that decode them."""
    made = described(
        handlers,
        title="Steadyline gateway",
        description="Takes CloudEvents from those who are allowed to say them, and appends them to the log.",
        schemes={"token": SecurityScheme(type="http", scheme="bearer", description="steadyline gateway token add")},
    )
    events = msgspec.json.decode(msgspec.json.encode(schema()).replace(b'"#/$defs/', f'"{SCHEMAS}'.encode()))
    schemas = made["components"]["schemas"]
    schemas.update(events.pop("$defs"))
    events.pop("$schema")
    schemas["Event"] = events
    content = made["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    content[ONE]["schema"] = {"$ref": _EVENT}
    content[BATCH]["schema"] = {"type": "array", "items": {"$ref": _EVENT}}
    content[STREAM]["schema"] = {"type": "string", "description": "One event a line, each as in " + ONE}
    return made
