"""SES v2's REST paths. The paths and names are those of botocore's model of sesv2 2019-09-27."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox import ses_account as account
from sandbox import ses_configuration as sets
from sandbox import ses_identities as identities
from sandbox.behaviour import Failure
from sandbox.errors import ApiError, bad_request
from sandbox.http import Request, Response, json_response
from sandbox.ses_bulk import send_bulk_email
from sandbox.ses_sending import send_email
from sandbox.world import World

_PREFIX = "/v2/email/"


@dataclass(frozen=True, slots=True)
class _Call:
    world: World
    labels: list[str]
    body: dict[str, Any]
    request: Request
    struck: list[Failure]

    @property
    def name(self) -> str:
        return self.labels[0]

    @property
    def size(self) -> int:
        return len(self.request.body)


def _list_suppressed(call: _Call) -> dict[str, Any]:
    asked = call.request.parameters()
    size = asked.get("PageSize", ["1000"])[0]
    return account.list_suppressed(
        call.world,
        reasons=asked.get("Reason", []),
        page_size=int(size) if size.isdigit() else 1000,
        token=asked.get("NextToken", [""])[0],
    )


_Handler = Callable[[_Call], dict[str, Any]]
_SUPPRESSION = "suppression/addresses"
_SETS = "configuration-sets"
_SET = _SETS + "/{}"
_EVENTS = _SET + "/event-destinations"
# In a path {} is a label of the call.
_ROUTES: list[tuple[str, str, str, _Handler]] = [
    ("POST", "outbound-emails", "SendEmail", lambda c: send_email(c.world, c.body, c.size)),
    ("POST", "outbound-bulk-emails", "SendBulkEmail",
     lambda c: send_bulk_email(c.world, c.body, c.size, c.struck)),
    ("GET", "account", "GetAccount", lambda c: account.get(c.world)),
    ("PUT", "account/sending", "PutAccountSendingAttributes", lambda c: account.put_sending(c.world, c.body)),
    ("PUT", "account/suppression", "PutAccountSuppressionAttributes",
     lambda c: account.put_suppression(c.world, c.body)),
    ("GET", _SUPPRESSION, "ListSuppressedDestinations", _list_suppressed),
    ("PUT", _SUPPRESSION, "PutSuppressedDestination", lambda c: account.put_suppressed(c.world, c.body)),
    ("GET", _SUPPRESSION + "/{}", "GetSuppressedDestination",
     lambda c: account.get_suppressed(c.world, c.name)),
    ("DELETE", _SUPPRESSION + "/{}", "DeleteSuppressedDestination",
     lambda c: account.delete_suppressed(c.world, c.name)),
    ("POST", "identities", "CreateEmailIdentity", lambda c: identities.create(c.world, c.body)),
    ("GET", "identities", "ListEmailIdentities", lambda c: identities.list_all(c.world)),
    ("POST", "list-identities", "ListEmailIdentities", lambda c: identities.list_all(c.world)),
    ("GET", "identities/{}", "GetEmailIdentity", lambda c: identities.get(c.world, c.name)),
    ("DELETE", "identities/{}", "DeleteEmailIdentity", lambda c: identities.delete(c.world, c.name)),
    ("PUT", "identities/{}/mail-from", "PutEmailIdentityMailFromAttributes",
     lambda c: identities.put_mail_from(c.world, c.name, c.body)),
    ("POST", _SETS, "CreateConfigurationSet", lambda c: sets.create(c.world, c.body)),
    ("GET", _SETS, "ListConfigurationSets", lambda c: sets.list_all(c.world)),
    ("POST", "list-configuration-sets", "ListConfigurationSets", lambda c: sets.list_all(c.world)),
    ("GET", _SET, "GetConfigurationSet", lambda c: sets.get(c.world, c.name)),
    ("DELETE", _SET, "DeleteConfigurationSet", lambda c: sets.delete(c.world, c.name)),
    ("PUT", _SET + "/sending", "PutConfigurationSetSendingOptions",
     lambda c: sets.put_sending(c.world, c.name, c.body)),
    ("POST", _EVENTS, "CreateConfigurationSetEventDestination",
     lambda c: sets.create_destination(c.world, c.name, c.body)),
    ("GET", _EVENTS, "GetConfigurationSetEventDestinations",
     lambda c: sets.get_destinations(c.world, c.name)),
    ("PUT", _EVENTS + "/{}", "UpdateConfigurationSetEventDestination",
     lambda c: sets.update_destination(c.world, c.name, c.labels[1], c.body)),
    ("DELETE", _EVENTS + "/{}", "DeleteConfigurationSetEventDestination",
     lambda c: sets.delete_destination(c.world, c.name, c.labels[1])),
]  # fmt: skip
_COMPILED = [
    (method, re.compile(_PREFIX + path.replace("{}", "([^/]+)")), name, handler)
    for method, path, name, handler in _ROUTES
]


def operation(request: Request) -> str:
    """Return the API name of the call, or an empty string where there is none."""
    found = _find(request)
    return found[0] if found else ""


def handle(world: World, request: Request, struck: list[Failure]) -> Response:
    """Answer an SES call. Raises ApiError where SES would refuse it."""
    found = _find(request)
    if found is None:
        raise ApiError(404, "UnknownOperationException", "The sandbox does not have this SES operation.")
    _, handler, labels = found
    return json_response(handler(_Call(world, labels, _body(request), request, struck)))


def error(err: ApiError) -> Response:
    """Return a refusal in the REST JSON form."""
    return json_response({"message": err.message}, err.status, {"x-amzn-ErrorType": err.code})


def _find(request: Request) -> tuple[str, _Handler, list[str]] | None:
    for method, pattern, name, handler in _COMPILED:
        match = pattern.fullmatch(request.raw_path)
        if match and method == request.method:
            return name, handler, [unquote(label) for label in match.groups()]
    return None


def _body(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except ValueError as err:
        raise bad_request("The body is not JSON.") from err
    if not isinstance(body, dict):
        raise bad_request("The body is not a JSON object.")
    return body
