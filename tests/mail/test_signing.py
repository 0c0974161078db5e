"""Callbacks are signed so that a receiver's own library agrees."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from mail.signing import headers, secrets_of

KEY = "a key for tests that is long enough"
NEWER = "a newer key of our own"
BODY = '{"status": "DELIVERED", "to": "jörg@reader.example"}'.encode()


def now() -> int:
    return int(datetime.now(UTC).timestamp())


def test_the_receivers_library_agrees() -> None:
    (secret,) = secrets_of(KEY, "EliPackage")
    signed = headers([secret], "msg_1", now(), BODY)
    assert Webhook(secret).verify(BODY, dict(signed))["status"] == "DELIVERED"


@pytest.mark.parametrize("changed", ["body", "id", "timestamp", "owner"])
def test_whatever_is_changed_the_receivers_library_refuses_it(changed: str) -> None:
    (secret,) = secrets_of(KEY, "EliPackage")
    signed = dict(headers([secret], "msg_1", now(), BODY))
    match changed:
        case "id":
            signed["webhook-id"] = "msg_2"
        case "timestamp":
            signed["webhook-timestamp"] = str(now() + 1)
        case "owner":
            (secret,) = secrets_of(KEY, "SomebodyElse")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" " if changed == "body" else BODY, signed)


def test_while_a_key_is_changed_the_old_and_the_new_secret_verify() -> None:
    (old,) = secrets_of(KEY, "")
    secrets = secrets_of(f"{NEWER},{KEY}", "")
    signed = headers(secrets, "msg_1", now(), BODY)
    assert secrets == [*secrets_of(NEWER, ""), old]
    for secret in secrets:
        Webhook(secret).verify(BODY, dict(signed))


def test_a_secret_says_nothing_of_the_key() -> None:
    (secret,) = secrets_of(KEY, "")
    assert secret.startswith("whsec_")
    assert KEY not in secret
