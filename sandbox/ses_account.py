"""The account: quota, sending, and the suppression list."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.errors import bad_request, not_found
from sandbox.ses_rules import bare_address

if TYPE_CHECKING:
    from sandbox.world import World


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An entry of the account suppression list. `reason` is BOUNCE or COMPLAINT."""

    address: str
    reason: str
    since: float
    message_id: str | None = None


def get(world: "World") -> dict[str, Any]:
    """GetAccount."""
    behaviour = world.behaviour
    return {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": behaviour.enforcement_status,
        "ProductionAccessEnabled": behaviour.production_access,
        "SendQuota": {
            "Max24HourSend": float(behaviour.daily_quota),
            "MaxSendRate": behaviour.rate_per_second,
            "SentLast24Hours": float(world.sent_today.total(world.now())),
        },
        "SendingEnabled": behaviour.sending_enabled,
        "SuppressionAttributes": {"SuppressedReasons": list(behaviour.suppressed_reasons)},
    }


def put_sending(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """PutAccountSendingAttributes; left out means false, as in the model."""
    world.change({"sending_enabled": bool(body.get("SendingEnabled", False))})
    return {}


def put_suppression(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """PutAccountSuppressionAttributes."""
    reasons = body.get("SuppressedReasons") or []
    if not set(reasons) <= {"BOUNCE", "COMPLAINT"}:
        raise bad_request("SuppressedReasons holds BOUNCE and COMPLAINT.")
    world.change({"suppressed_reasons": reasons})
    return {}


def put_suppressed(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """PutSuppressedDestination."""
    try:
        address = bare_address(body.get("EmailAddress"))
    except ValueError as err:
        raise bad_request(f"Invalid email address: {err}.") from err
    if body.get("Reason") not in ("BOUNCE", "COMPLAINT"):
        raise bad_request("Reason is BOUNCE or COMPLAINT.")
    world.suppress(address, body["Reason"])
    return {}


def get_suppressed(world: "World", address: str) -> dict[str, Any]:
    """GetSuppressedDestination."""
    entry = _existing(world, address)
    return {"SuppressedDestination": _summary(entry) | {"Attributes": {"MessageId": entry.message_id}}}


def delete_suppressed(world: "World", address: str) -> dict[str, Any]:
    """DeleteSuppressedDestination."""
    del world.suppressed[_existing(world, address).address.lower()]
    return {}


def list_suppressed(world: "World", reasons: list[str], page_size: int, token: str) -> dict[str, Any]:
    """ListSuppressedDestinations, a page of at most 1,000; the token is the place to go on from."""
    start = int(token) if token.isdigit() else 0
    size = min(max(1, page_size), 1000)
    entries = [entry for entry in world.suppressed.values() if not reasons or entry.reason in reasons]
    page: dict[str, Any] = {
        "SuppressedDestinationSummaries": [_summary(entry) for entry in entries[start : start + size]]
    }
    if start + size < len(entries):
        page["NextToken"] = str(start + size)
    return page


def _summary(entry: Suppressed) -> dict[str, Any]:
    return {"EmailAddress": entry.address, "Reason": entry.reason, "LastUpdateTime": entry.since}


def _existing(world: "World", address: str) -> Suppressed:
    entry = world.suppressed.get(address.lower())
    if entry is None:
        raise not_found(f"Email address {address} does not exist on your suppression list.")
    return entry
