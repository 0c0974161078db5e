"""What the DNS said of domains' mail, so that the next list need not ask again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mx_answer",
        sa.Column("resolver", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("detail", sa.String(length=60), nullable=False),
        sa.Column("flag", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("resolver", "domain", name=op.f("pk_mx_answer")),
    )
    op.create_index(op.f("ix_mx_answer_expires_at"), "mx_answer", ["expires_at"], unique=False)
