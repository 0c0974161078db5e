"""What became of messages, counted as the rules need it."""

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
    text,
)

from ledger.schema.base import Id, metadata
from ledger.statuses import Count, Status

# Every event once, as it came and as it was understood. Append-only.
event = Table(
    "event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dedupe_key", String(64), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("message_id", Id, ForeignKey("message.id"), index=True),
    Column("send_id", String(64)),
    Column("ses_message_id", Text),
    Column("recipient", Text),
    Column("at", Float),
    Column("received_at", Float, nullable=False),
    Column("bounce_type", Text),
    Column("bounce_subtype", Text),
    Column("diagnostic", Text),
    # The text that it came in, in `event_raw`; empty where a person in it was erased.
    Column("raw_digest", String(64)),
    # Whether SNS's signature proved that it is SES's; empty for those of before that was looked at.
    Column("verified", Boolean),
    # What a person should be told of it beside the figures; few events have one.
    Column("note", String(120)),
    # The link of a campaign's mail that a click was on.
    Column("link_id", Id),
    Index(
        "ix_event_link_id",
        "link_id",
        "message_id",
        sqlite_where=text("link_id IS NOT NULL"),
        postgresql_where=text("link_id IS NOT NULL"),
    ),
    Index(
        "ix_event_note",
        "note",
        sqlite_where=text("note IS NOT NULL"),
        postgresql_where=text("note IS NOT NULL"),
    ),
)

# The texts of events by their SHA-256, each once however many recipients it names. Erasing a person empties a
# text and leaves its row, so that a repeat of the event does not bring it back.
event_raw = Table(
    "event_raw",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("raw", Text, nullable=False),
)

# The links of a campaign's mail that were clicked, without what could name a person (mail.links); an empty
# one stands for all those beyond the first hundreds.
link = Table(
    "link",
    metadata,
    Column("id", Id, primary_key=True),
    Column("campaign_id", Id, ForeignKey("campaign.id"), nullable=False),
    Column("url", String(500), nullable=False),
    UniqueConstraint("campaign_id", "url"),
)

# Where events come from: what `campaign setup` made or a person vouched for, and since when that is known.
event_source = Table(
    "event_source",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("name", String(400), nullable=False),
    # Of mail that SES took before, nothing is proved by it.
    Column("since", Float, nullable=False),
    Column("by", String(200), nullable=False),
    UniqueConstraint("kind", "name"),
)

STATUS_COLUMNS: dict[Status, str] = {status: f"status_{status.lower()}" for status in Status}
COUNT_COLUMNS: dict[Count, str] = {count: f"{count}_count" for count in Count}

tally = Table(
    "tally",
    metadata,
    Column("campaign_id", Id, ForeignKey("campaign.id"), primary_key=True, autoincrement=False),
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
    Column("campaign_id", Id, primary_key=True, autoincrement=False),
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
    Column("campaign_id", Id, ForeignKey("campaign.id"), primary_key=True, autoincrement=False),
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
    Column("id", Id, primary_key=True),
    Column("at", Float, nullable=False),
    Column("action", String(12), nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("hard_bounced", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
)
