"""Certificates come from SNS's own hosts alone, in time, once; what cannot be had proves nothing."""

import datetime
import threading
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from mail.sns_certificates import Certificates, stand_in_of, trusts

TOPIC = "arn:aws:sns:eu-west-1:123456789012:campaign-events"
URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem"
SANDBOX = "http://127.0.0.1:4100"


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.example")])
    day = datetime.datetime(2027, 1, 15, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + datetime.timedelta(days=9))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


RSA = rsa.generate_private_key(65_537, 1024)
PEM = certificate(RSA)


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "sns.eu-west-1.amazonaws.com"),
        ("aws-us-gov", "us-gov-west-1", "sns.us-gov-west-1.amazonaws.com"),
        ("aws-cn", "cn-north-1", "sns.cn-north-1.amazonaws.com.cn"),
        ("aws-eusc", "eusc-de-east-1", "sns.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_the_host_is_that_of_the_topics_partition_and_region(partition: str, region: str, host: str) -> None:
    topic = f"arn:{partition}:sns:{region}:123456789012:campaign-events"
    assert trusts(f"https://{host}/SimpleNotificationService-0a1b.pem", topic)
    assert not trusts(URL.replace("eu-west-1", "us-east-1"), topic)


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        URL.replace("sns.eu", "sns.mallory.example/sns.eu"),
        URL.replace(".com/", ".com.mallory.example/"),
        URL.replace(".com/", ".com:8443/"),
        URL.replace(".com/", ".com:x/"),
        URL.replace("sns.", "sns.eu-west-1.amazonaws.com@mallory.example/sns."),
        URL.replace("sns.", "mallory-sns."),
        URL.replace("sns.eu-west-1", "s3.eu-west-1"),
        URL.replace("/Simple", "/bucket/Simple"),
        URL.replace("/Simple", "/../Simple"),
        URL + "?a=b",
        URL + "#a",
        URL + "\n",
        URL.replace(".pem", ".exe"),
        f"{SANDBOX}/SimpleNotificationService-0a1b.pem",
        "file:///SimpleNotificationService-0a1b.pem",
        "",
        "https://[",
    ],
)
def test_no_other_place_is_asked(url: str) -> None:
    def fetch(url: str) -> bytes:
        raise AssertionError(url)

    assert Certificates(fetch=fetch).key_of(url, TOPIC) is None


def test_a_stand_in_for_aws_is_trusted_alone_and_only_where_it_is_one() -> None:
    path = "/SimpleNotificationService-0a1b.pem"
    assert trusts(SANDBOX + path, TOPIC, SANDBOX)
    assert not trusts(URL, TOPIC, SANDBOX)
    assert not trusts(SANDBOX.replace("4100", "4101") + path, TOPIC, SANDBOX)
    assert stand_in_of(SANDBOX) == SANDBOX
    for own in ("https://sqs.eu-west-1.amazonaws.com", "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com", ""):
        assert stand_in_of(own) == ""


@pytest.fixture
def fetched() -> list[str]:
    return []


@pytest.fixture
def certificates(fetched: list[str]) -> Callable[..., Certificates]:
    def make(answer: bytes | Exception, clock: Callable[[], float] = lambda: 0.0) -> Certificates:
        def fetch(url: str) -> bytes:
            fetched.append(url)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return Certificates(fetch=fetch, clock=clock)

    return make


def test_a_certificate_is_fetched_once(certificates, fetched: list[str]) -> None:
    found = certificates(PEM)
    keys = {found.key_of(URL, TOPIC).public_numbers() for _ in range(3)}
    assert (keys, fetched) == ({RSA.public_key().public_numbers()}, [URL])


@pytest.mark.parametrize(
    "answer",
    [
        OSError("no route"), ValueError("what"), b"", b"<html>", PEM[:200],
        certificate(ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=["no route", "no url", "nothing", "a page", "cut off", "another kind"],
)  # fmt: skip
def test_what_cannot_be_had_is_asked_for_again_later_and_not_at_once(
    certificates, fetched: list[str], answer: bytes | Exception
) -> None:
    now = [0.0]
    found = certificates(answer, lambda: now[0])
    assert [found.key_of(URL, TOPIC) for _ in range(3)] == [None] * 3
    assert fetched == [URL]
    now[0] = 601.0
    assert found.key_of(URL, TOPIC) is None
    assert fetched == [URL] * 2


def test_made_up_places_are_not_asked_without_end(certificates, fetched: list[str]) -> None:
    found = certificates(OSError("404"))
    for number in range(100):
        found.key_of(URL.replace("0a1b", f"{number:x}"), TOPIC)
    assert len(fetched) == 8


def test_a_host_that_hangs_is_given_up() -> None:
    ends = threading.Event()

    def fetch(url: str) -> bytes:
        ends.wait(60)
        return PEM

    found = Certificates(fetch=fetch, deadline_seconds=0.05)
    assert found.key_of(URL, TOPIC) is None
    ends.set()
