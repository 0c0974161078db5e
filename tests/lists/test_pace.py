from lists.pace import Pace


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def told(steps):
    clock = Clock()
    pace, lines = Pace(clock=clock), []
    for seconds, stage, done, total in steps:
        clock.now = 100.0 + seconds
        lines.append(pace.line(stage, done, total))
    return lines


def test_a_line_says_how_fast_it_goes_and_how_long_it_will_take():
    assert told([(2, "syntax", 500_000, 10_000_000), (10, "syntax", 2_000_000, 10_000_000)]) == [
        "500,000 of about 10,000,000 rows, 250,000 a second, 38 s left",
        "2,000,000 of about 10,000,000 rows, 200,000 a second, 40 s left",
    ]


def test_lines_come_no_faster_than_people_read_but_the_last_one_always():
    lines = told([(1, "syntax", 1, 9), (1.5, "syntax", 2, 9), (2.1, "syntax", 3, 9), (2.2, "syntax", 9, 9)])
    assert [bool(line) for line in lines] == [True, False, True, True]
    assert lines[-1] == "9 rows in 2 s"


def test_every_stage_has_its_own_time():
    lines = told(
        [(60, "syntax", 9, 9), (60, "mx", 0, 4000), (70, "mx", 1000, 4000), (4000, "mx", 1001, 4000)]
    )
    assert lines == [
        "9 rows in 1 min",
        "0 of 4,000 domains",
        "1,000 of about 4,000 domains, 100 a second, 30 s left",
        "1,001 of about 4,000 domains, 0 a second, 3 h 17 min left",
    ]
