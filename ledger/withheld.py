"""Mail that SES took and did not send: why it withheld it, by the words of its events."""

from collections.abc import Mapping
from enum import StrEnum


class WithheldReason(StrEnum):
    """Why SES sent nothing, though it took the message."""

    ACCOUNT_LIST = "account_suppression_list"
    TENANT_LIST = "tenant_suppression_list"
    # Auto Validation judged the address to be none that takes mail.
    VALIDATION = "address_validation"
    # The person opted out of a topic of SES's own contact lists.
    CONTACT_OPT_OUT = "contact_opt_out"
    # SES says that it did not send it, in a word that this program does not know.
    OTHER = "withheld_by_ses"


# `bounceSubType` or `complaintSubType`, in small letters. SES gives most of them as Permanent bounces; what
# the type is makes no difference. `Suppressed`, its global list, is not among them: that one counts with AWS.
WITHHELD_SUBTYPES: Mapping[str, WithheldReason] = {
    "onaccountsuppressionlist": WithheldReason.ACCOUNT_LIST,
    "ontenantsuppressionlist": WithheldReason.TENANT_LIST,
    "emailvalidationsuppressed": WithheldReason.VALIDATION,
    "unsubscribedrecipient": WithheldReason.CONTACT_OPT_OUT,
}
