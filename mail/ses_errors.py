"""What an answer of SES, or the lack of one, means: one table for entries, one for calls.

A definite refusal, a throttle and an unknown outcome are three different things. After a refusal or a
throttle nothing was sent; after an unknown outcome the message may have been accepted, and it is never sent
again by itself.
"""

import re
from enum import StrEnum

from botocore import exceptions as boto
from botocore.exceptions import ClientError

from ledger.attempts import Answer


class Verdict(StrEnum):
    """What a call as a whole came to."""

    ANSWERED = "answered"
    # Too fast: nothing was sent.
    THROTTLED = "throttled"
    # The request's size or form: nothing was sent; a smaller call finds the entry that is at fault.
    INVALID = "invalid"
    # The account's, the credentials' or the configuration's fault: nothing goes until it is mended.
    REFUSED = "refused"
    # Failed before a byte left this machine.
    NOT_SENT = "not_sent"
    # It may have been accepted.
    UNKNOWN = "unknown"


# BulkEmailEntryResult.Status of the sesv2 service model. Whatever is not here, FAILED among it, says nothing
# definite.
ENTRY_ANSWERS: dict[str, Answer] = {
    "SUCCESS": Answer.ACCEPTED,
    "MESSAGE_REJECTED": Answer.REJECTED,
    "INVALID_PARAMETER": Answer.REJECTED,
    "TRANSIENT_FAILURE": Answer.TRANSIENT,
    "ACCOUNT_THROTTLED": Answer.NOT_SENT,
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": Answer.NOT_SENT,
    "CONFIGURATION_SET_NOT_FOUND": Answer.NOT_SENT,
    "TEMPLATE_NOT_FOUND": Answer.NOT_SENT,
    "ACCOUNT_SUSPENDED": Answer.NOT_SENT,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": Answer.NOT_SENT,
    "INVALID_SENDING_POOL_NAME": Answer.NOT_SENT,
    "ACCOUNT_SENDING_PAUSED": Answer.NOT_SENT,
    "CONFIGURATION_SET_SENDING_PAUSED": Answer.NOT_SENT,
}
THROTTLED_ENTRY = "ACCOUNT_THROTTLED"

_THROTTLES = frozenset(
    {"TooManyRequestsException", "ThrottlingException", "Throttling", "ThrottledException"}
)
_INVALID = frozenset(
    {
        "BadRequestException",
        "ValidationException",
        "InvalidParameterValue",
        "RequestEntityTooLarge",
        "413",
        "400",
    }
)

_ADDRESS = re.compile(r"[^\s<>,;:]+@[^\s<>,;:]+")

# Raised before anything was sent: no name, no connection, no handshake, no credentials, no valid request.
_BEFORE_SENDING: tuple[type[BaseException], ...] = (
    boto.EndpointConnectionError,
    boto.ConnectTimeoutError,
    boto.ProxyConnectionError,
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.NoAuthTokenError,
    boto.MetadataRetrievalError,
    boto.NoRegionError,
    boto.InvalidRegionError,
    boto.InvalidEndpointDiscoveryConfigurationError,
    boto.UnknownEndpointError,
    boto.EndpointProviderError,
    boto.ParamValidationError,
)


def verdict_of(error: Exception) -> Verdict:
    """Return what an exception of boto3 means for the call that raised it."""
    if isinstance(error, ClientError):
        return _of_answer(error)
    if isinstance(error, _BEFORE_SENDING) or (isinstance(error, boto.SSLError) and _in_handshake(error)):
        return Verdict.NOT_SENT
    # Read time-outs, closed connections, answers that do not parse, and whatever is yet to be invented.
    return Verdict.UNKNOWN


def _of_answer(error: ClientError) -> Verdict:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status == 429 or (code in _THROTTLES and 400 <= status < 500):
        return Verdict.THROTTLED
    if status == 413 or (code in _INVALID and 400 <= status < 500):
        return Verdict.INVALID
    if 400 <= status < 500:
        return Verdict.REFUSED
    return Verdict.UNKNOWN


def _in_handshake(error: BaseException) -> bool:
    """Whether TLS failed before the request could leave.

    boto3 raises the same SSLError where TLS breaks while the answer is read, and then SES may have taken the
    messages. Only the traceback tells the two apart.
    """
    found: BaseException | None = error
    while found is not None:
        trace = found.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_name == "do_handshake":
                return True
            trace = trace.tb_next
        found = found.__cause__ or found.__context__
    return False


def text_of(error: Exception) -> str:
    """Return the error's text in one line and without addresses; of a ClientError its code and message."""
    if isinstance(error, ClientError):
        found = error.response.get("Error", {})
        return without_addresses(f"{found.get('Code', 'error')}: {found.get('Message', '')}".rstrip(": "))
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def without_addresses(text: str) -> str:
    """Return a text of SES in one line, every address in it masked: SES names those that it refuses."""
    return " ".join(_ADDRESS.sub("(address)", text).split())


def is_about_the_sender(code: str, message: str) -> bool:
    """Whether an identity that is not verified was refused: SES gives it the code of a bad message."""
    return code in ("MessageRejected", "MESSAGE_REJECTED") and "not verified" in message
