"""What SendEmail and SendBulkEmail ask of a call before anything is accepted."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError, EntryRefused, not_found, throttled
from sandbox.options import REGION
from sandbox.outcomes import SIMULATOR_DOMAIN
from sandbox.ses_content import Content, TemplateContent, check_size
from sandbox.ses_rules import bare_address
from sandbox.ses_templates import MissingAttribute

if TYPE_CHECKING:
    from sandbox.world import World

MOST_RECIPIENTS = 50
# An inline template call is limited to 1 MB of JSON; the smaller reading of the unit is the safe one.
_MOST_JSON_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Addressing:
    """Who gets a message: `to` and `cc` as written, `recipients` as bare addresses, Bcc included."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    recipients: tuple[str, ...]


def addressing(destination: dict[str, Any]) -> Addressing:
    """Return the addresses of a Destination. Raises ValueError with SES's reason."""
    to, cc, bcc = (
        tuple(destination.get(kind) or ()) for kind in ("ToAddresses", "CcAddresses", "BccAddresses")
    )
    recipients = tuple(bare_address(address) for address in to + cc + bcc)
    if not recipients:
        raise ValueError("Destination holds no address.")
    if len(recipients) > MOST_RECIPIENTS:
        raise ValueError(f"Recipient count exceeds {MOST_RECIPIENTS}.")
    return Addressing(to, cc, recipients)


def inline_template(template: dict[str, Any], size: int) -> TemplateContent:
    """Return the inline template of a call of `size` bytes.

    Raises ValueError, or ApiError where a stored template is asked for.
    """
    if size > _MOST_JSON_BYTES:
        raise ValueError(f"The request holds more than {_MOST_JSON_BYTES} bytes of JSON.")
    if template.get("TemplateName") or template.get("TemplateArn"):
        raise not_found(f"Template {template.get('TemplateName') or template['TemplateArn']} does not exist.")
    return TemplateContent.parse(template.get("TemplateContent") or {})


def rendered(
    template: TemplateContent, data: dict[str, Any], custom: list[tuple[str, str]]
) -> tuple[Content, str | None]:
    """Return the content, and why it could not be rendered where that is so."""
    # SES answers such a message with success and tells by an event that it could not be rendered.
    try:
        content = template.render(data, custom)
        check_size(content)
        return content, None
    except MissingAttribute as err:
        return Content("", None, None, custom), str(err)


def check_account(world: "World") -> None:
    """Raise ApiError where the account may not send."""
    if world.behaviour.enforcement_status == "SHUTDOWN":
        raise ApiError(400, "AccountSuspendedException", "Your account is suspended.")
    if not world.behaviour.sending_enabled:
        raise ApiError(400, "SendingPausedException", "Email sending for this account is disabled.")


def check_configuration_set(world: "World", name: str | None) -> None:
    """Raise EntryRefused where the configuration set is missing or paused."""
    if name is None:
        return
    found = world.configuration_sets.get(name)
    if found is None:
        raise EntryRefused("CONFIGURATION_SET_NOT_FOUND", f"Configuration set <{name}> does not exist.")
    if not found.sending_enabled:
        raise EntryRefused("CONFIGURATION_SET_SENDING_PAUSED", f"Sending is disabled for <{name}>.")


def check_verified(world: "World", source: str, addressing: Addressing) -> None:
    """Raise EntryRefused where the sender, or without production access a recipient, is not verified."""
    unverified = [] if world.identities.may_send(source) else [source]
    if not world.behaviour.production_access:
        unverified += [
            recipient
            for recipient in addressing.recipients
            if not world.identities.may_send(recipient) and not recipient.endswith("@" + SIMULATOR_DOMAIN)
        ]
    if unverified:
        raise EntryRefused(
            "MESSAGE_REJECTED",
            "Email address is not verified. The following identities failed the check in region "
            f"{REGION.upper()}: {', '.join(unverified)}",
        )


def take_rate(world: "World", recipients: int) -> None:
    """Take sending rate, or raise the 429."""
    if not world.take_rate(recipients):
        raise throttled()


def quota_left(world: "World") -> float:
    """Return how many more recipients the last 24 hours allow."""
    quota = world.behaviour.daily_quota
    return float("inf") if quota < 0 else quota - world.sent_today.total(world.now())
