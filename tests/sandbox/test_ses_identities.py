"""Senders and their verification."""

import re
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from sandbox import RunningSandbox

_OPENER = build_opener(ProxyHandler({}))


def fetch(url: str, *, method: str = "GET") -> str:
    with _OPENER.open(Request(url, method=method), timeout=10) as response:
        return str(response.read().decode())


def test_an_address_is_verified_by_the_button_behind_the_mailed_link_and_not_by_looking(
    ses: Any, running: RunningSandbox, simple: Any
) -> None:
    created = ses.create_email_identity(EmailIdentity="me@shop.example")
    assert created["IdentityType"] == "EMAIL_ADDRESS"
    assert created["VerifiedForSendingStatus"] is False
    mail = running.messages(bodies=True)[0]
    assert mail["to"] == ["me@shop.example"]
    link = re.search(r"http://127\.0\.0\.1:\d+/sandbox/verify/\S+", mail["text"])
    assert link is not None
    assert "<form" in fetch(link[0])
    assert ses.get_email_identity(EmailIdentity="me@shop.example")["VerificationStatus"] == "PENDING"
    assert "is verified" in fetch(link[0], method="POST")
    identity = ses.get_email_identity(EmailIdentity="me@shop.example")
    assert identity["VerifiedForSendingStatus"] is True
    assert identity["VerificationStatus"] == "SUCCESS"
    ses.send_email(**simple(FromEmailAddress="Me <me@shop.example>"))
    with pytest.raises(ses.exceptions.MessageRejected):
        ses.send_email(**simple(FromEmailAddress="you@shop.example"))


def test_a_domain_gets_dkim_tokens_and_no_mail(ses: Any, running: RunningSandbox) -> None:
    created = ses.create_email_identity(EmailIdentity="shop.example")
    assert created["IdentityType"] == "DOMAIN"
    assert created["DkimAttributes"]["Status"] == "PENDING"
    assert len(created["DkimAttributes"]["Tokens"]) == 3
    assert running.messages() == []


def test_a_verified_domain_speaks_for_its_addresses_and_subdomains(ses: Any, simple: Any) -> None:
    ses.send_email(**simple(FromEmailAddress="any@brightbooks.example"))
    ses.send_email(**simple(FromEmailAddress="any@mail.brightbooks.example"))
    with pytest.raises(ses.exceptions.MessageRejected):
        ses.send_email(**simple(FromEmailAddress="any@notbrightbooks.example"))


def test_identities_are_listed_deleted_and_unique(ses: Any) -> None:
    ses.create_email_identity(EmailIdentity="shop.example")
    with pytest.raises(ses.exceptions.AlreadyExistsException):
        ses.create_email_identity(EmailIdentity="shop.example")
    names = [identity["IdentityName"] for identity in ses.list_email_identities()["EmailIdentities"]]
    assert names == ["brightbooks.example", "shop.example"]
    ses.delete_email_identity(EmailIdentity="shop.example")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_email_identity(EmailIdentity="shop.example")


def test_what_is_neither_address_nor_domain_is_refused(ses: Any) -> None:
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.create_email_identity(EmailIdentity="a b@shop.example")


def test_a_mail_from_domain_is_kept(ses: Any) -> None:
    ses.put_email_identity_mail_from_attributes(
        EmailIdentity="brightbooks.example", MailFromDomain="bounce.brightbooks.example"
    )
    attributes = ses.get_email_identity(EmailIdentity="brightbooks.example")["MailFromAttributes"]
    assert attributes["MailFromDomain"] == "bounce.brightbooks.example"
