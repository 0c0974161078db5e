"""Stores where alerts go in Prefect, and creates the automations that send them there.

    python automations/create.py webhook https://hooks.example/campaigns
    python automations/create.py email "mailtos://USER:PASSWORD@smtp.example?to=operators@example.com"

Runs against PREFECT_API_URL. Safe to run again: what was created before is replaced.
"""

import sys
from pathlib import Path

import yaml
from prefect.blocks.core import Block
from prefect.blocks.notifications import SlackWebhook
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.schemas.automations import AutomationCore
from pydantic import SecretStr

# What is needed whichever way alerts go.
ALWAYS = "lost-runs"
PLACEHOLDER = "00000000-0000-0000-0000-000000000000"
FOLDER = Path(__file__).parent


def automations(kind: str, block_id: str = PLACEHOLDER) -> list[AutomationCore]:
    """Return what the file of a kind, `webhook` or `email`, describes, with the block's id in its place.

    The kind `lost-runs` has no block.
    """
    name = kind if kind == ALWAYS else f"by-{kind}"
    text = (FOLDER / f"{name}.yaml").read_text("utf-8").replace(PLACEHOLDER, block_id)
    return [AutomationCore.model_validate(each) for each in yaml.safe_load(text)["automations"]]


def create(client: SyncPrefectClient, kind: str, address: str) -> list[str]:
    """Create the automations of a kind that send to `address`; return their names."""
    block_id = _block(kind, address).save(f"campaign-alerts-{kind}", overwrite=True)
    found = [*automations(kind, str(block_id)), *automations(ALWAYS)]
    for each in found:
        for old in client.read_automations_by_name(each.name):
            client.delete_automation(old.id)
        client.create_automation(each)
    return [each.name for each in found]


def _block(kind: str, address: str) -> Block:
    if kind == "webhook":
        return Webhook(method="POST", url=SecretStr(address))
    # Whatever is no address of Slack goes to Apprise as it is, and Apprise knows mailto:// and mailtos://.
    return SlackWebhook(url=SecretStr(address))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("webhook", "email"):
        sys.exit(__doc__)
    with get_client(sync_client=True) as prefect:
        print("\n".join(create(prefect, *sys.argv[1:])))
