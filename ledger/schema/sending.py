"""Campaigns, their messages, and how these go out."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import JSON

from ledger.schema.base import Id, metadata
from ledger.statuses import Fact

campaign = Table(
    "campaign",
    metadata,
    Column("id", Id, primary_key=True),
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
    Column("id", Id, primary_key=True),
    Column("campaign_id", Id, ForeignKey("campaign.id"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("from_state", String(24), nullable=False),
    Column("to_state", String(24), nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("halt", JSON(none_as_null=True)),
    # The epoch from this change on; None in what was written before epochs were kept here.
    Column("epoch", Integer),
)

# A lease on some messages: of one campaign, or single ones. Its id is the fence: a later claim always has a
# higher one.
claim = Table(
    "claim",
    metadata,
    Column("id", Id, primary_key=True),
    Column("campaign_id", Id, ForeignKey("campaign.id")),
    Column("owner", String(200), nullable=False),
    Column("claimed_at", Float, nullable=False),
    Column("leased_until", Float, nullable=False),
    Index(None, "campaign_id", "leased_until"),
    sqlite_autoincrement=True,
)

# The epoch of a test mail. Those of campaigns and of single messages begin with 1.
TRIAL_EPOCH = 0

FACT_COLUMNS: dict[Fact, str] = {fact: f"{fact}_at" for fact in Fact}

message = Table(
    "message",
    metadata,
    Column("id", Id, primary_key=True),
    Column("campaign_id", Id, ForeignKey("campaign.id")),
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
    Column("claim_id", Id),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("detail", Text),
    # Which receivers are told of its status; empty: none.
    Column("callback_group_id", Id),
    *(Column(name, Float) for name in FACT_COLUMNS.values()),
    # Why SES did not send it (ledger.withheld); set with the fact.
    Column("withheld_reason", String(40)),
    UniqueConstraint("campaign_id", "address_key"),
    Index(None, "campaign_id", "status", "position"),
)

# A test mail of a campaign: what its message has beyond every message. The message has no campaign and is of
# TRIAL_EPOCH, so that it is in nobody's figures. Its link leaves what the campaign's own links leave.
trial = Table(
    "trial",
    metadata,
    Column("message_id", Id, ForeignKey("message.id"), primary_key=True, autoincrement=False),
    Column("campaign", String(200), nullable=False),
    # The 1-based data row of the list that it was rendered with.
    Column("list_row", Integer, nullable=False),
    # What asked for it: one request sends each recipient one mail, however often it is made.
    Column("request", String(64), nullable=False),
    Column("sender", Text, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("list_name", String(200), nullable=False),
    Column("leaves_list", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message_id", Id, ForeignKey("message.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("send_id", String(32), nullable=False, unique=True),
    Column("call_id", String(32), nullable=False, index=True),
    Column("claim_id", Id, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("answered_at", Float),
    Column("result", String(60)),
    Column("ses_message_id", Text, index=True),
    Column("error", Text),
    UniqueConstraint("message_id", "number"),
)

# A shared rate: the earliest moment at which the next recipients may go, and how far ahead that was when it
# was written, for the clock may be set back after it.
limiter = Table(
    "limiter",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("next_at", Float, nullable=False),
    Column("ahead_seconds", Float, nullable=False, server_default="0"),
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
    Column("probe_claim_id", Id),
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
