"""The plain-text part of a mail, made from its HTML where the campaign brings no text of its own."""

import re

from inscriptis import get_text
from inscriptis.model.config import ParserConfig

_CONFIG = ParserConfig(display_links=True, display_images=True)

# inscriptis writes a link as [label](target), and an image inside the label as [alternative text].
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]*)\)")
_BLANK_LINES = re.compile(r"\n{3,}")
_LINE_END = re.compile(r"[ \t\xa0]+$", re.MULTILINE)


def from_html(html: str) -> str:
    """Return the text of a page as a person would type it: links in brackets behind their words."""
    text = _LINK.sub(_link, get_text(html, _CONFIG))
    return _BLANK_LINES.sub("\n\n", _LINE_END.sub("", text)).strip() + "\n"


def _link(match: re.Match[str]) -> str:
    label, target = match.group(1).strip().removeprefix("[").removesuffix("]"), match.group(2)
    shown = target.removeprefix("mailto:").removeprefix("tel:")
    # A jump within the page leads nowhere in a text.
    if not target or target.startswith("#"):
        return label
    if label in ("", shown) or shown in (f"https://{label}", f"https://{label}/"):
        return shown
    return f"{label} ({shown})"
