"""A look at every page that people see, in a real browser against a real Prefect server: `make look`.

Looks whether newsletters stay what they are and whether anything hides the unsubscribe link of single mail
(`python tests/look footers`: that alone; LOOK_MAILS=5000 for more of them) and at the pages behind the links
in mail (`python tests/look links`: those alone), runs the bad list until it halts, answers its form, looks at
the halt and the reports, and leaves photographs in `var/look`. Each step checks what a person would read.
Needs Chromium on the PATH.
"""

import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

import footer_link  # noqa: E402
import mail_links  # noqa: E402
import newsletter_looks  # noqa: E402
import paper  # noqa: E402
from browser import DESK, PHONE, Browser, chromium  # noqa: E402
from workbench import Workbench, running  # noqa: E402

# The graph of a run moves for a moment after its page is there.
STILL_SECONDS = 6.0


def halting(browser: Browser, bench: Workbench, out: Path) -> str:
    """Run the bad list until it asks, and answer twice: go on as is, and then, halted again, stop."""
    run = bench.run("bad-list-ask")
    assert bench.wait(run) == "Paused"
    page = f"{bench.ui}/runs/flow-run/{run}"
    browser.open(page)
    browser.wait_for_text("Paused")
    browser.wait_for_text("INFO")
    _still(browser, out / "run-asks.png")
    browser.press("Resume")
    browser.wait_for_text("drop the bad domains and go on")
    _still(browser, out / "halt-form.png")
    answer(browser, "go on as is", by="Ada of operations", reason="the first part was an old segment")
    bench.wait_for_the_answer(run)
    assert bench.wait(run) == "Paused", "a list that is still bad halts again"

    browser.open(bench.artifact(run, "campaign-halt"))
    browser.wait_for_text("What can be done")
    assert browser.value("[...document.querySelectorAll('img')].some(each => each.naturalWidth > 0)")
    _still(browser, out / "halt-artifact.png")

    browser.open(page)
    browser.wait_for_text("Paused")
    browser.press("Resume")
    answer(browser, "stop", by="Bo of marketing", reason="it is the whole list")
    bench.wait_for_the_answer(run)
    assert bench.wait(run) == "Halted"
    browser.open(page)
    browser.wait_for_text("Halted")
    browser.wait_for_text("campaign resume bad-list-ask --by WHO --reason WHY")
    _still(browser, out / "run-halted.png")
    return run


def answer(browser: Browser, decision: str, *, by: str, reason: str) -> None:
    """Fill the form of a paused run in, and send it."""
    browser.wait_for("!!document.querySelector('.p-modal select')")
    browser.choose(".p-modal select", decision)
    fields = ".p-modal .schema-form-property:nth-of-type({}) textarea"
    browser.type(fields.format(3), by)
    browser.type(fields.format(4), reason)
    browser.press("Submit", within=".p-modal")
    browser.wait_for("!document.querySelector('.p-modal')")


def reports(browser: Browser, bench: Workbench, out: Path) -> None:
    """Look at both reports on a desk and on a phone: nothing may stick out of the phone's screen."""
    pages = {
        "list-report": bench.folder / "lists" / "bad-list-ask" / "report.html",
        "campaign-report": bench.folder / "reports" / "bad-list-ask" / "report.html",
    }
    for name, path in pages.items():
        for where, size in (("desk", DESK), ("phone", PHONE)):
            browser.resize(size)
            browser.open(path.as_uri())
            assert browser.value("document.documentElement.scrollWidth <= innerWidth"), (name, where)
            browser.photograph(out / f"{name}-{where}.png")
        paper.look(browser, path.as_uri(), out / f"{name}.pdf")
    browser.resize(DESK)


def unsubscribing(browser: Browser, bench: Workbench, out: Path) -> None:
    """Follow the link of a mail on a phone: a page asks first, then the person is off the list."""
    browser.resize(PHONE)
    browser.open(bench.unsubscribe_link())
    browser.photograph(out / "unsubscribe-phone.png")
    browser.value("document.querySelector('form button, form [type=submit]').click()")
    browser.wait_for_text("unsubscribed")
    browser.photograph(out / "unsubscribed-phone.png")
    browser.resize(DESK)


def _still(browser: Browser, path: Path) -> None:
    time.sleep(STILL_SECONDS)
    browser.photograph(path)


def main() -> None:
    out = ROOT / "var" / "look"
    # What an earlier look left would be gone on with.
    shutil.rmtree(out, ignore_errors=True)
    if sys.argv[1:] != ["links"]:
        mails = footer_link.generated()
        with chromium() as browser:
            footer_link.look(browser, mails)
            newsletter_looks.look(browser, out / "newsletters")
    if sys.argv[1:] == ["footers"]:
        return
    with chromium() as browser:
        mail_links.look(browser, out / "links", out)
    if sys.argv[1:] == ["links"]:
        return
    with running(out / "ui") as bench, chromium() as browser:
        halting(browser, bench, out)
        reports(browser, bench, out)
        unsubscribing(browser, bench, out)
    print(f"All pages are as they should be; photographs: {out}/*.png")


main()
