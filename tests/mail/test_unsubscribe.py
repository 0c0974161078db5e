"""Unsubscribe tokens: short, unforgeable, good for ever, and good over a change of the key."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from string import ascii_letters, digits
from struct import pack

import pytest

from mail.errors import MailError
from mail.unsubscribe import CONFIRM, UNSUBSCRIBE, TokenClaims, Tokens, url

OLD = "the old key of many characters"
NEW = "the new key of many characters"
SAFE = set(ascii_letters + digits + "-_")


@pytest.mark.parametrize(
    ("message_id", "campaign_id"), [(1, 1), (1, 2), (2, 1), (0, 0), (2**63 - 1, 2**63 - 1)]
)
def test_a_token_says_what_it_was_made_for(message_id: int, campaign_id: int) -> None:
    tokens = Tokens(NEW)
    token = tokens.issue(message_id, campaign_id)
    assert tokens.read(token) == TokenClaims(message_id=message_id, campaign_id=campaign_id)
    assert len(token) < 120
    assert set(token) <= SAFE


def test_a_message_always_gets_the_same_token_and_no_two_share_one() -> None:
    tokens = Tokens(NEW)
    assert tokens.issue(5, 6) == Tokens(NEW).issue(5, 6)
    assert len({tokens.issue(a, b) for a in range(20) for b in range(20)}) == 400


def test_no_single_changed_character_passes() -> None:
    tokens = Tokens(NEW)
    token = tokens.issue(5, 6)
    for place in range(len(token)):
        for sign in "AQgw_-9z":
            if sign != token[place]:
                assert tokens.read(token[:place] + sign + token[place + 1 :]) is None


@pytest.mark.parametrize("wrong", ["", "x", "A" * 43, "A" * 42, "A" * 44, "=" * 43, "ü" * 43, "\n" * 43])
def test_what_is_no_token_is_none(wrong: str) -> None:
    assert Tokens(NEW).read(wrong) is None


def test_a_token_with_something_around_it_is_none() -> None:
    token = Tokens(NEW).issue(5, 6)
    for wrong in (token + "=", token + "\n", " " + token, token + "A", token[:-1], token + "."):
        assert Tokens(NEW).read(wrong) is None


def test_the_newest_key_signs_and_the_older_ones_still_verify() -> None:
    before, after = Tokens(OLD), Tokens(f"{NEW}, {OLD}")
    assert after.read(before.issue(5, 6)) == TokenClaims(5, 6)
    assert after.issue(5, 6) == Tokens(NEW).issue(5, 6)
    assert before.read(after.issue(5, 6)) is None
    assert Tokens(NEW).read(before.issue(5, 6)) is None


def test_a_signature_of_the_same_key_for_another_purpose_does_not_pass() -> None:
    claims = pack(">QQ", 5, 6)
    for purpose in (b"", b"confirm/1\x00"):
        signature = hmac.digest(NEW.encode(), purpose + claims, "sha256")[:16]
        assert Tokens(NEW).read(urlsafe_b64encode(claims + signature).decode().rstrip("=")) is None


MAILED = "a key that has signed links in old mail"


@pytest.mark.parametrize(
    ("token", "purpose", "claims"),
    [
        # Signed and not sealed, as all were at first.
        ("AAAAAAAS1ocAAAAAAAAAWcENJMQEbYpDil0GVw4k6-s", UNSUBSCRIBE, TokenClaims(1_234_567, 89)),
        ("AAAAAAAAAAwAAAAAAAAAA642WrwHNmfU5b3Iv8Xv01A", CONFIRM, TokenClaims(12, 3)),
        ("4Cu2voMvAN6FkPEc9nRPPCl03th2Av_TjZEg46U1Vmo", UNSUBSCRIBE, TokenClaims(1_234_567, 89)),
        ("DoqmDFinYX2p1tdt3a2KvP2r6XuNvUHo73Y7wZTGGR8", CONFIRM, TokenClaims(12, 3)),
    ],
)
def test_links_in_mail_of_every_age_work_for_ever(token: str, purpose: bytes, claims: TokenClaims) -> None:
    assert Tokens(MAILED, purpose).read(token) == claims
    assert Tokens(f"{NEW},{MAILED}", purpose).read(token) == claims
    other = CONFIRM if purpose == UNSUBSCRIBE else UNSUBSCRIBE
    assert Tokens(MAILED, other).read(token) is None
    assert Tokens(NEW, purpose).read(token) is None


@pytest.mark.parametrize("purpose", [UNSUBSCRIBE, CONFIRM])
def test_tokens_tell_no_ids_and_no_volumes(purpose: bytes) -> None:
    tokens = Tokens(NEW, purpose)
    packed = [urlsafe_b64decode(tokens.issue(number, 7) + "=") for number in range(1_000)]
    for place in range(32):
        # Of 1,000 random bytes more than 200 of the 256 differ, and none comes up as often as 30 times.
        found = Counter(each[place] for each in packed)
        assert len(found) > 200
        assert max(found.values()) < 30
    # What one knows of one's own mail does not open a neighbour's: no two are hidden alike.
    assert len({int.from_bytes(each[16:]) ^ number << 64 | 7 for number, each in enumerate(packed)}) == 1_000


@pytest.mark.parametrize("key", ["", " ", ",", " , "])
def test_an_empty_key_is_refused(key: str) -> None:
    with pytest.raises(MailError, match="CAMPAIGN_SECRET_KEY is empty"):
        Tokens(key)


def test_a_key_does_not_show_where_its_holder_is_printed() -> None:
    assert NEW not in repr(Tokens(NEW))


@pytest.mark.parametrize(
    "public_url", ["https://mail.brightbooks.example", "https://mail.brightbooks.example/"]
)
def test_the_link_is_the_public_address_with_the_token(public_url: str) -> None:
    assert url(public_url, "abc") == "https://mail.brightbooks.example/unsubscribe/abc"
