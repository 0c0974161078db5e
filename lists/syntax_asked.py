"""What the rules leave open, asked of the library: once for each kind of fault, and once a domain."""

from functools import lru_cache

from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from lists import syntax_rules
from lists.addresses import Address, Malformed, judge
from lists.syntax_rules import LONGEST_BYTES

# RFC 5321 section 4.5.3.1.3, less 64 for the part before the @-sign and the sign itself.
_LONGEST_DOMAIN_BYTES = 254 - LONGEST_BYTES - 1

_messages: dict[str, Malformed] = {}


def explained(fault: str, cell: str) -> Address | Malformed:
    """Return the library's message for a kind of fault, asked of the first cell that has it."""
    known = _messages.get(fault)
    if known is None:
        verdict = judge(cell)
        if isinstance(verdict, Address):
            return verdict
        known = verdict
        if len(_messages) < 5_000:
            _messages[fault] = known
    return known


def judged(cell: str) -> Address | Malformed:
    """Judge trimmed text as `addresses.judge` does.

    The library is asked once a domain where the part before the @-sign is beyond doubt.
    """
    local_part, at, domain = cell.partition("@")
    if not at or len(domain.encode(errors="replace")) > _LONGEST_DOMAIN_BYTES:
        return judge(cell)
    if not syntax_rules.is_dot_atom(local_part):
        return judge(cell)
    verdict = _domain(domain)
    if isinstance(verdict, Malformed):
        return verdict
    readable = verdict.address.partition("@")[2]
    if max(len(readable.encode()), len(verdict.domain)) > _LONGEST_DOMAIN_BYTES:
        return judge(cell)
    lower = local_part.lower()
    kept = lower if lower in CASE_INSENSITIVE_MAILBOX_NAMES else local_part
    return Address(f"{kept}@{readable}", f"{lower}@{verdict.domain}", verdict.domain, verdict.flags)


@lru_cache(50_000)
def _domain(domain: str) -> Address | Malformed:
    return judge(f"a@{domain}")
