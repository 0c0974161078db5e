"""A simulated campaign as a page: the rate, the unknown outcomes and the halt over time."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mail.policy import HaltRules
from mail.simulation import Point, Scenario, Simulated
from reports import charts, page
from reports.charts import LineChart

# More points than pixels only make the file larger.
_POINTS = 400


def write(
    path: Path, scenario: Scenario, preset: str, rules: HaltRules, found: Simulated, plain: Simulated
) -> None:
    """Write the page. `plain` is the same campaign past a counter that neither stops nor paces.

    Raises ReportError.
    """
    page.write(path, render(scenario, preset, rules, found, plain))


def render(scenario: Scenario, preset: str, rules: HaltRules, found: Simulated, plain: Simulated) -> str:
    """Return the page, one file with nothing to load."""
    draw = _Drawing(found)
    most = max(found.points, key=lambda point: point.bound).bound
    return page.render(
        "simulation.html.j2",
        scenario=scenario,
        preset=preset,
        rules=rules,
        found=found,
        plain=plain,
        minutes=_minutes(found.points[-1].at),
        stopped_at=None if found.stopped_at is None else _minutes(found.stopped_at),
        rate=draw.line(
            lambda point: point.bounce_rate, lambda y: f"{y:.1%}", rules.bounce_rate, "halts here"
        ),
        unknown=draw.line(lambda point: point.unknown, lambda y: f"{y:,.0f}", most, "at most"),
        out=draw.line(lambda point: point.accepted, lambda y: f"{y:,.0f}"),
    )


class _Drawing:
    def __init__(self, found: Simulated) -> None:
        self.points = _thinned(found.points)
        self.mark: tuple[float, str] | None = None
        if found.stopped is not None and found.stopped_at is not None:
            self.mark = (max(found.stopped_at, self.points[0].at), found.stopped.rule)

    def line(
        self,
        value: Callable[[Point], float],
        y_label: Callable[[float], str],
        limit: float | None = None,
        limit_label: str = "",
    ) -> LineChart:
        return charts.line(
            [(point.at, value(point)) for point in self.points],
            limit=limit,
            limit_label="" if limit is None else f"{limit_label}: {y_label(limit)}",
            mark=self.mark,
            x_label=_minutes,
            y_label=y_label,
        )


def _thinned(points: Sequence[Point]) -> list[Point]:
    step = max(1, len(points) // _POINTS)
    return [*points[:-1:step], points[-1]]


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
