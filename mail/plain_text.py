"""The plain-text part of a mail, made from its HTML where the campaign brings no text of its own."""

import re

from mail import html_tree, text_layout

# inscriptis writes a link as [label](target), and an image inside the label as [alternative text].
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]*)\)")
_BLANK_LINES = re.compile(r"\n{3,}")


def from_html(html: str) -> str:
    """Return the text of a page as a person would type it: links in brackets behind their words.

    Raises Uncomposable where the page is nested too deep.
    """
    page = html_tree.parse(html)
    text = _LINK.sub(_link, text_layout.text_of(page)) if page is not None else ""
    return _BLANK_LINES.sub("\n\n", _without_line_ends(text)).strip() + "\n"


def _without_line_ends(text: str) -> str:
    # A pattern of blanks before a line's end would look at each of many blanks from each of them.
    return "\n".join(line.rstrip(" \t\xa0") for line in text.split("\n"))


def _link(match: re.Match[str]) -> str:
    label, target = match.group(1).strip().removeprefix("[").removesuffix("]"), match.group(2)
    shown = target.removeprefix("mailto:").removeprefix("tel:")
    # A jump within the page leads nowhere in a text.
    if not target or target.startswith("#"):
        return label
    if label in ("", shown) or shown in (f"https://{label}", f"https://{label}/"):
        return shown
    return f"{label} ({shown})"
