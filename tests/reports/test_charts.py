import pytest

from reports import charts, page


def label(value):
    return f"{value:g}"


def test_bars_are_measured_by_the_longest_and_shares_by_the_total():
    long, short, none = charts.bars([("a", 50, "plain"), ("b", 25, "bad"), ("c", 0, "plain")], 200)
    assert (long.width_percent, long.share) == (100, 0.25)
    assert (short.width_percent, short.share, short.tone) == (50, 0.125, "bad")
    assert (none.width_percent, none.share) == (0, 0)


def test_a_value_that_is_not_nothing_stays_visible():
    assert charts.bars([("a", 1_000_000, "plain"), ("b", 1, "plain")], 1_000_001)[1].width_percent > 0.5


def test_bars_of_nothing_have_no_width():
    assert [bar.width_percent for bar in charts.bars([("a", 0, "plain")], 0)] == [0]
    assert charts.bars([], 0) == []


def test_a_stacked_bar_fills_its_width_and_leaves_out_what_is_nothing():
    parts = charts.stacked([("a", 1, "good"), ("b", 0, "plain"), ("c", 999_999, "bad")])
    assert [part.label for part in parts] == ["a", "c"]
    assert sum(part.width_percent for part in parts) == pytest.approx(100)
    assert charts.stacked([("a", 0, "good")]) == []


def test_a_line_runs_from_left_to_right_with_its_limit_inside():
    chart = charts.line([(0, 0), (10, 0.02), (20, 0.04)], limit=0.05, x_label=label, y_label=label)
    assert chart.line.startswith(f"M{charts.LEFT}.0 {chart.bottom}.0 L")
    assert chart.end[0] == chart.right
    assert chart.limit is not None
    assert charts.TOP <= chart.limit.at < chart.end[1] < chart.bottom
    assert chart.limit.label == "0.05"
    assert [tick.label for tick in chart.x_ticks] == ["0", "5", "10", "15", "20"]
    assert [tick.label for tick in chart.y_ticks] == ["0", "0.02", "0.04", "0.06"]
    assert chart.end_label == "0.04"


@pytest.mark.parametrize("points", [[(5, 0.5)], [(5, 0), (5, 0)], [(0, 0), (1, 0)]])
def test_a_line_of_one_moment_or_of_nothing_is_drawn_too(points):
    chart = charts.line(points, x_label=label, y_label=label)
    assert "nan" not in chart.line + chart.area
    assert chart.limit is None


def test_a_line_without_points_is_an_error():
    with pytest.raises(ValueError, match="at least one point"):
        charts.line([], x_label=label, y_label=label)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.5, "50.0 %"),
        (0.0499, "5.0 %"),
        (0.0001, "< 0.1 %"),
        (0.99999, "> 99.9 %"),
    ],
)
def test_a_share_never_rounds_to_nothing_or_to_everything(share, text):
    assert page.percent(share) == text
