"""An owner looks after its own callbacks, and after nobody else's."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select

from ledger import callback_receivers, callbacks, outbox
from ledger.callbacks import Ending, Outcome
from ledger.engine import Ledger
from ledger.outbox import StatusChange
from ledger.schema import message
from ledger.statuses import Status

Clients = Callable[..., TestClient]

HOOK = "https://hooks.shop.example/mail"
EMAIL = {
    "to": "ann@mail.example",
    "from": "news@shop.example",
    "text": "x",
    "subject": "y",
    "callbacks": [HOOK],
}


@pytest.fixture
def given_up(client: TestClient, ledger: Ledger) -> str:
    """The id of an e-mail of EliPackage of which the receiver answered 410 to the first change."""
    shown: str = client.post("/emails", json=EMAIL).json()["data"]["id"]
    with ledger.writing() as connection:
        message_id = connection.execute(select(message.c.id)).scalar_one()
        group_id = outbox.group(connection, [HOOK], "EliPackage")
        outbox.note(connection, [StatusChange(message_id, group_id, Status.QUEUED, Status.CLAIMED, None)])
        (receiver,) = callback_receivers.due(connection, 1)
        ((told,),) = callbacks.lease(connection, receiver, 1)
        callbacks.settle(connection, receiver, [Outcome(told, Ending.GONE, "410")])
    return shown


def test_what_was_given_up_is_listed_and_tried_again(client: TestClient, given_up: str) -> None:
    found = client.get("/callbacks").json()["data"]
    (receiver,), (failed,) = found["receivers"], found["failed"]
    assert (receiver["url"], receiver["waiting"], receiver["failed"]) == (HOOK, 0, 1)
    assert isinstance(receiver["disabledAt"], int)
    assert (failed["email"], failed["status"], failed["answer"]) == (given_up, "CLAIMED", "410")
    assert "@" not in client.get("/callbacks").text
    other = client.post("/callbacks/replay", json={"url": "https://other.shop.example/"})
    assert other.json()["data"] == {"replayed": 0}
    assert client.post("/callbacks/replay", json={"ids": [failed["id"]]}).json()["data"] == {"replayed": 1}
    (receiver,) = client.get("/callbacks").json()["data"]["receivers"]
    assert (receiver["waiting"], receiver["failed"], receiver["disabledAt"]) == (1, 0, None)


def test_another_owner_sees_and_replays_nothing_of_it(client_of: Clients, given_up: str) -> None:
    bob = client_of("Bob")
    assert bob.get("/callbacks").json()["data"] == {"receivers": [], "failed": []}
    assert bob.post("/callbacks/replay", json={}).json()["data"] == {"replayed": 0}


def test_each_owner_has_a_secret_of_its_own(client_of: Clients, anonymous: TestClient) -> None:
    ann, bob = (client_of(name).get("/callbacks/secret").json()["data"] for name in ("Ann", "Bob"))
    assert ann["secret"].startswith("whsec_")
    assert ann["secret"] != bob["secret"]
    here = anonymous.app.state.context
    both = f"a newer key of our own,{here.settings.secret_key.get_secret_value()}"
    object.__setattr__(here, "settings", here.settings.model_copy(update={"secret_key": SecretStr(both)}))
    rotated = client_of("Ann").get("/callbacks/secret").json()["data"]
    assert rotated["older"] == [ann["secret"]]


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/replay"), ("GET", "/secret")])
def test_without_a_key_there_is_nothing_to_see(anonymous: TestClient, method: str, path: str) -> None:
    assert anonymous.request(method, f"/callbacks{path}").status_code == 401
