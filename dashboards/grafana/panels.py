"""Panels: one call each, so that none is without its explanation, its place and its query."""

from collections.abc import Mapping, Sequence
from typing import Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import (
    barchart,
    geomap,
    stat,
    statetimeline,
    statushistory,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders import (
    common as common_builders,
)
from grafana_foundation_sdk.builders import (
    dashboard as dashboards,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.geomap import TooltipMode as GeoTooltip

from dashboards.grafana.names import GREY, LOOKS, Look, source
from dashboards.grafana.target import FluxQuery


class Panel(Protocol):
    """What the builders of all kinds of panel have in common."""

    def id(self, id_val: int) -> Self: ...  # noqa: D102
    def title(self, title: str) -> Self: ...  # noqa: D102
    def description(self, description: str) -> Self: ...  # noqa: D102
    def datasource(self, datasource: models.DataSourceRef) -> Self: ...  # noqa: D102
    def with_target(self, target: Builder[Dataquery]) -> Self: ...  # noqa: D102
    def span(self, w: int) -> Self: ...  # noqa: D102
    def height(self, h: int) -> Self: ...  # noqa: D102
    def no_value(self, no_value: str) -> Self: ...  # noqa: D102
    def build(self) -> models.Panel: ...  # noqa: D102


P = TypeVar("P", bound=Panel)


def placed(
    panel: P, number: int, title: str, says: str, query: str, *, wide: int, high: int, none: str = "nothing in this time"
) -> P:
    """Give a panel what every panel has. ``says`` is what it means; ``none`` is said where there is nothing."""
    panel.id(number).title(title).description(says).datasource(source()).no_value(none)
    return panel.with_target(FluxQuery(query)).span(wide).height(high)


def counter(
    unit: str = "short", steps: Sequence[tuple[float | None, str]] = ((None, GREY),), *, text: bool = False
) -> stat.Panel:
    """One number, or one word, in large."""
    reduced = common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("/.*/" if text else "")
    return (
        stat.Panel()
        .unit(unit)
        .thresholds(thresholds(steps))
        .color_scheme(by_threshold())
        .color_mode(common.BigValueColorMode.BACKGROUND_SOLID)
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(reduced)
    )


def lines(unit: str, name: str, *, points: bool = False, least: float | None = 0) -> timeseries.Panel:
    """Values over time; ``name`` says which label names a line."""
    panel = (
        timeseries.Panel()
        .unit(unit)
        .display_name(name)
        .color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .line_interpolation(common.LineInterpolation.STEP_AFTER)
        .show_points(common.VisibilityMode.ALWAYS if points else common.VisibilityMode.NEVER)
        .draw_style(common.GraphDrawStyle.POINTS if points else common.GraphDrawStyle.LINE)
        .point_size(8 if points else 4)
        .legend(common_builders.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM))
        .timezone(["utc"])
    )
    return panel if least is None else panel.min(least)


def states(name: str) -> statetimeline.Panel:
    """How things stood over time, in words and colours; ``name`` says which label names a row."""
    return (
        statetimeline.Panel()
        .display_name(name)
        .mappings([stand_words()])
        .thresholds(thresholds(((None, GREY),)))
        .merge_values(True)
        .show_value(common.VisibilityMode.AUTO)
        .row_height(0.8)
        .fill_opacity(90)
        .timezone(["utc"])
    )


def calendar(name: str) -> statushistory.Panel:
    """One field for each day, in words and colours."""
    return (
        statushistory.Panel()
        .display_name(name)
        .mappings([stand_words()])
        .thresholds(thresholds(((None, GREY),)))
        .show_value(common.VisibilityMode.NEVER)
        .col_width(0.95)
        .row_height(0.9)
        .timezone(["utc"])
    )


def rows(columns: Mapping[str, str] | None = None, looks: Mapping[str, Sequence[models.ValueMap]] | None = None) -> table.Panel:
    """A table. ``columns`` gives the unit of a column, ``looks`` its words and colours."""
    panel = table.Panel().show_header(True).cell_height(common.TableCellHeight.SM)
    for name, unit in (columns or {}).items():
        panel.override_by_name(name, [models.DynamicConfigValue(id_val="unit", value=unit)])
    for name, words in (looks or {}).items():
        panel.override_by_name(
            name,
            [
                models.DynamicConfigValue(id_val="mappings", value=list(words)),
                models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"}),
            ],
        )
    return panel


def linked(panel: table.Panel, column: str, title: str, url: str) -> table.Panel:
    """Let a column lead to another dashboard."""
    link = {"title": title, "url": url}
    return panel.override_by_name(column, [models.DynamicConfigValue(id_val="links", value=[link])])


def bars(unit: str, along: str) -> barchart.Panel:
    """A bar for each row of a table; ``along`` names the column with their names."""
    return (
        barchart.Panel()
        .unit(unit)
        .x_field(along)
        .min(0)
        .orientation(common.VizOrientation.HORIZONTAL)
        .show_value(common.VisibilityMode.ALWAYS)
        .legend(common_builders.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM))
    )


def world(shown: str) -> geomap.Panel:
    """Places on a map of the world by their columns ``lat`` and ``lon``; ``shown`` is the column that is written beside each.

    The coasts come with Grafana itself, and no other map is asked for: the tiles that it would fetch by default would tell
    somebody else what this watch looks at.
    """
    return (
        geomap.Panel()
        .view(geomap.MapViewConfig().id("zero").lat(25).lon(140).zoom(2))
        .controls(geomap.ControlsOptions().show_zoom(True).mouse_wheel_zoom(False).show_attribution(False).show_scale(True))
        .basemap(_layer("xyz", "no tiles", {"url": _NO_TILES, "attribution": ""}))
        .layers(
            [
                _layer(
                    "geojson", "coasts", {"src": "public/maps/countries.geojson", "rules": [], "style": _COASTS}, tooltip=False
                ),
                _layer("markers", "places", {"showLegend": False, "style": _MARKS | {"text": _text(shown)}}, places=True),
            ]
        )
        .tooltip(geomap.TooltipOptions().mode(_DETAILS))
    )


def thresholds(steps: Sequence[tuple[float | None, str]]) -> dashboards.ThresholdsConfig:
    """Colours from a value on; the first has none and holds below."""
    made = [models.Threshold(value=value, color=colour) for value, colour in steps]
    return dashboards.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)


def by_threshold() -> dashboards.FieldColor:
    """Coloured by its thresholds."""
    return dashboards.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)


def stand_words() -> models.ValueMap:
    """The numbers of a standing as words and colours."""
    return words({str(int(stand)): look for stand, look in LOOKS.items()})


def words(looks: Mapping[str, Look]) -> models.ValueMap:
    """Values as words and colours."""
    return models.ValueMap(
        options={
            value: models.ValueMappingResult(text=look.word, color=look.colour, index=index)
            for index, (value, look) in enumerate(looks.items())
        }
    )


_NO_TILES = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
"""A picture of nothing."""
_COASTS = {"color": {"fixed": GREY}, "opacity": 0.3, "lineWidth": 1}
_MARKS = {
    "color": {"fixed": "#E69F00"},
    "opacity": 0.7,
    "size": {"fixed": 8},
    "symbol": {"fixed": "img/icons/marker/circle.svg"},
}
_DETAILS = GeoTooltip.DETAILS


def _text(column: str) -> dict[str, object]:
    return {"mode": "field", "field": column, "fixed": ""}


class _Layer(Builder[common.MapLayerOptions]):
    def __init__(self, layer: common.MapLayerOptions) -> None:
        self._made = layer

    def build(self) -> common.MapLayerOptions:
        return self._made


def _layer(kind: str, name: str, config: Mapping[str, object], *, places: bool = False, tooltip: bool = True) -> _Layer:
    made = common.MapLayerOptions(type_val=kind, name=name, config=dict(config), tooltip=tooltip)
    if places:
        made.location = common.FrameGeometrySource(mode=common.FrameGeometrySourceMode.COORDS, latitude="lat", longitude="lon")
    return _Layer(made)
