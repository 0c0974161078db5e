"""Callbacks: their receivers, and the outbox of what is told to them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("message", sa.Column("callback_group_id", _ID, nullable=True))
    op.create_table(
        "callback_url",
        sa.Column("id", _ID, nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("disabled_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_url")),
        sa.UniqueConstraint("owner", "url", name=op.f("uq_callback_url_owner_url")),
    )
    op.create_table(
        "callback_group",
        sa.Column("id", _ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_group")),
        sa.UniqueConstraint("digest", name=op.f("uq_callback_group_digest")),
    )
    op.create_table(
        "callback_member",
        sa.Column("group_id", _ID, autoincrement=False, nullable=False),
        sa.Column("url_id", _ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["callback_group.id"], name=op.f("fk_callback_member_group_id")
        ),
        sa.ForeignKeyConstraint(["url_id"], ["callback_url.id"], name=op.f("fk_callback_member_url_id")),
        sa.PrimaryKeyConstraint("group_id", "url_id", name=op.f("pk_callback_member")),
    )
    op.create_table(
        "callback",
        sa.Column("id", _ID, nullable=False),
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("url_id", _ID, nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("previous_status", sa.String(length=12), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=True),
        sa.Column("delivered_at", sa.Float(), nullable=True),
        sa.Column("failed_at", sa.Float(), nullable=True),
        sa.Column("answer", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_callback_message_id")),
        sa.ForeignKeyConstraint(["url_id"], ["callback_url.id"], name=op.f("fk_callback_url_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
        sa.UniqueConstraint(
            "message_id", "url_id", "status", name=op.f("uq_callback_message_id_url_id_status")
        ),
    )
    op.create_index(op.f("ix_callback_url_id_due_at"), "callback", ["url_id", "due_at"], unique=False)
