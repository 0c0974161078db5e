"""Who may send from where: asked sparingly, honest where SES is silent, and no owner takes it all."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from fastapi.testclient import TestClient

from api.errors import Refusal
from api.identity_answers import IdentityAnswers
from api.sender_directory import Answer, SenderDirectory
from api.thread_pools import ThreadPool
from ledger import owners, senders
from ledger.engine import Ledger, open_ledger
from mail.identities import Standing
from mail.identity_names import MOST_NAMES

EMAIL = {"to": "a@mail.example", "from": "news@shop.example", "text": "Hello", "subject": "Hi"}
DEEP = "a@" + ".".join(["x"] * 120) + ".shop.example"


class Ses:
    """SES: `verified` names, all others unknown; it can be away, and it can hold its answers back."""

    def __init__(self) -> None:
        self.verified = {"shop.example"}
        self.away = False
        self.answers = threading.Event()
        self.answers.set()
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def get_email_identity(self, **request: Any) -> Mapping[str, Any]:
        name = request["EmailIdentity"]
        with self._lock:
            self.asked.append(name)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.answers.wait()
        with self._lock:
            self.at_once -= 1
        if self.away:
            raise EndpointConnectionError(endpoint_url="https://email.invalid")
        if name not in self.verified:
            raise ClientError({"Error": {"Code": "NotFoundException"}}, "GetEmailIdentity")
        return {"VerifiedForSendingStatus": True, "VerificationStatus": "SUCCESS"}

    def create_email_identity(self, **request: Any) -> Mapping[str, Any]:
        raise AssertionError("nobody was to be onboarded")


class World:
    """A directory over a fake SES, by a clock that a test moves."""

    def __init__(self, ledger: Ledger) -> None:
        self.ses, self.now = Ses(), 1_000.0
        self.pools = [
            ThreadPool(name, name, threads=8, waiting_at_most=2_000, deadline_seconds=20.0)
            for name in ("reads", "ses")
        ]
        reads, ses = self.pools
        answers = IdentityAnswers(lambda: self.ses, ses, lambda: self.now)
        self.directory = SenderDirectory(ledger, reads, answers, lambda: self.now)

    def get(self, *addresses: str, owner_id: int = 1) -> list[Answer]:
        async def run() -> list[Answer]:
            wanted = [(owner_id, address) for address in addresses]
            found = await self.directory.get(wanted)
            return [found[each] for each in wanted]

        return asyncio.run(run())


@pytest.fixture(scope="module")
def one_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger for all tests here."""
    with open_ledger(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.sqlite3") as opened:
        yield opened


@pytest.fixture
def world(one_ledger: Ledger) -> Iterator[World]:
    made = World(one_ledger)
    yield made
    made.ses.answers.set()
    for pool in made.pools:
        pool.close()


def standing(answer: Answer) -> Standing | int | None:
    match answer:
        case Refusal():
            return answer.status
        case None:
            return None
        case _:
            return answer.standing


def test_a_domain_of_122_labels_costs_five_questions(world: World) -> None:
    assert [standing(each) for each in world.get(DEEP)] == [Standing.VERIFIED]
    world.ses.verified.clear()
    world.now += 301
    world.ses.asked.clear()
    assert [standing(each) for each in world.get(DEEP)] == [Standing.UNKNOWN]
    assert len(world.ses.asked) == MOST_NAMES == 5


def test_a_no_is_kept_for_a_moment_and_a_yes_for_minutes(world: World) -> None:
    world.get("a@shop.example", "a@new.example")
    for seconds, asked in ((4.9, 0), (0.2, 2), (290, 2), (10, 3)):
        world.now += seconds
        world.ses.asked.clear()
        world.get("a@shop.example", "a@new.example")
        assert len(world.ses.asked) == asked, seconds


def test_an_owner_with_one_unknown_sender_after_another_is_stopped_and_no_other(world: World) -> None:
    found = [standing(each) for each in world.get(*(f"a@unknown{n}.example" for n in range(1_000)))]
    assert found.count(Standing.UNKNOWN) == 10
    assert set(found) == {Standing.UNKNOWN, 429}
    assert len(world.ses.asked) == 20
    assert standing(*world.get("a@unknown.example", owner_id=2)) is Standing.UNKNOWN
    world.now += 5.1
    assert standing(*world.get("a@later.example")) is Standing.UNKNOWN
    assert standing(*world.get("a@too-late.example")) == 429


def test_an_owner_of_hundreds_of_verified_senders_is_not_stopped(world: World) -> None:
    names = [f"shop{n}.example" for n in range(300)]
    world.ses.verified |= set(names)
    found = world.get(*(f"a@{name}" for name in names))
    assert {standing(each) for each in found} == {Standing.VERIFIED}
    assert world.ses.most_at_once <= 4


def test_somebody_elses_sender_is_not_asked_about(world: World, one_ledger: Ledger) -> None:
    with one_ledger.writing() as connection:
        ann, bob = owners.ensure(connection, "Ann"), owners.ensure(connection, "Bob")
        senders.onboard(connection, "ann@shop.example", ann)
    assert standing(*world.get("Ann@shop.example", owner_id=bob)) is None
    assert world.ses.asked == []
    assert standing(*world.get("Ann@shop.example", owner_id=ann)) is Standing.VERIFIED


def test_while_ses_is_away_verified_senders_go_on_and_the_others_hear_so(world: World) -> None:
    world.get("a@shop.example")
    world.ses.away = True
    for _ in range(5):
        world.now += 301
        known, new = world.get("a@shop.example", "a@new.example")
        assert standing(known) is Standing.VERIFIED
        assert isinstance(new, Refusal)
        assert (new.status, new.field, int(new.headers["Retry-After"]) > 0) == (503, "from", True)
    # Not for ever.
    world.now += 3_600
    assert standing(*world.get("a@shop.example")) == 503


def test_ses_that_is_away_is_left_alone_and_looked_after_now_and_then(world: World) -> None:
    world.ses.away = True
    for n in range(100):
        world.get(f"a@new{n}.example")
    assert len(world.ses.asked) == 3
    world.ses.away = False
    world.now += 5
    assert standing(*world.get("a@shop.example")) is Standing.VERIFIED
    # An outage of SES was nobody's fault, and nothing was counted against the owner.
    assert standing(*world.get("a@unknown.example")) is Standing.UNKNOWN


def test_of_a_list_only_what_cannot_be_said_is_refused(client: TestClient, identities: Any) -> None:
    class Away(type(identities)):  # type: ignore[misc]
        def get_email_identity(self, **request: Any) -> Mapping[str, Any]:
            if request["EmailIdentity"].endswith("away.example"):
                raise EndpointConnectionError(endpoint_url="https://email.invalid")
            found: Mapping[str, Any] = super().get_email_identity(**request)
            return found

    identities.__class__ = Away
    answer = client.post("/emails", json=[EMAIL, {**EMAIL, "from": "a@away.example"}, EMAIL])
    assert answer.status_code == 207
    codes = [item.get("error", {}).get("code") for item in answer.json()["data"]]
    assert codes == [None, "unavailable", None]
    alone = client.post("/emails", json={**EMAIL, "from": "a@away.example"})
    assert (alone.status_code, alone.headers["Retry-After"]) == (503, "5")


def test_who_was_refused_and_asks_for_the_sender_sees_it_at_once(client: TestClient) -> None:
    email = {**EMAIL, "from": "me@new.example"}
    assert client.post("/emails", json=email).json()["error"]["code"] == "unverified_sender"
    assert client.post("/senders", json={"address": "me@new.example"}).json()["data"]["status"] == "pending"
    assert client.get("/senders/me@new.example").json()["data"]["status"] == "pending"
    assert "click the link" in client.post("/emails", json=email).json()["error"]["message"]


def test_where_the_sender_is_confirmed_meanwhile_its_mail_is_taken(
    client_of: Callable[..., TestClient], identities: Any
) -> None:
    client = client_of("Ann")
    client.post("/senders", json={"address": "me@new.example"})
    identities.verified.add("me@new.example")
    assert client.post("/emails", json={**EMAIL, "from": "me@new.example"}).status_code == 202
