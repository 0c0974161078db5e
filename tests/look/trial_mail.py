"""A test mail sent with a mouse: how many clicks it takes from the page of its deployment."""

import json
import time
from pathlib import Path

from browser import Browser
from workbench import Workbench

MOST_CLICKS = 3
_ANYTHING = "button, a, [role=menuitem], [role=option]"


class Mouse:
    """A mouse on a page, which counts its clicks."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.clicks = 0

    def click(self, label: str) -> None:
        """Click the last thing with this label, where it is seen."""
        found = (
            f"[...document.querySelectorAll({json.dumps(_ANYTHING)})]"
            f".filter(each => each.innerText.trim() === {json.dumps(label)} && each.offsetParent).at(-1)"
        )
        place = (
            f"(() => {{ const found = {found}; if (!found) return null;"
            "found.scrollIntoView({block: 'center'}); const box = found.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        x, y = self._still(place)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._browser.command(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button="none" if kind == "mouseMoved" else "left",
                clickCount=0 if kind == "mouseMoved" else 1,
            )
        self.clicks += 1

    def _still(self, place: str) -> tuple[float, float]:
        """Return where a thing is, once it no longer moves: menus slide in."""
        before = None
        while (now := self._browser.wait_for(place)) != before:
            before = now
            time.sleep(0.2)
        return now[0], now[1]


def send(browser: Browser, bench: Workbench, out: Path, prefix: str = "") -> int:
    """Send a test from the page of the deployment, and return the clicks; the address is typed after Tab.

    `prefix` is where one of Prefect's two UIs stands.
    """
    mouse = Mouse(browser)
    found = bench.ask("/deployments/name/test-send/test-send")
    browser.open(f"{bench.ui}{prefix}/deployments/deployment/{found['id']}")
    mouse.click("Run")
    mouse.click("Custom run")
    browser.wait_for_text("Your own address")
    to_the_field(browser)
    browser.command("Input.insertText", text="me@brightbooks.example")
    browser.photograph(out / f"trial-form{prefix.replace('/', '-')}.png")
    mouse.click("Submit")
    browser.wait_for("!location.pathname.endsWith('/run')")
    assert mouse.clicks <= MOST_CLICKS, mouse.clicks
    return mouse.clicks


def to_the_field(browser: Browser) -> None:
    """Press Tab until the first text area, which is the recipient, has the focus."""
    for _ in range(60):
        if browser.value("document.activeElement.tagName") == "TEXTAREA":
            return
        for kind in ("rawKeyDown", "keyUp"):
            browser.command(
                "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9
            )
    raise RuntimeError("no Tab leads to the field")
