"""The words of a halt, each explained in one line beside the figures where it stands."""

import re
from collections.abc import Iterator

from reports import campaign_words as words
from reports.campaign_figures import Halt

# What is looked for in the sentences of the gate and of the report, and what it means.
TERMS = {
    "hard bounce": (
        r"hard[- ]bounce|bounced hard|hard bounced",
        "refused for good by the recipient's mail server, such as for a mailbox that is not there",
    ),
    "limit": (r"\blimit\b", "the share of hard bounces at which everything stops, 5 % at the most"),
    "lower bound": (
        r"lower bound|to be chance",
        "what the true rate is at the least, with a certainty of 99.9 %: where it is above the limit, "
        "bad luck does not explain the bounces",
    ),
    "sample": (
        r"\bsample\b|so early",
        "the first messages of a shuffled list, which stand for all of it: below 200 a few bounces may be "
        "chance, so they have to be many more than the limit",
    ),
    "known outcome": (
        r"known outcome|outcomes? known",
        "a message that arrived or bounced; of the others nobody has said so far",
    ),
    "accepted": (r"\baccepted\b|taken by SES", "taken over by SES, which is not delivered yet"),
    "in doubt": (
        r"in doubt|perhaps sent",
        "sent or not, nobody knows: the answer of SES was lost. Events settle it, and nobody is mailed again "
        "by itself",
    ),
    "complaint": (r"complaint|complain\b", "the recipient marked the mail as spam"),
}


def of(halt: Halt) -> list[str]:
    """Return the terms that a halt's reason and figures use."""
    return list(explained(halt.reason, words.fired(halt)))


def explained(*sentences: str) -> Iterator[str]:
    """Yield a line for each term that these sentences use: `hard bounce: refused for good by ...`."""
    text = " ".join(sentences)
    for term, (pattern, meaning) in TERMS.items():
        if re.search(pattern, text, re.IGNORECASE):
            yield f"{term}: {meaning}."
