"""The rule of the brakes, over counts alone."""

import pytest

from ledger.domain_brakes import Window
from mail.brake_policy import BrakePolicy
from mail.brakes import LONGEST_FACTOR, Seen, is_over, judged, opens_at, room

NOW = 1_800_000_000.0
POLICY = BrakePolicy(share=0.5, minimum_sample=10, window_seconds=600, pause_seconds=300)
GOOD = Seen(NOW - 5, first=True, put_off=False)
BAD = Seen(NOW - 5, first=True, put_off=True)


def test_good_news_alone_opens_no_window() -> None:
    assert judged("a.example", None, [GOOD] * 50, POLICY, NOW) is None


def test_the_first_bad_news_opens_a_window_that_waits_for_its_sample() -> None:
    opened = judged("a.example", None, [BAD, GOOD], POLICY, NOW)
    assert opened == Window("a.example", NOW, outcomes=2, put_off=1)
    assert room(opened, POLICY, NOW) is None


@pytest.mark.parametrize(("bad", "braked"), [(4, False), (5, True), (10, True)])
def test_a_domain_is_braked_at_the_share_of_a_whole_sample(bad: int, braked: bool) -> None:
    found = judged("a.example", None, [BAD] * bad + [GOOD] * (10 - bad), POLICY, NOW)
    expected = Window("a.example", NOW + 300, times=1, braked_until=NOW + 300) if braked else None
    assert found == expected


def test_a_deferral_that_is_delivered_later_is_one_outcome() -> None:
    opened = judged("a.example", None, [BAD], POLICY, NOW)
    again = Seen(NOW - 5, first=False, put_off=False)
    assert judged("a.example", opened, [again], POLICY, NOW + 1) == opened


def test_a_sample_that_takes_too_long_is_not_judged() -> None:
    slow = Window("a.example", NOW, outcomes=9, put_off=9)
    assert judged("a.example", slow, [GOOD], POLICY, NOW + 600) is None
    assert judged("a.example", slow, [BAD], POLICY, NOW + 600) == Window("a.example", NOW + 600, 1, 1)


def test_a_braked_domain_has_no_room_then_a_sample_then_all() -> None:
    braked = Window("a.example", NOW + 300, times=1, braked_until=NOW + 300)
    assert [room(braked, POLICY, at) for at in (NOW, NOW + 299, NOW + 300, NOW + 899, NOW + 900)] == [
        0,
        0,
        10,
        10,
        None,
    ]
    tried = Window("a.example", NOW + 300, times=1, braked_until=NOW + 300, let_through=12)
    assert room(tried, POLICY, NOW + 400) == 0
    assert [opens_at(tried, POLICY, at) for at in (NOW, NOW + 400)] == [NOW + 300, NOW + 900]
    assert [is_over(tried, POLICY, at) for at in (NOW, NOW + 899, NOW + 900)] == [False, False, True]


def test_a_trial_judges_only_what_went_out_in_it() -> None:
    braked = Window("a.example", NOW, times=1, braked_until=NOW)
    before = [Seen(NOW - 1, first=True, put_off=True)] * 20
    assert judged("a.example", braked, before, POLICY, NOW + 60) == braked
    during = [Seen(NOW + 1, first=True, put_off=False)] * 10
    assert judged("a.example", braked, during, POLICY, NOW + 60) is None


@pytest.mark.parametrize(("times", "seconds"), [(1, 600), (2, 1_200), (3, 2_400), (4, 2_400), (9, 2_400)])
def test_each_brake_in_a_row_is_twice_as_long_up_to_a_limit(times: int, seconds: float) -> None:
    trial = Window("a.example", NOW, times=times, braked_until=NOW)
    bad = [Seen(NOW + 1, first=True, put_off=True)] * 10
    assert judged("a.example", trial, bad, POLICY, NOW + 60) == Window(
        "a.example", NOW + 60 + seconds, times=times + 1, braked_until=NOW + 60 + seconds
    )


def test_switched_off_nothing_is_watched() -> None:
    off = POLICY.model_copy(update={"enabled": False})
    assert judged("a.example", None, [BAD] * 50, off, NOW) is None


@pytest.mark.parametrize("times", range(6))
@pytest.mark.parametrize("shift", [90.0, 7200.0])
def test_a_brake_lasts_no_longer_than_it_may(times: int, shift: float) -> None:
    policy, now = BrakePolicy(minimum_sample=1), 1_800_000_000.0
    seen = [Seen(accepted_at=now + shift + 99_999, first=True, put_off=True)]
    before = Window("d.example", now, times=times, braked_until=now) if times else None
    window = judged("d.example", before, seen, policy, now + shift if not times else now)
    assert window is not None
    if times:
        # As set by the right clock: it holds.
        assert room(window, policy, now) == 0
        assert window.braked_until is not None
        at = window.braked_until - policy.pause_seconds * LONGEST_FACTOR - 2 - shift
        assert room(window, policy, at) is None
    else:
        assert room(window, policy, now + shift) == 0
        assert room(window, policy, now + shift - policy.pause_seconds - 2) is None
