"""The e-mail API's owners, their keys and senders, and what they had sent."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy.types import JSON

from ledger.schema.base import Id, metadata

# Who has mail sent over the API. Mail, reports and suppressions are kept apart by owner. `last_turn` is the
# turn of the newest message: those that wait go out in the order of their turns (ledger.turns).
owner = Table(
    "owner",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("last_turn", Integer, nullable=False, server_default="0"),
)

# That an owner's single mail was stopped for its bounces, or let go on by a person. Append-only.
owner_change = Table(
    "owner_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("owner.id"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("action", String(12), nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("hard_bounced", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
)

# The key itself is shown once and never stored; `hint` is its beginning, by which a person knows it again.
api_key = Table(
    "api_key",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("owner.id"), nullable=False, index=True),
    Column("operator", String(200), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("hint", String(16), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("revoked_at", Float),
)

# A sender that an owner has onboarded, which no other owner may send from.
sender = Table(
    "sender",
    metadata,
    Column("address_key", Text, primary_key=True),
    Column("owner_id", Id, ForeignKey("owner.id"), nullable=False, index=True),
    Column("created_at", Float, nullable=False),
)

# What a single message of the API has beyond every message, as its sender gave it. `public_id` is the id
# that the API shows.
single = Table(
    "single",
    metadata,
    Column("message_id", Id, ForeignKey("message.id"), primary_key=True, autoincrement=False),
    Column("public_id", String(32), nullable=False, unique=True),
    Column("owner_id", Id, ForeignKey("owner.id"), nullable=False),
    Column("operator", String(200), nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("unsubscribe_text", Text, nullable=False),
    Column("external_id", String(128)),
    Column("client_id", String(200)),
    Column("alias", Text),
    Column("callbacks", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    # An operator took it back: if a call that was under way then did not send it, nothing sends it any more.
    Column("withdrawal_id", Id),
    # The key it was posted with; empty in what was posted before keys were kept here.
    Column("key_id", Id),
    # Of the pages that its links lead to, where its sender said so.
    Column("language", String(35)),
    Index(None, "owner_id", "message_id"),
    Index(None, "owner_id", "external_id"),
    Index(None, "owner_id", "client_id"),
)

# Who took single messages back, why, and how many. Append-only.
withdrawal = Table(
    "withdrawal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Float, nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("messages", Integer, nullable=False),
)

# What was answered to a request that bore an Idempotency-Key, by the digest of the request.
idempotency = Table(
    "idempotency",
    metadata,
    Column("owner_id", Id, ForeignKey("owner.id"), primary_key=True, autoincrement=False),
    Column("key", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", Float, nullable=False, index=True),
)
