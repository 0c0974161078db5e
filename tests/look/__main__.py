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
import trial_mail  # noqa: E402
from browser import DESK, PHONE, Browser, chromium  # noqa: E402
from halt_form import V1, V2  # noqa: E402
from workbench import Workbench, running  # noqa: E402

# The graph of a run moves for a moment after its page is there.
STILL_SECONDS = 6.0


def halting(browser: Browser, bench: Workbench, out: Path) -> str:
    """Run the bad list until it asks; answer in both pages: go on as is, and halted again, stop."""
    run = bench.run("bad-list-ask")
    assert bench.wait(run) == "Suspended"
    page = f"{bench.ui}{V1.run_path}{run}"
    browser.open(page)
    browser.wait_for_text("Suspended")
    browser.wait_for_text("INFO")
    _still(browser, out / "run-asks.png")
    V1.open_form(browser, bench.ui, run)
    browser.wait_for_text("of the")
    _still(browser, out / "halt-form.png")
    texts = {"Who decides": "Ada of operations", "Reason": "the first part was an old segment"}
    V1.answer(browser, ("Go on as it is",), texts)
    bench.wait_for_the_answer(run)
    assert bench.wait(run) == "Suspended", "a list that is still bad halts again"

    browser.open(bench.artifact(run, "campaign-halt-bad-list-ask"))
    browser.wait_for_text("What can be done")
    assert browser.value("[...document.querySelectorAll('img')].some(each => each.naturalWidth > 0)")
    _still(browser, out / "halt-artifact.png")

    V2.open_form(browser, bench.ui, run)
    _still(browser, out / "halt-form-v2.png")
    V2.answer(browser, (), {"Who decides": "Bo of marketing", "Reason": "it is the whole list"})
    bench.wait_for_the_answer(run)
    assert bench.wait(run) == "Halted"
    browser.open(page)
    browser.wait_for_text("Halted")
    # The page shows it behind what it has of the log.
    message = bench.ask(f"/flow_runs/{run}")["state"]["message"]
    assert "run the deployment decide-campaign" in message
    assert "campaign resume bad-list-ask --by WHO --reason WHY" in message
    _still(browser, out / "run-halted.png")
    return run


def deciding(browser: Browser, bench: Workbench, out: Path) -> None:
    """Decide in the pages about what stopped: the bad domains go, and the deployment sends the rest."""
    decider = bench.run("decide-campaign", flow="decide-campaign")
    assert bench.wait(decider) == "Suspended"
    V2.open_form(browser, bench.ui, decider)
    browser.wait_for_text("bad-list-ask")
    _still(browser, out / "decide-form.png")
    V2.answer(browser, ("Drop the bad domains",), {"Who decides": "Ada of operations"})
    bench.wait_for_the_answer(decider)
    assert bench.wait(decider) == "Decided"
    sent_on = bench.runs_of("bad-list-ask")[0]
    assert bench.wait(sent_on) == "Completed"


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
        # In both of Prefect's UIs.
        for prefix in ("", "/v2"):
            trial_mail.send(browser, bench, out, prefix)
        halting(browser, bench, out)
        deciding(browser, bench, out)
        reports(browser, bench, out)
        unsubscribing(browser, bench, out)
    print(f"All pages are as they should be; photographs: {out}/*.png")


main()
