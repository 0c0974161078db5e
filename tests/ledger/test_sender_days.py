"""What a sender's domain sent day by day, on both databases."""

from ledger import sender_days


def test_days_are_counted_apart_and_by_domain(scene) -> None:
    with scene.ledger.writing() as connection:
        today = sender_days.today(connection)
        assert sender_days.locked_claimed(connection, "a.example", today) == 0
        sender_days.add(connection, "a.example", today, 50)
        sender_days.add(connection, "a.example", today, 30)
        sender_days.add(connection, "a.example", today - 1, 7)
        sender_days.add(connection, "b.example", today - 1, 9)
        assert sender_days.locked_claimed(connection, "a.example", today) == 80
        assert sender_days.claimed(connection, "a.example", today - 2) == 0
        assert sender_days.days_before(connection, "a.example", today) == 1
        assert sender_days.days_before(connection, "b.example", today - 1) == 0


def test_what_is_taken_back_never_makes_less_than_nothing(scene) -> None:
    with scene.ledger.writing() as connection:
        sender_days.add(connection, "a.example", 20_000, 50)
        sender_days.take_back(connection, "a.example", 20_000, 20)
        assert sender_days.claimed(connection, "a.example", 20_000) == 30
        sender_days.take_back(connection, "a.example", 20_000, 31)
        assert sender_days.claimed(connection, "a.example", 20_000) == 0
        # A day on which nothing went out in the end is no day of a plan.
        assert sender_days.days_before(connection, "a.example", 20_001) == 0
        sender_days.take_back(connection, "b.example", 20_000, 5)
        assert sender_days.claimed(connection, "b.example", 20_000) == 0
