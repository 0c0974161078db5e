"""A campaign that is ENQUEUING, or was left so by a dead process: what people and runs find."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ledger import batch_enqueue, campaigns, enqueueing, tallies
from ledger.campaigns import State
from ledger.errors import CampaignConflict
from ledger.statuses import Status
from mail import amendments, controls, recipients
from mail.errors import CampaignFileError
from mail.templating import Templates
from reports import announcement, campaign_report, status

BY = {"by": "Ada", "reason": "the wrong offer"}


@pytest.fixture
def half(stage, monkeypatch: pytest.MonkeyPatch):
    """A stage whose campaign has three of its five recipients and nobody who stores the others."""
    with monkeypatch.context() as patch:
        patch.setattr(enqueueing, "let_run", lambda connection, locked: locked)
        stage.enqueue(3)
    assert stage.stored().state is State.ENQUEUING
    return stage


def let_run(half) -> State:
    with half.ledger.writing() as connection:
        return enqueueing.let_run(connection, campaigns.lock(connection, half.stored().id)).state


def test_nothing_of_it_is_sent(half) -> None:
    assert half.send().ended == State.ENQUEUING
    assert half.finish() is State.ENQUEUING
    assert (half.ses.calls, half.count()) == ([], {Status.QUEUED: 3})


def test_a_halt_holds_from_the_switch_on_and_can_be_resumed_then(half) -> None:
    assert controls.halt(half.ledger, "spring-offer", **BY) is State.ENQUEUING
    noted = half.stored()
    half.clock.tick(5)
    assert controls.halt(half.ledger, "spring-offer", by="Bo", reason="me too") is State.ENQUEUING
    assert half.stored() == noted
    with pytest.raises(CampaignConflict, match=r"ENQUEUING: it begins when all its recipients are stored"):
        controls.resume(half.ledger, "spring-offer", **BY)
    assert let_run(half) is State.HALTED
    assert half.send().ended == State.HALTED
    assert half.ses.calls == []
    controls.resume(half.ledger, "spring-offer", **BY)
    half.send()
    assert half.count() == {Status.SENT: 3}


def test_a_pause_leaves_it_to_the_run_that_is_interrupted(half) -> None:
    assert controls.pause(half.ledger, "spring-offer", **BY) is State.ENQUEUING
    assert half.stored().state is State.ENQUEUING


def test_a_cancel_ends_it_for_good_and_says_how_far_it_was(half, tmp_path: Path) -> None:
    assert controls.cancel(half.ledger, "spring-offer", **BY) == 3
    stored = half.stored()
    assert stored.state is State.CANCELLED
    assert stored.change_reason == "the wrong offer (while it was enqueued, with 3 recipients stored)"
    assert half.count() == {Status.CANCELLED: 3}
    assert half.send().ended == State.CANCELLED


def test_a_changed_file_is_taken_over_or_refused_as_for_any_campaign(half) -> None:
    urls = ["https://hooks.example/told"]
    changed = half.make_campaign(callbacks=urls, send={"rate_per_second": 7}, halt=half.campaign.halt)
    found = amendments.take_over(half.ledger, changed)
    assert {each.key for each in found} == {"callbacks", "send.rate_per_second"}
    assert half.stored().callbacks == urls
    # Those that are stored from now on tell the new receivers too.
    with half.ledger.writing() as connection:
        locked = campaigns.lock(connection, half.stored().id)
        late = enqueueing.NewMessage("z@reader.example", "z@reader.example", "reader.example", {}, 4, 3)
        enqueueing.add(connection, locked, [late])
    groups = {row["callback_group_id"] for row in half.rows()}
    assert len(groups) == 1
    assert None not in groups
    with pytest.raises(CampaignFileError, match="cannot change once a campaign is enqueued"):
        amendments.check(half.ledger, half.make_campaign(owner="somebody"))


def test_the_status_and_what_is_announced_know_it(half) -> None:
    with half.ledger.reading() as connection:
        found = status.of(connection, "spring-offer")
    assert (found.as_json()["state"], found.as_json()["recipients"]) == ("ENQUEUING", 3)
    assert (status.exit_code(found), announcement.of(found)) == (1, None)


@pytest.mark.parametrize("state", State)
def test_every_state_has_an_exit_code_and_an_answer_to_whether_it_is_announced(stage, state: State) -> None:
    stage.enqueue(1)
    with stage.ledger.writing() as connection:
        connection.execute(campaigns.campaign.update().values(state=state))
    with stage.ledger.reading() as connection:
        found = status.of(connection, "spring-offer")
    assert status.exit_code(found) in range(6)
    announced = announcement.of(found)
    assert announced is None or announced.event.startswith("campaign.")


def test_what_a_dead_process_left_is_stored_anew_from_the_list_as_it_is_cleaned_now(
    stage, tmp_path: Path, cleaned_list
) -> None:
    campaign, folder = cleaned_list(300)
    templates = Templates.load(campaign)

    class Died(BaseException):
        pass

    def dying(_ledger: object, _seconds: float, _sleep: object) -> None:
        raise Died

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_enqueue, "BATCH_MESSAGES", 100)
        patch.setattr(batch_enqueue, "_let_others_in", dying)
        patch.setattr(batch_enqueue, "_discard", lambda *_: None)
        with pytest.raises(Died):
            recipients.enqueue_rehearsed(stage.ledger, campaign, templates, folder)
    with stage.ledger.reading() as connection:
        left = campaigns.get(connection, campaign.name)
        assert (left.state, left.recipients) == (State.ENQUEUING, 100)
        written = campaign_report.write(connection, campaign.name, tmp_path / "report")
    page = written.html.read_text(encoding="utf-8")
    assert "100 of 300 recipients are stored so far" in page
    stage.clock.tick(batch_enqueue.LEASE_SECONDS + 1)
    stored = recipients.enqueue_rehearsed(stage.ledger, campaign, templates, folder)
    assert (stored.state, stored.recipients, stored.id) == (State.RUNNING, 300, left.id)
    with stage.ledger.reading() as connection:
        assert tallies.read(connection, stored.id) == tallies.recount(connection, stored.id)
        campaign_report.write(connection, campaign.name, tmp_path / "report")


def test_the_report_of_one_that_was_cancelled_half_way_balances(
    stage, tmp_path: Path, cleaned_list, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, folder = cleaned_list(300)
    monkeypatch.setattr(batch_enqueue, "BATCH_MESSAGES", 100)
    whole = batch_enqueue.enqueue

    def cancelled(ledger, new, batches) -> campaigns.Campaign:  # type: ignore[no-untyped-def]
        def half_of_them() -> Iterator[Sequence[enqueueing.NewMessage]]:
            for batch in batches():
                yield batch[:100]
                controls.cancel(ledger, campaign.name, **BY)
                yield batch[100:]

        return whole(ledger, new, half_of_them, lambda _: None)

    monkeypatch.setattr(batch_enqueue, "enqueue", cancelled)
    stored = recipients.enqueue_rehearsed(stage.ledger, campaign, Templates.load(campaign), folder)
    assert (stored.state, stored.recipients) == (State.CANCELLED, 100)
    with stage.ledger.reading() as connection:
        campaign_report.write(connection, campaign.name, tmp_path / "report")


@pytest.fixture
def cleaned_list(stage, tmp_path: Path):
    """Return a function that makes a campaign to so many readers, its list cleaned into a folder."""
    from datetime import date

    from lists import cleaning, outputs, suppression

    def make(people: int):
        rows = "email,first_name\n" + "".join(f"reader.{n}@d.example,Ann\n" for n in range(people))
        campaign = stage.make_campaign(rows=rows, hygiene={"mx": False})
        result = cleaning.clean(
            campaign.list,
            campaign.hygiene,
            suppressed=suppression.nobody_suppressed,
            confirmed=suppression.nobody_confirmed,
            resolver=None,
            today=date(2026, 11, 22),
        )
        outputs.write(result, tmp_path / "cleaned")
        return campaign, tmp_path / "cleaned"

    return make
