"""SendBulkEmail."""

from typing import TYPE_CHECKING, Any

from sandbox.behaviour import Failure, FailureKind
from sandbox.errors import ApiError, EntryRefused, bad_request, throttled
from sandbox.events import feedback_id
from sandbox.ses_checks import (
    MOST_RECIPIENTS,
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

_ENTRY_STATUS = {
    "AccountSuspendedException": "ACCOUNT_SUSPENDED",
    "SendingPausedException": "ACCOUNT_SENDING_PAUSED",
}


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
        if not entries or len(entries) > MOST_RECIPIENTS:
            raise bad_request(f"BulkEmailEntries holds 1 to {MOST_RECIPIENTS} entries, not {len(entries)}.")
        self._refusal: EntryRefused | None = None
        try:
            self._template = inline_template(template, size)
            self._defaults = parse_data(template.get("TemplateData"))
            self._template_headers = template.get("Headers")
            headers(self._template_headers)
            self._tags = tags(body.get("DefaultEmailTags"))
            self._from = str(body.get("FromEmailAddress") or "")
            self._source = bare_address(self._from)
        except ValueError as err:
            raise bad_request(str(err)) from err
        try:
            check_account(world)
        except ApiError as err:
            if world.behaviour.bulk_refusals == "call":
                raise
            self._refusal = EntryRefused(_ENTRY_STATUS[err.code], err.message)
        recipients = sum(_count(entry.get("Destination") or {}) for entry in entries)
        if recipients > MOST_RECIPIENTS:
            raise bad_request(f"Recipient count exceeds {MOST_RECIPIENTS}.")
        if self._refusal is None:
            if world.bulk_calls is not None and not world.bulk_calls.take(1, world.monotonic()):
                raise throttled()
            take_rate(world, recipients)

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
            addressed = addressing(entry.get("Destination") or {})
            message_tags = self._tags | tags(entry.get("ReplacementTags"))
            custom = headers(self._template_headers, entry.get("ReplacementHeaders"))
            replacement = (entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate") or {}
            data = self._defaults | parse_data(replacement.get("ReplacementTemplateData"))
        except ValueError as err:
            raise EntryRefused("INVALID_PARAMETER", str(err)) from err
        check_configuration_set(self._world, self._name)
        check_verified(self._world, self._source, addressed)
        if quota_left(self._world) < len(addressed.recipients):
            raise EntryRefused("ACCOUNT_DAILY_QUOTA_EXCEEDED", "Daily message quota exceeded.")
        try:
            content, failure = rendered(self._template, data, custom)
        except ValueError as err:
            raise EntryRefused("MESSAGE_REJECTED", str(err)) from err
        return self._world.accept(
            content,
            source=self._source,
            from_header=self._from,
            to=addressed.to,
            cc=addressed.cc,
            recipients=addressed.recipients,
            reply_to=self._reply_to,
            tags=message_tags,
            configuration_set=self._name,
            operation="SendBulkEmail",
            rendering_failure=failure,
        )


def _count(destination: dict[str, Any]) -> int:
    return sum(len(destination.get(kind) or ()) for kind in ("ToAddresses", "CcAddresses", "BccAddresses"))


def _reason(status: str) -> str:
    if status == "ACCOUNT_THROTTLED":
        return "Maximum sending rate exceeded."
    return status.replace("_", " ").capitalize() + "."
