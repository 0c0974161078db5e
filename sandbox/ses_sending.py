"""SendEmail."""

from typing import TYPE_CHECKING, Any

from sandbox import ses_content
from sandbox.errors import ApiError, EntryRefused, bad_request, not_found
from sandbox.ses_checks import (
    addressing,
    check_account,
    check_configuration_set,
    check_verified,
    inline_template,
    quota_left,
    rendered,
    take_rate,
)
from sandbox.ses_rules import bare_address, headers, tags
from sandbox.ses_templates import parse_data

if TYPE_CHECKING:
    from sandbox.world import World


def send_email(world: "World", body: dict[str, Any], size: int) -> dict[str, Any]:
    """SendEmail with Simple, Raw or inline Template content. `size` is that of the request in bytes."""
    world.calls += 1
    check_account(world)
    given = body.get("Content") or {}
    raw = None
    failure = None
    try:
        if given.get("Raw"):
            raw = ses_content.raw(given["Raw"].get("Data"))
            content = raw.content
        elif given.get("Template"):
            content, failure = _templated(given["Template"], size)
        elif given.get("Simple"):
            content = ses_content.simple(given["Simple"])
        else:
            raise ValueError("Content holds one of Simple, Raw and Template.")
        from_header = str(body.get("FromEmailAddress") or (raw.from_header if raw else ""))
        source = bare_address(from_header)
        destination = body.get("Destination") or {}
        if raw and not destination:
            destination = {"ToAddresses": raw.to, "CcAddresses": raw.cc, "BccAddresses": raw.bcc}
        addressed = addressing(destination)
        message_tags = tags(body.get("EmailTags")) or (raw.tags if raw else {})
    except ValueError as err:
        raise bad_request(str(err)) from err
    name = body.get("ConfigurationSetName") or (raw.configuration_set if raw else None)
    try:
        check_configuration_set(world, name)
        check_verified(world, source, addressed)
    except EntryRefused as err:
        raise _as_call_error(err) from err
    take_rate(world, len(addressed.recipients))
    if quota_left(world) < len(addressed.recipients):
        raise ApiError(400, "LimitExceededException", "Daily message quota exceeded.")
    message_id = world.accept(
        content,
        source=source,
        from_header=from_header,
        to=addressed.to,
        cc=addressed.cc,
        recipients=addressed.recipients,
        reply_to=tuple(body.get("ReplyToAddresses") or (raw.reply_to if raw else ())),
        tags=message_tags,
        configuration_set=name,
        operation="SendEmail",
        rendering_failure=failure,
    )
    return {"MessageId": message_id}


def _templated(template: dict[str, Any], size: int) -> tuple[ses_content.Content, str | None]:
    inline = inline_template(template, size)
    return rendered(inline, parse_data(template.get("TemplateData")), headers(template.get("Headers")))


def _as_call_error(refused: EntryRefused) -> ApiError:
    match refused.status:
        case "CONFIGURATION_SET_NOT_FOUND":
            return not_found(refused.message)
        case "CONFIGURATION_SET_SENDING_PAUSED":
            return ApiError(400, "SendingPausedException", refused.message)
        case _:
            return ApiError(400, "MessageRejected", refused.message)
