"""Newsletters in Chromium before and after `POST /emails`: each point the same, as far as our link."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

from browser import DESK, PHONE, Browser
from footer_link import composed, hidden, show
from newsletters import newsletters

_FOOTER_TOP = "document.querySelector('body > table:last-child').getBoundingClientRect().top + scrollY"
_COMPARED = """(async both => {
    const points = await Promise.all(both.map(async bytes => {
        const picture = new Image();
        picture.src = 'data:image/png;base64,' + bytes;
        await picture.decode();
        const canvas = new OffscreenCanvas(picture.width, picture.height), pen = canvas.getContext('2d');
        pen.drawImage(picture, 0, 0);
        return new Uint32Array(pen.getImageData(0, 0, picture.width, picture.height).data.buffer);
    }));
    let other = 0;
    for (let at = 0; at < points[0].length; at++) other += points[0][at] !== points[1][at];
    return other;
})"""


def look(browser: Browser, out: Path) -> None:
    """Compare forty newsletters on a desk, on a phone and in the dark. Raises AssertionError with names."""
    faults: list[str] = []
    count = 0
    for where, size, scheme in (("desk", DESK, "light"), ("phone", PHONE, "light"), ("dark", DESK, "dark")):
        browser.resize(size)
        browser.command(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        for name, page in newsletters():
            count += 1
            faults += [
                f"{name} ({where}): {fault}" for fault in _faults(browser, out / f"{name}-{where}", page)
            ]
    browser.command("Emulation.setEmulatedMedia", features=[])
    browser.resize(DESK)
    assert not faults, "\n".join(faults)
    print(f"{count} looks at newsletters: the same before and after.", flush=True)


def _faults(browser: Browser, path: Path, page: str) -> Iterator[str]:
    mail = composed(page)
    if fault := hidden(browser, mail, page):
        yield fault
    browser.value("scrollTo(0, 0)")
    height = int(browser.value(_FOOTER_TOP))
    width = int(browser.value("innerWidth"))
    after = _picture(browser, width, height)
    # Mail goes out with a doctype whatever it came with.
    show(browser, f"<!DOCTYPE html>{page}")
    before = _picture(browser, width, height)
    if before == after:
        return
    other = int(browser.value(f"{_COMPARED}({json.dumps([before, after])})"))
    if other:
        path.parent.mkdir(parents=True, exist_ok=True)
        for name, shot in (("before", before), ("after", after)):
            path.with_name(f"{path.name}-{name}.png").write_bytes(base64.b64decode(shot))
        yield f"{other:,} of {width * height:,} points differ"


def _picture(browser: Browser, width: int, height: int) -> str:
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    shot = browser.command("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
    return str(shot["data"])
