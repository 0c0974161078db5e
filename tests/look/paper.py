"""The reports on paper and under a keyboard: what only a browser can tell of them."""

import base64
from pathlib import Path

from browser import DESK, PHONE, Browser

# A4 between margins of 12 mm, at the 96 points an inch that browsers lay out by.
PAPER = (703, 1032)

_CUT_OFF = """[...document.querySelectorAll('main *')]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== 'visible')
    .filter(each => !each.matches('.unseen, .bar-track, .stacked'))
    .map(each => each.className || each.tagName)"""
_STICKS_OUT = """[...document.querySelectorAll('table')]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
    .map(each => each.innerText.slice(0, 40))"""
_COLOURLESS = """[...document.querySelectorAll('.fill, .banner, .chip')]
    .filter(each => getComputedStyle(each).printColorAdjust !== 'exact').map(each => each.className)"""
_UNREACHABLE = """[...document.querySelectorAll('*')]
    .filter(each => /auto|scroll/.test(getComputedStyle(each).overflowX))
    .filter(each => each.scrollWidth > each.clientWidth)
    .filter(each => { each.focus(); return document.activeElement !== each || !each.ariaLabel; })
    .map(each => each.className || each.tagName)"""


def look(browser: Browser, url: str, pdf: Path) -> None:
    """Print a page as somebody with a dark screen would, backgrounds left out; the PDF stays."""
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.resize(PHONE)
    browser.open(url)
    assert browser.value(_UNREACHABLE) == [], f"{url}: this scrolls on a phone and cannot be focused"
    browser.command("Emulation.setEmulatedMedia", media="print", features=dark)
    browser.resize(PAPER)
    browser.open(url)
    assert browser.value(_COLOURLESS) == [], f"{url}: printed without its colour"
    assert browser.value(_CUT_OFF) == [], f"{url}: cut off on paper"
    assert browser.value(_STICKS_OUT) == [], f"{url}: wider than the paper"
    assert browser.value("getComputedStyle(document.querySelector('h1')).color") == "rgb(24, 33, 47)"
    printed = browser.command("Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69)
    pdf.parent.mkdir(parents=True, exist_ok=True)
    pdf.write_bytes(base64.b64decode(printed["data"]))
    browser.command("Emulation.setEmulatedMedia", media="", features=[])
    browser.resize(DESK)
