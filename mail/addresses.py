"""The sender's address: taken apart, checked, and written in the form that SES takes."""

import re
from dataclasses import dataclass
from email.header import Header
from email.utils import quote, unquote

from email_validator import EmailNotValidError, validate_email

from mail.errors import MailError

# C0 and C1 controls, the Unicode line breaks, and halves of surrogate pairs, which no encoding can carry. A
# line break in a header's value starts a header of the list's own making (RFC 5322 2.2; header injection).
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# RFC 5322 2.1.1 allows 998 characters a line; SES takes 995 in a header's value.
MAX_HEADER_LENGTH = 995

_WITH_NAME = re.compile(r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^"<>]*?)) *<(?P<address>[^<>]*)>')
_NEEDS_QUOTES = re.compile(r'[][\\()<>@,:;".]')


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name, empty where there is none, and an address whose domain is in ASCII form (A-labels)."""

    name: str
    address: str

    @property
    def header(self) -> str:
        """The mailbox as a From or Reply-To value: ASCII alone, a foreign name as RFC 2047 encoded words."""
        if not self.name:
            return self.address
        if not self.name.isascii():
            return f"{Header(self.name, 'utf-8').encode(linesep='', maxlinelen=75)} <{self.address}>"
        name = f'"{quote(self.name)}"' if _NEEDS_QUOTES.search(self.name) else self.name
        return f"{name} <{self.address}>"

    @property
    def domain(self) -> str:
        """The domain of the address, as A-labels."""
        return self.address.rpartition("@")[2]


def parse_from(text: str) -> Mailbox:
    """Take `Bright Books <news@brightbooks.example>`, or an address alone, apart.

    The name may hold commas, dots and any script without being quoted. Raises MailError, which says what is
    wrong but not where the text came from: the caller knows the key.
    """
    if CONTROL.search(text):
        raise MailError("it holds a line break or another control character; write it on one line")
    named = _WITH_NAME.fullmatch(text.strip())
    name, address = "", text.strip()
    if named:
        quoted, bare, address = named.group("quoted", "bare", "address")
        name = (unquote(f'"{quoted}"') if quoted is not None else bare).strip()
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as err:
        raise MailError(f"it must be an address, or Name <address>: {str(err).rstrip('.')}") from err
    mailbox = Mailbox(name=name, address=f"{checked.local_part}@{checked.ascii_domain}")
    if len(mailbox.header) > MAX_HEADER_LENGTH:
        raise MailError(f"it is longer than {MAX_HEADER_LENGTH} characters; shorten the name")
    return mailbox
