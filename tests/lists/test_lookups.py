"""What a cleaning asks the ledger, by whichever way it is found."""

from datetime import UTC, date, datetime

import pytest

from ledger import clock, engagements, erasing, owners, subscribers
from ledger.engine import open_ledger
from ledger.schema import sign_up, subscriber
from ledger.suppression_filter import SuppressionFilter
from ledger.suppressions import Suppression, SuppressionReason, add, remove
from lists import lookups
from lists.lookups import end_of, open_lookups

KEYS = [f"reader.{number}@shop.example" for number in range(200)]


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


@pytest.fixture
def at(monkeypatch):
    """Set the database's clock to noon of a day."""

    def set_to(day: str) -> None:
        noon = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC).timestamp()
        monkeypatch.setattr(clock, "now", lambda connection: noon)

    return set_to


def suppress(ledger, *keys, reason=SuppressionReason.MANUAL, scope=""):
    with ledger.writing() as connection:
        add(connection, [Suppression(key, reason, "a test", scope) for key in keys])


@pytest.mark.parametrize("few", [0, 10**9], ids=["through the filter", "in the database alone"])
def test_both_ways_find_the_same(ledger, monkeypatch, few):
    monkeypatch.setattr(lookups, "_FEW_KEYS", few)
    suppress(ledger, *KEYS[::3])
    suppress(ledger, *KEYS[::7], reason=SuppressionReason.COMPLAINT, scope="weekly")
    suppress(ledger, *KEYS[::5], reason=SuppressionReason.UNSUBSCRIBE, scope="monthly")
    suppressed = open_lookups(ledger.reading, "weekly").suppressed
    expected = dict.fromkeys(KEYS[::3], "suppressed") | dict.fromkeys(KEYS[::7], "complaint")
    found = {}
    for start in range(0, len(KEYS), 60):
        found.update(suppressed(KEYS[start : start + 60]))
    assert found == expected


@pytest.mark.parametrize("few", [0, 10**9], ids=["through the filter", "in the database alone"])
def test_erased_people_stay_suppressed_and_sign_ups_wait_for_their_confirmation(ledger, monkeypatch, few):
    monkeypatch.setattr(lookups, "_FEW_KEYS", few)
    suppress(ledger, KEYS[0], reason=SuppressionReason.COMPLAINT)
    with ledger.writing() as connection:
        for key in KEYS[:2]:
            erasing.erase(connection, key, by="Ada", reason="asked")
        row = {"owner_id": owners.ensure(connection, "EliPackage"), "address": "", "state": "pending"}
        row |= {"sender": "", "consent_text": "", "requested_at": 1.0, "requested_by": ""}
        connection.execute(sign_up.insert(), [row | {"address_key": key} for key in (KEYS[1], KEYS[2])])
    assert open_lookups(ledger.reading).suppressed(KEYS) == {
        KEYS[0]: "complaint",
        KEYS[1]: "suppressed",
        KEYS[2]: "unconfirmed",
    }


def test_the_filter_is_read_once_and_only_when_it_pays(ledger, monkeypatch):
    monkeypatch.setattr(lookups, "_FEW_KEYS", 3)
    suppress(ledger, *KEYS[:40])
    made = []
    monkeypatch.setattr(
        lookups, "SuppressionFilter", lambda *how: made.append(how) or SuppressionFilter(*how)
    )
    suppressed = open_lookups(ledger.reading).suppressed
    for asked, filters in ((3, 0), (5, 0), (1, 1), (100, 1)):
        suppressed(KEYS[:asked])
        assert len(made) == filters


def test_a_list_sees_what_held_at_the_end_of_a_day(ledger, at):
    at("2026-03-01")
    suppress(ledger, *KEYS[:2], reason=SuppressionReason.UNSUBSCRIBE)
    at("2026-03-05")
    suppress(ledger, KEYS[0], reason=SuppressionReason.HARD_BOUNCE, scope="weekly")
    with ledger.writing() as connection:
        remove(connection, [(KEYS[1], "")], by="Ada", source="a test")

    def on(day: str, scope: str = "weekly") -> dict[str, str]:
        as_of = date.fromisoformat(day)
        return dict(open_lookups(ledger.reading, scope, as_of).suppressed(KEYS[:3]))

    assert on("2026-02-28") == {}
    assert on("2026-03-01") == dict.fromkeys(KEYS[:2], "unsubscribed")
    assert on("2026-03-04") == dict.fromkeys(KEYS[:2], "unsubscribed")
    assert on("2026-03-05") == {KEYS[0]: "hard_bounce"}
    assert on("2026-03-05", "monthly") == {KEYS[0]: "unsubscribed"}


def test_a_day_ends_just_before_the_next_one_begins():
    midnight = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
    assert midnight - 1e-5 < end_of(date(2026, 3, 1)) < midnight


def test_consent_is_looked_up_as_it_was(ledger):
    confirmed_at = {KEYS[0]: end_of(date(2026, 3, 1)), KEYS[1]: end_of(date(2026, 3, 2)), KEYS[2]: None}
    with ledger.writing() as connection:
        rows = [
            {"address_key": key, "address": key, "state": "confirmed", "confirmed_at": when}
            for key, when in confirmed_at.items()
        ]
        connection.execute(subscriber.insert(), rows)
    assert open_lookups(ledger.reading).confirmed(KEYS) == set(KEYS[:3])
    then = open_lookups(ledger.reading, as_of=date(2026, 3, 1)).confirmed(KEYS)
    assert then == {KEYS[0], KEYS[2]}


@pytest.mark.parametrize(
    ("owner", "confirmed", "suppressed"),
    [
        ("Ann", KEYS[:1], {KEYS[1]: "unconfirmed", KEYS[2]: "unsubscribed"}),
        ("Bob", [], {}),
        ("", KEYS[:1], {KEYS[1]: "unconfirmed"}),
    ],
)
def test_consent_and_unsubscribes_are_of_the_owner_whose_campaign_it_is(ledger, owner, confirmed, suppressed):
    with ledger.writing() as connection:
        ann = owners.ensure(connection, "Ann")
        owners.ensure(connection, "Bob")
        said = {"sender": "", "consent_text": "", "requested_at": 1.0, "requested_by": ""}
        for key, state in ((KEYS[0], "confirmed"), (KEYS[1], "pending")):
            whole = {"owner_id": ann, "address_key": key, "address": key, "state": state}
            connection.execute(sign_up.insert().values(**whole, **said))
        whole = {"owner_id": ann, "address_key": KEYS[0], "address": KEYS[0], "state": "confirmed"}
        connection.execute(subscriber.insert().values(**whole))
        left = Suppression(KEYS[2], SuppressionReason.UNSUBSCRIBE, "a test", owners.scope_of("Ann"))
        add(connection, [left])
    known = open_lookups(ledger.reading, owner=owner)
    assert known.confirmed(KEYS) == set(confirmed)
    assert known.suppressed(KEYS) == suppressed
    as_of = open_lookups(ledger.reading, as_of=datetime.now(UTC).date(), owner=owner)
    left = {key: reason for key, reason in suppressed.items() if reason == "unsubscribed"}
    assert as_of.suppressed(KEYS) == left


def test_activity_is_looked_up_as_it_was_and_its_beginning_only_once(ledger, monkeypatch):
    asked = []
    watched_since = engagements.watched_since
    monkeypatch.setattr(
        engagements, "watched_since", lambda connection: asked.append(1) or watched_since(connection)
    )
    with ledger.writing() as connection:
        row = {"address_key": KEYS[0], "address": KEYS[0], "state": "confirmed"}
        connection.execute(subscriber.insert().values(**row, last_engaged_at=5.0))
    known = open_lookups(ledger.reading)
    assert known.last_engaged(KEYS[:2]) == {KEYS[0]: 5.0}
    assert known.last_engaged(KEYS[1:2]) == {}
    assert len(asked) == 1
    assert open_lookups(ledger.reading, as_of=date(1969, 12, 31)).last_engaged(KEYS) == {}


@pytest.mark.parametrize("room", [subscribers, engagements])
def test_a_ledger_that_knows_nobody_is_asked_for_no_address(ledger, monkeypatch, room):
    monkeypatch.setattr(room, "mailed" if room is engagements else "confirmed", None)
    risks = open_lookups(ledger.reading).risks
    assert (risks.mailed if room is engagements else risks.confirmed)(KEYS) == set()
