"""What the reasons, flags and risks of a cleaning mean, in words for people."""

from collections.abc import Mapping

from lists import risk
from lists.reasons import Flag, Reason

REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.MALFORMED: ("Malformed", "No e-mail address: nothing could be delivered to it."),
    Reason.DUPLICATE: ("Duplicate", "The address stands in another row, perhaps in other capitals."),
    Reason.ROLE_ALIAS: ("Role address", "A job such as info@ or postmaster@, not a person who agreed."),
    Reason.DISPOSABLE: ("Disposable", "A throw-away mailbox that is gone tomorrow."),
    Reason.FREE_MAIL: ("Free mail", "At a provider where anybody gets an address; this list wants none."),
    Reason.HARD_BOUNCE: ("Bounced before", "An earlier mail came back for good."),
    Reason.COMPLAINT: ("Complained before", "The person marked an earlier mail as spam."),
    Reason.UNSUBSCRIBED: ("Unsubscribed", "The person does not want this mail any more."),
    Reason.SUPPRESSED: (
        "Suppressed",
        "Mail to it failed again and again, or somebody here put it on the list of those not to write to.",
    ),
    Reason.UNCONFIRMED: ("Unconfirmed", "The sign-up was never confirmed, and this list asks for it."),
    Reason.INACTIVE: ("Inactive", "Nothing was opened, clicked or ordered for longer than this list allows."),
    Reason.TYPO: (
        "Mistyped provider",
        "One slip of the hand away from a large mail provider, or an ending that does not exist.",
    ),
    Reason.NO_MX: ("No mail server", "The DNS says for certain that the domain takes no mail."),
}
FLAGS: Mapping[Flag, tuple[str, str]] = {
    Flag.REPAIRED: ("Repaired", "The address was taken out of a cell such as 'Name <a@b.example>'."),
    Flag.SMTPUTF8: (
        "Letters outside ASCII before the @",
        "A correct address, but Amazon SES does not send to it: it will be listed as rejected.",
    ),
    Flag.ONE_LETTER_TLD: (
        "One-letter ending",
        "No such top-level domain exists today; probably a typing error.",
    ),
    Flag.FORMULA: (
        "Like a formula",
        "A spreadsheet could run it, so the CSV has an apostrophe before it, and the Parquet file has not.",
    ),
    Flag.ROLE_ALIAS: (
        "Role address",
        "Kept because this list asks only for a flag, or because people at free-mail providers use it (hr@).",
    ),
    Flag.DISPOSABLE: ("Disposable", "At a provider of throw-away mailboxes; kept unless a list drops them."),
    Flag.FREE_MAIL: ("Free mail", "At a provider where anybody gets an address for nothing."),
    Flag.TYPO: (
        "Mistyped provider",
        "One slip of the hand away from a large mail provider, or an ending that does not exist; see the "
        "addresses that were probably meant.",
    ),
    Flag.PLACEHOLDER: (
        "Placeholder",
        "What people type to get past a form, such as test@test.com; kept, for somebody may have it.",
    ),
    Flag.ENGAGEMENT_UNKNOWN: (
        "Engagement unknown",
        "Nobody can tell when these people last opened, clicked or ordered: the last-engaged cell is blank "
        "or holds no date, or no mail of this ledger ever reached them.",
    ),
    Flag.IMPLICIT_MX: (
        "No MX record",
        "The domain names no mail server, but has an address of its own: mail is delivered there.",
    ),
    Flag.MX_UNRESOLVABLE: (
        "Mail server not reachable",
        "The domain names mail servers that have no public address now. That can be mended any day, so "
        "nobody is dropped; until then expect these to bounce.",
    ),
    Flag.MX_UNKNOWN: (
        "Mail server unknown",
        "The DNS did not answer. That says nothing about the addresses, good or bad, so nobody is dropped; "
        "clean the list again later to know.",
    ),
}
# Flags that say that something could not be found out, rather than what was.
UNKNOWN = (Flag.MX_UNKNOWN, Flag.MX_UNRESOLVABLE, Flag.ENGAGEMENT_UNKNOWN)
RISKS: Mapping[str, tuple[str, str]] = {
    risk.NEVER_MAILED: (
        "Never mailed",
        "No mail of this ledger went to them before, so nothing is known of how they bounce. Begin with a "
        "part of them.",
    ),
    risk.UNCONFIRMED: (
        "Never confirmed",
        "Neither the list nor the ledger says that they agreed. Some of these mark mail as spam.",
    ),
    risk.FREE_MAIL: (
        "At free-mail providers",
        "Ordinary for private people. In a list of companies it says that people gave another address.",
    ),
}
