"""Generations are noted in blocks; a queue is adopted on a person's word; changes name their epoch."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("noted", "claims", "claims_before"):
        op.add_column("identity", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    for name in ("noted_at", "noting_until", "failing_since"):
        op.add_column("identity", sa.Column(name, sa.Float(), server_default="0", nullable=False))
    op.create_table(
        "queue_adoption",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_adoption")),
    )
    op.add_column("campaign_change", sa.Column("epoch", sa.Integer(), nullable=True))
    _fill_in_epochs()


def _fill_in_epochs() -> None:
    """Say of campaigns with one epoch that their changes belong to it; of others nobody can tell for sure."""
    op.execute(
        "UPDATE campaign_change SET epoch = 1 "
        "WHERE campaign_id IN (SELECT id FROM campaign WHERE campaign.epoch = 1)"
    )
