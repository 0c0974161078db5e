"""The geometry of the charts; `templates/_charts.html.j2` draws it as HTML and inline SVG.

A tone is the name of a colour in `templates/base.html.j2`: plain, good, warning, bad or quiet.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10

LINE_WIDTH = 720
LINE_HEIGHT = 260
# Room for the labels of the axes, in the units of the view box.
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 32
# A value that is not nothing stays visible, however small its share.
LEAST_WIDTH_PERCENT = 0.6


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its share of the total as a fraction, its width in per cent of the longest."""

    label: str
    value: int
    share: float
    width_percent: float
    tone: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a stacked bar, its width in per cent of the whole bar."""

    label: str
    value: int
    share: float
    width_percent: float
    tone: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, in the units of the view box, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class LineChart:
    """A line over time in a view box of LINE_WIDTH x LINE_HEIGHT; `limit` is the line not to cross.

    `mark` is a moment on the x axis that something happened at.
    """

    line: str
    area: str
    end: tuple[float, float]
    end_label: str
    limit: Tick | None
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    mark: Tick | None = None
    width: int = LINE_WIDTH
    height: int = LINE_HEIGHT
    left: int = LEFT
    right: int = LINE_WIDTH - RIGHT
    top: int = TOP
    bottom: int = LINE_HEIGHT - BOTTOM


def bars(values: Iterable[tuple[str, int, str]], total: int) -> list[Bar]:
    """Return a bar for each (label, value, tone), in the order given; `total` is what the shares are of."""
    items = list(values)
    longest = max((value for _, value, _ in items), default=0)
    return [
        Bar(label, value, _share(value, total), _width(value, longest), tone) for label, value, tone in items
    ]


def stacked(parts: Iterable[tuple[str, int, str]]) -> list[Segment]:
    """Return the parts of one bar, (label, value, tone) each; those that are nothing are left out."""
    items = [item for item in parts if item[1] > 0]
    total = sum(value for _, value, _ in items)
    widths = [_width(value, total) for _, value, _ in items]
    return [
        Segment(label, value, _share(value, total), width * 100 / sum(widths), tone)
        for (label, value, tone), width in zip(items, widths, strict=True)
    ]


def line(
    points: Sequence[tuple[float, float]],
    *,
    limit: float | None = None,
    limit_label: str = "",
    mark: tuple[float, str] | None = None,
    x_label: Callable[[float], str],
    y_label: Callable[[float], str],
) -> LineChart:
    """Return a chart of (x, y) points in ascending x; the y axis begins at 0 and always shows the limit.

    Raises ValueError without points.
    """
    if not points:
        raise ValueError("a line chart needs at least one point")
    first, last = points[0][0], points[-1][0]
    highest = max([y for _, y in points] + ([limit] if limit is not None else [])) or 1.0
    y_marks = _round_marks(highest)
    top = y_marks[-1]

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - first) / (last - first) if last > first else 1.0
        down = LINE_HEIGHT - BOTTOM - y / top * (LINE_HEIGHT - BOTTOM - TOP)
        return round(LEFT + across * (LINE_WIDTH - LEFT - RIGHT), 1), round(down, 1)

    placed = [place(x, y) for x, y in points]
    path = " ".join(f"{'L' if index else 'M'}{x} {y}" for index, (x, y) in enumerate(placed))
    floor_y = LINE_HEIGHT - BOTTOM
    x_marks = [first + (last - first) * step / 4 for step in range(5)] if last > first else [last]
    return LineChart(
        line=path,
        area=f"{path} L{placed[-1][0]} {floor_y} L{placed[0][0]} {floor_y} Z",
        end=placed[-1],
        end_label=y_label(points[-1][1]),
        limit=None if limit is None else Tick(place(last, limit)[1], limit_label or y_label(limit)),
        mark=None if mark is None else Tick(place(mark[0], 0)[0], mark[1]),
        x_ticks=tuple(Tick(place(mark, 0)[0], x_label(mark)) for mark in x_marks),
        y_ticks=tuple(Tick(place(last, mark)[1], y_label(mark)) for mark in y_marks),
    )


def _round_marks(highest: float) -> list[float]:
    """Return evenly spaced round numbers from 0 to the first one at or above `highest`."""
    rough = highest / 4
    magnitude = 10.0 ** floor(log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough)
    marks = [0.0]
    # The tolerance keeps 0.05 from needing a mark at 0.06 for a rounding error.
    while marks[-1] < highest * (1 - 1e-9):
        marks.append(round(step * len(marks), 12))
    return marks


def _share(value: int, total: int) -> float:
    return value / total if total else 0.0


def _width(value: int, longest: int) -> float:
    if not value or not longest:
        return 0.0
    return max(LEAST_WIDTH_PERCENT, round(value * 100 / longest, 2))
