"""Test mails of campaigns, and which link a click was on."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "trial",
        sa.Column("message_id", _ID, autoincrement=False, nullable=False),
        sa.Column("campaign", sa.String(length=200), nullable=False),
        sa.Column("list_row", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("list_name", sa.String(length=200), nullable=False),
        sa.Column("leaves_list", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_trial_message_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_trial")),
    )
    op.create_table(
        "link",
        sa.Column("id", _ID, nullable=False),
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_link_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("campaign_id", "url", name=op.f("uq_link_campaign_id_url")),
    )
    op.add_column("event", sa.Column("link_id", _ID, nullable=True))
    op.create_index(
        "ix_event_link_id",
        "event",
        ["link_id", "message_id"],
        sqlite_where=sa.text("link_id IS NOT NULL"),
        postgresql_where=sa.text("link_id IS NOT NULL"),
    )
