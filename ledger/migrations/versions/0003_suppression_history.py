"""Who suppressed an address or took it off again, when and why; what stands today begins the history."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suppression_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression_change")),
    )
    op.create_index(
        op.f("ix_suppression_change_address_key"), "suppression_change", ["address_key"], unique=False
    )
    op.execute(
        'INSERT INTO suppression_change (at, action, address_key, scope, reason, "by", source, note) '
        "SELECT since, 'added', address_key, scope, reason, '', source, note FROM suppression ORDER BY id"
    )
