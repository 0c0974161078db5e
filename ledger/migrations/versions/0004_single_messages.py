"""Owners with their keys and senders, single messages, and claims without a campaign."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("claim", table_kwargs={"sqlite_autoincrement": True}) as claim:
        claim.alter_column("campaign_id", existing_type=_id(), nullable=True)
    op.create_table(
        "owner",
        sa.Column("id", _id(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner")),
        sa.UniqueConstraint("name", name=op.f("uq_owner_name")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", _id(), nullable=False),
        sa.Column("owner_id", _id(), nullable=False),
        sa.Column("operator", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("revoked_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_api_key_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
    )
    op.create_index(op.f("ix_api_key_owner_id"), "api_key", ["owner_id"], unique=False)
    op.create_table(
        "sender",
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("owner_id", _id(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_sender_owner_id")),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_sender")),
    )
    op.create_index(op.f("ix_sender_owner_id"), "sender", ["owner_id"], unique=False)
    op.create_table(
        "single",
        sa.Column("message_id", _id(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("owner_id", _id(), nullable=False),
        sa.Column("operator", sa.String(length=200), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("unsubscribe_text", sa.Text(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("client_id", sa.String(length=200), nullable=True),
        sa.Column("alias", sa.Text(), nullable=True),
        sa.Column("callbacks", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_single_message_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_single_owner_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_single")),
        sa.UniqueConstraint("public_id", name=op.f("uq_single_public_id")),
    )
    for other in ("message_id", "external_id", "client_id"):
        op.create_index(op.f(f"ix_single_owner_id_{other}"), "single", ["owner_id", other], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("owner_id", _id(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_idempotency_owner_id")),
        sa.PrimaryKeyConstraint("owner_id", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_created_at"), "idempotency", ["created_at"], unique=False)


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
