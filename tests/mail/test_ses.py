"""One call to SES: what goes out, and what is made of whatever comes back."""

import json
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import exceptions as boto
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from ledger.attempts import Answer
from ledger.json_text import encoded
from mail import ses, ses_client, ses_requests
from mail.message import Content
from mail.ses_errors import Verdict
from mail.ses_requests import Envelope, Outgoing

HEADERS = (
    ("List-Unsubscribe", "<https://mail.brightbooks.example/unsubscribe/abc>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
)
CONTENT = Content("Hello Ann & Bo", '<p>{{not a tag}} é "</p>', "Hello\nAnn", HEADERS)
ENVELOPE = Envelope(
    sender="Bright Books <news@brightbooks.example>",
    reply_to="",
    configuration_set="campaign",
    tags={"campaign": "17", "ledger": "0f" * 16},
)


def outgoing(count: int) -> list[Outgoing]:
    return [
        Outgoing(number, f"send-{number}", f"reader.{number}@xn--bcher-kva.example", CONTENT)
        for number in range(count)
    ]


def answers(reply: ses.Reply) -> list[Answer]:
    return [result.answer for result in reply.results]


def _entries(*results: Mapping[str, Any]) -> Any:
    return lambda fake, request: {"BulkEmailEntryResults": list(results)}


def taken(number: int) -> dict[str, str]:
    return {"Status": "SUCCESS", "MessageId": f"ses-{number}"}


def test_results_are_taken_by_their_place(fake_ses) -> None:
    fake_ses.always = _entries(
        taken(0),
        {"Status": "MESSAGE_REJECTED", "Error": "Bad content."},
        {"Status": "ACCOUNT_THROTTLED", "Error": "Maximum sending rate exceeded."},
        {"Status": "TRANSIENT_FAILURE"},
        {"Status": "FAILED", "Error": "Who knows."},
        {"Status": "A_NEW_ONE"},
        {},
    )
    reply = ses.send(fake_ses, ENVELOPE, outgoing(7), single=False)
    assert reply.verdict is Verdict.ANSWERED
    assert reply.throttled
    assert reply.stop == ""
    assert [(r.send_id, r.answer, r.ses_message_id, r.text) for r in reply.results] == [
        ("send-0", Answer.ACCEPTED, "ses-0", None),
        ("send-1", Answer.REJECTED, None, "MESSAGE_REJECTED: Bad content."),
        ("send-2", Answer.NOT_SENT, None, "ACCOUNT_THROTTLED: Maximum sending rate exceeded."),
        ("send-3", Answer.TRANSIENT, None, "TRANSIENT_FAILURE"),
        ("send-4", Answer.UNKNOWN, None, "FAILED: Who knows."),
        ("send-5", Answer.UNKNOWN, None, "A_NEW_ONE"),
        ("send-6", Answer.UNKNOWN, None, "no result"),
    ]


@pytest.mark.parametrize(
    "status",
    [
        "MAIL_FROM_DOMAIN_NOT_VERIFIED",
        "CONFIGURATION_SET_NOT_FOUND",
        "TEMPLATE_NOT_FOUND",
        "ACCOUNT_SUSPENDED",
        "ACCOUNT_DAILY_QUOTA_EXCEEDED",
        "INVALID_SENDING_POOL_NAME",
        "ACCOUNT_SENDING_PAUSED",
        "CONFIGURATION_SET_SENDING_PAUSED",
    ],
)
def test_a_fault_of_the_account_stops_with_its_text_and_rejects_nobody(fake_ses, status: str) -> None:
    fake_ses.always = _entries(taken(0), {"Status": status, "Error": "See the console."})
    reply = ses.send(fake_ses, ENVELOPE, outgoing(2), single=False)
    assert answers(reply) == [Answer.ACCEPTED, Answer.NOT_SENT]
    assert (reply.stop, reply.throttled) == (f"{status}: See the console.", False)


def test_an_entry_refused_for_its_sender_stops_the_campaign_and_rejects_nobody(fake_ses) -> None:
    text = (
        "Email address is not verified. The following identities failed the check: news@brightbooks.example"
    )
    fake_ses.always = _entries({"Status": "MESSAGE_REJECTED", "Error": text})
    reply = ses.send(fake_ses, ENVELOPE, outgoing(1), single=False)
    assert answers(reply) == [Answer.NOT_SENT]
    assert reply.stop.startswith("MESSAGE_REJECTED: Email address is not verified.")
    assert "@" not in reply.stop


@pytest.mark.parametrize("results", [[], [taken(0)], [taken(0), taken(1), taken(2)]])
def test_with_a_wrong_number_of_results_none_can_be_told_apart(fake_ses, results: list[Any]) -> None:
    fake_ses.always = _entries(*results)
    reply = ses.send(fake_ses, ENVELOPE, outgoing(2), single=False)
    assert answers(reply) == [Answer.UNKNOWN, Answer.UNKNOWN]


@pytest.mark.parametrize("answer", [{}, {"BulkEmailEntryResults": None}])
def test_an_answer_without_results_is_unknown(fake_ses, answer: Any) -> None:
    fake_ses.always = lambda fake, request: answer
    assert answers(ses.send(fake_ses, ENVELOPE, outgoing(2), single=False)) == [Answer.UNKNOWN] * 2


def test_success_without_a_message_id_is_unknown(fake_ses) -> None:
    fake_ses.always = _entries({"Status": "SUCCESS"}, {"Status": "SUCCESS", "MessageId": ""})
    assert answers(ses.send(fake_ses, ENVELOPE, outgoing(2), single=False)) == [Answer.UNKNOWN] * 2
    fake_ses.always = lambda fake, request: {}
    assert answers(ses.send(fake_ses, ENVELOPE, outgoing(1), single=True)) == [Answer.UNKNOWN]


@pytest.mark.parametrize(
    ("code", "status", "answer", "stop", "throttled"),
    [
        ("ExpiredTokenException", 403, Answer.NOT_SENT, True, False),
        ("AccountSuspendedException", 400, Answer.NOT_SENT, True, False),
        ("TooManyRequestsException", 429, Answer.NOT_SENT, False, True),
        ("BadRequestException", 400, Answer.SPLIT, False, False),
        ("InternalFailure", 500, Answer.UNKNOWN, False, False),
    ],
)
def test_a_refused_call_means_the_same_for_all_its_messages(
    fake_ses, raising, client_error, code: str, status: int, answer: Answer, stop: bool, throttled: bool
) -> None:
    fake_ses.always = raising(client_error(code, status, "So it is."))
    reply = ses.send(fake_ses, ENVELOPE, outgoing(3), single=False)
    assert answers(reply) == [answer] * 3
    assert reply.text == f"{code}: So it is."
    assert reply.stop == (reply.text if stop else "")
    assert reply.throttled is throttled


def test_a_size_or_validation_error_rejects_only_a_message_that_is_alone(
    fake_ses, raising, client_error
) -> None:
    fake_ses.always = raising(client_error("BadRequestException", 400))
    assert answers(ses.send(fake_ses, ENVELOPE, outgoing(1), single=False)) == [Answer.REJECTED]


@pytest.mark.parametrize(
    ("text", "answer", "stops"),
    [
        ("Email address is not verified. The identities failed", Answer.NOT_SENT, True),
        ("Message content is bad.", Answer.REJECTED, False),
    ],
)
def test_send_email_refuses_a_message_and_a_sender_by_the_same_code(
    fake_ses, raising, client_error, text: str, answer: Answer, stops: bool
) -> None:
    fake_ses.always = raising(client_error("MessageRejected", 400, text))
    reply = ses.send(fake_ses, ENVELOPE, outgoing(1), single=True)
    assert answers(reply) == [answer]
    assert bool(reply.stop) is stops


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (boto.EndpointConnectionError(endpoint_url="https://email.example"), Answer.NOT_SENT),
        (boto.NoCredentialsError(), Answer.NOT_SENT),
        (boto.ReadTimeoutError(endpoint_url="https://email.example"), Answer.UNKNOWN),
        (boto.ConnectionClosedError(endpoint_url="https://email.example"), Answer.UNKNOWN),
    ],
)
def test_what_the_network_does_comes_back_as_an_answer(
    fake_ses, raising, error: Exception, answer: Answer
) -> None:
    fake_ses.always = raising(error)
    reply = ses.send(fake_ses, ENVELOPE, outgoing(2), single=False)
    assert answers(reply) == [answer] * 2
    assert not reply.stop


def test_a_bulk_request_holds_what_the_design_asks_for(fake_ses) -> None:
    ses.send(fake_ses, ENVELOPE, outgoing(2), single=False)
    (_, request) = fake_ses.calls[0]
    assert request["FromEmailAddress"] == "Bright Books <news@brightbooks.example>"
    assert request["ConfigurationSetName"] == "campaign"
    assert "ReplyToAddresses" not in request
    first, second = request["BulkEmailEntries"]
    assert first["Destination"] == {"ToAddresses": ["reader.0@xn--bcher-kva.example"]}
    assert second["Destination"] == {"ToAddresses": ["reader.1@xn--bcher-kva.example"]}
    assert first["ReplacementTags"] == [
        {"Name": "campaign", "Value": "17"},
        {"Name": "ledger", "Value": "0f" * 16},
        {"Name": "send_id", "Value": "send-0"},
    ]
    tags = [text for tag in first["ReplacementTags"] for text in tag.values()]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", text) for text in tags)
    assert first["ReplacementHeaders"] == [{"Name": name, "Value": value} for name, value in HEADERS]
    data = json.loads(first["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
    assert data == {"subject": CONTENT.subject, "html": CONTENT.html, "text": CONTENT.text}


def test_a_single_request_holds_the_same(fake_ses) -> None:
    envelope = Envelope(ENVELOPE.sender, "hello@brightbooks.example", "campaign", ENVELOPE.tags)
    ses.send(fake_ses, envelope, outgoing(1), single=True)
    ((operation, request),) = fake_ses.calls
    assert operation == "send_email"
    assert request["ReplyToAddresses"] == ["hello@brightbooks.example"]
    assert request["Destination"] == {"ToAddresses": ["reader.0@xn--bcher-kva.example"]}
    assert [tag["Name"] for tag in request["EmailTags"]] == ["campaign", "ledger", "send_id"]
    simple = request["Content"]["Simple"]
    assert simple["Headers"] == [{"Name": name, "Value": value} for name, value in HEADERS]
    assert simple["Subject"]["Data"] == CONTENT.subject
    assert simple["Body"]["Html"] == {"Data": CONTENT.html, "Charset": "UTF-8"}


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(subject=_texts, html=_texts, text=_texts, local=st.text("abc.+", min_size=1, max_size=64))
def test_a_message_never_takes_more_of_a_call_than_it_was_measured_for(
    subject: str, html: str, text: str, local: str
) -> None:
    content = Content(subject, html, text, HEADERS)
    item = Outgoing(1, "f" * 32, f"{local}@{'d' * 60}.{'e' * 60}.example", content)
    one = len(encoded(ses_requests.bulk(ENVELOPE, [item])))
    two = len(encoded(ses_requests.bulk(ENVELOPE, [item, item])))
    assert two - one <= ses_requests.size_of(content)
    # And what all messages of a call share fits into what the limit leaves.
    assert one - ses_requests.size_of(content) <= 1_000_000 - ses_requests.MAX_CALL_BYTES


@pytest.mark.parametrize("sign", ['"', "\\", "\n", "é", "\u2028", "\x01", "a"])
@pytest.mark.parametrize("length", [2_000, 8_000, 100_000])
def test_a_text_full_of_signs_that_are_escaped_is_measured_with_them(sign: str, length: int) -> None:
    content = Content("Spring", sign * length, "Hello", HEADERS)
    item = Outgoing(1, "f" * 32, "reader@reader.example", content)
    one = len(encoded(ses_requests.bulk(ENVELOPE, [item])))
    two = len(encoded(ses_requests.bulk(ENVELOPE, [item, item])))
    assert two - one <= ses_requests.size_of(content)


@contextmanager
def _server(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one answer to every request, then close; yield the URL and the requests that came."""
    listening = socket.create_server(("127.0.0.1", 0))
    requests: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(65_536)
                if not request:
                    return
                requests.append(request)
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", requests
    finally:
        # The last visitor says nothing, which ends the thread.
        socket.create_connection(listening.getsockname()).close()
        thread.join()
        listening.close()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boto3 sign, for a service that does not look."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n[[]]",
        b"not HTTP at all\r\n\r\n",
    ],
)
@pytest.mark.parametrize("single", [True, False])
def test_a_call_reaches_the_server_exactly_once_and_stays_unknown(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, single: bool
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    with _server(answer) as (url, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        reply = ses.send(ses_client.client(), ENVELOPE, outgoing(1), single=single)
    assert answers(reply) == [Answer.UNKNOWN]
    assert len(requests) == 1


@pytest.mark.usefixtures("credentials")
def test_nobody_listening_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken_port:
        port = taken_port.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    reply = ses.send(ses_client.client(), ENVELOPE, outgoing(2), single=False)
    assert (reply.verdict, answers(reply)) == (Verdict.NOT_SENT, [Answer.NOT_SENT] * 2)


def _whole_request(connection: ssl.SSLSocket) -> bytes:
    """Return head and body: a socket closed with something unread resets, which hides what was said."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65_536)
    head, _, body = request.partition(b"\r\n\r\n")
    length = int(re.findall(rb"(?i)content-length: (\d+)", head)[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return head + body


@contextmanager
def _tls_server(certificate: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Serve TLS once; after the request comes what no TLS record can be. Yield the URL and the request."""
    listening = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    requests: list[bytes] = []

    def serve() -> None:
        plain, _ = listening.accept()
        try:
            secure = context.wrap_socket(plain, server_side=True)
        except ssl.SSLError:
            plain.close()
            return
        with secure:
            requests.append(_whole_request(secure))
            with socket.socket(fileno=os.dup(secure.fileno())) as beneath:
                beneath.sendall(b"\x17\x03\x03\x00\x40" + b"z" * 64)
                # Until the other side has read it and gone.
                beneath.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}", requests
    finally:
        thread.join()
        listening.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return path


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("trusted", "verdict", "answer"),
    [(True, Verdict.UNKNOWN, Answer.UNKNOWN), (False, Verdict.NOT_SENT, Answer.NOT_SENT)],
    ids=["breaks in the answer", "fails in the handshake"],
)
def test_tls_that_breaks_after_the_request_is_unknown_and_before_it_not_sent(
    monkeypatch: pytest.MonkeyPatch, certificate: Path, trusted: bool, verdict: Verdict, answer: Answer
) -> None:
    if trusted:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with _tls_server(certificate) as (url, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        reply = ses.send(ses_client.client(), ENVELOPE, outgoing(2), single=False)
    assert "SSLError" in reply.text
    assert (reply.verdict, answers(reply)) == (verdict, [answer] * 2)
    assert len(requests) == (1 if trusted else 0)


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    # boto3 keeps the credentials that it once found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with _server(b"") as (url, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        reply = ses.send(ses_client.client(), ENVELOPE, outgoing(2), single=False)
    assert (reply.verdict, answers(reply)) == (Verdict.NOT_SENT, [Answer.NOT_SENT] * 2)
    assert requests == []
