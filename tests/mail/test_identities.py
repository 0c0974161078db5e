"""Senders: where an address stands in SES, and what its owner does next."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from mail import identities
from mail.identities import Identity, Standing, what_to_do
from mail.readiness import NotReady


class FakeSes:
    """Identities by name: verified, pending or failed."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.made: list[str] = []

    def get_email_identity(self, **request: Any) -> Mapping[str, Any]:
        status = self.known.get(request["EmailIdentity"])
        if status is None:
            raise ClientError({"Error": {"Code": "NotFoundException"}}, "GetEmailIdentity")
        return {"VerifiedForSendingStatus": status == "SUCCESS", "VerificationStatus": status}

    def create_email_identity(self, **request: Any) -> Mapping[str, Any]:
        name = request["EmailIdentity"]
        if name in self.known:
            raise ClientError({"Error": {"Code": "AlreadyExistsException"}}, "CreateEmailIdentity")
        self.made.append(name)
        self.known[name] = "PENDING"
        return {}


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({}, Identity("a@mail.shop.example", Standing.UNKNOWN)),
        ({"a@mail.shop.example": "PENDING"}, Identity("a@mail.shop.example", Standing.PENDING)),
        ({"a@mail.shop.example": "FAILED"}, Identity("a@mail.shop.example", Standing.FAILED)),
        ({"a@mail.shop.example": "SUCCESS"}, Identity("a@mail.shop.example", Standing.VERIFIED)),
        (
            {"mail.shop.example": "SUCCESS"},
            Identity("a@mail.shop.example", Standing.VERIFIED, "mail.shop.example"),
        ),
        ({"shop.example": "SUCCESS"}, Identity("a@mail.shop.example", Standing.VERIFIED, "shop.example")),
        ({"shop.example": "PENDING"}, Identity("a@mail.shop.example", Standing.UNKNOWN)),
        ({"example": "SUCCESS"}, Identity("a@mail.shop.example", Standing.UNKNOWN)),
    ],
)
def test_an_address_is_verified_where_it_or_a_domain_above_it_is(
    known: dict[str, str], found: Identity
) -> None:
    assert identities.standing(FakeSes(**known), "a@mail.shop.example") == found


def test_onboarding_makes_the_identity_once() -> None:
    ses = FakeSes()
    for _ in range(2):
        assert identities.onboard(ses, "a@shop.example").standing is Standing.PENDING
    assert ses.made == ["a@shop.example"]


def test_a_sender_of_a_verified_domain_needs_no_identity() -> None:
    ses = FakeSes(**{"shop.example": "SUCCESS"})
    assert identities.onboard(ses, "a@shop.example").standing is Standing.VERIFIED
    assert ses.made == []


@pytest.mark.parametrize("standing", Standing)
def test_every_standing_says_what_to_do_in_one_sentence(standing: Standing) -> None:
    told = what_to_do(Identity("a@shop.example", standing))
    assert "a@shop.example" in told
    assert told.endswith(".")
    assert told.count(". ") == 0


def test_an_ses_that_does_not_answer_is_told_in_a_sentence() -> None:
    class Away(FakeSes):
        def get_email_identity(self, **request: Any) -> Mapping[str, Any]:
            raise EndpointConnectionError(endpoint_url="https://ses.example")

    with pytest.raises(NotReady, match="SES does not say whether"):
        identities.standing(Away(), "a@shop.example")
