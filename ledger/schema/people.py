"""Who must not be written to, who asked for mail, and who was erased."""

from sqlalchemy import Column, Float, ForeignKey, Index, String, Table, Text, UniqueConstraint

from ledger.schema.base import Id, metadata

suppression = Table(
    "suppression",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address_key", Text, nullable=False),
    # Empty: everywhere. Otherwise a list or an owner's mail (ledger.suppression_scopes).
    Column("scope", String(200), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("since", Float, nullable=False),
    Column("source", Text, nullable=False),
    Column("note", Text),
    UniqueConstraint("address_key", "scope"),
)

# Who put each reason on and took it off again, and why. Append-only.
suppression_change = Table(
    "suppression_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Float, nullable=False),
    Column("action", String(8), nullable=False),
    Column("address_key", Text, nullable=False, index=True),
    Column("scope", String(200), nullable=False),
    Column("reason", String(20), nullable=False),
    # Empty: nobody; an event did it.
    Column("by", String(200), nullable=False),
    Column("source", Text, nullable=False),
    Column("note", Text),
)

# A file of addresses that was taken over. What it brought says so as its source: "import 7 of gone.csv".
suppression_import = Table(
    "suppression_import",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Float, nullable=False),
    Column("by", String(200), nullable=False),
    Column("file", Text, nullable=False),
    # When what it brought runs out; NULL: never.
    Column("until", Float),
    # When it ran out or was taken back.
    Column("ended_at", Float),
)

# Who was erased, by a keyed hash of the address key, on whose word and why.
erasure = Table(
    "erasure",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address_hash", String(64), nullable=False, unique=True),
    Column("at", Float, nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
)

# One row: the key of those hashes, made with the ledger.
erasure_key = Table("erasure_key", metadata, Column("key", String(128), primary_key=True))

# Consent, as an owner has it. `owner_id` 0: it was brought over from elsewhere, and counts for everybody.
subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, nullable=False, server_default="0"),
    Column("address_key", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("token", String(64)),
    Column("confirmed_at", Float),
    Column("last_engaged_at", Float),
    UniqueConstraint("address_key", "owner_id"),
)

# Who asked an owner for mail, what they were shown when they did, and that they confirmed it (double opt-in).
# `message_id` is the mail that asks for the confirmation, the only one that may go to them before it.
sign_up = Table(
    "sign_up",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("owner.id"), nullable=False),
    Column("address_key", Text, nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("sender", Text, nullable=False),
    Column("consent_text", Text, nullable=False),
    Column("requested_at", Float, nullable=False),
    Column("requested_by", String(200), nullable=False),
    Column("mailed_at", Float),
    Column("message_id", Id, ForeignKey("message.id")),
    Column("confirmed_at", Float),
    # What was used to confirm.
    Column("confirmed_by", String(20)),
    UniqueConstraint("owner_id", "address_key"),
    Index(None, "state", "owner_id"),
)
