"""Metrics for Prometheus: every figure there, nothing about a person."""

from collections.abc import Callable

from fastapi.testclient import TestClient
from sqlalchemy import select, update

from api.checkups import Checkups, lines
from ledger import clock
from ledger.engine import Ledger
from ledger.schema import message
from ledger.statuses import Status
from reports.checkup.checks import CHECKS
from reports.checkup.finding import Check, Figure, Finding, Level, Surroundings
from settings import Settings

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


def test_metrics_show_what_the_doctor_finds(anonymous: TestClient) -> None:
    found = figures(anonymous)
    assert {name.partition('"')[2].rstrip('"}') for name in found if name.startswith("campaign_check{")} == {
        check.name for check in CHECKS
    }
    assert found['campaign_check{check="database"}'] == 0
    # The tests have no account with AWS.
    assert found['campaign_check{check="ses"}'] == 2
    assert found['campaign_disk_free_bytes{place="outputs"}'] > 0
    assert found["campaign_callbacks_due"] == 0


def test_a_look_is_shared_by_all_who_ask_while_it_is_fresh() -> None:
    begun = []

    def look(_: Surroundings) -> Finding:
        begun.append(1)
        return Finding(Level.WARNING, "Look.", (Figure("campaign_table_rows", 3, 'a"b'),))

    asked = Checkups(Settings(database_url="sqlite://"), [Check("one", "One", look, "look")])
    shown = [list(lines(asked.results())) for _ in range(3)]
    assert begun == [1]
    assert shown[0] == shown[2]
    assert 'campaign_check{check="one"} 1' in shown[0]
    assert 'campaign_table_rows{table="a\\"b"} 3' in shown[0]
