"""One single message composed: its sender's text, and the unsubscribe link that nothing in it can hide."""

import unicodedata

from ledger.singles import Mail
from mail import plain_text, ses_limits, single_html
from mail.errors import TemplateError
from mail.markup import is_html, with_words_kept
from mail.message import Content, MessageContext, unsubscribe_headers
from mail.visible import is_seen

_DEFAULT_LABEL = "Unsubscribe"
# Marks above and below a letter; more of them cover what stands around it.
_MOST_MARKS = 2
# They turn the order of what follows.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def compose(mail: Mail, context: MessageContext) -> Content:
    """Return what goes out: the text with the link, an anchor in HTML, words and URL in plain text.

    A plain text goes out alone: its content has no HTML part.
    """
    headers, url, label = unsubscribe_headers(context), context.unsubscribe_url, _label(mail.unsubscribe_text)
    if is_html(mail.text) and (whole := single_html.page(with_words_kept(mail.text), label, url)) is not None:
        return _within_limits(Content(mail.subject, whole, plain_text.from_html(whole), headers))
    plain = f"{mail.text.rstrip()}\n\n-- \n{label}: {url}\n"
    return _within_limits(Content(mail.subject, "", plain, headers))


def _label(text: str) -> str:
    """Return the link's words; where a reader would see none, our own."""
    kept: list[str] = []
    marks = 0
    for letter in text:
        marks = marks + 1 if unicodedata.category(letter) in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS and letter not in _TURNING:
            kept.append(letter)
    return "".join(kept) if any(each.isalnum() and is_seen(each) for each in kept) else _DEFAULT_LABEL


def _within_limits(content: Content) -> Content:
    """Return the content. Raises TemplateError with the field and the number where SES would refuse it."""
    if (excess := ses_limits.excess(content)) is not None:
        field = "text" if excess.field == "html" else excess.field
        raise TemplateError(f"`{field}` {excess.sentence}.")
    return content
