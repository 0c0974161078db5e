"""A limit keeps how far ahead its next moment was, so that a wrong clock keeps nobody waiting."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("limiter", sa.Column("ahead_seconds", sa.Float(), server_default="0", nullable=False))
