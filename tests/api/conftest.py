"""What the room's tests share: the application over a real ledger, with SES and the DNS played by fakes."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr
from sqlalchemy import select

from api import keys
from api.main import create_app
from ledger import enqueueing
from ledger.engine import Ledger, open_ledger
from ledger.enqueueing import NewCampaign, NewMessage
from ledger.schema import message
from lists.dns_verdicts import DELIVERABLE, NO_SUCH_DOMAIN, MxVerdict, unknown
from settings import Settings

with warnings.catch_warnings():
    # Starlette warns on import that it would rather have httpx2; httpx comes with Prefect and serves.
    warnings.filterwarnings("ignore", message="Using `httpx` with")
    from fastapi.testclient import TestClient

KEY = "a key for tests that is long enough"


@pytest.fixture
def configured(tmp_path: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{tmp_path}/ledger.sqlite3",
        secret_key=SecretStr(KEY),
        public_url="https://mail.shop.example",
        api_requests_per_second=0,
    )


@pytest.fixture
def ledger(configured: Settings) -> Iterator[Ledger]:
    with open_ledger(configured.database_url) as opened:
        yield opened


class FakeIdentities:
    """SES as it is asked about senders: `verified` and `pending` are names of identities."""

    def __init__(self) -> None:
        self.verified = {"shop.example"}
        self.pending: set[str] = set()
        self.asked: list[str] = []

    def get_email_identity(self, **request: Any) -> Mapping[str, Any]:
        name = request["EmailIdentity"]
        self.asked.append(name)
        if name not in self.verified | self.pending:
            raise ClientError({"Error": {"Code": "NotFoundException"}}, "GetEmailIdentity")
        verified = name in self.verified
        return {
            "VerifiedForSendingStatus": verified,
            "VerificationStatus": "SUCCESS" if verified else "PENDING",
        }

    def create_email_identity(self, **request: Any) -> Mapping[str, Any]:
        self.pending.add(request["EmailIdentity"])
        return {"VerifiedForSendingStatus": False}


@pytest.fixture
def identities() -> FakeIdentities:
    return FakeIdentities()


class FakeDns:
    """A DNS in which every domain takes mail, but for those in `gone`; those in `silent` are not answered."""

    def __init__(self) -> None:
        self.gone = {"gone.example"}
        self.silent = {"slow.example"}
        self.asked: list[str] = []

    def __call__(self, domains: Sequence[str]) -> Mapping[str, MxVerdict]:
        self.asked += domains
        return {domain: self._verdict(domain) for domain in domains}

    def _verdict(self, domain: str) -> MxVerdict:
        if domain in self.silent:
            return unknown("timeout")
        return NO_SUCH_DOMAIN if domain in self.gone else DELIVERABLE


@pytest.fixture
def dns() -> FakeDns:
    return FakeDns()


@pytest.fixture
def anonymous(configured: Settings, identities: FakeIdentities, dns: FakeDns) -> Iterator[TestClient]:
    """A client without a key."""
    app = create_app(configured, mx=dns, identities=lambda: identities)
    with TestClient(app, follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def client_of(anonymous: TestClient, ledger: Ledger) -> Callable[..., TestClient]:
    """Return a function that makes a client with a new key of an owner."""

    def make(owner: str, operator: str = "ann") -> TestClient:
        key = keys.create(ledger, owner, operator)
        return TestClient(anonymous.app, follow_redirects=False, headers={"Authorization": f"Bearer {key}"})

    return make


@pytest.fixture
def client(client_of: Callable[..., TestClient]) -> TestClient:
    """A client with a key of EliPackage."""
    return client_of("EliPackage", "EliPackage")


@pytest.fixture
def campaign_message(ledger: Ledger) -> int:
    """The id of the one message of Ann's campaign."""
    new = NewCampaign(
        name="spring-offer",
        definition={"name": "spring-offer", "owner": "Ann", "from": "a@shop.example", "subject": "s"},
        list_digest="l",
        template_digest="t",
        seed=1,
        list_summary={"rows": 1, "rejected": 0},
    )
    recipient = NewMessage("r@mail.example", "r@mail.example", "mail.example", {}, 1, 0)
    with ledger.writing() as connection:
        enqueueing.enqueue(connection, new, [[recipient]])
        return connection.execute(select(message.c.id)).scalar_one()
