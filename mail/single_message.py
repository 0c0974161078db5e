"""One single message composed: its sender's text, and the unsubscribe link that nothing in it can hide."""

import re

from lxml import etree, html

from ledger.singles import Mail
from mail import plain_text
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
# XML 1.0 knows no such characters, and neither does a mail.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")

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
        return Content(mail.subject, whole, plain_text.from_html(whole), headers)
    plain = f"{mail.text.rstrip()}\n\n-- \n{mail.unsubscribe_text}: {url}\n"
    return Content(mail.subject, "", plain, headers)


def _page(text: str) -> html.HtmlElement | None:
    """Return the text as a tree in which nothing stays open, or None where there is nothing in it."""
    try:
        page = html.document_fromstring(_UNWRITABLE.sub("", text), parser=html.HTMLParser(huge_tree=True))
    except etree.ParserError:
        return None
    for element in list(page.iter(*_SWALLOWING)):
        element.drop_tree()
    for element in list(page.iter(*_UNWRAPPED)):
        element.drop_tag()
    for comment in list(page.iter(etree.Comment, etree.ProcessingInstruction)):
        comment.drop_tree()
    return page


def _with_link(page: html.HtmlElement, unsubscribe_text: str, url: str) -> str:
    """Return the page with the link as its last part.

    The page is written anew from its tree, so that no tag, quote, comment or raw text of the sender's can
    reach the link, which stands outside of everything that they wrote.
    """
    body = page.body if page.body is not None else etree.SubElement(page, "body")
    # A style that hides the body hides the sender's own words as well.
    link = etree.SubElement(etree.SubElement(body, "div", style=_SHOWN), "a", href=url, style=_LINK_SHOWN)
    link.text = unsubscribe_text
    return str(html.tostring(page, encoding="unicode", doctype="<!DOCTYPE html>"))
