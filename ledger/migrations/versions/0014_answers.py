"""What SES answered is counted, and what it was never offered is no refusal of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tally", sa.Column("answered_count", sa.Integer(), server_default="0", nullable=False))
    # Addresses that SES never takes bore the fact of its refusal; nobody had asked it.
    op.execute(
        "UPDATE tally SET rejected_count = rejected_count - ("
        f"SELECT count(*) FROM message WHERE {_OF_TALLY} AND {_NEVER_OFFERED})"
    )
    op.execute(
        "UPDATE message SET stage = 'REJECTED', rejected_at = NULL "
        f"WHERE campaign_id IN (SELECT id FROM campaign) AND {_NEVER_OFFERED}"
    )
    op.execute(
        "UPDATE tally SET answered_count = accepted_count + ("
        f"SELECT count(*) FROM message WHERE {_OF_TALLY} AND status = 'REJECTED' "
        "AND rejected_at IS NOT NULL AND accepted_at IS NULL)"
    )


_OF_TALLY = "message.campaign_id = tally.campaign_id AND message.epoch = tally.epoch"
_NEVER_OFFERED = "status = 'REJECTED' AND attempts = 0 AND rejected_at IS NOT NULL AND accepted_at IS NULL"
