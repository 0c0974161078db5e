"""Send the single messages of the API: what `campaign api` does in its own process, on a work pool."""

from typing import Any

from prefect import flow, get_run_logger

from flows import _names
from tasks import singles
from tasks.refusals import ends_in_a_sentence

CHUNK_MESSAGES = 5_000


@flow(name="send-messages", flow_run_name=_names.timed("send messages"))
@ends_in_a_sentence
def send_messages(messages_at_most: int = 100_000) -> dict[str, Any]:
    """Send what was posted to the API and is not sent yet, the oldest first.

    Args:
        messages_at_most: The run ends after about so many.
    """
    log = get_run_logger()
    answers: dict[str, int] = {}
    ended, left = "chunk", messages_at_most
    while ended == "chunk" and left > 0:
        sent = singles.send_chunk(min(left, CHUNK_MESSAGES))
        ended, left = sent["ended"], left - CHUNK_MESSAGES
        for answer, count in sent["answers"].items():
            answers[answer] = answers.get(answer, 0) + count
    if ended not in ("chunk", "nothing_left"):
        log.warning("It ended before all was sent: %s.", ended)
    return {"answers": answers, "ended": ended}
