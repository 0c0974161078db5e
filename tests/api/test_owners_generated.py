"""Two owners, every route and every table: nothing of one's is seen, taken or changed by the other."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Table, select

from ledger import owners, senders, sign_ups, suppressions
from ledger.engine import Ledger
from ledger.schema import callback, callback_url, message, metadata, owner, owner_change, single
from ledger.suppressions import Suppression, SuppressionReason

Clients = Callable[..., TestClient]
MARK = "annonly"
ADDRESS = f"{MARK}@mail.example"
HOOK = f"https://hooks.shop.example/{MARK}"
EMAIL = {"from": "a@shop.example", "subject": f"{MARK} subject", "text": f"{MARK} text", "to": ADDRESS}
MINE = {"externalId": f"{MARK}1", "clientId": f"{MARK}2", "alias": f"{MARK}3", "callbacks": [HOOK]}
BOBS = {"from": "b@shop.example", "subject": "s", "text": "t", "to": "else@mail.example"}
WITHOUT_OWNER = {
    # Of the installation, or by a key that leads to an owner.
    "account_change", "attempt", "breaker", "call_limit", "callback_group", "callback_member", "campaign",
    "campaign_change", "claim", "cohort", "domain_brake", "drain", "erasure", "erasure_key", "event",
    "event_raw", "event_source", "link", "suppression_import", "trial",
    "identity", "limiter", "message", "mx_answer", "queue_adoption", "restore", "sender_day", "suppression",
    "suppression_change", "tally", "unread_change", "unread_message", "withdrawal", "callback",
}  # fmt: skip


@dataclass(frozen=True)
class Try:
    """What Bob asks about Ann's: the route, its path, query and body, and what he may be answered."""

    route: str
    path: str
    statuses: tuple[int, ...]
    json: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def tries(ids: Mapping[str, str]) -> list[Try]:
    filters = (
        {"externalId": MINE["externalId"]},
        {"clientId": MINE["clientId"]},
        {"campaign": "spring-offer"},
    )
    return [
        *(Try("get /emails", "/emails", (200,), params=each) for each in ({}, {"limit": "500"}, *filters)),
        Try("get /emails/{id}", f"/emails/{ids['single']}", (404,)),
        Try("get /emails/{id}", f"/emails/{ids['campaign']}", (404,)),
        Try("get /callbacks", "/callbacks", (200,)),
        Try("post /callbacks/replay", "/callbacks/replay", (200,), {}),
        Try("post /callbacks/replay", "/callbacks/replay", (200,), {"ids": [int(ids["callback"])]}),
        Try("post /callbacks/replay", "/callbacks/replay", (200,), {"url": HOOK}),
        Try("get /callbacks/secret", "/callbacks/secret", (200,)),
        *(
            Try("post /senders", "/senders", (403,), {"address": address})
            for address in (
                "a@shop.example",
                "A@Shop.example",
                "a+x@shop.example",
                "used@shop.example",
                "ceo@shop.example",
            )
        ),
        *(
            Try("get /senders/{address}", f"/senders/{address}", (404,))
            for address in ("a@shop.example", "a+x@shop.example", "A@SHOP.example")
        ),
        *(
            Try("post /emails", "/emails", (403,), BOBS | {"from": sender})
            for sender in (
                "a@shop.example",
                "Ann <A@shop.EXAMPLE>",
                '"x" <a+b@shop.example>',
                "ceo@shop.example",
            )
        ),
        Try("post /emails", "/emails", (207,), [BOBS | {"from": "a@shop.example"}, BOBS]),
        # The same key is another one with another owner.
        Try("post /emails", "/emails", (202,), BOBS, headers={"Idempotency-Key": "ann-key"}),
        Try("post /emails", "/emails", (202,), BOBS | {"to": "left@mail.example"}),
        Try("post /emails", "/emails", (202,), BOBS | {"to": "waits@mail.example"}),
        Try("get /subscribers/{address}", "/subscribers/waits@mail.example", (404,)),
        Try("get /subscribers/{address}", "/subscribers/done@mail.example", (404,)),
        Try("post /subscribers", "/subscribers", (403,), _sign_up("a@shop.example")),
        Try("post /subscribers", "/subscribers", (202,), _sign_up("b@shop.example")),
        Try("get /reports/{campaign}", "/reports/spring-offer", (404,)),
    ]


def _sign_up(sender: str) -> dict[str, str]:
    return {"address": "waits@mail.example", "from": sender, "text": "Bob's words"}


def post(client: TestClient, path: str, body: Any, **headers: str) -> Any:
    answer = client.post(path, json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()["data"]


@pytest.fixture
def ids(client_of: Clients, ledger: Ledger, campaign_message: int) -> dict[str, str]:
    """Ann has something of everything; return the ids of some of it."""
    ann = client_of("Ann")
    post(ann, "/senders", {"address": "a@shop.example"})
    mail = post(ann, "/emails", EMAIL | MINE, **{"Idempotency-Key": "ann-key"})
    post(ann, "/emails", EMAIL | {"from": "used@shop.example"})
    for name in ("waits", "done"):
        words = {"address": f"{name}@mail.example", "from": "a@shop.example", "text": f"{MARK} words"}
        post(ann, "/subscribers", words)
    with ledger.writing() as connection:
        # Both have addresses in a domain that is verified as a whole: an operator shares it out.
        senders.give(connection, "b@shop.example", owners.ensure(connection, "Bob"))
        ann_id = owners.ensure(connection, "Ann")
        standing = {"action": "lifted", "by": MARK, "reason": MARK, "hard_bounced": 0, "accepted": 0}
        connection.execute(owner_change.insert().values(owner_id=ann_id, at=1.0, **standing))
        done = sign_ups.of(connection, ann_id, "done@mail.example")
        assert done is not None
        sign_ups.confirm(connection, done.id, by="page")
        left = Suppression(
            "left@mail.example", SuppressionReason.UNSUBSCRIBE, MARK, scope=owners.scope_of("Ann")
        )
        suppressions.add(connection, [left])
        of_mail = connection.execute(select(single.c.message_id).where(single.c.public_id == mail["id"]))
        url_id = connection.execute(
            select(callback_url.c.id).where(callback_url.c.owner == "Ann")
        ).scalar_one()
        given_up = {"message_id": of_mail.scalar_one(), "url_id": url_id, "status": "SENT", "at": 1.0}
        more = {"previous_status": "QUEUED", "attempts": 3, "failed_at": 2.0, "answer": MARK}
        callback_id = connection.execute(callback.insert().values(given_up | more)).inserted_primary_key
        assert callback_id is not None
    return {"single": mail["id"], "campaign": str(campaign_message), "callback": str(callback_id[0])}


def anns(connection: Connection) -> dict[str, list[Any]]:
    """Return every row that is Ann's, by table."""
    ann_id = owners.ensure(connection, "Ann")
    mine = select(single.c.message_id).where(single.c.owner_id == ann_id)
    urls = select(callback_url.c.id).where(callback_url.c.owner == "Ann")
    found: dict[str, list[Any]] = {}
    for table in metadata.sorted_tables:
        if table is owner:
            condition = owner.c.id == ann_id
        elif "owner_id" in table.columns:
            condition = table.c.owner_id == ann_id
        elif table is callback_url:
            condition = callback_url.c.owner == "Ann"
        elif table is callback:
            condition = callback.c.url_id.in_(urls)
        elif table is message:
            condition = message.c.id.in_(mine)
        elif "scope" in table.columns:
            condition = table.c.scope == owners.scope_of("Ann")
        else:
            continue
        found[table.name] = [tuple(row) for row in connection.execute(select(table).where(condition))]
    return found


def belongs_to_owner(table: Table) -> bool:
    return table is owner or "owner_id" in table.columns or table is callback_url


def test_every_table_says_whose_a_row_is_or_is_known_to_be_nobodys() -> None:
    names = {table.name for table in metadata.sorted_tables if not belongs_to_owner(table)}
    assert names == WITHOUT_OWNER


def test_every_route_that_wants_a_key_is_tried(anonymous: TestClient) -> None:
    paths = anonymous.get("/openapi.json").json()["paths"]
    keyed = {
        f"{verb} {path}"
        for path, verbs in paths.items()
        for verb, said in verbs.items()
        if "security" in said
    }
    assert {each.route for each in tries({"single": "x", "campaign": "1", "callback": "1"})} == keyed


def test_nothing_of_anns_is_seen_taken_or_changed_by_bob(
    client_of: Clients, ledger: Ledger, ids: dict[str, str]
) -> None:
    bob = client_of("Bob")
    with ledger.writing() as connection:
        before = anns(connection)
    assert [name for name, rows in before.items() if not rows] == []
    for each in tries(ids):
        verb = each.route.partition(" ")[0]
        body = {} if each.json is None else {"json": each.json}
        answer = bob.request(verb, each.path, params=each.params, headers=each.headers, **body)
        assert answer.status_code in each.statuses, (each, answer.text)
        assert MARK not in answer.text, each
        assert "Ann" not in answer.text.replace(json.dumps(each.json), ""), each
        with ledger.writing() as connection:
            assert anns(connection) == before, each
    secret = client_of("Ann").get("/callbacks/secret").json()["data"]["secret"]
    assert secret != bob.get("/callbacks/secret").json()["data"]["secret"]


def test_what_the_operator_gives_is_refused_to_who_used_it_before(client_of: Clients, ledger: Ledger) -> None:
    ann, bob = client_of("Ann"), client_of("Bob")
    ceo = BOBS | {"from": "ceo@shop.example"}
    assert bob.post("/emails", json=ceo).status_code == 202
    with ledger.writing() as connection:
        senders.give(connection, "@shop.example", owners.ensure(connection, "Ann"))
    refused = bob.post("/emails", json=ceo)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "unverified_sender")
    assert ann.post("/emails", json=ceo).status_code == 202
    with ledger.writing() as connection:
        senders.release(connection, "@shop.example")
    assert bob.post("/senders", json={"address": "ceo@shop.example"}).status_code == 403
