"""One single message composed: its sender's text, and the unsubscribe link that nothing in it can hide."""

from lxml import etree, html

from ledger.singles import Mail
from mail import html_tree, plain_text, ses_limits
from mail.errors import TemplateError
from mail.html_tree import UNWRITABLE
from mail.markup import is_html, with_words_kept
from mail.message import Content, MessageContext, unsubscribe_headers

# What a browser reads to its own end, or never leaves: each could take in what stands behind it. No mail
# reader runs or shows any of them.
_SWALLOWING = (
    *("script", "noscript", "plaintext", "xmp", "listing", "textarea", "title", "template"),
    *("iframe", "frame", "frameset", "noframes", "noembed", "object", "embed", "applet", "base"),
    *("svg", "math", "audio", "video", "canvas", "dialog", "meta", "link"),
)
# These go, and what they hold stays.
_UNWRAPPED = ("form", "select", "option", "button", "input")

# Inline and !important, so that no style sheet of the text can hide it.
_SHOWN = (
    "display:block !important;visibility:visible !important;opacity:1 !important;position:static !important;"
    "float:none !important;clear:both !important;max-height:none !important;overflow:visible !important;"
    "margin:24px auto 0 !important;padding:16px !important;max-width:600px !important;"
    "font:13px/1.5 Arial,Helvetica,sans-serif !important;text-align:center !important;"
    "color:#666666 !important;border-top:1px solid #dddddd"
)
_LINK_SHOWN = "display:inline !important;visibility:visible !important;color:#666666 !important"


def compose(mail: Mail, context: MessageContext) -> Content:
    """Return what goes out: the text with the link, an anchor in HTML, words and URL in plain text.

    A plain text goes out alone: its content has no HTML part.
    """
    headers, url = unsubscribe_headers(context), context.unsubscribe_url
    if is_html(mail.text) and (page := _page(with_words_kept(mail.text))) is not None:
        whole = _with_link(page, mail.unsubscribe_text, url)
        return _within_limits(Content(mail.subject, whole, plain_text.from_html(whole), headers))
    plain = f"{mail.text.rstrip()}\n\n-- \n{mail.unsubscribe_text}: {url}\n"
    return _within_limits(Content(mail.subject, "", plain, headers))


def _within_limits(content: Content) -> Content:
    """Return the content. Raises TemplateError with the field and the number where SES would refuse it."""
    if (excess := ses_limits.excess(content)) is not None:
        field = "text" if excess.field == "html" else excess.field
        raise TemplateError(f"`{field}` {excess.sentence}.")
    return content


def _page(text: str) -> html.HtmlElement | None:
    """Return the text as a tree in which nothing stays open, or None where there is nothing in it."""
    page = html_tree.parse(text)
    if page is None:
        return None
    # Each in one go: taken out one by one, what stands behind each would be copied anew every time.
    etree.strip_elements(page, *_SWALLOWING, etree.Comment, etree.ProcessingInstruction, with_tail=False)
    etree.strip_tags(page, *_UNWRAPPED)
    return page


def _with_link(page: html.HtmlElement, unsubscribe_text: str, url: str) -> str:
    """Return the page with the link as its last part.

    The page is written anew from its tree, so that no tag, quote, comment or raw text of the sender's can
    reach the link, which stands outside of everything that they wrote.
    """
    body = page.body if page.body is not None else etree.SubElement(page, "body")
    # A style that hides the body hides the sender's own words as well.
    link = etree.SubElement(etree.SubElement(body, "div", style=_SHOWN), "a", href=url, style=_LINK_SHOWN)
    link.text = UNWRITABLE.sub("", unsubscribe_text)
    return str(html.tostring(page, encoding="unicode", doctype="<!DOCTYPE html>"))
