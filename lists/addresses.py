"""What an e-mail address is: its syntax, its normalised form, and the key under which a person is known.

The syntax is email-validator's. Its deliverability check stays off: it turns some DNS trouble into
"undeliverable", which would drop people for an outage; `lists.mx` asks the DNS instead.
"""

import unicodedata
from dataclasses import dataclass

from email_validator import EmailSyntaxError, validate_email

from lists.errors import ListError
from lists.repair import candidates

BLANK = "the address is blank"


@dataclass(frozen=True, slots=True)
class Address:
    """A well-formed address.

    `address` is normalised (NFC, domain lower-cased and in Unicode), `domain` is in A-labels. Flags:
    `smtputf8` (the part before the @-sign is not ASCII), `one_letter_tld`.
    """

    address: str
    key: str
    domain: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a string is no address, and the address that was probably meant ("" if none suggests itself)."""

    detail: str
    suggestion: str = ""


def parse(address: str) -> Address | Malformed:
    """Judge one address; blanks around it are no fault, anything else that does not belong there is one."""
    text = address.strip()
    verdict = judge(text)
    if isinstance(verdict, Malformed) and text:
        return Malformed(verdict.detail, _suggestion(text))
    return verdict


def judge(text: str) -> Address | Malformed:
    """Judge trimmed text as the library does, without a suggestion."""
    if not text:
        return Malformed(BLANK)
    try:
        return _well_formed(text)
    except EmailSyntaxError as error:
        return Malformed(str(error))


def address_key(address: str) -> str:
    """Return the key of an address: normalised, domain in A-labels, all lower-cased.

    Dots and plus-tags stay: they can tell two people apart. Raises ListError for what is no address.
    """
    match parse(address):
        case Address(key=key):
            return key
        case Malformed(detail=detail):
            raise ListError(f"This is not an e-mail address: {detail.rstrip('.')}.")


def key_of(address: str, domain: str) -> str:
    """Return the key of an address that `parse` normalised, without judging it again.

    `domain` is its domain in A-labels, as in `Address.domain` and the accepted list's column.
    """
    local_part = address.rpartition("@")[0]
    # Lower-casing can undo the composed form (NFC) that a database compares byte by byte.
    return unicodedata.normalize("NFC", local_part.lower()) + "@" + domain


def _well_formed(text: str) -> Address:
    result = validate_email(text, check_deliverability=False, strict=True, allow_smtputf8=True)
    domain = (result.ascii_domain or result.domain).lower()
    flags = []
    # The library's own smtputf8 speaks of the string as given: U+212A normalises to a plain K.
    if not (result.local_part or "").isascii():
        flags.append("smtputf8")
    if len(domain.rpartition(".")[2]) == 1:
        # The library takes a@b.c, but no top-level domain has one letter.
        flags.append("one_letter_tld")
    return Address(result.normalized, key_of(result.normalized, domain), domain, tuple(flags))


def _suggestion(text: str) -> str:
    for candidate in candidates(text):
        try:
            return _well_formed(candidate).address
        except EmailSyntaxError:
            continue
    return ""
