"""What can be said of an e-mail before the ledger is asked: of its addresses, the domain and the sender."""

import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache

from api.errors import Code, Refusal
from api.new_email import NewEmail
from api.remembering import Remembered
from api.sender_directory import Answer, Sender, SenderDirectory
from api.thread_pools import ThreadPool
from ledger.owners import Caller
from ledger.singles import NewSingle
from lists.addresses import Address, Malformed, parse
from lists.dns_verdicts import MxVerdict, Status
from lists.roles import role_of
from lists.syntax_asked import judged
from mail import callback_urls
from mail.addresses import parse_from
from mail.callback_urls import BadCallbackUrl
from mail.errors import MailError
from mail.identities import Standing, what_to_do

DEFAULT_UNSUBSCRIBE_TEXT = "Unsubscribe"
# A list of so many is gone through in a few milliseconds.
_MANY = 50


class Checker:
    """Turns e-mails into messages, or into the reasons why they are refused."""

    def __init__(
        self,
        domains: Remembered[str, MxVerdict],
        senders: SenderDirectory,
        bodies: ThreadPool,
        *,
        private_callbacks: bool,
    ) -> None:
        """`bodies` is where long lists are gone through."""
        self._domains = domains
        self._senders = senders
        self._bodies = bodies
        self._private_callbacks = private_callbacks

    async def check(
        self, emails: Sequence[NewEmail | Refusal], caller: Caller, unsubscribe_text: str
    ) -> list[NewSingle | Refusal]:
        """Return a message or a refusal for each, in order; what is refused already stays so."""
        if len(emails) > _MANY:
            drafts = await self._bodies.run(self._drafts, emails, caller, unsubscribe_text)
        else:
            drafts = self._drafts(emails, caller, unsubscribe_text)
        messages = [item for item in drafts if isinstance(item, NewSingle)]
        asked = [(caller.owner_id, _sender(item.sender)) for item in messages]
        senders = await self._senders.get(asked)
        domains = await self._domains.get(item.domain for item in messages)
        return [
            item if isinstance(item, Refusal) else _with_answers(item, caller, senders, domains)
            for item in drafts
        ]

    def _drafts(
        self, emails: Sequence[NewEmail | Refusal], caller: Caller, unsubscribe_text: str
    ) -> list[NewSingle | Refusal]:
        """Return what each e-mail is by itself, before anybody else is asked."""
        return [
            item
            if isinstance(item, Refusal)
            else self._callbacks(item) or _draft(item, caller, unsubscribe_text)
            for item in emails
        ]

    def _callbacks(self, email: NewEmail) -> Refusal | None:
        """Refuse receivers that can be told nothing; where their names lead is seen when they are told."""
        for url in email.callbacks:
            try:
                callback_urls.parse(url, allow_private=self._private_callbacks)
            except BadCallbackUrl as err:
                return Refusal(422, Code.INVALID, f"`callbacks` {err}.", "callbacks")
        return None


def _draft(email: NewEmail, caller: Caller, unsubscribe_text: str) -> NewSingle | Refusal:
    recipient = judged(email.to.strip())
    if isinstance(recipient, Malformed):
        return _malformed(parse(email.to))
    if "smtputf8" in recipient.flags:
        return Refusal(
            422,
            Code.MALFORMED_RECIPIENT,
            "`to` has letters outside ASCII before the @-sign, which Amazon SES does not take.",
            "to",
        )
    if role := role_of(recipient.key):
        return Refusal(
            422,
            Code.ROLE_ALIAS,
            f"`to` is a role address ({role}@), read by several people or by none: write to a person.",
            "to",
        )
    try:
        _sender(email.sender)
    except MailError as err:
        return Refusal(422, Code.MALFORMED_SENDER, f"`from`: {err}.", "from")
    return _single(email, recipient, caller, unsubscribe_text)


def _single(email: NewEmail, recipient: Address, caller: Caller, unsubscribe_text: str) -> NewSingle:
    return NewSingle(
        # 80 random bits: nobody guesses another's, and no two are ever the same.
        public_id=secrets.token_hex(10),
        owner_id=caller.owner_id,
        operator=caller.operator,
        sender=email.sender,
        recipient=email.to,
        address=recipient.address,
        address_key=recipient.key,
        domain=recipient.domain,
        subject=email.subject,
        text=email.text,
        unsubscribe_text=unsubscribe_text,
        external_id=email.external_id,
        client_id=email.client_id,
        alias=email.alias,
        callbacks=email.callbacks,
        key_id=caller.key_id,
        language=email.language or "",
    )


def _malformed(found: Address | Malformed) -> Refusal:
    assert isinstance(found, Malformed)
    meant = f" Did you mean {found.suggestion}?" if found.suggestion else ""
    return Refusal(
        422,
        Code.MALFORMED_RECIPIENT,
        f"`to` is not an e-mail address: {found.detail.rstrip('.')}.{meant}",
        "to",
    )


def _with_answers(
    item: NewSingle,
    caller: Caller,
    senders: Mapping[Sender, Answer],
    domains: Mapping[str, MxVerdict],
) -> NewSingle | Refusal:
    address = _sender(item.sender)
    identity = senders[caller.owner_id, address]
    if isinstance(identity, Refusal):
        return identity
    if identity is None:
        return not_your_sender(address)
    if identity.standing is not Standing.VERIFIED:
        return Refusal(422, Code.UNVERIFIED_SENDER, _sentence(what_to_do(identity)), "from")
    # Temporary trouble with the DNS makes a domain unknown, and that refuses nobody.
    if domains[item.domain].status is Status.NO_MX:
        return Refusal(
            422, Code.NO_MX, f"The domain {item.domain} takes no mail: correct the address in `to`.", "to"
        )
    return item


def not_your_sender(address: str) -> Refusal:
    """Return the refusal of another owner's sender; it does not tell whose."""
    return Refusal(
        403,
        Code.UNVERIFIED_SENDER,
        f"{address} is another owner's sender: use one of your own (POST /senders), or ask whoever runs this "
        "to give it to you.",
        "from",
    )


@lru_cache(10_000)
def _sender(text: str) -> str:
    return parse_from(text).address


def _sentence(text: str) -> str:
    return text if "@" in text.split(" ", 1)[0] else text[:1].upper() + text[1:]
