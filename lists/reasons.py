"""Why a row is rejected, in the order of the rules, and what the flags of an accepted row say."""

from enum import StrEnum


class Reason(StrEnum):
    """The reasons in the order of the rules: a row gets the first that holds."""

    MALFORMED = "malformed"
    DUPLICATE = "duplicate"
    ROLE_ALIAS = "role_alias"
    DISPOSABLE = "disposable"
    FREE_MAIL = "free_mail"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    UNCONFIRMED = "unconfirmed"
    INACTIVE = "inactive"
    # So late, for who has unsubscribed keeps that reason, and no suggestion gets around it.
    TYPO = "typo"
    NO_MX = "no_mx"


class Flag(StrEnum):
    """What an accepted row's `flags` column can hold, joined by FLAG_SEPARATOR."""

    REPAIRED = "repaired"
    SMTPUTF8 = "smtputf8"
    ONE_LETTER_TLD = "one_letter_tld"
    FORMULA = "formula"
    ROLE_ALIAS = "role_alias"
    DISPOSABLE = "disposable"
    FREE_MAIL = "free_mail"
    TYPO = "typo"
    PLACEHOLDER = "placeholder"
    ENGAGEMENT_UNKNOWN = "engagement_unknown"
    IMPLICIT_MX = "implicit_mx"
    MX_UNRESOLVABLE = "mx_unresolvable"
    MX_UNKNOWN = "mx_unknown"


FLAG_SEPARATOR = ";"
