"""The tables of the ledger.

All times are UTC, in seconds since the epoch, by the database's clock unless the column says otherwise.
A message's `status` is derived from its stage and facts (ledger.statuses) and stored for the queries.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import JSON

from ledger.statuses import Count, Fact, Status

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up by itself only in a column declared INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")

# One row: the id that every message carries as its `ledger` tag, so that events of another ledger show.
# `generation` grows with every claim and is noted outside of the database too (ledger.restores).
identity = Table(
    "identity",
    metadata,
    Column("ledger_id", String(32), primary_key=True),
    Column("generation", BigInteger, nullable=False, server_default="0"),
)

# That this database is an older copy of itself: while `accepted_at` is empty, nothing goes out.
restore = Table(
    "restore",
    metadata,
    Column("id", _Id, primary_key=True),
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

campaign = Table(
    "campaign",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("state", String(24), nullable=False),
    Column("epoch", Integer, nullable=False),
    # How many messages the pace lets this epoch have out: the rung that it stands on.
    Column("rung", Integer, nullable=False, server_default="0"),
    Column("definition", JSON, nullable=False),
    Column("list_digest", String(64), nullable=False),
    Column("template_digest", String(64), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("recipients", Integer, nullable=False),
    Column("list_summary", JSON, nullable=False),
    Column("halt", JSON(none_as_null=True)),
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("changed_by", String(200), nullable=False),
    Column("change_reason", Text, nullable=False),
)

campaign_change = Table(
    "campaign_change",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("campaign_id", _Id, ForeignKey("campaign.id"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("from_state", String(24), nullable=False),
    Column("to_state", String(24), nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("halt", JSON(none_as_null=True)),
)

# A lease on some messages: of one campaign, or single ones. Its id is the fence: a later claim always has a
# higher one.
claim = Table(
    "claim",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("campaign_id", _Id, ForeignKey("campaign.id")),
    Column("owner", String(200), nullable=False),
    Column("claimed_at", Float, nullable=False),
    Column("leased_until", Float, nullable=False),
    Index(None, "campaign_id", "leased_until"),
    sqlite_autoincrement=True,
)

FACT_COLUMNS: dict[Fact, str] = {fact: f"{fact}_at" for fact in Fact}

message = Table(
    "message",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("campaign_id", _Id, ForeignKey("campaign.id")),
    Column("address", Text, nullable=False),
    Column("address_key", Text, nullable=False, index=True),
    Column("domain", Text, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("source_row", Integer),
    Column("position", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("stage", String(12), nullable=False),
    Column("stage_at", Float, nullable=False),
    Column("status", String(12), nullable=False),
    Column("claim_id", _Id),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("detail", Text),
    # Which receivers are told of its status; empty: none.
    Column("callback_group_id", _Id),
    *(Column(name, Float) for name in FACT_COLUMNS.values()),
    UniqueConstraint("campaign_id", "address_key"),
    Index(None, "campaign_id", "status", "position"),
)

# Who has mail sent over the API. Mail, reports and suppressions are kept apart by owner.
owner = Table(
    "owner",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
)

# The key itself is shown once and never stored; `hint` is its beginning, by which a person knows it again.
api_key = Table(
    "api_key",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("owner_id", _Id, ForeignKey("owner.id"), nullable=False, index=True),
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
    Column("owner_id", _Id, ForeignKey("owner.id"), nullable=False, index=True),
    Column("created_at", Float, nullable=False),
)

# What a single message of the API has beyond every message, as its sender gave it. `public_id` is the id
# that the API shows.
single = Table(
    "single",
    metadata,
    Column("message_id", _Id, ForeignKey("message.id"), primary_key=True, autoincrement=False),
    Column("public_id", String(32), nullable=False, unique=True),
    Column("owner_id", _Id, ForeignKey("owner.id"), nullable=False),
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
    Index(None, "owner_id", "message_id"),
    Index(None, "owner_id", "external_id"),
    Index(None, "owner_id", "client_id"),
)

# What was answered to a request that bore an Idempotency-Key, by the digest of the request.
idempotency = Table(
    "idempotency",
    metadata,
    Column("owner_id", _Id, ForeignKey("owner.id"), primary_key=True, autoincrement=False),
    Column("key", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", Float, nullable=False, index=True),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("message_id", _Id, ForeignKey("message.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("send_id", String(32), nullable=False, unique=True),
    Column("call_id", String(32), nullable=False, index=True),
    Column("claim_id", _Id, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("answered_at", Float),
    Column("result", String(60)),
    Column("ses_message_id", Text, index=True),
    Column("error", Text),
    UniqueConstraint("message_id", "number"),
)

# Every event once, as it came and as it was understood. Append-only.
event = Table(
    "event",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("dedupe_key", String(64), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("message_id", _Id, ForeignKey("message.id"), index=True),
    Column("send_id", String(64)),
    Column("ses_message_id", Text),
    Column("recipient", Text),
    Column("at", Float),
    Column("received_at", Float, nullable=False),
    Column("bounce_type", Text),
    Column("bounce_subtype", Text),
    Column("diagnostic", Text),
    Column("raw", Text, nullable=False),
)

STATUS_COLUMNS: dict[Status, str] = {status: f"status_{status.lower()}" for status in Status}
COUNT_COLUMNS: dict[Count, str] = {count: f"{count}_count" for count in Count}

tally = Table(
    "tally",
    metadata,
    Column("campaign_id", _Id, ForeignKey("campaign.id"), primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    *(
        Column(name, Integer, nullable=False, server_default="0")
        for name in (*STATUS_COLUMNS.values(), *COUNT_COLUMNS.values())
    ),
)

# Messages by the time SES took them: what the rules need to know of messages of a certain age. Single
# messages of the API stand there as campaign 0. `delayed` ones are late and have no outcome yet.
COHORT_SECONDS = 10
SINGLE_MESSAGES = 0
cohort = Table(
    "cohort",
    metadata,
    Column("campaign_id", _Id, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("bucket", BigInteger, primary_key=True, autoincrement=False, index=True),
    Column("accepted", Integer, nullable=False, server_default="0"),
    Column("known", Integer, nullable=False, server_default="0"),
    Column("delayed", Integer, nullable=False, server_default="0"),
    Column("hard_bounced", Integer, nullable=False, server_default="0"),
)

# Domains that put mail off, while a campaign watches, brakes and tries them.
domain_brake = Table(
    "domain_brake",
    metadata,
    Column("campaign_id", _Id, ForeignKey("campaign.id"), primary_key=True, autoincrement=False),
    Column("domain", String(255), primary_key=True),
    Column("since", Float, nullable=False),
    Column("outcomes", Integer, nullable=False),
    Column("put_off", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    Column("braked_until", Float),
    Column("let_through", Integer, nullable=False),
)

# Messages that the claims of all campaigns took for a sender's domain on a day (days since 1970, UTC).
sender_day = Table(
    "sender_day",
    metadata,
    Column("domain", String(255), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("claimed", Integer, nullable=False),
)

# The account's suspensions by our own rule, and who lifted them; the last one tells where it stands.
account_change = Table(
    "account_change",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", Float, nullable=False),
    Column("action", String(12), nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("hard_bounced", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
)

suppression = Table(
    "suppression",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("address_key", Text, nullable=False),
    # Empty: everywhere. Otherwise the name of the list it holds for.
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
    Column("id", _Id, primary_key=True),
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

# Who was erased, by a keyed hash of the address key, on whose word and why.
erasure = Table(
    "erasure",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("address_hash", String(64), nullable=False, unique=True),
    Column("at", Float, nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
)

# One row: the key of those hashes, made with the ledger.
erasure_key = Table("erasure_key", metadata, Column("key", String(128), primary_key=True))

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("address_key", Text, nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("token", String(64)),
    Column("confirmed_at", Float),
    Column("last_engaged_at", Float),
)

# A receiver of callbacks, once an owner; no owner: the campaigns'. `failures` counts those in a row.
callback_url = Table(
    "callback_url",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("url", Text, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("disabled_at", Float),
    UniqueConstraint("owner", "url"),
)

# The receivers of a campaign or of a single message, so that a message names them by one number.
callback_group = Table(
    "callback_group",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
)

callback_member = Table(
    "callback_member",
    metadata,
    Column("group_id", _Id, ForeignKey("callback_group.id"), primary_key=True, autoincrement=False),
    Column("url_id", _Id, ForeignKey("callback_url.id"), primary_key=True, autoincrement=False),
)

# The outbox: what a receiver is told, written in the transaction of the change. `due_at` is when it is to be
# tried next, or the end of a deliverer's lease; it is empty once the callback was delivered or given up.
callback = Table(
    "callback",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("message_id", _Id, ForeignKey("message.id"), nullable=False),
    Column("url_id", _Id, ForeignKey("callback_url.id"), nullable=False),
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

# Who asked an owner for mail, what they were shown when they did, and that they confirmed it (double opt-in).
# `message_id` is the mail that asks for the confirmation, the only one that may go to them before it.
sign_up = Table(
    "sign_up",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("owner_id", _Id, ForeignKey("owner.id"), nullable=False),
    Column("address_key", Text, nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("sender", Text, nullable=False),
    Column("consent_text", Text, nullable=False),
    Column("requested_at", Float, nullable=False),
    Column("requested_by", String(200), nullable=False),
    Column("mailed_at", Float),
    Column("message_id", _Id, ForeignKey("message.id")),
    Column("confirmed_at", Float),
    # What was used to confirm.
    Column("confirmed_by", String(20)),
    UniqueConstraint("owner_id", "address_key"),
    Index(None, "state", "owner_id"),
)

# The stretches of time over which the event queue was seen drained.
drain = Table(
    "drain",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False),
)

# A shared rate: the earliest moment at which the next recipients may go.
limiter = Table(
    "limiter",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("next_at", Float, nullable=False),
)

# Calls to SES without an answer. It is open where `opened_at` is set: then nothing may be claimed but a probe
# of one message from `probe_at` on, and nothing sent but by the claim `probe_claim_id`.
breaker = Table(
    "breaker",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("opened_at", Float),
    Column("probes", Integer, nullable=False),
    Column("probe_at", Float),
    Column("probe_claim_id", _Id),
)

# How calls are made to an account that limits calls and not recipients (ledger.call_limits).
call_limit = Table(
    "call_limit",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("mode", String(12), nullable=False),
    Column("measuring", Boolean, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("throttled", Integer, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("since", Float, nullable=False),
    Column("rates", JSON, nullable=False),
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
