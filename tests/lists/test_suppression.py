import pytest

from ledger.engine import open_ledger
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason, add
from lists import suppression


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (SuppressionReason.HARD_BOUNCE, "hard_bounce"),
        (SuppressionReason.COMPLAINT, "complaint"),
        (SuppressionReason.UNSUBSCRIBE, "unsubscribed"),
        (SuppressionReason.MANUAL, "suppressed"),
        (SuppressionReason.SOFT_BOUNCE, "suppressed"),
        (SuppressionReason.EXPIRED, "suppressed"),
    ],
)
def test_the_ledger_s_reasons_are_said_in_the_words_of_the_rules(ledger, reason, said):
    with ledger.writing() as connection:
        add(connection, [Suppression("a@shop.example", reason, "test")])
    with ledger.reading() as connection:
        found = suppression.lookup(connection)(["a@shop.example", "b@shop.example"])
    assert found == {"a@shop.example": said}


def test_a_list_sees_its_own_scope_and_what_holds_everywhere(ledger):
    with ledger.writing() as connection:
        entries = {"a@shop.example": EVERYWHERE, "b@shop.example": "news", "c@shop.example": "offers"}
        for key, scope in entries.items():
            add(connection, [Suppression(key, SuppressionReason.UNSUBSCRIBE, "test", scope)])
    with ledger.reading() as connection:
        for_news = suppression.lookup(connection, "news")(list(entries))
        for_all = suppression.lookup(connection)(list(entries))
    assert set(for_news) == {"a@shop.example", "b@shop.example"}
    assert set(for_all) == {"a@shop.example"}


def test_nobody_is_confirmed_in_an_empty_ledger(ledger):
    with ledger.reading() as connection:
        assert suppression.confirmed_lookup(connection)(["a@shop.example"]) == set()


def test_without_a_ledger_nothing_is_known():
    assert suppression.nobody_suppressed(["a@shop.example"]) == {}
    assert suppression.nobody_confirmed(["a@shop.example"]) == set()
    assert suppression.nobody_engaged(["a@shop.example"]) == {}


@pytest.mark.parametrize("first", ["", "weekly"])
def test_the_gravest_reason_that_held_then_is_named(ledger, first):
    reasons = [SuppressionReason.MANUAL, SuppressionReason.COMPLAINT]
    scopes = [first, "" if first else "weekly"]
    with ledger.writing() as connection:
        for reason, scope in zip(reasons, scopes, strict=True):
            add(connection, [Suppression("a@shop.example", reason, "test", scope)])
    with ledger.reading() as connection:
        then = suppression.lookup_as_of(connection, 1e12, "weekly")
        assert then(["a@shop.example", "b@shop.example"]) == {"a@shop.example": "complaint"}
