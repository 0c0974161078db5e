from pathlib import Path

import pytest

from lists import free_mail

TABLES = Path(__file__).with_name("tables")
# By the providers' own sign-up pages.
LARGE = (TABLES / "free_mail.txt").read_text(encoding="utf-8").split()


def test_free_mail_providers_are_told_from_other_domains():
    assert free_mail.among(["gmail.com", "shop.example", "gmx.de", "mail.gmail.com"]) == {
        "gmail.com",
        "gmx.de",
    }


@pytest.mark.parametrize("domain", LARGE)
def test_a_large_provider_of_personal_mailboxes_is_known(domain):
    assert domain in free_mail.providers()


def test_a_mistyped_provider_in_the_public_list_is_none():
    assert not free_mail.among(["hotmail.co", "yahoo.co", "yaho.com"])


def test_the_public_list_is_in_the_form_of_the_domains_that_are_asked_for():
    assert all(name == name.lower() and name.isascii() and "." in name for name in free_mail.providers())
    assert len(free_mail.providers()) > 4_000
