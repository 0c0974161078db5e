"""A headless Chromium, driven over its DevTools protocol: pages opened, pressed, filled in, photographed."""

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    # A person with a mouse: without one, headless pages show what they show on a phone.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
)
WAIT_SECONDS = 120.0

DESK, PHONE = (1280, 960), (390, 844)


class Browser:
    """One page of a browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.command("Page.enable")
        self.resize(DESK)

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command of the DevTools protocol and return its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=WAIT_SECONDS))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result

    def resize(self, size: tuple[int, int]) -> None:
        width, height = size
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=size == PHONE,
        )

    def open(self, url: str) -> None:
        self.command("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def value(self, script: str) -> Any:
        """Return what a JavaScript expression comes to."""
        found = self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{script}: {found['exceptionDetails']['exception']['description']}")
        return found["result"].get("value")

    def wait_for(self, script: str, seconds: float = WAIT_SECONDS) -> Any:
        """Wait until a JavaScript expression comes to something true, and return that."""
        until = time.monotonic() + seconds
        while not (found := self.value(script)):
            if time.monotonic() > until:
                raise TimeoutError(f"the page never came to: {script}; it shows: {self.text()[:2000]}")
            time.sleep(0.2)
        return found

    def text(self) -> str:
        """Return what a person reads on the page."""
        return str(self.value("document.body.innerText"))

    def wait_for_text(self, text: str, seconds: float = WAIT_SECONDS) -> None:
        # There is no body for a moment while another page comes.
        self.wait_for(f"document.body?.innerText.includes({json.dumps(text)})", seconds)

    def press(self, label: str, within: str = "body") -> None:
        """Press the last button or link with this label."""
        kinds = ", ".join(f"{within} {kind}" for kind in ("button", "a", "[role=option]", "[role=button]"))
        found = (
            f"[...document.querySelectorAll({json.dumps(kinds)})]"
            f".filter(each => each.innerText.trim() === {json.dumps(label)} && each.offsetParent).at(-1)"
        )
        self.wait_for(f"!!({found})")
        self.value(f"({found}).click()")

    def click(self, found: str) -> None:
        """Click with the mouse in the middle of the element that a JavaScript expression gives."""
        self.wait_for(f"!!({found})")
        x, y = self.value(
            f"(() => {{ const each = ({found}); each.scrollIntoView({{block: 'center'}});"
            "const at = each.getBoundingClientRect();"
            "return [at.x + at.width / 2, at.y + at.height / 2]; })()"
        )
        self.command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Type into the field that a CSS selector finds, in place of what is in it."""
        self.wait_for(f"!!document.querySelector({json.dumps(selector)})")
        self.value(
            f"(() => {{ const field = document.querySelector({json.dumps(selector)});"
            "field.focus(); field.select(); })()"
        )
        self.command("Input.insertText", text=text)

    def photograph(self, path: Path, *, whole: bool = False) -> Path:
        """Write what is seen, or the whole page, as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))
        return path


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it. Raises SystemExit where there is none."""
    program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if program is None:
        raise SystemExit("there is no Chromium on the PATH: install it, and run this again.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with connect(_address(Path(profile)), max_size=None) as socket:
                yield Browser(socket)
        finally:
            process.terminate()
            process.wait()


def _address(profile: Path) -> str:
    """Return where the browser's page is reached, once the browser has said so."""
    import urllib.request

    written = profile / "DevToolsActivePort"
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if written.exists() and len(lines := written.read_text().splitlines()) == 2:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:{lines[0]}/json/list") as answer:
                pages = [each for each in json.load(answer) if each["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.1)
    raise SystemExit("Chromium did not start.")
