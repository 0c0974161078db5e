"""Which of a text's signs are HTML: the small grammar that tells a tag from words in angle brackets.

A text is HTML where it holds a tag of HTML's: the name of one of its elements, attributes that are some, and,
for an element that has an end, that end (`<b>` with a `</b>` behind it) or an attribute with a value. Words
that merely begin like a tag (`a <b and c>`, `<ann@mail.example>`, `<big news>`) are words, also within HTML,
where a browser would take them for a tag and show nothing of them.
"""

import re
from collections.abc import Iterator

ELEMENTS = frozenset(
    """a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink
    blockquote body br button canvas caption center cite code col colgroup data datalist dd del details dfn
    dialog dir div dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6
    head header hgroup hr html i iframe img input ins kbd label legend li link listing main map mark marquee
    math menu meta meter nav nobr noembed noframes noscript object ol optgroup option output p param picture
    plaintext pre progress q rp rt ruby s samp script search section select slot small source span strike
    strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u
    ul var video wbr xmp""".split()  # noqa: SIM905
)
# Their end may be left out (WHATWG HTML, 13.1.2.4), or they have none, or their name is no word.
_ALONE = frozenset(
    {
        *("br", "hr", "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "html"),
        *("div", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"),
    }
)
# Authors forget their ends, and nobody means them as words: in a text that is HTML they are tags.
_CARELESS = frozenset(
    """b i u em strong small big font center div span table ul ol dl h1 h2 h3 h4 h5 h6 blockquote pre body
    head tt strike sub sup nobr""".split()  # noqa: SIM905
)
# What stands in these is not shown, or not as HTML; without their end they take in all that is left.
_SWALLOWING = frozenset(
    """script style title textarea xmp iframe noembed noframes noscript template object applet svg math audio
    video canvas dialog frameset map select plaintext listing""".split()  # noqa: SIM905
)
_WITH_ATTRIBUTES = frozenset(
    "area base basefont bgsound col embed frame img input link meta param source track".split()  # noqa: SIM905
)
_ATTRIBUTES = frozenset(
    """accept action align alink alt axis background bgcolor border bordercolor cellpadding cellspacing char
    charset checked cite class clear color cols colspan content coords data datetime dir enctype face for
    frame headers height href hreflang hspace id lang language leftmargin link longdesc loop marginheight
    marginwidth media method name nowrap size sizes rel rev role rows rowspan rules scope shape span src
    srcset start style summary tabindex target text title topmargin type usemap valign value vlink vspace
    width xmlns http-equiv""".split()  # noqa: SIM905
)
_BARE = frozenset(
    """allowfullscreen async autofocus autoplay checked compact controls default defer disabled download
    draggable hidden inert ismap itemscope loop multiple muted nohref noresize noshade novalidate nowrap open
    playsinline readonly required reversed selected""".split()  # noqa: SIM905
)
_OFFICE = re.compile(r"(?:o|v|w|x|m|st1):[a-z0-9]+")
_TAG = re.compile(
    r"""<(?P<end>/?)(?P<name>[a-zA-Z][^\s/<>"'=]*+)
    (?P<attributes>(?:\s++[^\s"'<>/=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'=<>`]++))?+)*+)\s*+/?>""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""\s++([^\s"'<>/=]++)(\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'=<>`]++))?+""")
_BEGIN = re.compile(r"<([a-zA-Z][^\s/<>]*)")
_END = re.compile(r"</([a-zA-Z][^\s/<>]*)\s*>")
_DOCTYPE = re.compile(r"<!doctype\s+html[^<>]*>", re.IGNORECASE)
_OTHER = re.compile(r"<!doctype[^<>]*>|<!\[(?:if|endif)\b[^<>]*>|<\?xml\b[^<>]*\?>", re.IGNORECASE)
_PAGE_ENDS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)


def is_html(text: str) -> bool:
    """Return whether a text is HTML; else it is plain."""
    if "<" not in text:
        return False
    return _DOCTYPE.search(text) is not None or any(_tags(text, in_html=False))


def with_words_kept(text: str) -> str:
    """Return an HTML text in which no word is taken for a tag, and nothing stands behind the page's end."""
    kept, at = [], 0
    marks = dict(_marks(text))
    sign = text.find("<")
    while sign >= 0:
        if sign not in marks:
            kept.append(text[at:sign] + "&lt;")
            at = sign + 1
        sign = text.find("<", marks.get(sign, sign + 1))
    return _PAGE_ENDS.sub("", "".join([*kept, text[at:]]))


def _marks(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each tag, comment and raw text of a text that is HTML."""
    names = _Names(text)
    comments = text.rfind("-->")
    at = text.find("<")
    while at >= 0:
        end = at + 1
        if text.startswith("<!--", at) and comments >= at + 4:
            end = text.index("-->", at + 2) + 3
            yield at, end
        elif other := _OTHER.match(text, at):
            end = other.end()
            yield at, end
        elif (tag := _TAG.match(text, at)) and _is_tag(tag, names, in_html=True):
            end = tag.end()
            name = tag["name"].lower()
            if not tag["end"] and name in ("script", "style", "title", "textarea", "xmp", "iframe"):
                closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, end)
                end = closing.start() if closing else end
            yield at, end
        at = text.find("<", end)


def _tags(text: str, *, in_html: bool) -> Iterator[bool]:
    """Yield True for each tag."""
    names = _Names(text)
    at = text.find("<")
    while at >= 0:
        tag = _TAG.match(text, at)
        if tag is not None and _is_tag(tag, names, in_html=in_html):
            yield True
        at = text.find("<", at + 1)


class _Names:
    """The names that a text has behind `<`, and where each stands last behind `</`."""

    def __init__(self, text: str) -> None:
        self.begun = {name.lower() for name in _BEGIN.findall(text)}
        self.ended = {end.group(1).lower(): end.start() for end in _END.finditer(text)}


def _is_tag(tag: re.Match[str], names: _Names, *, in_html: bool) -> bool:
    name = tag["name"].lower()
    closed = names.ended.get(name, -1) > tag.start()
    known = name in ELEMENTS
    if tag["end"]:
        return not tag["attributes"] and (known or (in_html and name in names.begun))
    attributes = [
        (match.group(1).lower(), bool(match.group(2))) for match in _ATTRIBUTE.finditer(tag["attributes"])
    ]
    valued = any(has_value and _is_attribute(each) for each, has_value in attributes)
    # `<b and c>`, `<b c=d>`: no attribute of HTML's is among them.
    words = any((has_value or each not in _BARE) and "-" not in each for each, has_value in attributes)
    if words and not valued:
        return False
    if not known:
        # A tag of the sender's own; HTML's it is where it is written as custom elements are.
        own = _OFFICE.fullmatch(name) is not None or "-" in name
        return "@" not in name and ":/" not in name and (valued or closed) and (own or in_html)
    if name in _WITH_ATTRIBUTES:
        return valued
    if name in _SWALLOWING:
        return closed
    return valued or closed or name in _ALONE or (in_html and name in _CARELESS)


def _is_attribute(name: str) -> bool:
    return name in _ATTRIBUTES or name in _BARE or "-" in name or ":" in name or name.startswith("on")
