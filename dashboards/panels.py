"""Boards as Grafana JSON. Only this module uses Grafana's SDK.

Every panel gets a unit, a description, legends, a data source and links.
"""

import json
import warnings
from typing import Any
from urllib.parse import quote

from dashboards.alert import RUNBOOKS
from dashboards.model import Board, Panel, Query, Shape, Step
from dashboards.queries import BOARD as BOARD_SCOPE
from recado.telemetry import metrics

with warnings.catch_warnings():  # the SDK deprecates version 1, but version 2 needs Grafana 12
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, table, timeseries
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import common as cm
    from grafana_foundation_sdk.models import dashboard as dm
    from grafana_foundation_sdk.models import heatmap as hm
    from grafana_foundation_sdk.models import prometheus as pm

_DATA = cm.DataSourceRef(type_val="prometheus", uid="${datasource}")
_VARIABLES = "${datasource:queryparam}&${namespace:queryparam}&${release:queryparam}&${__url_time_range}"
_PRESENT = metrics.BUILD.name
_NEW_VERSION = (
    f"count by (version) ({BOARD_SCOPE.select(_PRESENT)})"
    f" unless count by (version) ({BOARD_SCOPE.select(_PRESENT, offset='5m')})"
)


def to_json(board: Board) -> str:
    """The board as JSON; deterministic."""
    return json.dumps(_board(board).build(), cls=JSONEncoder, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _board(board: Board) -> dashboard.Dashboard:
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(["recado"])
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .tooltip(dm.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("recado")
            .type(dm.DashboardLinkType.DASHBOARDS)
            .tags(["recado"])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
        .annotation(
            dashboard.AnnotationQuery()
            .name("Versions")
            .datasource(_DATA)
            .enable(True)
            .icon_color("blue")
            .expr(_NEW_VERSION)
            .step("60s")
            .title_format("version {{version}}")
        )
    )
    for variable in _variables():
        made = made.with_variable(variable)
    ids = iter(range(1, 1000))
    for row in board.rows:
        made = made.with_row(dashboard.Row(row.question).id(next(ids)))
        for panel in row.panels:
            made = made.with_panel(_panel(panel, next(ids)))
    return made


def _variables() -> list[Any]:
    return [
        dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        dashboard.QueryVariable("namespace")
        .label("Namespace")
        .datasource(_DATA)
        .query(f"label_values({_PRESENT}, namespace)")
        .refresh(dm.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dm.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*"),
        dashboard.QueryVariable("release")
        .label("Release")
        .datasource(_DATA)
        .query(f'label_values({_PRESENT}{{namespace=~"$namespace"}}, job)')
        .refresh(dm.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dm.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*"),
        dashboard.DatasourceVariable("logs").label("Logs").type("loki"),
        dashboard.DatasourceVariable("traces").label("Traces").type("tempo"),
    ]


def _panel(panel: Panel, id_: int) -> Any:
    builder: Any
    match panel.shape:
        case Shape.STAT:
            builder = _stat()
        case Shape.HEATMAP:
            builder = _heatmap(panel)
        case Shape.TABLE:
            builder = table.Panel().show_header(True)
        case _:
            builder = _time_series(panel)
    builder = (
        builder.id(id_)
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(_DATA)
        .span(panel.width)
        .height(panel.height)
        .thresholds(_thresholds(panel.steps))
        .links(_links(panel))
    )
    if panel.minimum is not None:
        builder = builder.min(panel.minimum)
    if panel.maximum is not None:
        builder = builder.max(panel.maximum)
    if panel.decimals is not None:
        builder = builder.decimals(panel.decimals)
    for letter, query in zip("ABCDEFG", panel.queries, strict=False):
        builder = builder.with_target(_target(query, letter, panel.shape))
    return builder


def _target(query: Query, letter: str, shape: Shape) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(letter).datasource(_DATA)
    if query.exemplars:
        target = target.exemplar(True)
    match shape:
        case Shape.HEATMAP:
            target = target.format(pm.PromQueryFormat.HEATMAP)
        case Shape.TABLE:
            target = target.format(pm.PromQueryFormat.TABLE).instant()
        case Shape.STAT:
            target = target.instant()
    return target


def _time_series(panel: Panel) -> timeseries.Panel:
    style = cm.GraphThresholdsStyleMode.LINE if panel.steps else cm.GraphThresholdsStyleMode.OFF
    made = (
        timeseries.Panel()
        .line_width(1)
        .show_points(cm.VisibilityMode.NEVER)
        .fill_opacity(10)
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
        .tooltip(common.VizTooltipOptions().mode(cm.TooltipDisplayMode.MULTI).sort(cm.SortOrder.DESCENDING))
        .legend(
            common.VizLegendOptions()
            .display_mode(cm.LegendDisplayMode.LIST)
            .placement(cm.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs([])
        )
    )
    if panel.bad:
        shades = dashboard.FieldColor().mode(dm.FieldColorModeId.SHADES).fixed_color("red")
        made = made.color_scheme(shades)
    if panel.shape is Shape.STACKED:
        made = made.fill_opacity(40).stacking(common.StackingConfig().mode(cm.StackingMode.NORMAL))
    return made


def _stat() -> stat.Panel:
    return (
        stat.Panel()
        .graph_mode(cm.BigValueGraphMode.NONE)
        .color_mode(cm.BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    )


def _heatmap(panel: Panel) -> heatmap.Panel:
    return (
        heatmap.Panel()
        .calculate(False)
        .y_axis(heatmap.YAxisConfig().unit(panel.unit))
        .color(heatmap.HeatmapColorOptions().mode(hm.HeatmapColorMode.SCHEME).scheme("Oranges").steps(32))
    )


def _thresholds(steps: tuple[Step, ...]) -> dashboard.ThresholdsConfig:
    made = [dm.Threshold(value=step.value, color=step.color) for step in steps or (Step(None, "green"),)]
    return dashboard.ThresholdsConfig().mode(dm.ThresholdsMode.ABSOLUTE).steps(made)


def _links(panel: Panel) -> list[dashboard.DashboardLink]:
    """The ways onward from a panel."""
    found = []
    if panel.runbook:
        found.append(("Runbook", f"{RUNBOOKS}/{panel.runbook}.md"))
    if panel.board:
        found.append(("Board", f"/d/{panel.board}?{_VARIABLES}"))
    if panel.logs:
        lines = f'{{namespace=~"$namespace"}} | json | action=~`{panel.logs}`'
        found.append(("Logs", _explore("${logs}", {"expr": lines, "refId": "A"})))
    if panel.traces:
        search = '{ resource.service.name = "recado" && span.error.type != nil }'
        found.append(("Traces", _explore("${traces}", {"query": search, "queryType": "traceql", "refId": "A"})))
    return [
        dashboard.DashboardLink(title).type(dm.DashboardLinkType.LINK).url(url).target_blank(True)
        for title, url in found
    ]


def _explore(source: str, query: dict[str, str]) -> str:
    pane = {"a": {"datasource": source, "queries": [query], "range": {"from": "${__from}", "to": "${__to}"}}}
    return f"/explore?schemaVersion=1&panes={quote(json.dumps(pane), safe='${}:_')}"
