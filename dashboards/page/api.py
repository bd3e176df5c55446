"""The page's routes, on Litestar: thin, since what they show is put together elsewhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar, Response, get, post
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect, Stream

from dashboards.page.assets import Assets
from dashboards.page.board import Board, joined
from dashboards.page.chronicle import Known
from dashboards.page.floor import Floor
from dashboards.page.guard import only_json
from dashboards.page.opened import Opened
from dashboards.page.ports import Card, Desk, Member, Outcome, People, Reports, Sent, Shelf
from dashboards.page.reel import Overview, TimeLine
from dashboards.page.sessions import Session, Sessions, same
from dashboards.page.sources import Live
from dashboards.page.why import Why
from streams.actions import AnyDeed
from streams.web.describing import plain, told
from streams.web.handling import HANDLERS, Asked
from streams.web.problems import JSON, ProblemError

_ASKED = 5.0
"""Seconds between two looks at whether the reader of a stream is still signed in."""
_BEAT = 1.0
"""Seconds between two beats of the stream where nothing changes."""
_CHECKED = 4
"""Passwords that are checked at the same time: each takes 64 MiB, and a thread that deeds wait for too."""


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, what there is to see, and what may be done.

    Attributes:
        form: Goes into ``X-Steadyline-Form`` with every request that changes something.
        live: The name of the live log; ``None`` where only recordings are shown.
        opens: The recording that the page begins with.
        desk: Whether there is a desk, so that anything can be done about a lapse; ``reports`` likewise.
    """

    member: Member
    form: str
    version: str
    live: str | None
    opens: str | None
    cards: tuple[Card, ...]
    rules: tuple[str, ...]
    desk: bool
    reports: bool


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a deed or a report."""

    says: str


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One lapse in full, and what was done about it."""

    why: Why
    done: tuple[Sent, ...]


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """A name and its password."""

    name: str = msgspec.field()
    password: str = msgspec.field()


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done: one of the deeds of the actions topic."""

    deed: AnyDeed
    exercise: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report of a call or an incident, as its form was filled in."""

    kind: str
    fields: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the routes hand their work to."""

    shelf: Shelf
    sessions: Sessions
    people: People | None = None
    desk: Desk | None = None
    reports: Reports | None = None
    live: Live | None = None
    board: Board
    opens: str | None = None
    entered: Callable[[Member], None] = field(default=lambda _: None)
    """Is told when a one-time link was used."""
    assets: Assets = field(default_factory=Assets)


def application(parts: Parts) -> Litestar:
    """The application, ready to be served."""
    opened = Opened(parts.shelf)
    checked = asyncio.Semaphore(_CHECKED)

    def session_of(request: Asked) -> Session:
        session = parts.sessions.find(request.headers.get("cookie"))
        if session is None or gone(session):
            raise ProblemError(401, "sign in first")
        return session

    def gone(session: Session) -> bool:
        """Whether somebody who signed in with a password may do so no longer."""
        return session.known and (parts.people is None or parts.people.member(session.member.id) is None)

    def acting(request: Asked) -> Member:
        session = session_of(request)
        # A page elsewhere can send neither the header nor, by the cookie's flags, the cookie.
        if not same(request.headers.get("x-steadyline-form", ""), session.form):
            raise ProblemError(403, "this request was not made by the page: load it again")
        member = session.member
        if parts.people is not None and (now := parts.people.member(member.id)) is not None:
            member = now
        if member.role == "viewer":
            raise ProblemError(403, f"{member.name} is a viewer: this takes an officer")
        return member

    @get("/", include_in_schema=False)
    async def page() -> Response[bytes]:
        return parts.assets.answer("index.html", None)

    @get("/assets/{name:path}", include_in_schema=False)
    async def asset(request: Asked, name: FromPath[str]) -> Response[bytes]:
        return parts.assets.answer(name.lstrip("/"), request.headers.get("if-none-match"))

    @get("/enter/{secret:str}", include_in_schema=False)
    async def enter(secret: FromPath[str]) -> Response[Any]:
        member = parts.sessions.redeem(secret)
        if member is None:
            return Redirect("/#/sign-in/used", status_code=303)
        cookie, _ = parts.sessions.begin(member)
        parts.entered(member)
        return Redirect("/", status_code=303, headers={"Set-Cookie": parts.sessions.set_cookie(cookie)})

    signed = {401: told("Nobody is signed in.")}
    asking = {**signed, 400: told("No such question."), 404: told("It is not there."), 413: told("Too much to show.")}
    sending = {
        **signed,
        400: told("No such deed or report."),
        403: told("Not with this role, or not from the page."),
        408: told("The body comes too slowly."),
        409: told("It makes no sense now."),
        413: told("Too large."),
        415: told("No JSON."),
    }
    taking: dict[str, Any] = {"status_code": 200, "guards": [only_json]}

    @get("/healthz", operation_id="Health", summary="Whether the page is served", responses={200: plain("It is.")})
    async def healthz() -> Response[bytes]:
        return Response(b'{"alive":true}\n', media_type=JSON)

    entering = {**sending, 200: plain("With a cookie."), 401: told("No such name and password."), 429: told("Too often.")}

    @post("/api/sign-in", operation_id="SignIn", summary="Sign in with a password", responses=entering, **taking)
    async def sign_in(data: JSONBody[Credentials]) -> Response[bytes]:
        if parts.people is None:
            raise ProblemError(403, "there are no passwords here: use the link that was printed where the page was started")
        if (wait := parts.sessions.must_wait(data.name[:100])) > 0:
            raise ProblemError(429, f"too many wrong passwords: wait {wait:.0f} s")
        # Checking a password takes a while on purpose.
        async with checked:
            member = await asyncio.to_thread(parts.people.sign_in, data.name[:100], data.password[:1_000])
        if member is None:
            raise ProblemError(401, "no such name and password")
        parts.sessions.right(data.name[:100])
        cookie, _ = parts.sessions.begin(member, known=True)
        return Response(b"{}", media_type=JSON, headers={"Set-Cookie": parts.sessions.set_cookie(cookie)})

    @post(
        "/api/sign-out",
        operation_id="SignOut",
        summary="Sign out",
        status_code=200,
        responses={**sending, 200: plain("Signed out.")},
    )
    async def sign_out(request: Asked) -> Response[bytes]:
        session = session_of(request)
        if not same(request.headers.get("x-steadyline-form", ""), session.form):
            raise ProblemError(403, "this request was not made by the page: load it again")
        parts.sessions.end(request.headers.get("cookie"))
        return Response(b"{}", media_type=JSON, headers={"Set-Cookie": parts.sessions.clear_cookie()})

    @get("/api/me", operation_id="Me", summary="Who is signed in, and what there is to see", responses=signed)
    async def me(request: Asked) -> Me:
        session = session_of(request)
        return Me(
            member=session.member,
            form=session.form,
            version=version("steadyline"),
            live=None if parts.live is None else parts.live.name,
            opens=parts.opens,
            cards=tuple(parts.shelf.cards),
            rules=tuple(parts.shelf.rules),
            desk=parts.desk is not None,
            reports=parts.reports is not None,
        )

    @get("/api/recordings/{name:str}", operation_id="Recording", summary="What a recording holds", responses=asking)
    async def recording(request: Asked, name: FromPath[str], rules: FromQuery[str] = "") -> Overview:
        session_of(request)
        return await asyncio.to_thread(lambda: opened.reel(name, rules).overview())

    @get(
        "/api/recordings/{name:str}/floor",
        operation_id="FloorAt",
        summary="The floor at a moment of a recording",
        responses=asking,
    )
    async def floor_at(
        request: Asked,
        name: FromPath[str],
        at: FromQuery[datetime],
        known: FromQuery[Known] = "then",
        rules: FromQuery[str] = "",
    ) -> Floor:
        session_of(request)
        return await asyncio.to_thread(lambda: opened.reel(name, rules).floor(_utc(at), known))

    @get(
        "/api/recordings/{name:str}/time-line",
        operation_id="TimeLineOf",
        summary="Who was reachable when",
        responses=asking,
    )
    async def time_line_of(
        request: Asked,
        name: FromPath[str],
        at: FromQuery[datetime],
        known: FromQuery[Known] = "now",
        rules: FromQuery[str] = "",
    ) -> TimeLine:
        session_of(request)
        return await asyncio.to_thread(lambda: opened.reel(name, rules).time_line(_utc(at), known))

    @get(
        "/api/recordings/{name:str}/lapses/{lapse:str}",
        operation_id="WhyOf",
        summary="Why a lapse stood at a moment",
        responses=asking,
    )
    async def why_of(
        request: Asked,
        name: FromPath[str],
        lapse: FromPath[str],
        at: FromQuery[datetime],
        known: FromQuery[Known] = "then",
        rules: FromQuery[str] = "",
    ) -> Explained:
        session_of(request)
        found = await asyncio.to_thread(lambda: opened.reel(name, rules).why(lapse, _utc(at), known))
        if found is None:
            raise ProblemError(404, "no such lapse stood then")
        return Explained(why=found, done=())

    @get(
        "/api/live/stream",
        operation_id="Stream",
        summary="The live floor, as Server-Sent Events: floor, patch, pulse",
        responses={**signed, 200: plain("It goes on.", str, "text/event-stream")},
    )
    async def stream(request: Asked) -> Stream:
        session_of(request)

        def signed_in() -> bool:
            session = parts.sessions.find(request.headers.get("cookie"))
            return session is not None and not gone(session)

        last = request.headers.get("last-event-id") or request.query_params.get("last")
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Stream(_told(parts.board, last, signed_in), media_type="text/event-stream", headers=headers)

    @get("/api/live/time-line", operation_id="TimeLine", summary="Who was reachable when", responses=asking)
    async def time_line(request: Asked) -> TimeLine | None:
        session_of(request)
        live = _live(parts)
        return await asyncio.to_thread(live.time_line)

    @get("/api/live/lapses/{lapse:str}", operation_id="Why", summary="Why a lapse stands", responses=asking)
    async def why(request: Asked, lapse: FromPath[str]) -> Explained:
        session_of(request)
        live = _live(parts)
        found = await asyncio.to_thread(live.why, lapse)
        if found is None:
            raise ProblemError(404, "no such lapse")
        done: tuple[Sent, ...] = ()
        if parts.desk is not None:
            desk = parts.desk
            done = tuple(await asyncio.to_thread(lambda: desk.said(found.row.id, exercise=found.row.exercise)))
        return Explained(why=found, done=done)

    @post("/api/live/deeds", operation_id="Act", summary="Do something about a lapse", responses=sending, **taking)
    async def act(request: Asked, data: JSONBody[Deed]) -> Told:
        member = acting(request)
        if parts.desk is None:
            raise ProblemError(409, "there is no desk here: start the page with --policy")
        desk = parts.desk
        return _done(await asyncio.to_thread(lambda: desk.act(member, data.deed, exercise=data.exercise)))

    @post("/api/live/reports", operation_id="Report", summary="Report a call or an incident", responses=sending, **taking)
    async def report(request: Asked, data: JSONBody[Report]) -> Told:
        member = acting(request)
        if parts.reports is None:
            raise ProblemError(409, "there is no log here that takes reports")
        reports = parts.reports
        return _done(await asyncio.to_thread(lambda: reports.report(member, data.kind, data.fields)))

    handlers = [
        page, asset, enter, healthz, sign_in, sign_out, me, recording, floor_at, time_line_of, why_of, stream, time_line, why,
        act, report,
    ]  # fmt: skip
    return Litestar(
        handlers,
        exception_handlers=HANDLERS,
        request_max_body_size=65_536,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Steadyline watch page",
            version=version("steadyline"),
            description="What the watch page shows and does.",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            path="/api",
        ),
    )


async def _told(board: Board, last: str | None, signed_in: Callable[[], bool]) -> AsyncIterator[bytes]:
    """The stream of one browser: what it missed, then what changes, and a beat each second, while it is signed in."""
    messages, number = board.since(last)
    yield b"retry: 1000\n\n" + joined([*messages, board.pulse])
    beat = asked = time.monotonic()
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(_BEAT):
                await board.turn()
        if board.closed:
            return
        messages, number = board.after(number)
        now = time.monotonic()
        if now - asked >= _ASKED:
            asked = now
            if not signed_in():
                return
        if messages or now - beat >= _BEAT:
            beat = now
            yield joined([*messages, board.pulse]) or b": nothing yet\n\n"


def _live(parts: Parts) -> Live:
    if parts.live is None:
        raise ProblemError(404, "nothing live is shown here")
    return parts.live


def _done(outcome: Outcome) -> Told:
    if not outcome.done:
        raise ProblemError(422, outcome.says)
    return Told(says=outcome.says)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ProblemError(422, "expected a moment with its zone")
    return moment.astimezone(UTC)
