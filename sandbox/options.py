"""What a sandbox is started with."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sandbox.behaviour import Behaviour

HOST = "127.0.0.1"
REGION = "eu-central-1"
ACCOUNT = "123456789012"
CONFIGURATION_SET = "campaign"
EVENT_TOPIC = "campaign-events"
EVENT_QUEUE = "campaign-events"
# What tells the sandbox's own event queue from every other one.
OWN_TAG = "aws:campaign-sandbox"
# Tokens made with it are worth nothing outside a sandbox, which is why it may stand here.
SECRET_KEY = "sandbox-only-never-use-this-key-in-production"


class SandboxOptions(BaseModel):
    """Ports of 0 mean any free one; everything listens on 127.0.0.1 alone.

    zone: a YAML file whose names win over those of the zone that comes with the sandbox.
    verified_identities: addresses and domains that may send from the start.
    exit_with_parent: end when the process that started this one is gone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: int = 0
    dns_port: int = 0
    s3_port: int = 0
    s3: bool = True
    zone: Path | None = None
    behaviour: Behaviour = Behaviour()
    verified_identities: tuple[str, ...] = ("brightbooks.example",)
    exit_with_parent: bool = False
