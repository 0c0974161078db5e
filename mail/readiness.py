"""Whether SES, the queue and the settings are ready for a campaign, asked before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mail.addresses import parse_from
from mail.errors import MailError
from mail.queue import EventQueue


class NotReady(MailError):
    """Something outside the campaign file has to be mended first."""


class AccountClient(Protocol):
    """What is used of boto3's sesv2 client to look at the account and to look after identities."""

    def get_account(self) -> Mapping[str, Any]: ...

    def get_email_identity(self, **request: Any) -> Mapping[str, Any]: ...

    def create_email_identity(self, **request: Any) -> Mapping[str, Any]: ...

    def get_configuration_set(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Account:
    """Recipients per second that SES takes, and how many more in these 24 hours (None: no limit).

    enforcement_status: HEALTHY, PROBATION (under review) or SHUTDOWN.
    """

    rate_per_second: float
    left_for_the_day: float | None
    enforcement_status: str = "HEALTHY"
    sending_enabled: bool = True
    limit_for_the_day: float | None = None


def client(*, attempts: int = 3, connect_seconds: float = 10.0, read_seconds: float = 30.0) -> AccountClient:
    """Return a client for questions, which boto3 may repeat. Raises NotReady where AWS is not set up."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
    )
    try:
        found: AccountClient = boto3.client("sesv2", config=config)
    # boto3 raises a plain ValueError for an endpoint that is no address.
    except (BotoCoreError, ValueError) as err:
        raise NotReady(
            f"Amazon SES cannot be asked ({_text(err).rstrip('.')}): check AWS_DEFAULT_REGION and "
            "AWS_ENDPOINT_URL."
        ) from err
    return found


def check(ses: AccountClient, queue: EventQueue, sender: str, configuration_set: str) -> Account:
    """Return the account's limits where a campaign from `sender` can be sent.

    Raises NotReady or QueueError in one sentence with the mend.
    """
    found = account(ses)
    address = parse_from(sender).address
    domain = address.rpartition("@")[2]
    if not (_is_verified(ses, address) or _is_verified(ses, domain)):
        raise NotReady(
            f"the sender {address} is not verified in SES: verify the address or the domain {domain}, "
            "then start the campaign again."
        )
    try:
        ses.get_configuration_set(ConfigurationSetName=configuration_set)
    except (ClientError, BotoCoreError) as err:
        raise NotReady(
            f"the configuration set {configuration_set} cannot be used ({_text(err)}): "
            "check CAMPAIGN_CONFIGURATION_SET, or make it with `campaign setup`."
        ) from err
    queue.check()
    return found


def account(ses: AccountClient) -> Account:
    """Return the account's limits. Raises NotReady where SES is out of reach or does not send."""
    found = look(ses)
    if not found.sending_enabled:
        raise NotReady("sending is switched off for this SES account: switch it on in the SES console.")
    if found.enforcement_status == "SHUTDOWN":
        raise NotReady("SES has shut this account down for its reputation: see the SES console.")
    return found


def look(ses: AccountClient) -> Account:
    """Return where the account stands with SES. Raises NotReady where SES is out of reach."""
    try:
        answer = ses.get_account()
    except (ClientError, BotoCoreError) as err:
        raise NotReady(
            f"Amazon SES does not answer ({_text(err)}): "
            "check the AWS credentials, the region and the network."
        ) from err
    quota = answer["SendQuota"]
    limit = float(quota["Max24HourSend"])
    left = None if limit < 0 else max(0.0, limit - float(quota["SentLast24Hours"]))
    return Account(
        rate_per_second=float(quota["MaxSendRate"]),
        left_for_the_day=left,
        enforcement_status=str(answer.get("EnforcementStatus", "HEALTHY")),
        sending_enabled=bool(answer.get("SendingEnabled", False)),
        limit_for_the_day=None if limit < 0 else limit,
    )


def _is_verified(ses: AccountClient, identity: str) -> bool:
    try:
        return bool(ses.get_email_identity(EmailIdentity=identity).get("VerifiedForSendingStatus"))
    except ClientError as err:
        if err.response.get("Error", {}).get("Code") == "NotFoundException":
            return False
        raise NotReady(f"SES does not say whether {identity} is verified ({_text(err)}).") from err
    except BotoCoreError as err:
        raise NotReady(f"SES does not say whether {identity} is verified ({_text(err)}).") from err


def _text(err: Exception) -> str:
    return " ".join(str(err).split())
