"""The form of a run that asks, in both of Prefect's pages, filled in with a mouse."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from browser import Browser

# A dialogue moves for a moment while it opens.
STILL_SECONDS = 1.0


@dataclass(frozen=True)
class Pages:
    """One of the two: where its runs are, how a run's form opens, and what it is made of.

    menu: the button behind which *Resume* stands, or "" where it stands in the page.
    """

    name: str
    run_path: str
    menu: str
    dialogue: str
    field: str
    send: str

    def open_form(self, browser: Browser, ui: str, run: str) -> None:
        # The same page anew, and not what was known of the run before.
        browser.open("about:blank")
        browser.open(f"{ui}{self.run_path}{run}")
        browser.wait_for_text("Suspended")
        if self.menu:
            browser.click(_labelled("button", self.menu))
            browser.click(_labelled("[role=menuitem]", "Resume"))
        else:
            browser.click(_labelled("button", "Resume"))
        browser.wait_for(f"!!document.querySelector({json.dumps(self.dialogue)})")
        browser.wait_for_text("Who decides")
        time.sleep(STILL_SECONDS)

    def answer(self, browser: Browser, switches: tuple[str, ...], texts: Mapping[str, str]) -> None:
        """Switch on, fill in and send; the form is to close."""
        for title in switches:
            switch = f"{self._field(title)}.querySelector('[role=switch]')"
            browser.click(switch)
            browser.wait_for(f"{switch}.ariaChecked === 'true'")
        for title, text in texts.items():
            browser.click(f"{self._field(title)}.querySelector('textarea, input')")
            browser.command("Input.insertText", text=text)
        # What was typed last is checked a moment later.
        time.sleep(STILL_SECONDS)
        browser.click(_labelled(f"{self.dialogue} button", self.send))
        browser.wait_for(f"!document.querySelector({json.dumps(self.dialogue)})")

    def _field(self, title: str) -> str:
        """Return a JavaScript expression for the smallest block with a field and its title."""
        return (
            f"[...document.querySelectorAll({json.dumps(f'{self.dialogue} {self.field}')})]"
            f".find(each => each.innerText.trim().startsWith({json.dumps(title)}))"
        )


def _labelled(selector: str, label: str) -> str:
    return (
        f"[...document.querySelectorAll({json.dumps(selector)})]"
        f".filter(each => each.innerText.trim() === {json.dumps(label)}).at(-1)"
    )


V1 = Pages("v1", "/runs/flow-run/", "", ".p-modal", ".schema-form-property", "Submit")
V2 = Pages("v2", "/v2/runs/flow-run/", "Open menu", "[role=dialog]", ".group", "Resume")
