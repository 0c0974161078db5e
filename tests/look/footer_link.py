"""The unsubscribe link of single mail in Chromium: seen and clicked, whatever the sender wrote before it.

Each mail is composed as `POST /emails` composes it and opened; the link is scrolled to. It must be what a
click in its middle hits, large enough, and of a contrast that is measured in what the browser has painted.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from browser import DESK, PHONE, Browser
from hypothesis import HealthCheck, Phase, given, seed, settings

from ledger.singles import Mail
from mail import single_message
from mail.message import MessageContext

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "mail"))

import test_single_html as tricks  # noqa: E402

GENERATED = int(os.environ.get("LOOK_MAILS", "1500"))
# WCAG 2.2, 1.4.3; a finger's target and the smallest letters are ours.
CONTRAST, LETTERS, WIDTH, HEIGHT = 4.5, 12, 24, 20

_LINK = f"[...document.querySelectorAll('a')].filter(each => each.href === {json.dumps(tricks.URL)})"
_PLACE = f"""(() => {{
    const links = {_LINK};
    if (links.length !== 1) return 'links: ' + links.length;
    const link = links[0];
    link.scrollIntoView({{block: 'center', inline: 'center'}});
    const box = link.getBoundingClientRect();
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const hit = document.elementFromPoint(x, y);
    if (hit !== link) return 'a click hits ' + (hit ? hit.outerHTML.slice(0, 80) : 'nothing');
    const letters = parseFloat(getComputedStyle(link).fontSize);
    if (letters < {LETTERS}) return 'letters of ' + letters + ' px';
    if (box.width < {WIDTH} || box.height < {HEIGHT}) return 'a box of ' + box.width + ' x ' + box.height;
    if (box.left < 0 || box.right > innerWidth) return 'beside the screen: ' + box.left;
    return {{x: box.left + scrollX, y: box.top + scrollY, width: box.width, height: box.height, scale: 1}};
}})()"""
_MEASURED = """(async bytes => {
    const picture = new Image();
    picture.src = 'data:image/png;base64,' + bytes;
    await picture.decode();
    const canvas = new OffscreenCanvas(picture.width, picture.height), pen = canvas.getContext('2d');
    pen.drawImage(picture, 0, 0);
    const points = pen.getImageData(0, 0, picture.width, picture.height).data;
    const part = value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    let most = 0, least = 1;
    for (let at = 0; at < points.length; at += 4) {
        const light = 0.2126 * part(points[at] / 255) + 0.7152 * part(points[at + 1] / 255)
            + 0.0722 * part(points[at + 2] / 255);
        most = Math.max(most, light); least = Math.min(least, light);
    }
    return (most + 0.05) / (least + 0.05);
})"""


def look(browser: Browser, mails: Sequence[str]) -> None:
    """Look at every trick on a desk and on a phone, at half of the mails on each. Raises AssertionError."""
    count = 0
    for size, made in ((DESK, mails[::2]), (PHONE, mails[1::2])):
        browser.resize(size)
        texts = [*tricks.TRICKS, *made]
        count += len(texts)
        faults = [fault for text in texts if (fault := hidden(browser, composed(text), text))]
        assert not faults, "\n".join(faults)
    browser.resize(DESK)
    print(f"The unsubscribe link is seen and clicked in {count:,} mails.", flush=True)


def composed(text: str) -> str:
    """Return the HTML of a mail; a text that is none goes out plain, where nothing hides anything."""
    mail = Mail("news@shop.example", "Promo", text, tricks.LABEL, "EliPackage")
    return single_message.compose(mail, MessageContext("someone@mail.example", tricks.URL)).html


def generated() -> list[str]:
    """Return mails made up by Hypothesis, the same each time.

    Hypothesis wants nobody else to use `random` meanwhile, as the connection to a browser does.
    """
    made: list[str] = []

    @seed(int(os.environ.get("LOOK_SEED", "1")))
    @settings(
        max_examples=GENERATED,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(tricks.mails)
    def make(text: str) -> None:
        made.append(text)

    make()
    return made


def hidden(browser: Browser, page: str, text: str) -> str:
    """Return what is wrong with the link of a page, or an empty text."""
    show(browser, page)
    place = browser.value(_PLACE)
    if isinstance(place, str):
        return f"{place}: {text[:300]!r}"
    shot = browser.command("Page.captureScreenshot", format="png", clip=place, captureBeyondViewport=True)
    contrast = float(browser.value(f"{_MEASURED}({json.dumps(shot['data'])})"))
    return "" if contrast >= CONTRAST else f"a contrast of {contrast:.1f}: {text[:300]!r}"


def show(browser: Browser, page: str) -> None:
    """Put HTML into the page that is open."""
    frame = browser.command("Page.getFrameTree")["frameTree"]["frame"]["id"]
    browser.command("Page.setDocumentContent", frameId=frame, html=page)
