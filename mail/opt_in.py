"""Double opt-in: the one mail that asks somebody whether the sign-up was theirs."""

import secrets
from dataclasses import dataclass, replace

from ledger import owners, sign_ups, suppressions
from ledger.engine import Ledger
from ledger.owners import Caller
from ledger.sign_ups import NewSignUp, SignUp
from ledger.singles import NewSingle
from ledger.subscribers import Consent
from ledger.suppressions import EVERYWHERE
from mail import account_gate
from mail.addresses import parse_from
from mail.unsubscribe import Tokens

_TEXT = """Somebody, most likely you, signed up for mail from {sender} with this address.

What you agreed to:

{consent_text}

To confirm it, open this page and press its button:

{link}

If that was not you, leave this mail alone: you will get no other.
"""


@dataclass(frozen=True, slots=True)
class Suspended:
    """Nothing goes out of this account now."""

    reason: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The person must not be written to."""


def confirm_url(public_url: str, token: str) -> str:
    """The address of the page that confirms."""
    return f"{public_url.rstrip('/')}/confirm/{token}"


def sign_up(
    ledger: Ledger, caller: Caller, draft: NewSingle, consent_text: str, tokens: Tokens, public_url: str
) -> SignUp | Suspended | Suppressed:
    """Keep that the recipient of `draft` signed up with its owner, and ask back, all in one transaction.

    `draft` gives addresses and subject; its text is made here.
    """

    def mail_of(sign_up_id: int) -> NewSingle:
        link = confirm_url(public_url, tokens.issue(sign_up_id, draft.owner_id))
        return asking(draft, consent_text, link)

    new = NewSignUp(
        owner_id=draft.owner_id,
        operator=draft.operator,
        address=draft.address,
        address_key=draft.address_key,
        sender=draft.sender,
        consent_text=consent_text,
    )
    with ledger.writing() as connection:
        known = sign_ups.of(connection, draft.owner_id, draft.address_key)
        if known is not None and known.state is Consent.CONFIRMED:
            return known
        scopes = (EVERYWHERE, owners.scope_of(caller.owner))
        if suppressions.reasons(connection, [draft.address_key], scopes):
            return Suppressed()
        if (reason := account_gate.suspended(connection)) is not None:
            return Suspended(reason)
        return sign_ups.request(connection, new, mail_of)


def asking(draft: NewSingle, consent_text: str, link: str) -> NewSingle:
    """Return the mail that asks back, with an id of its own."""
    mailbox = parse_from(draft.sender)
    text = _TEXT.format(sender=mailbox.name or mailbox.address, consent_text=consent_text, link=link)
    return replace(draft, public_id=secrets.token_hex(10), text=text, callbacks=())
