"""Double opt-in: who asked for mail, the one mail that asks back, and the confirmation with its proof.

Until it is confirmed, a sign-up holds back everything else that its owner sends to the address, and the
campaigns that name no owner.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select, update

from ledger import clock, dialects, singles, subscribers
from ledger.key_batches import among, batches
from ledger.schema import owner, sign_up, single, subscriber
from ledger.singles import NewSingle
from ledger.subscribers import Consent

# Nobody's mailbox is filled by a form that is sent again and again.
ASK_AGAIN_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class NewSignUp:
    """That somebody asked an owner for mail. `consent_text` is what that person was shown."""

    owner_id: int
    operator: str
    address: str
    address_key: str
    sender: str
    consent_text: str


@dataclass(frozen=True, slots=True)
class SignUp:
    """A sign-up and its proof. `sender` is the From of the mail that asks back, `mail_id` its public id.

    `requested_by` is the operator whose key asked, `confirmed_by` what was used to confirm.
    """

    id: int
    address: str
    state: Consent
    sender: str
    consent_text: str
    requested_at: float
    requested_by: str
    mailed_at: float | None
    mail_id: str | None
    confirmed_at: float | None
    confirmed_by: str | None
    # Of the mail that asks back, where its sender said so.
    language: str | None = None


def request(connection: Connection, new: NewSignUp, mail_of: Callable[[int], NewSingle]) -> SignUp:
    """Keep the sign-up and put the mail that asks back into the queue; return how it stands now.

    `mail_of` makes the mail for a sign-up's id. An owner has one sign-up an address: one that is confirmed
    stays so, and one that waits is asked again after an hour at the earliest.
    """
    at = clock.now(connection)
    row = dialects.insert(connection, sign_up).values(
        owner_id=new.owner_id,
        address_key=new.address_key,
        address=new.address,
        state=Consent.PENDING,
        sender=new.sender,
        consent_text=new.consent_text,
        requested_at=at,
        requested_by=new.operator,
    )
    connection.execute(row.on_conflict_do_nothing())
    theirs = (sign_up.c.owner_id == new.owner_id) & (sign_up.c.address_key == new.address_key)
    waiting = select(sign_up.c.id, sign_up.c.state, sign_up.c.mailed_at).where(theirs).with_for_update()
    id_, state, mailed_at = connection.execute(waiting).one()
    if state == Consent.PENDING and (mailed_at is None or at - mailed_at >= ASK_AGAIN_SECONDS):
        (message_id,) = singles.add(connection, [mail_of(id_)])
        asked = {
            "message_id": message_id,
            "mailed_at": at,
            "sender": new.sender,
            "consent_text": new.consent_text,
            "requested_at": at,
            "requested_by": new.operator,
        }
        connection.execute(update(sign_up).where(sign_up.c.id == id_).values(asked))
    found = _find(connection, theirs)
    assert found is not None
    return found


def find(connection: Connection, sign_up_id: int) -> SignUp | None:
    """Return a sign-up, or None where there is none of this id."""
    return _find(connection, sign_up.c.id == sign_up_id)


def of(connection: Connection, owner_id: int, key: str) -> SignUp | None:
    """Return an owner's sign-up of an address key, or None where there is none."""
    return _find(connection, (sign_up.c.owner_id == owner_id) & (sign_up.c.address_key == key))


def confirm(connection: Connection, sign_up_id: int, *, by: str) -> SignUp | None:
    """Let the sign-up be confirmed; return it, or None where there is none. Again, it changes nothing."""
    at = clock.now(connection)
    pending = (sign_up.c.id == sign_up_id) & (sign_up.c.state == Consent.PENDING)
    done = connection.execute(
        update(sign_up)
        .where(pending)
        .values(state=Consent.CONFIRMED, confirmed_at=at, confirmed_by=by)
        .returning(sign_up.c.owner_id, sign_up.c.address_key, sign_up.c.address)
    ).one_or_none()
    if done is not None:
        row = dialects.insert(connection, subscriber).values(
            owner_id=done.owner_id,
            address_key=done.address_key,
            address=done.address,
            state=Consent.CONFIRMED,
            confirmed_at=at,
        )
        connection.execute(
            row.on_conflict_do_update(
                index_elements=["address_key", "owner_id"],
                set_={"state": Consent.CONFIRMED, "confirmed_at": at},
            )
        )
    return find(connection, sign_up_id)


def unconfirmed(connection: Connection, keys: Sequence[str], of_owner: str | None = None) -> set[str]:
    """Return those of the keys with a sign-up that waits: with the owner of this name, or None: with any.

    With None, whoever has confirmed with one owner or is known as confirmed from elsewhere does not wait.
    """
    return _waiting_among(connection, keys, _pending(of_owner or "", confirmed=of_owner is None))


def unconfirmed_for_campaign(connection: Connection, keys: Sequence[str], of_owner: str) -> set[str]:
    """Return those of the keys that wait for a campaign of this owner; "": for one of the installation's own.

    A sign-up with another owner keeps nobody's campaign from anybody. For the installation's own campaigns a
    sign-up with any owner counts, and so does a confirmation with any.
    """
    return _waiting_among(connection, keys, _pending(of_owner, confirmed=True))


def _waiting_among(connection: Connection, keys: Sequence[str], waiting: ColumnElement[bool]) -> set[str]:
    if not keys or connection.execute(select(sign_up.c.id).where(waiting).limit(1)).first() is None:
        return set()
    found: set[str] = set()
    for part in batches(keys):
        query = select(sign_up.c.address_key).where(waiting, among(connection, sign_up.c.address_key, part))
        found.update(connection.execute(query).scalars())
    return found


def asking(connection: Connection, message_ids: Sequence[int]) -> set[int]:
    """Return those of the messages that ask for a confirmation: they alone go to people who wait for it."""
    if not message_ids:
        return set()
    query = select(sign_up.c.message_id).where(sign_up.c.message_id.in_(message_ids))
    return set(connection.execute(query).scalars())


def _pending(of_owner: str, *, confirmed: bool) -> ColumnElement[bool]:
    """Return the condition of a sign-up that waits; `confirmed`: unless that person is known as confirmed."""
    pending = sign_up.c.state == Consent.PENDING
    if of_owner:
        pending &= sign_up.c.owner_id.in_(select(owner.c.id).where(owner.c.name == of_owner))
    if not confirmed:
        return pending
    known = select(subscriber.c.id).where(
        subscriber.c.address_key == sign_up.c.address_key, *subscribers.given_to(of_owner)
    )
    return pending & ~known.exists()


def _find(connection: Connection, condition: ColumnElement[bool]) -> SignUp | None:
    query = (
        select(
            sign_up.c.id,
            sign_up.c.address,
            sign_up.c.state,
            sign_up.c.sender,
            sign_up.c.consent_text,
            sign_up.c.requested_at,
            sign_up.c.requested_by,
            sign_up.c.mailed_at,
            single.c.public_id,
            sign_up.c.confirmed_at,
            sign_up.c.confirmed_by,
            single.c.language,
        )
        .outerjoin(single, single.c.message_id == sign_up.c.message_id)
        .where(condition)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    id_, address, state, *rest = row
    return SignUp(id_, address, Consent(state), *rest)
