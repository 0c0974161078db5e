"""Mail that SES withheld is a fact of its own; what the event queue held and nobody could read is kept."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COHORT_SECONDS = 10
_HAS_NOTE = sa.text("note IS NOT NULL")
# Names of SES's that versions before this one did not know, in small letters.
_NOT_SENT = "('emailvalidationsuppressed', 'ontenantsuppressionlist', 'unsubscribedrecipient')"
_NO_COMPLAINT = "('not-spam', 'auth-failure')"
# The stronger facts, each with the status that follows from it, as they stood when this was written.
_SENT_AFTER_ALL = (
    ("complained", "COMPLAINED"),
    ("hard_bounced", "HARD_BOUNCED"),
    ("soft_bounced", "SOFT_BOUNCED"),
    ("delivered", "DELIVERED"),
    ("transient_general", "SOFT_BOUNCED"),
)


def upgrade() -> None:
    op.execute("ALTER TABLE message RENAME COLUMN account_suppressed_at TO withheld_at")
    op.execute("ALTER TABLE tally RENAME COLUMN account_suppressed_count TO withheld_count")
    op.add_column("message", sa.Column("withheld_reason", sa.String(length=40), nullable=True))
    op.execute(
        "UPDATE message SET withheld_reason = 'account_suppression_list' WHERE withheld_at IS NOT NULL"
    )
    _count_what_was_sent_after_all()
    op.add_column("event", sa.Column("note", sa.String(length=120), nullable=True))
    op.create_index("ix_event_note", "event", ["note"], sqlite_where=_HAS_NOTE, postgresql_where=_HAS_NOTE)
    _mark_misread()
    op.create_table(
        "unread_message",
        sa.Column("id", _ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=120), nullable=False),
        sa.Column("first_at", sa.Float(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unread_message")),
        sa.UniqueConstraint("digest", name=op.f("uq_unread_message_digest")),
    )
    op.create_table(
        "unread_change",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unread_change")),
    )


def _mark_misread() -> None:
    """Mark events that were taken for bounces and complaints and are none, for a person to look at."""
    op.execute(
        "UPDATE event SET note = 'misread/' || bounce_subtype WHERE kind IN ('Bounce', 'Complaint') "
        f"AND lower(bounce_subtype) IN {_NOT_SENT}"
    )
    op.execute(
        "UPDATE event SET note = 'misread/' || diagnostic WHERE kind = 'Complaint' AND note IS NULL "
        f"AND lower(diagnostic) IN {_NO_COMPLAINT} "
        "AND coalesce(lower(bounce_subtype), '') <> 'onaccountsuppressionlist'"
    )


def _count_what_was_sent_after_all() -> None:
    """Give a message of which one attempt was withheld and another went out the status of the latter.

    It stood as SUPPRESSED, or counted as bounced and as withheld. There are few: it takes a resend.
    """
    connection = op.get_bind()
    stronger = " OR ".join(f"{name}_at IS NOT NULL" for name, _ in _SENT_AFTER_ALL)
    names = ", ".join(f"{name}_at" for name, _ in _SENT_AFTER_ALL)
    rows = connection.execute(
        sa.text(
            f"SELECT id, campaign_id, epoch, status, accepted_at, {names} FROM message "
            f"WHERE withheld_at IS NOT NULL AND ({stronger})"
        )
    ).mappings()
    for row in rows.all():
        new = next(status for name, status in _SENT_AFTER_ALL if row[f"{name}_at"] is not None)
        _change(connection, "UPDATE message SET status = :new WHERE id = :id", new=new, id=row["id"])
        if row["campaign_id"] is not None:
            _change(
                connection,
                f"UPDATE tally SET status_{row['status'].lower()} = status_{row['status'].lower()} - 1 "
                "WHERE campaign_id = :campaign AND epoch = :epoch",
                campaign=row["campaign_id"],
                epoch=row["epoch"],
            )
            _change(
                connection,
                f"UPDATE tally SET status_{new.lower()} = status_{new.lower()} + 1, "
                "withheld_count = withheld_count - 1 WHERE campaign_id = :campaign AND epoch = :epoch",
                campaign=row["campaign_id"],
                epoch=row["epoch"],
            )
        if row["accepted_at"] is not None:
            _add_to_cohort(connection, row)


def _add_to_cohort(connection: sa.Connection, row: Any) -> None:
    key = {
        # Single messages stand there as campaign 0.
        "campaign": row["campaign_id"] or 0,
        "epoch": row["epoch"] if row["campaign_id"] else 0,
        "bucket": int(row["accepted_at"] // _COHORT_SECONDS),
    }
    _change(
        connection,
        "INSERT INTO cohort (campaign_id, epoch, bucket) VALUES (:campaign, :epoch, :bucket) "
        "ON CONFLICT DO NOTHING",
        **key,
    )
    _change(
        connection,
        "UPDATE cohort SET accepted = accepted + 1, known = known + 1, "
        "hard_bounced = hard_bounced + :bounced "
        "WHERE campaign_id = :campaign AND epoch = :epoch AND bucket = :bucket",
        **key,
        bounced=int(row["hard_bounced_at"] is not None),
    )


def _change(connection: sa.Connection, statement: str, **values: object) -> None:
    connection.execute(sa.text(statement), values)
