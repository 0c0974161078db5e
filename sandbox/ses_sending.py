"""SendEmail and SendBulkEmail."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox import ses_content
from sandbox.behaviour import Failure, FailureKind
from sandbox.errors import ApiError, EntryRefused, bad_request, not_found, throttled
from sandbox.events import feedback_id
from sandbox.options import REGION
from sandbox.outcomes import SIMULATOR_DOMAIN
from sandbox.ses_rules import bare_address, headers, tags
from sandbox.ses_templates import MissingAttribute, parse_data

if TYPE_CHECKING:
    from sandbox.world import World

_MOST_RECIPIENTS = 50
# An inline template call is limited to 1 MB of JSON; the smaller reading of the unit is the safe one.
_MOST_JSON_BYTES = 1_000_000
_BULK_STATUS = {
    "AccountSuspendedException": "ACCOUNT_SUSPENDED",
    "SendingPausedException": "ACCOUNT_SENDING_PAUSED",
}


@dataclass(frozen=True, slots=True)
class _Addressing:
    to: tuple[str, ...]
    cc: tuple[str, ...]
    recipients: tuple[str, ...]


def send_email(world: "World", body: dict[str, Any], size: int) -> dict[str, Any]:
    """SendEmail with Simple, Raw or inline Template content. `size` is that of the request in bytes."""
    world.calls += 1
    _check_account(world)
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
        addressing = _addressing(destination)
        message_tags = tags(body.get("EmailTags")) or (raw.tags if raw else {})
    except ValueError as err:
        raise bad_request(str(err)) from err
    name = body.get("ConfigurationSetName") or (raw.configuration_set if raw else None)
    try:
        _check_configuration_set(world, name)
        _check_verified(world, source, addressing)
    except EntryRefused as err:
        raise _as_call_error(err) from err
    _take(world, len(addressing.recipients))
    if _quota_left(world) < len(addressing.recipients):
        raise ApiError(400, "LimitExceededException", "Daily message quota exceeded.")
    message_id = world.accept(
        content,
        source=source,
        from_header=from_header,
        to=addressing.to,
        cc=addressing.cc,
        recipients=addressing.recipients,
        reply_to=tuple(body.get("ReplyToAddresses") or (raw.reply_to if raw else ())),
        tags=message_tags,
        configuration_set=name,
        operation="SendEmail",
        rendering_failure=failure,
    )
    return {"MessageId": message_id}


def send_bulk_email(world: "World", body: dict[str, Any], size: int, struck: list[Failure]) -> dict[str, Any]:
    """SendBulkEmail with an inline template: one result for each entry, in their order.

    `struck` are the failures of this call; those that concern single entries take effect here.
    """
    world.calls += 1
    bulk = _Bulk(world, body, size)
    forced = {
        place: failure for failure in struck if failure.kind is FailureKind.ENTRY for place in failure.entries
    }
    results = [
        bulk.result(entry, forced.get(place))
        for place, entry in enumerate(body.get("BulkEmailEntries") or [])
    ]
    for failure in struck:
        places = [place for place in sorted(failure.entries, reverse=True) if place < len(results)]
        if failure.kind is FailureKind.MISSING_RESULT:
            for place in places:
                del results[place]
        elif failure.kind is FailureKind.MISSING_MESSAGE_ID:
            for place in places:
                results[place].pop("MessageId", None)
        elif failure.kind is FailureKind.EXTRA_RESULT:
            results.append({"Status": "SUCCESS", "MessageId": feedback_id()})
    return {"BulkEmailEntryResults": results}


class _Bulk:
    """What the entries of one call share, checked once. Raises ApiError where the call is refused whole."""

    def __init__(self, world: "World", body: dict[str, Any], size: int) -> None:
        self._world = world
        self._name = body.get("ConfigurationSetName")
        self._reply_to = tuple(body.get("ReplyToAddresses") or ())
        template = (body.get("DefaultContent") or {}).get("Template") or {}
        entries = body.get("BulkEmailEntries") or []
        if not entries or len(entries) > _MOST_RECIPIENTS:
            raise bad_request(f"BulkEmailEntries holds 1 to {_MOST_RECIPIENTS} entries, not {len(entries)}.")
        self._refusal: EntryRefused | None = None
        try:
            self._template = _inline(template, size)
            self._defaults = parse_data(template.get("TemplateData"))
            self._template_headers = template.get("Headers")
            headers(self._template_headers)
            self._tags = tags(body.get("DefaultEmailTags"))
            self._from = str(body.get("FromEmailAddress") or "")
            self._source = bare_address(self._from)
        except ValueError as err:
            raise bad_request(str(err)) from err
        try:
            _check_account(world)
        except ApiError as err:
            if world.behaviour.bulk_refusals == "call":
                raise
            self._refusal = EntryRefused(_BULK_STATUS[err.code], err.message)
        recipients = sum(_count(entry.get("Destination") or {}) for entry in entries)
        if recipients > _MOST_RECIPIENTS:
            raise bad_request(f"Recipient count exceeds {_MOST_RECIPIENTS}.")
        if self._refusal is None:
            if world.bulk_calls is not None and not world.bulk_calls.take(1, world.monotonic()):
                raise throttled()
            _take(world, recipients)

    def result(self, entry: dict[str, Any], forced: Failure | None) -> dict[str, Any]:
        """Return the BulkEmailEntryResult of one entry; it is sent if that says SUCCESS."""
        try:
            if forced is not None:
                raise EntryRefused(forced.entry_status, forced.error or _reason(forced.entry_status))
            return {"Status": "SUCCESS", "MessageId": self._send(entry)}
        except EntryRefused as err:
            self._world.log.refused[err.status] += 1
            return {"Status": err.status, "Error": err.message}

    def _send(self, entry: dict[str, Any]) -> str:
        if self._refusal is not None:
            raise self._refusal
        try:
            addressing = _addressing(entry.get("Destination") or {})
            message_tags = self._tags | tags(entry.get("ReplacementTags"))
            custom = headers(self._template_headers, entry.get("ReplacementHeaders"))
            replacement = (entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate") or {}
            data = self._defaults | parse_data(replacement.get("ReplacementTemplateData"))
        except ValueError as err:
            raise EntryRefused("INVALID_PARAMETER", str(err)) from err
        _check_configuration_set(self._world, self._name)
        _check_verified(self._world, self._source, addressing)
        if _quota_left(self._world) < len(addressing.recipients):
            raise EntryRefused("ACCOUNT_DAILY_QUOTA_EXCEEDED", "Daily message quota exceeded.")
        content, failure = _rendered(self._template, data, custom)
        return self._world.accept(
            content,
            source=self._source,
            from_header=self._from,
            to=addressing.to,
            cc=addressing.cc,
            recipients=addressing.recipients,
            reply_to=self._reply_to,
            tags=message_tags,
            configuration_set=self._name,
            operation="SendBulkEmail",
            rendering_failure=failure,
        )


def _templated(template: dict[str, Any], size: int) -> tuple[ses_content.Content, str | None]:
    inline = _inline(template, size)
    return _rendered(inline, parse_data(template.get("TemplateData")), headers(template.get("Headers")))


def _inline(template: dict[str, Any], size: int) -> ses_content.TemplateContent:
    if size > _MOST_JSON_BYTES:
        raise ValueError(f"The request holds more than {_MOST_JSON_BYTES} bytes of JSON.")
    if template.get("TemplateName") or template.get("TemplateArn"):
        raise not_found(f"Template {template.get('TemplateName') or template['TemplateArn']} does not exist.")
    return ses_content.TemplateContent.parse(template.get("TemplateContent") or {})


def _rendered(
    template: ses_content.TemplateContent, data: dict[str, Any], custom: list[tuple[str, str]]
) -> tuple[ses_content.Content, str | None]:
    # SES answers such a message with success and tells by an event that it could not be rendered.
    try:
        return template.render(data, custom), None
    except MissingAttribute as err:
        return ses_content.Content("", None, None, custom), str(err)


def _addressing(destination: dict[str, Any]) -> _Addressing:
    to, cc, bcc = (
        tuple(destination.get(kind) or ()) for kind in ("ToAddresses", "CcAddresses", "BccAddresses")
    )
    recipients = tuple(bare_address(address) for address in to + cc + bcc)
    if not recipients:
        raise ValueError("Destination holds no address.")
    if len(recipients) > _MOST_RECIPIENTS:
        raise ValueError(f"Recipient count exceeds {_MOST_RECIPIENTS}.")
    return _Addressing(to, cc, recipients)


def _count(destination: dict[str, Any]) -> int:
    return sum(len(destination.get(kind) or ()) for kind in ("ToAddresses", "CcAddresses", "BccAddresses"))


def _check_account(world: "World") -> None:
    if world.behaviour.enforcement_status == "SHUTDOWN":
        raise ApiError(400, "AccountSuspendedException", "Your account is suspended.")
    if not world.behaviour.sending_enabled:
        raise ApiError(400, "SendingPausedException", "Email sending for this account is disabled.")


def _check_configuration_set(world: "World", name: str | None) -> None:
    if name is None:
        return
    found = world.configuration_sets.get(name)
    if found is None:
        raise EntryRefused("CONFIGURATION_SET_NOT_FOUND", f"Configuration set <{name}> does not exist.")
    if not found.sending_enabled:
        raise EntryRefused("CONFIGURATION_SET_SENDING_PAUSED", f"Sending is disabled for <{name}>.")


def _check_verified(world: "World", source: str, addressing: _Addressing) -> None:
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


def _as_call_error(refused: EntryRefused) -> ApiError:
    match refused.status:
        case "CONFIGURATION_SET_NOT_FOUND":
            return not_found(refused.message)
        case "CONFIGURATION_SET_SENDING_PAUSED":
            return ApiError(400, "SendingPausedException", refused.message)
        case _:
            return ApiError(400, "MessageRejected", refused.message)


def _take(world: "World", recipients: int) -> None:
    if not world.take_rate(recipients):
        raise throttled()


def _quota_left(world: "World") -> float:
    quota = world.behaviour.daily_quota
    return float("inf") if quota < 0 else quota - world.sent_today.total(world.now())


def _reason(status: str) -> str:
    if status == "ACCOUNT_THROTTLED":
        return "Maximum sending rate exceeded."
    return status.replace("_", " ").capitalize() + "."
