"""The outbox of the callbacks and its receivers."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from ledger.schema.base import Id, metadata

# A receiver of callbacks, once an owner; no owner: the campaigns'. `failures` counts those in a row,
# `proven_at` is when it last took one.
callback_url = Table(
    "callback_url",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("url", Text, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("disabled_at", Float),
    Column("proven_at", Float),
    UniqueConstraint("owner", "url"),
)

# The receivers of a campaign or of a single message, so that a message names them by one number.
callback_group = Table(
    "callback_group",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
)

callback_member = Table(
    "callback_member",
    metadata,
    Column("group_id", Id, ForeignKey("callback_group.id"), primary_key=True, autoincrement=False),
    Column("url_id", Id, ForeignKey("callback_url.id"), primary_key=True, autoincrement=False),
)

# The outbox: what a receiver is told, written in the transaction of the change. `due_at` is when it is to be
# tried next, or the end of a deliverer's lease; it is empty once the callback was delivered or given up.
callback = Table(
    "callback",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message_id", Id, ForeignKey("message.id"), nullable=False),
    Column("url_id", Id, ForeignKey("callback_url.id"), nullable=False),
    Column("status", String(12), nullable=False),
    Column("previous_status", String(12), nullable=False),
    Column("at", Float, nullable=False),
    Column("diagnostic", Text),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Float),
    Column("delivered_at", Float),
    Column("failed_at", Float),
    # What the receiver answered last, or why there was no answer.
    Column("answer", String(200)),
    UniqueConstraint("message_id", "url_id", "status"),
    Index(None, "url_id", "due_at"),
)
