"""Bounces by domain count one epoch's messages alone."""

from ledger import enqueueing
from ledger.attempts import Answer, Result
from ledger.campaigns import State
from ledger.domain_counts import DomainBounces, by_host
from ledger.statuses import Fact


def test_every_host_comes_with_its_bounces_and_who_still_waits(scene, an_event) -> None:
    domains = ["a.example", "b.example", "b.example", "c.example", "b.example", "a.example"]
    rows = [
        scene.messages(1, address_key=f"{place}@{domain}", domain=domain, position=place)[0]
        for place, domain in enumerate(domains)
    ]
    with scene.ledger.writing() as connection:
        campaign = enqueueing.enqueue(connection, scene.new(), [rows])
    held = scene.claim(limit=4)
    scene.intend(held, {item.message_id: f"send-{place}" for place, item in enumerate(held.recipients)})
    scene.record(*(Result(f"send-{place}", Answer.ACCEPTED) for place in range(4)))
    scene.apply(*(an_event(f"send-{place}", Fact.HARD_BOUNCED) for place in (0, 1, 2)))
    scene.apply(an_event("send-3", Fact.DELIVERED))
    with scene.ledger.reading() as connection:
        assert by_host(connection, campaign.id, 1) == [
            DomainBounces("a.example", accepted=1, hard_bounced=1, waiting=1),
            DomainBounces("b.example", accepted=2, hard_bounced=2, waiting=1),
            DomainBounces("c.example", accepted=1, hard_bounced=0, waiting=0),
        ]
        assert [each.accepted for each in by_host(connection, campaign.id, 2)] == [0, 0, 0]
    scene.change(State.HALTED)
    scene.change(State.RUNNING)
    (send_id, _) = scene.send_on("later")
    scene.record(Result(send_id, Answer.ACCEPTED))
    scene.apply(an_event(send_id, Fact.HARD_BOUNCED))
    with scene.ledger.reading() as connection:
        assert DomainBounces("b.example", 1, 1, waiting=0) in by_host(connection, campaign.id, 2)
