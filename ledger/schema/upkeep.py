"""What the ledger knows of itself, and answers of DNS that it keeps."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, String, Table, Text, false

from ledger.schema.base import Id, metadata

# One row: the id that every message carries as its `ledger` tag, so that events of another ledger show.
# `generation` grows with every block of claims and is noted outside of the database too (ledger.restores).
identity = Table(
    "identity",
    metadata,
    Column("ledger_id", String(32), primary_key=True),
    Column("generation", BigInteger, nullable=False, server_default="0"),
    # The newest generation that is known to be noted outside, since when, until when nobody else is to try,
    # and since when nobody could; 0: all is well.
    Column("noted", BigInteger, nullable=False, server_default="0"),
    Column("noted_at", Float, nullable=False, server_default="0"),
    Column("noting_until", Float, nullable=False, server_default="0"),
    Column("failing_since", Float, nullable=False, server_default="0"),
    # All claims that were let through, and how many those were when the generation last grew.
    Column("claims", BigInteger, nullable=False, server_default="0"),
    Column("claims_before", BigInteger, nullable=False, server_default="0"),
)

# A person's word that this ledger may use an event queue that another one sends over.
queue_adoption = Table(
    "queue_adoption",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Float, nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
)

# That this database is an older copy of itself: while `accepted_at` is empty, nothing goes out.
restore = Table(
    "restore",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Float, nullable=False),
    Column("found_by", String(12), nullable=False),
    # Empty: nobody; it was found out.
    Column("by", String(200), nullable=False),
    Column("note", Text, nullable=False),
    # Campaigns enqueued since get ids from here on: those below may have gone to campaigns that were lost.
    Column("next_campaign_id", BigInteger, nullable=False),
    # Events of sends that this ledger does not know, and those among them of no message of it.
    Column("events", Integer, nullable=False, server_default="0"),
    Column("strangers", Integer, nullable=False, server_default="0"),
    Column("accepted_at", Float),
    Column("accepted_by", String(200)),
    Column("accepted_reason", Text),
)

# The stretches of time over which the event queue was seen drained.
drain = Table(
    "drain",
    metadata,
    Column("id", Id, primary_key=True),
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False),
)

# What a resolver said of a domain's mail. `resolver` is the setting that names it: another one may see
# another world. Unknown answers are never stored.
mx_answer = Table(
    "mx_answer",
    metadata,
    Column("resolver", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("status", String(12), nullable=False),
    Column("detail", String(60), nullable=False),
    Column("flag", String(20), nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
)

# What the event queue held and no event could be read from, whole, until a person has looked at it.
unread_message = Table(
    "unread_message",
    metadata,
    Column("id", Id, primary_key=True),
    # Of the body: the same one again is counted, not kept again.
    Column("digest", String(64), nullable=False, unique=True),
    Column("why", String(120), nullable=False),
    # It was proved not to be of SES.
    Column("forged", Boolean, nullable=False, server_default=false()),
    Column("first_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("times", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    # Bytes: it may hold what no database takes as text.
    Column("body", LargeBinary, nullable=False),
)

# Who deleted or exported such messages, and how many. Append-only.
unread_change = Table(
    "unread_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Float, nullable=False),
    Column("action", String(12), nullable=False),
    Column("by", String(200), nullable=False),
    Column("messages", Integer, nullable=False),
    Column("note", Text, nullable=False),
)
