"""Who may send: identities in SES, made and looked at."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, assert_never

from botocore.exceptions import BotoCoreError, ClientError

from mail.identity_names import domains_above
from mail.readiness import NotReady


class IdentityClient(Protocol):
    """What is used of boto3's sesv2 client to look after identities."""

    def create_email_identity(self, **request: Any) -> Mapping[str, Any]: ...

    def get_email_identity(self, **request: Any) -> Mapping[str, Any]: ...


class Standing(StrEnum):
    """Whether mail may be sent from an address."""

    VERIFIED = "verified"
    # SES has sent the confirmation mail, and its link was not clicked yet.
    PENDING = "pending"
    # SES waited for 24 hours: it has to be asked for again.
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """An address and where it stands; `by_domain` names the domain whose verification covers it, or ""."""

    address: str
    standing: Standing
    by_domain: str = ""


def standing(ses: IdentityClient, address: str) -> Identity:
    """Return where the address (its domain as A-labels) stands. Raises NotReady where SES does not say."""
    questions = inquiry(address)
    name = next(questions)
    while True:
        try:
            name = questions.send(ask(ses, name))
        except StopIteration as found:
            identity: Identity = found.value
            return identity


def inquiry(address: str) -> Generator[str, Standing, Identity]:
    """Yield the identities to ask about, each to be answered by its standing, and return the address's.

    They are `mail.identity_names.MOST_NAMES` at most.
    """
    for domain in domains_above(address.rpartition("@")[2].lower()):
        if (yield domain) is Standing.VERIFIED:
            return Identity(address, Standing.VERIFIED, by_domain=domain)
    return Identity(address, (yield address))


def onboard(ses: IdentityClient, address: str) -> Identity:
    """Make the address an identity, to which SES sends a confirmation mail; return where it stands.

    Safe to call again: an identity that is there already is left as it is.
    """
    found = standing(ses, address)
    if found.standing is not Standing.UNKNOWN:
        return found
    try:
        ses.create_email_identity(EmailIdentity=address)
    except ClientError as err:
        if _code(err) != "AlreadyExistsException":
            raise NotReady(f"SES does not take {address} as a sender ({_text(err)}).") from err
    except BotoCoreError as err:
        raise NotReady(f"SES cannot be asked to verify {address} ({_text(err)}).") from err
    return standing(ses, address)


def what_to_do(identity: Identity) -> str:
    """Return, in one sentence, what the sender's owner does next."""
    match identity.standing:
        case Standing.VERIFIED:
            return f"{identity.address} is verified: mail may be sent from it."
        case Standing.PENDING:
            return (
                f"{identity.address} is not verified yet: click the link in the confirmation mail "
                "that Amazon SES has sent to it."
            )
        case Standing.FAILED:
            return (
                f"the confirmation of {identity.address} has run out: remove the identity in the SES console "
                "and ask for it again with POST /senders or `campaign senders add`."
            )
        case Standing.UNKNOWN:
            return (
                f"{identity.address} is not verified: ask for it with POST /senders or "
                "`campaign senders add`, and click the link in the mail that comes."
            )
        case _:
            assert_never(identity.standing)


def ask(ses: IdentityClient, name: str) -> Standing:
    """Return where one identity stands, a domain or an address. Raises NotReady where SES does not say."""
    try:
        found = ses.get_email_identity(EmailIdentity=name)
    except ClientError as err:
        if _code(err) == "NotFoundException":
            return Standing.UNKNOWN
        raise NotReady(f"SES does not say whether {name} is verified ({_text(err)}).") from err
    except BotoCoreError as err:
        raise NotReady(f"SES does not say whether {name} is verified ({_text(err)}).") from err
    if found.get("VerifiedForSendingStatus"):
        return Standing.VERIFIED
    return Standing.FAILED if found.get("VerificationStatus") == "FAILED" else Standing.PENDING


def _code(err: ClientError) -> str:
    return str(err.response.get("Error", {}).get("Code", ""))


def _text(err: Exception) -> str:
    return " ".join(str(err).split())
