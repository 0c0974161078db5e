"""The HTML of a single message: what its sender wrote in an element of its own, and our link behind it.

Nothing of the sender's reaches the link: their elements end before it (mail.sanitised), their style sheets
hold within their own element (mail.scoped_css), and what is around the link is written here.
"""

import re
from collections.abc import Iterable
from html import escape

from lxml import etree, html

from mail import css_allowed, html_tree, sanitised
from mail.scoped_css import SCOPE, scoped

# What a browser reads to its own end, or never leaves: each could take in what stands behind it. No mail
# reader runs or shows any of them.
_SWALLOWING = (
    *("script", "noscript", "plaintext", "xmp", "listing", "textarea", "title", "template", "style"),
    *("iframe", "frame", "frameset", "noframes", "noembed", "object", "embed", "applet", "base"),
    *("svg", "math", "audio", "video", "canvas", "dialog", "meta", "link"),
)
# These go, and what they hold stays.
_UNWRAPPED = ("form", "select", "option", "button", "input")
# A browser opens these again in every paragraph where they were left open (WHATWG HTML, 13.2.4.3), so that a
# short text with many of them becomes a long page. No mail has so many in each other.
_FORMATTING = (
    *("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"),
)
_DEEPEST_FORMATTING = 8

# What a browser gives a page that says nothing of it.
_PAGE_MARGIN = "margin:8px"
_HEIGHT, _WIDTH = ("margin-top", "margin-bottom"), ("margin-left", "margin-right")
_PAGE_ATTRIBUTES = {
    **{"topmargin": _HEIGHT, "marginheight": _HEIGHT, "leftmargin": _WIDTH, "marginwidth": _WIDTH},
    **{"text": ("color",), "bgcolor": ("background-color",)},
}
_BARE_COLOUR = re.compile(r"[0-9a-fA-F]{6}")
_FOR_PHONES = '<meta name="viewport" content="width=device-width, initial-scale=1">'
_PHONE_WIDTH = re.compile(r"width\s*=\s*device-width", re.IGNORECASE)

# Inline and !important, for mail readers that put style sheets of their own, or rewritten ones, around it.
_SHOWN = (
    "visibility:visible !important;opacity:1 !important;float:none !important;overflow:visible !important;"
    "height:auto !important;max-height:none !important;max-width:none !important;transform:none !important;"
    "filter:none !important;clip:auto !important;clip-path:none !important;text-indent:0 !important;"
    "direction:inherit !important;"
)
_TABLE = (
    "display:table !important;position:relative !important;z-index:2147483647 !important;"
    "clear:both !important;width:100% !important;margin:0 !important;border-collapse:collapse !important;"
    f"background:#ffffff !important;{_SHOWN}"
)
_CELL = (
    "display:table-cell !important;padding:16px !important;border-top:1px solid #dddddd;"
    "text-align:center !important;background:#ffffff !important;color:#555555 !important;"
    "font:13px/1.5 Arial,Helvetica,sans-serif !important;letter-spacing:normal !important;"
    f"white-space:normal !important;{_SHOWN}"
)
_LINK = (
    "display:inline-block !important;position:static !important;padding:4px 8px !important;"
    "margin:0 !important;color:#555555 !important;background:#ffffff !important;"
    "font:13px/1.5 Arial,Helvetica,sans-serif !important;text-decoration:underline !important;"
    f"pointer-events:auto !important;{_SHOWN}"
)


def page(text: str, label: str, url: str) -> str | None:
    """Return a sender's HTML with the link behind it, or None where there is nothing in the text."""
    tree = html_tree.parse(text)
    if tree is None:
        return None
    style, root, attributes = _style(tree), _root(tree), _attributes(tree)
    own = css_allowed.allowed(tree.body.get("style", "")) if tree.body is not None else ()
    colour = _background(own)
    background = f";background-color:{colour}" if colour else ""
    phones = _FOR_PHONES if _is_for_phones(tree) else ""
    inside = sanitised.sanitised(_body(tree))
    link = escape(html_tree.UNWRITABLE.sub("", label), quote=False)
    return (
        f'<!DOCTYPE html>\n<html{root}><head><meta charset="utf-8">{phones}<style>{style}</style></head>'
        f'<body style="margin:0;padding:0{background}"><div><div{attributes}>{inside}</div></div>'
        '<table role="presentation" width="100%" border="0" cellpadding="0" cellspacing="0" bgcolor="#ffffff"'
        f' style="{_TABLE}"><tbody><tr><td align="center" bgcolor="#ffffff" style="{_CELL}">'
        f'<a href="{escape(url)}" dir="auto" style="{_LINK}">{link}</a></td></tr></tbody></table>'
        "</body></html>"
    )


def _body(tree: html.HtmlElement) -> str:
    """Return the sender's HTML without what no mail reader shows, written anew from its tree."""
    # Each in one go: taken out one by one, what stands behind each would be copied anew every time.
    etree.strip_elements(tree, *_SWALLOWING, etree.Comment, etree.ProcessingInstruction, with_tail=False)
    etree.strip_tags(tree, *_UNWRAPPED)
    depth = 0
    for event, element in etree.iterwalk(tree, ("start", "end"), _FORMATTING):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        if depth > _DEEPEST_FORMATTING:
            element.set("data-deep", "")
    for element in tree.iterfind(".//*[@data-deep]"):
        element.tag = "span"
    return str(html.tostring(tree, encoding="unicode"))


def _style(tree: html.HtmlElement) -> str:
    """Return the style sheet of the mail: what a page has by itself, and the sender's own."""
    body = tree.body
    said = [_PAGE_MARGIN]
    if body is not None:
        said += [
            f"{name}:{_value(value)}"
            for attribute, names in _PAGE_ATTRIBUTES.items()
            for name in names
            if (value := body.get(attribute))
        ]
    base = list(css_allowed.allowed(";".join(said)))
    rules = [f".{SCOPE}{{{';'.join(map(str, base))}}}"]
    if colour := _background(base):
        rules.append(f"body{{background-color:{colour}}}")
    names = _names(body)
    rules += [scoped(style.text or "", style.get("media", ""), names) for style in tree.iter("style")]
    return "\n".join(rule for rule in rules if rule)


def _background(declared: Iterable[css_allowed.Declared]) -> str:
    """Return the plain colour behind a page, which it has outside of the sender's element as well."""
    colours = [colour for each in declared if (colour := css_allowed.plain_colour(each))]
    return colours[-1] if colours else ""


def _value(attribute: str) -> str:
    """Return what an attribute of old HTML says, as CSS."""
    if attribute.strip().isdecimal():
        return f"{attribute.strip()}px"
    return f"#{attribute.strip()}" if _BARE_COLOUR.fullmatch(attribute.strip()) else attribute


def _names(body: html.HtmlElement | None) -> frozenset[str]:
    if body is None:
        return frozenset()
    classes = frozenset(f".{name}" for name in body.get("class", "").split())
    return classes | {f"#{body.get('id')}"} if body.get("id") else classes


def _attributes(tree: html.HtmlElement) -> str:
    """Return the attributes of the element that stands for the sender's own page."""
    body = tree.body
    page = {} if body is None else dict(body.attrib)
    own = {
        "class": " ".join([SCOPE, *page.get("class", "").split()]),
        "id": page.get("id", ""),
        "dir": page.get("dir", "") or tree.get("dir", ""),
        "lang": page.get("lang", ""),
        "style": css_allowed.written(page.get("style", "")),
    }
    return "".join(f' {name}="{escape(value)}"' for name, value in own.items() if value)


def _root(tree: html.HtmlElement) -> str:
    language = tree.get("lang", "")
    return f' lang="{escape(language)}"' if language else ""


def _is_for_phones(tree: html.HtmlElement) -> bool:
    return any(
        meta.get("name", "").lower() == "viewport" and _PHONE_WIDTH.search(meta.get("content", ""))
        for meta in tree.iter("meta")
    )
