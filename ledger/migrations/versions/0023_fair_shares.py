"""Receivers and owners have shares: what is proven of them, whose turn it is, whose single mail stands."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("callback_url", sa.Column("proven_at", sa.Float(), nullable=True))
    op.execute(
        "UPDATE callback_url SET proven_at = "
        "(SELECT MAX(delivered_at) FROM callback WHERE callback.url_id = callback_url.id)"
    )
    op.add_column("owner", sa.Column("last_turn", sa.Integer(), server_default="0", nullable=False))
    op.add_column("single", sa.Column("key_id", _ID, nullable=True))
    op.create_table(
        "owner_change",
        sa.Column("id", _ID, nullable=False),
        sa.Column("owner_id", _ID, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("hard_bounced", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_owner_change_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner_change")),
    )
    op.create_index(op.f("ix_owner_change_owner_id"), "owner_change", ["owner_id"])
