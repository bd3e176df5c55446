"""The OpenAPI document of a service, and how it is served: Litestar's, to which the service adds the schemas of its types."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from streams.web.problems import JSON, PROBLEM, Problem

SCHEMAS = "#/components/schemas/"
"""Where the document has its schemas."""


def told(status: str, kind: type[msgspec.Struct] = Problem) -> ResponseSpec:
    """An answer that is a problem of this kind, described in these words."""
    return ResponseSpec(data_container=kind, description=status, media_type=PROBLEM, generate_examples=False)


def plain(description: str, kind: Any = dict[str, Any], media_type: str = JSON) -> ResponseSpec:  # noqa: ANN401 - any type
    """An answer that a route writes itself, as it is: an object, unless another kind is named."""
    return ResponseSpec(data_container=kind, description=description, media_type=media_type, generate_examples=False)


def described(
    handlers: Sequence[HTTPRouteHandler], *, title: str, description: str, schemes: Mapping[str, SecurityScheme]
) -> dict[str, Any]:
    """The OpenAPI document of these routes, as Litestar makes it.

    Args:
        handlers: The routes.
        title: What the service is called.
        description: What it is for.
        schemes: How one signs in, by the names that the routes use.
    """
    app = Litestar(
        handlers,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title=title,
            version=version("steadyline"),
            description=description,
            render_plugins=[JsonRenderPlugin()],
            components=Components(security_schemes=dict(schemes)),
        ),
    )
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    made["components"].setdefault("schemas", {})
    return made


def serving(document: Mapping[str, Any]) -> HTTPRouteHandler:
    """The route that gives the document. Litestar would serve its own pages about it beside it, so its own is not used."""
    encoded = msgspec.json.encode(document)

    @get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response[bytes]:
        return Response(encoded, media_type=JSON)

    return openapi
