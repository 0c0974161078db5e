"""Throw-away mail providers, by two public lists and changes to them.

The lists (`disposable-email-domains`, `mailchecker`) also name providers that people keep for life. So the
larger one counts only where the list of free-mail providers says nothing else, and the rule is a flag unless
a list asks for more.
"""

from collections.abc import Iterable, Set
from functools import cache
from pathlib import Path

from disposable_email_domains import blocklist
from MailChecker import MailChecker

from lists import changes, free_mail, typos
from lists.changes import Changes

CHANGES_FILE = Path(__file__).with_name("disposable_domains.txt")


def among(domains: Iterable[str], changes_file: str = "") -> frozenset[str]:
    """Return those of the domains (A-labels, lower case) that hand out throw-away mailboxes.

    `changes_file` is as `changes.read` takes it, and counts before the program's own. Raises ListError where
    it cannot be read.
    """
    own = changes.read(changes_file)
    by_people = _shipped() + own
    found = frozenset(domain for domain in domains if _is_listed(domain, by_people, _larger_list()))
    # The larger list also names what people mistype for a great provider, such as gmial.com.
    mistyped = typos.suggestions(sorted(found & _larger_list()))
    return found - (mistyped.keys() - own.added)


def is_disposable(domain: str) -> bool:
    """Tell whether a domain (A-labels, lower case), or one above it, hands out throw-away mailboxes."""
    return bool(among([domain]))


def _is_listed(domain: str, by_people: Changes, larger_list: Set[str]) -> bool:
    name = domain
    while "." in name:
        if name in by_people.removed:
            return False
        if name in by_people.added or name in larger_list:
            return True
        name = name.partition(".")[2]
    return False


@cache
def _shipped() -> Changes:
    return Changes(frozenset(blocklist)) + changes.read(CHANGES_FILE)


@cache
def _larger_list() -> frozenset[str]:
    return frozenset(MailChecker.blacklist) - free_mail.providers() - frozenset(blocklist)
