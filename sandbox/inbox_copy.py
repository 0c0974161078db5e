"""A copy of the inbox that opens from disk, with no server behind it."""

from pathlib import Path
from typing import Any

from sandbox.inbox import Links, Listing, list_page, mail_page

# More would make a folder that nobody reads; the page says how many there were.
MOST_MAILS = 200


def write_inbox(messages: list[dict[str, Any]], directory: Path) -> Path:
    """Write `index.html` and `mails/*.html` for the latest mails, and return the index's path."""
    shown = messages[: -MOST_MAILS - 1 : -1]
    mails = directory / "mails"
    mails.mkdir(parents=True, exist_ok=True)
    for old in mails.glob("[0-9]*.html"):
        old.unlink()
    inside = Links(home="../index.html", mail="{sequence}.html", live=False)
    for message in shown:
        (mails / f"{message['sequence']}.html").write_text(mail_page(message, inside), "utf-8")
    index = directory / "index.html"
    links = Links(home="index.html", mail="mails/{sequence}.html", live=False)
    index.write_text(list_page(Listing(shown, total=len(messages), found=len(shown)), links), "utf-8")
    return index
