"""What an error tells the person who typed the command: one sentence, and the exit code."""

from reports import failures
from reports.failures import not_utf_8

__all__ = ["COULD_NOT", "WRONG_INPUT", "is_our_own", "not_utf_8", "told"]

WRONG_INPUT = 2
COULD_NOT = 1


def told(err: BaseException) -> tuple[str, int]:
    """Return the sentence for an error, and the exit code: 2 for wrong input, 1 for what else went wrong."""
    if sentence := str(err) if is_our_own(err) else failures.sentence(err):
        return sentence, COULD_NOT if failures.is_outage(err) else WRONG_INPUT
    name = type(err).__name__
    return f"{name}: this should not happen; CAMPAIGN_DEBUG=1 shows where it did.", COULD_NOT


def is_our_own(err: BaseException) -> bool:
    """Tell whether an error brings a sentence for people."""
    from sandbox.errors import SandboxError

    return failures.is_our_own(err) or isinstance(err, SandboxError)
