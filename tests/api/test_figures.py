"""Metrics for Prometheus: every figure there, nothing about a person."""

from collections.abc import Callable

from fastapi.testclient import TestClient
from sqlalchemy import select, update

from ledger import clock
from ledger.engine import Ledger
from ledger.schema import message
from ledger.statuses import Status

EMAIL = {"to": "someone@mail.example", "from": "news@shop.example", "text": "x", "subject": "y"}


def figures(client: TestClient) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")
    }


def test_metrics_count_what_waits_and_what_became_of_it(
    client: TestClient, anonymous: TestClient, ledger: Ledger
) -> None:
    client.post("/emails", json=[EMAIL] * 5)
    with ledger.writing() as connection:
        first = select(message.c.id).order_by(message.c.id).limit(3)
        now = clock.now(connection)
        sent = {"status": Status.DELIVERED, "accepted_at": now}
        connection.execute(update(message).where(message.c.id.in_(first)).values(sent))
        bounced = update(message).where(message.c.id == first.limit(1).scalar_subquery())
        connection.execute(bounced.values(status=Status.HARD_BOUNCED, hard_bounced_at=now))
    found = figures(anonymous)
    assert found["campaign_queued"] == 2
    assert found["campaign_in_doubt"] == 0
    assert found["campaign_sent_per_second"] == 3 / 60
    assert found["campaign_bounce_rate"] == 0.3333333333
    assert found["campaign_accepted_total"] == 3
    assert found["campaign_hard_bounces_total"] == 1
    assert found['campaign_messages{kind="single",status="DELIVERED"}'] == 2
    assert found['campaign_messages{kind="campaign",status="QUEUED"}'] == 0


def test_metrics_say_what_they_are_and_name_nobody(
    client_of: Callable[..., TestClient], anonymous: TestClient
) -> None:
    client_of("EliPackage").post("/emails", json=EMAIL)
    response = anonymous.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = {line.split()[2] for line in response.text.splitlines() if line.startswith("# TYPE")}
    assert names == {line.split()[2] for line in response.text.splitlines() if line.startswith("# HELP")}
    assert "EliPackage" not in response.text
    assert "mail.example" not in response.text
