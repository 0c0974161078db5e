"""Steps that send the single messages of the API."""

import time
from typing import Any

from prefect import get_run_logger, task

from ledger.engine import open_ledger
from mail import single_sending, working
from settings import settings


# Never retried by Prefect: sending again is what the ledger's claims decide about.
@task(task_run_name="send up to {messages_at_most} messages")
def send_chunk(messages_at_most: int) -> dict[str, Any]:
    """Send some messages; return them by answer, and why it ended (see mail.single_sending.SinglesSent)."""
    found, log = settings(), get_run_logger()
    with open_ledger(found.database_url) as ledger:
        work = working.open_single_work(ledger, found, tell=log.warning)
        while (sent := single_sending.send_messages(work, messages_at_most)).ended == "later":
            time.sleep(sent.wait_seconds)
        if work.noted is not None and sent.ended != "chunk":
            work.noted.end(ledger)
    return {"answers": sent.answers, "ended": sent.ended}
