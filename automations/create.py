"""Stores where alerts go in Prefect, and creates the automations that send them there.

    python automations/create.py webhook https://hooks.example/campaigns
    python automations/create.py email "mailtos://USER:PASSWORD@smtp.example?to=operators@example.com"

Runs against PREFECT_API_URL. A test alert goes out first, from this machine: until it is taken, everything
stays as it was. Safe to run again: what was created before is replaced.
"""

import asyncio
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import yaml
from apprise import Apprise
from prefect.blocks.abstract import NotificationError
from prefect.blocks.notifications import SlackWebhook
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_API_URL
from prefect.types import SecretDict
from pydantic import SecretStr

# What is needed whichever way alerts go.
ALWAYS = "lost-runs"
PLACEHOLDER = "00000000-0000-0000-0000-000000000000"
FOLDER = Path(__file__).parent
TITLE = "Test of the campaign alerts"
TEXT = "This is a test: nothing happened. Alerts about campaigns will come here."
_ANSWER_CHARACTERS = 200


class AlertError(Exception):
    """Alerts cannot go where they should; the message says why and what to do, in a sentence."""


def automations(kind: str, block_id: str = PLACEHOLDER) -> list[AutomationCore]:
    """Return what the file of a kind, `webhook` or `email`, describes, with the block's id in its place.

    The kind `lost-runs` has no block.
    """
    name = kind if kind == ALWAYS else f"by-{kind}"
    text = (FOLDER / f"{name}.yaml").read_text("utf-8").replace(PLACEHOLDER, block_id)
    return [AutomationCore.model_validate(each) for each in yaml.safe_load(text)["automations"]]


def set_up(kind: str, address: str) -> str:
    """Send a test alert to `address`, then let alerts of this kind go there; return what a person reads.

    Raises AlertError; nothing was changed then.
    """
    block = _block(kind, address)
    server = PREFECT_API_URL.value()
    if not server:
        raise AlertError(
            "PREFECT_API_URL is not set: name the server that runs the campaigns, such as "
            "http://127.0.0.1:4200/api. A temporary server would take the alerts along as it ends."
        )
    with get_client(sync_client=True) as client:
        _ask(client, server)
        answer = _test(block)
        try:
            names = create(client, kind, block)
        except (httpx.HTTPError, PrefectException) as err:
            raise AlertError(
                f"A test alert went out ({answer}), but {server} did not take all of the rest "
                f"({type(err).__name__}): run it again."
            ) from err
    return "\n".join(
        [f"A test alert went out: {answer}.", f"Alerts of {server} go there from now on:", *names]
    )


def create(client: SyncPrefectClient, kind: str, block: Webhook | SlackWebhook) -> list[str]:
    """Create the automations of a kind that send to `block`, or bring them up to date; return their names."""
    block_id = block.save(f"campaign-alerts-{kind}", overwrite=True)
    wanted = [*automations(kind, str(block_id)), *automations(ALWAYS)]
    for each in wanted:
        # Changed where it stands: deleted and made anew, an event in between would wake nobody.
        first, *others = [*client.read_automations_by_name(each.name), None]
        if first is None:
            client.create_automation(each)
            continue
        client.update_automation(first.id, each)
        for more in filter(None, others):
            client.delete_automation(more.id)
    return [f"  {each.name}" for each in wanted]


def _block(kind: str, address: str) -> Webhook | SlackWebhook:
    """Return the block for an address. Raises AlertError, which repeats no address: it holds a secret."""
    if kind == "webhook":
        if not _is_http(address):
            raise AlertError("The webhook must be an address such as https://hooks.example.com/campaigns.")
        headers = SecretDict({"Content-Type": "application/json"})
        return Webhook(method="POST", url=SecretStr(address), headers=headers)
    if Apprise.instantiate(address, suppress_exceptions=True) is None:
        raise AlertError(
            "The e-mail address must name a mail server and a recipient, as Apprise writes it: "
            "mailtos://USER:PASSWORD@smtp.example.com?to=operators@example.com, with %40 for an @ in the "
            "user's name or password."
        )
    # Whatever is no address of Slack goes to Apprise as it is, and Apprise knows mailto:// and mailtos://.
    return SlackWebhook(url=SecretStr(address))


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
        url = httpx.URL(address)
        return parts.scheme in ("http", "https") and bool(url.host) and parts.port != 0 and " " not in address
    except (ValueError, httpx.InvalidURL):
        return False


def _ask(client: SyncPrefectClient, server: str) -> None:
    """Make sure that the server is there and lets us in, before anything goes out."""
    try:
        client.read_automations_by_name("campaign alerts")
    except httpx.HTTPStatusError as err:
        raise AlertError(
            f"{server} answers HTTP {err.response.status_code}: check PREFECT_API_URL, which ends in /api, "
            "and PREFECT_API_KEY or PREFECT_API_AUTH_STRING."
        ) from err
    except (httpx.HTTPError, PrefectException, ValueError) as err:
        raise AlertError(
            f"the Prefect server at {server} does not answer ({type(err).__name__}): start it, or correct "
            "PREFECT_API_URL."
        ) from err


def _test(block: Webhook | SlackWebhook) -> str:
    """Send a test alert; return what was answered. Raises AlertError where it was not taken."""
    kept = "Everything stays as it was."
    if isinstance(block, SlackWebhook):
        try:
            with block.raise_on_failure():
                block.notify(TEXT, TITLE)
        except NotificationError as err:
            said = (err.log.strip().splitlines() or ["no reason given"])[-1]
            raise AlertError(f"The test alert was not taken ({said}). {kept}") from err
        return "the mail server took it"
    payload = {"event": "campaign.test", "text": f"{TITLE}. {TEXT}", "url": "", "campaign": {}}
    try:
        response = asyncio.run(block.call(payload))
    except httpx.HTTPError as err:
        raise AlertError(f"The webhook does not answer ({str(err) or type(err).__name__}). {kept}") from err
    said = " ".join(response.text.split())[:_ANSWER_CHARACTERS]
    answer = f"HTTP {response.status_code}" + (f", {said}" if said else "")
    if not response.is_success:
        raise AlertError(f"The webhook did not take the test alert ({answer}). {kept}")
    return f"the webhook answered {answer}"


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("webhook", "email"):
        sys.exit(__doc__)
    try:
        print(set_up(*sys.argv[1:]))
    except AlertError as err:
        sys.exit(f"error: {err}")
