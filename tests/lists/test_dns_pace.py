import asyncio

from lists.dns_pace import BURST, FIRST_WINDOW, LEAST_WINDOW, Pace, Window


def test_after_a_rest_a_burst_goes_at_once_and_the_rest_at_the_rate():
    pace = Pace(100)
    waits = [round(pace.wait_seconds(now=50.0), 6) for _ in range(BURST + 3)]
    assert all(wait <= 0 for wait in waits[: BURST + 1])
    assert waits[BURST + 1 :] == [0.01, 0.02]


def test_a_second_never_grants_more_than_the_rate_and_one_burst():
    pace, now, sent = Pace(1_000), 10.0, 0
    while now < 11.0:
        wait = pace.wait_seconds(now)
        now, sent = now + max(wait, 0), sent + 1
    assert sent <= 1_000 + BURST + 2


def test_the_window_opens_with_answers_and_closes_once_for_losses_that_come_together():
    window = Window(500, rest_seconds=1)
    assert window.size == FIRST_WINDOW
    for _ in range(1_000):
        window.answered()
    assert window.size == 500
    for now in (5.0, 5.1, 5.9):
        window.lost(now)
    assert window.size == 250
    for now in range(10, 30):
        window.lost(float(now))
    assert window.size == LEAST_WINDOW


def test_no_more_are_under_way_than_the_window_holds():
    async def run():
        window = Window(3, rest_seconds=1)
        under_way, most = 0, 0

        async def one():
            nonlocal under_way, most
            async with window:
                under_way += 1
                most = max(most, under_way)
                await asyncio.sleep(0)
                under_way -= 1

        await asyncio.gather(*(one() for _ in range(50)))
        return most

    assert asyncio.run(run()) == 3
