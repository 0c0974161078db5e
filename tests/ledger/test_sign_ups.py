"""Double opt-in: asked back once an hour at the most, confirmed once, proven, and silent until then."""

import pytest
from sqlalchemy import select

from ledger import erasing, owners, sign_ups, subscribers
from ledger.schema import message, single
from ledger.sign_ups import ASK_AGAIN_SECONDS, NewSignUp, SignUp
from ledger.singles import NewSingle
from ledger.subscribers import Consent

KEY = "ann@reader.example"
WORDS = "Yes, send me the weekly letter."


@pytest.fixture
def owner_id(scene) -> int:
    with scene.ledger.writing() as connection:
        return owners.ensure(connection, "EliPackage")


def request(scene, owner_id: int, key: str = KEY, words: str = WORDS) -> SignUp:
    def mail_of(sign_up_id: int) -> NewSingle:
        return NewSingle(
            public_id=f"mail-{sign_up_id}-{scene.ledger.engine.dialect.name}-{words[:9]}",
            owner_id=owner_id,
            operator="ann",
            sender="news@shop.example",
            recipient=key,
            address=key,
            address_key=key,
            domain="reader.example",
            subject="Please confirm",
            text=f"link {sign_up_id}",
            unsubscribe_text="Unsubscribe",
        )

    new = NewSignUp(owner_id, "ann", key, key, "news@shop.example", words)
    with scene.ledger.writing() as connection:
        return sign_ups.request(connection, new, mail_of)


def confirm(scene, id_: int) -> SignUp | None:
    with scene.ledger.writing() as connection:
        return sign_ups.confirm(connection, id_, by="page")


def unconfirmed(scene, *keys: str, of_owner: str | None = None) -> set[str]:
    with scene.ledger.reading() as connection:
        return sign_ups.unconfirmed(connection, keys, of_owner)


def mails(scene) -> list[str]:
    with scene.ledger.reading() as connection:
        return list(connection.execute(select(single.c.text).order_by(single.c.message_id)).scalars())


def test_a_sign_up_waits_and_its_mail_is_queued_with_it(scene, owner_id, frozen) -> None:
    found = request(scene, owner_id)
    assert (found.state, found.consent_text, found.requested_at) == (Consent.PENDING, WORDS, frozen.now)
    assert (found.confirmed_at, found.requested_by) == (None, "ann")
    assert mails(scene) == [f"link {found.id}"]
    with scene.ledger.reading() as connection:
        queued = connection.execute(select(message.c.id, message.c.status)).one()
        assert queued.status == "QUEUED"
        assert sign_ups.asking(connection, [queued.id, 999]) == {queued.id}
        assert sign_ups.of(connection, owner_id, KEY) == found


def test_who_waits_is_asked_again_after_an_hour_at_the_earliest(scene, owner_id, frozen) -> None:
    first = request(scene, owner_id)
    frozen.tick(ASK_AGAIN_SECONDS - 1)
    assert request(scene, owner_id, words="Other words") == first
    assert len(mails(scene)) == 1
    frozen.tick(1)
    again = request(scene, owner_id, words="Other words")
    assert (again.id, again.consent_text, again.requested_at) == (first.id, "Other words", frozen.now)
    assert len(mails(scene)) == 2


def test_a_confirmation_is_kept_with_its_proof_and_nothing_changes_it(scene, owner_id, frozen) -> None:
    found = request(scene, owner_id)
    frozen.tick(60)
    done = confirm(scene, found.id)
    assert done is not None
    assert (done.state, done.confirmed_at, done.confirmed_by) == (Consent.CONFIRMED, frozen.now, "page")
    frozen.tick(ASK_AGAIN_SECONDS)
    assert confirm(scene, found.id) == done
    assert request(scene, owner_id, words="Other words") == done
    assert len(mails(scene)) == 1
    with scene.ledger.reading() as connection:
        assert subscribers.confirmed(connection, [KEY]) == {KEY}


def test_a_confirmation_of_nobody_is_none(scene, owner_id) -> None:
    assert confirm(scene, 999) is None


def test_who_has_not_confirmed_waits_with_the_owner_and_for_every_campaign(scene, owner_id) -> None:
    assert unconfirmed(scene, KEY) == set()
    found = request(scene, owner_id)
    assert unconfirmed(scene, "bob@reader.example", KEY) == {KEY}
    assert unconfirmed(scene, KEY, of_owner="EliPackage") == {KEY}
    assert unconfirmed(scene, KEY, of_owner="SomebodyElse") == set()
    confirm(scene, found.id)
    assert unconfirmed(scene, KEY) == unconfirmed(scene, KEY, of_owner="EliPackage") == set()


def test_who_confirmed_with_one_owner_waits_with_the_other_alone(scene, owner_id) -> None:
    confirm(scene, request(scene, owner_id).id)
    with scene.ledger.writing() as connection:
        other = owners.ensure(connection, "SomebodyElse")
    request(scene, other, words="Ours")
    assert unconfirmed(scene, KEY, of_owner="SomebodyElse") == {KEY}
    assert unconfirmed(scene, KEY) == set()


def test_an_erased_persons_sign_up_and_proof_are_gone(scene, owner_id) -> None:
    found = request(scene, owner_id)
    confirm(scene, found.id)
    with scene.ledger.writing() as connection:
        assert erasing.erase(connection, KEY, by="Ada", reason="asked").sign_ups == 1
        assert sign_ups.find(connection, found.id) is None
        assert subscribers.confirmed(connection, [KEY]) == set()
