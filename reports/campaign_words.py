"""What the figures of a campaign are called, in words that need no manual."""

from ledger import local_time
from ledger.statuses import Status
from lists.reasons import Reason
from mail.gate import REJECTED
from reports.campaign_figures import Halt, share
from reports.page import number, percent

# Label, the name of a colour in templates/base.html.j2, and what it means for the recipient.
STATUSES: dict[Status, tuple[str, str, str]] = {
    Status.DELIVERED: ("Delivered", "good", "taken by the recipient's mail server"),
    Status.SENT: ("Sent, no outcome yet", "plain", "taken by SES, which has not said more so far"),
    Status.DELAYED: ("Delayed", "warning", "SES goes on trying"),
    Status.SOFT_BOUNCED: ("Soft bounced", "warning", "not delivered this time: a full mailbox, for example"),
    Status.HARD_BOUNCED: ("Hard bounced", "bad", "refused for good: no such mailbox, for example"),
    Status.COMPLAINED: ("Complained", "bad", "marked as spam by the recipient"),
    Status.REJECTED: ("Rejected", "bad", "not taken by SES"),
    Status.FAILED: ("Failed", "bad", "given up after several failures of SES or of the rendering"),
    Status.IN_DOUBT: ("In doubt", "warning", "perhaps sent: the answer was lost, and events will settle it"),
    Status.UNCONFIRMED: ("Unconfirmed", "warning", "perhaps sent: no event came, and a person decides"),
    Status.SUPPRESSED: ("Suppressed", "quiet", "not written to: on a suppression list, or withheld by SES"),
    Status.SENDING: ("Being sent", "plain", "in a call to SES at this moment"),
    Status.CLAIMED: ("Claimed", "quiet", "next in turn, not sent yet"),
    Status.QUEUED: ("Not sent yet", "quiet", "waiting"),
    Status.CANCELLED: ("Cancelled", "quiet", "never sent, because the campaign was cancelled"),
}

_RULES = {
    "literal": "the hard-bounce rate reached the limit",
    "literal_known": "the hard-bounce rate reached the limit among the messages whose outcome is known",
    "certain": "the campaign could not have ended below the limit",
    "early": "too many hard bounces so early to be chance",
    "complaints": "the complaint rate reached the limit",
    "rejected": "Amazon SES did not take the messages",
    "manual": "a person stopped it",
}

# Why the list rules rejected a row, in the words of the list-cleaning report.
_LIST_REASONS: dict[str, str] = {
    Reason.MALFORMED: "Malformed",
    Reason.DUPLICATE: "Duplicate",
    Reason.ROLE_ALIAS: "Role address",
    Reason.DISPOSABLE: "Disposable",
    Reason.HARD_BOUNCE: "Bounced before",
    Reason.COMPLAINT: "Complained before",
    Reason.UNSUBSCRIBED: "Unsubscribed",
    Reason.SUPPRESSED: "Suppressed",
    Reason.UNCONFIRMED: "Unconfirmed",
    Reason.INACTIVE: "Inactive",
    Reason.NO_MX: "No mail server",
}

# Why a recipient was not written to after all, in the words of the ledger.
_REASONS = {
    "hard_bounce": "Bounced before",
    "complaint": "Complained before",
    "unsubscribe": "Unsubscribed",
    "manual": "Suppressed by hand",
    "soft_bounce": "Soft bounces in a row",
    "expired": "Delivery given up after hours",
    "unconfirmed": "No confirmed consent",
    "account_suppression_list": "Withheld by SES: on the suppression list of the account",
    "tenant_suppression_list": "Withheld by SES: on the suppression list of a tenant",
    "address_validation": "Withheld by SES: judged invalid (Auto Validation)",
    "contact_opt_out": "Withheld by SES: opted out on a contact list",
    "withheld_by_ses": "Withheld by SES, for a reason that this version does not know",
    "smtputf8": "A local part beyond ASCII, which SES does not take",
    "bad_domain": "At a domain that a person left out after a halt",
    "no_mx": "No mail server, when cleaned again after a halt",
}


def rule(name: str) -> str:
    """Return what a halting rule found."""
    return _RULES.get(name, name)


def fired(halt: Halt) -> str:
    """Return the figures of the rule that fired, as the end of a sentence."""
    share_of = percent(share(halt.k, halt.n), 2)
    if halt.rule == REJECTED:
        return f"{number(halt.k)} rejected of {number(halt.n)} that SES was asked to send ({share_of})"
    bounces = f"{number(halt.k)} hard bounce{'s' if halt.k != 1 else ''}"
    outcomes = f"{number(halt.known)} outcome{'s' if halt.known != 1 else ''} known"
    return f"{bounces} of {number(halt.n)} messages taken by SES ({share_of}), {outcomes}"


def list_reason(name: str) -> str:
    """Return why a row of the list was rejected."""
    return _LIST_REASONS.get(name, name)


def reason(text: str) -> str:
    """Return a stored reason in words; a mail server's own text stays as it is."""
    return _REASONS.get(text, text)


# Where a person decides in Prefect's pages what becomes of a campaign that stopped.
DECIDE = "run the deployment decide-campaign"


def resume_line(name: str) -> str:
    """Return the command that lets a halted or paused campaign go on."""
    return f"campaign resume {name} --by WHO --reason WHY"


def cancel_line(name: str) -> str:
    """Return the command that ends a campaign for good."""
    return f"campaign cancel {name} --by WHO --reason WHY"


def doubt_line(name: str) -> str:
    """Return the command that shows what is in doubt, with the evidence."""
    return f"campaign in-doubt {name}"


def rate(share: float) -> str:
    """Return a limit, which is a round figure, as per cent: `5 %`, `2.5 %`."""
    return f"{share * 100:g} %"


def utc(at: float | None, zone: str = "") -> str:
    """Return UTC epoch seconds with the local time beside them, or a dash for None."""
    return "–" if at is None else local_time.shown(at, zone)


def duration(seconds: float) -> str:
    """Return seconds as `42 s`, `3 min 20 s`, `2 h 5 min` or `3 d 4 h`."""
    whole = round(seconds)
    for unit, size, smaller, smaller_size in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller_size} {smaller}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
