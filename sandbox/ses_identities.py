"""Who may send: addresses and domains, and their verification."""

import secrets
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from sandbox.behaviour import OutcomeKind
from sandbox.errors import ApiError, bad_request, not_found
from sandbox.events import feedback_id
from sandbox.messages import Message
from sandbox.ses_rules import bare_address

if TYPE_CHECKING:
    from sandbox.world import World


@dataclass
class Identity:
    """An address or a domain. `token` is the secret of the link that verifies it."""

    name: str
    verified: bool
    token: str
    dkim_tokens: list[str]
    created_at: float
    verified_at: float | None = None
    tags: list[dict[str, str]] = field(default_factory=list)
    configuration_set: str | None = None
    mail_from: dict[str, str] | None = None

    @property
    def is_address(self) -> bool:
        """Whether it is an address, and not a domain."""
        return "@" in self.name

    @property
    def type(self) -> str:
        """The IdentityType."""
        return "EMAIL_ADDRESS" if self.is_address else "DOMAIN"

    @property
    def status(self) -> str:
        """The VerificationStatus."""
        return "SUCCESS" if self.verified else "PENDING"

    def dkim(self) -> dict[str, Any]:
        """The DkimAttributes."""
        if self.is_address:
            return {"SigningEnabled": False, "Status": "NOT_STARTED", "SigningAttributesOrigin": "AWS_SES"}
        return {
            "SigningEnabled": True,
            "Status": self.status,
            "Tokens": self.dkim_tokens,
            "SigningAttributesOrigin": "AWS_SES",
            "NextSigningKeyLength": "RSA_2048_BIT",
            "CurrentSigningKeyLength": "RSA_2048_BIT",
        }


class Identities:
    """All identities, by lower-cased name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Identity] = {}

    def add(self, name: str, now: float, *, verified: bool) -> Identity:
        """Add an identity; the caller has checked that it is a new one."""
        identity = Identity(
            name=name,
            verified=verified,
            token=secrets.token_urlsafe(18),
            dkim_tokens=[secrets.token_hex(16) for _ in range(3)],
            created_at=now,
            verified_at=now if verified else None,
        )
        self._by_name[name.lower()] = identity
        return identity

    def find(self, name: str) -> Identity | None:
        """Return the identity of that name."""
        return self._by_name.get(name.lower())

    def remove(self, name: str) -> None:
        """Forget an identity."""
        del self._by_name[name.lower()]

    def all(self) -> list[Identity]:
        """Return all identities, in the order of their creation."""
        return list(self._by_name.values())

    def by_token(self, token: str) -> Identity | None:
        """Return the identity that the link with this token verifies."""
        return next(
            (identity for identity in self.all() if secrets.compare_digest(identity.token, token)), None
        )

    def may_send(self, address: str) -> bool:
        """Return whether the address, its domain, or a domain above that is verified."""
        names = [address.lower()]
        labels = address.lower().rpartition("@")[2].split(".")
        names += [".".join(labels[start:]) for start in range(len(labels))]
        return any(name in self._by_name and self._by_name[name].verified for name in names)


def verification_mail(identity: Identity, base_url: str, sequence: int, now: float) -> Message:
    """Return the mail whose link verifies an address."""
    link = f"{base_url}/sandbox/verify/{identity.token}"
    sender = "Amazon SES sandbox <no-reply@sandbox.example>"
    asked = f"Somebody asked to send mail from {identity.name}."
    return Message(
        sequence=sequence,
        accepted_at=now,
        message_id=feedback_id(),
        source="no-reply@sandbox.example",
        from_header=sender,
        to=(identity.name,),
        cc=(),
        recipients=(identity.name,),
        reply_to=(),
        subject="Email address verification request",
        html=f'<p>{escape(asked)}</p><p>If it was you, <a href="{link}">confirm it here</a>.</p>',
        text=f"{asked} If it was you, confirm it here:\n{link}\n",
        headers=[("From", sender), ("To", identity.name), ("Subject", "Email address verification request")],
        tags={},
        configuration_set=None,
        call=0,
        operation="CreateEmailIdentity",
        outcomes=[OutcomeKind.DELIVERED.value],
    )


def create(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """CreateEmailIdentity: an address gets a mail with a link; a domain gets DKIM tokens."""
    name = str(body.get("EmailIdentity") or "").strip()
    try:
        bare_address(name if "@" in name else f"postmaster@{name}")
    except ValueError as err:
        raise bad_request(f"Invalid email identity: {err}.") from err
    if world.identities.find(name):
        raise ApiError(400, "AlreadyExistsException", f"Email identity {name} already exist.")
    identity = world.identities.add(name, world.now(), verified=False)
    identity.tags = body.get("Tags") or []
    identity.configuration_set = body.get("ConfigurationSetName")
    if identity.is_address:
        world.post(identity)
    return {
        "IdentityType": identity.type,
        "VerifiedForSendingStatus": identity.verified,
        "DkimAttributes": identity.dkim(),
    }


def get(world: "World", name: str) -> dict[str, Any]:
    """GetEmailIdentity."""
    identity = _existing(world, name)
    shown: dict[str, Any] = {
        "IdentityType": identity.type,
        "FeedbackForwardingStatus": True,
        "VerifiedForSendingStatus": identity.verified,
        "VerificationStatus": identity.status,
        "DkimAttributes": identity.dkim(),
        "MailFromAttributes": identity.mail_from or {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
        "Policies": {},
        "Tags": identity.tags,
        "VerificationInfo": {"LastCheckedTimestamp": world.now()},
    }
    if identity.verified_at:
        shown["VerificationInfo"]["LastSuccessTimestamp"] = identity.verified_at
    if identity.configuration_set:
        shown["ConfigurationSetName"] = identity.configuration_set
    return shown


def delete(world: "World", name: str) -> dict[str, Any]:
    """DeleteEmailIdentity."""
    world.identities.remove(_existing(world, name).name)
    return {}


def list_all(world: "World") -> dict[str, Any]:
    """ListEmailIdentities, whole: the account has few."""
    return {
        "EmailIdentities": [
            {
                "IdentityType": identity.type,
                "IdentityName": identity.name,
                "SendingEnabled": identity.verified,
                "VerificationStatus": identity.status,
            }
            for identity in world.identities.all()
        ]
    }


def put_mail_from(world: "World", name: str, body: dict[str, Any]) -> dict[str, Any]:
    """PutEmailIdentityMailFromAttributes: the domain counts as set up at once."""
    identity = _existing(world, name)
    identity.mail_from = {
        "MailFromDomain": str(body.get("MailFromDomain") or ""),
        "MailFromDomainStatus": "SUCCESS",
        "BehaviorOnMxFailure": str(body.get("BehaviorOnMxFailure") or "USE_DEFAULT_VALUE"),
    }
    return {}


def _existing(world: "World", name: str) -> Identity:
    identity = world.identities.find(name)
    if identity is None:
        raise not_found(f"Email identity {name} does not exist.")
    return identity
