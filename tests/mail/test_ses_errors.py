"""What answers of SES mean: one table for entries, one for calls."""

import inspect
import ssl
from collections.abc import Callable

import botocore.session
import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError

from ledger.attempts import Answer
from mail.ses_errors import ENTRY_ANSWERS, Verdict, is_about_the_sender, text_of, verdict_of

# Deliberately without an entry in the table: they say nothing definite, so they are UNKNOWN.
SAY_NOTHING = {"FAILED"}

# Everything that can only be raised while the request is still on this machine. Whatever else botocore has,
# or will have, may have left a message with SES.
NEVER_LEFT = {
    "ConnectTimeoutError",
    "CredentialRetrievalError",
    "EndpointConnectionError",
    "EndpointProviderError",
    "EndpointResolutionError",
    "InvalidEndpointDiscoveryConfigurationError",
    "InvalidRegionError",
    "MetadataRetrievalError",
    "NoAuthTokenError",
    "NoCredentialsError",
    "NoRegionError",
    "ParamValidationError",
    "PartialCredentialsError",
    "ProxyConnectionError",
    "SSOError",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
    "UnknownEndpointError",
    "UnknownEndpointResolutionBuiltInName",
}


def test_every_entry_status_of_the_service_model_has_a_meaning() -> None:
    model = botocore.session.get_session().get_service_model("sesv2")
    statuses = set(model.shape_for("BulkEmailEntryResult").members["Status"].enum)
    assert statuses == set(ENTRY_ANSWERS) | SAY_NOTHING
    assert not set(ENTRY_ANSWERS) & SAY_NOTHING


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("SUCCESS", Answer.ACCEPTED),
        ("MESSAGE_REJECTED", Answer.REJECTED),
        ("INVALID_PARAMETER", Answer.REJECTED),
        ("TRANSIENT_FAILURE", Answer.TRANSIENT),
        ("ACCOUNT_THROTTLED", Answer.NOT_SENT),
        ("MAIL_FROM_DOMAIN_NOT_VERIFIED", Answer.NOT_SENT),
        ("CONFIGURATION_SET_NOT_FOUND", Answer.NOT_SENT),
        ("TEMPLATE_NOT_FOUND", Answer.NOT_SENT),
        ("ACCOUNT_SUSPENDED", Answer.NOT_SENT),
        ("ACCOUNT_DAILY_QUOTA_EXCEEDED", Answer.NOT_SENT),
        ("INVALID_SENDING_POOL_NAME", Answer.NOT_SENT),
        ("ACCOUNT_SENDING_PAUSED", Answer.NOT_SENT),
        ("CONFIGURATION_SET_SENDING_PAUSED", Answer.NOT_SENT),
        ("FAILED", Answer.UNKNOWN),
        ("A_STATUS_OF_NEXT_YEAR", Answer.UNKNOWN),
    ],
)
def test_what_each_status_of_an_entry_means(status: str, answer: Answer) -> None:
    assert ENTRY_ANSWERS.get(status, Answer.UNKNOWN) is answer


def test_only_an_entry_of_its_own_rejects_and_only_success_accepts() -> None:
    by_answer = {answer: {s for s, found in ENTRY_ANSWERS.items() if found is answer} for answer in Answer}
    assert by_answer[Answer.ACCEPTED] == {"SUCCESS"}
    assert by_answer[Answer.REJECTED] == {"MESSAGE_REJECTED", "INVALID_PARAMETER"}
    assert by_answer[Answer.TRANSIENT] == {"TRANSIENT_FAILURE"}


def _exceptions() -> list[type[Exception]]:
    found = [each for _, each in inspect.getmembers(boto, inspect.isclass) if issubclass(each, Exception)]
    return [each for each in found if not issubclass(each, ClientError | Warning)]


@pytest.mark.parametrize("kind", _exceptions(), ids=lambda kind: kind.__name__)
def test_only_what_cannot_have_left_this_machine_is_not_sent(kind: type[Exception]) -> None:
    # Made without its constructor: they all want other arguments.
    error = kind.__new__(kind)
    expected = Verdict.NOT_SENT if kind.__name__ in NEVER_LEFT else Verdict.UNKNOWN
    assert verdict_of(error) is expected


@pytest.mark.parametrize("error", [RuntimeError("?"), OSError(), ValueError("?")])
def test_any_other_exception_is_an_unknown_outcome(error: Exception) -> None:
    assert verdict_of(error) is Verdict.UNKNOWN


def _tls_error(function: Callable[[], None]) -> boto.SSLError:
    """Return boto3's error as it comes when TLS fails in `function`."""
    try:
        try:
            function()
        except ssl.SSLError as inner:
            raise boto.SSLError(endpoint_url="https://email.example", error=inner) from inner
    except boto.SSLError as err:
        return err
    raise AssertionError("nothing was raised")


def test_tls_that_fails_in_the_handshake_is_not_sent_and_later_is_unknown() -> None:
    def do_handshake() -> None:
        raise ssl.SSLCertVerificationError("certificate verify failed")

    def read() -> None:
        raise ssl.SSLError("decryption failed or bad record mac")

    assert verdict_of(_tls_error(do_handshake)) is Verdict.NOT_SENT
    assert verdict_of(_tls_error(read)) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("code", "status", "verdict"),
    [
        # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html, "Errors".
        ("TooManyRequestsException", 429, Verdict.THROTTLED),
        ("Anything", 429, Verdict.THROTTLED),
        ("ThrottlingException", 400, Verdict.THROTTLED),
        ("Throttling", 400, Verdict.THROTTLED),
        ("BadRequestException", 400, Verdict.INVALID),
        ("ValidationException", 400, Verdict.INVALID),
        ("413", 413, Verdict.INVALID),
        ("RequestEntityTooLarge", 413, Verdict.INVALID),
        ("AccountSuspendedException", 400, Verdict.REFUSED),
        ("SendingPausedException", 400, Verdict.REFUSED),
        ("MailFromDomainNotVerifiedException", 400, Verdict.REFUSED),
        ("MessageRejected", 400, Verdict.REFUSED),
        ("NotFoundException", 404, Verdict.REFUSED),
        ("LimitExceededException", 400, Verdict.REFUSED),
        # https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
        ("ExpiredTokenException", 403, Verdict.REFUSED),
        ("AccessDeniedException", 403, Verdict.REFUSED),
        ("UnrecognizedClientException", 403, Verdict.REFUSED),
        ("InternalFailure", 500, Verdict.UNKNOWN),
        ("InternalServiceErrorException", 500, Verdict.UNKNOWN),
        ("ServiceUnavailable", 503, Verdict.UNKNOWN),
        # A validation error that comes with a 5xx is no definite answer.
        ("BadRequestException", 500, Verdict.UNKNOWN),
        ("Moved", 301, Verdict.UNKNOWN),
        ("", 0, Verdict.UNKNOWN),
    ],
)
def test_answers_by_code_and_status(client_error, code: str, status: int, verdict: Verdict) -> None:
    assert verdict_of(client_error(code, status)) is verdict


def test_an_answer_without_any_fields_is_unknown() -> None:
    assert verdict_of(ClientError({}, "SendEmail")) is Verdict.UNKNOWN


def test_an_errors_text_is_one_line_without_addresses(client_error) -> None:
    refused = client_error(
        "MessageRejected", 400, "Email address is not verified:\n ann@reader.example, Bo <bo@reader.example>"
    )
    assert text_of(refused) == ("MessageRejected: Email address is not verified: (address), Bo <(address)>")
    assert text_of(client_error("Denied", 403, "")) == "Denied"
    assert text_of(boto.NoCredentialsError()) == "NoCredentialsError: Unable to locate credentials"


def test_an_unverified_sender_is_told_from_a_bad_message() -> None:
    assert is_about_the_sender("MessageRejected", "Email address is not verified.")
    assert is_about_the_sender("MESSAGE_REJECTED", "Email address is not verified.")
    assert not is_about_the_sender("MessageRejected", "Address blacklisted.")
    assert not is_about_the_sender("INVALID_PARAMETER", "Domain is not verified.")
