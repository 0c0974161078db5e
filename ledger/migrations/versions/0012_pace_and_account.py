"""The rung of the pace; delayed and single messages in the cohorts; the standing of the account."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COHORT_SECONDS = 10


def upgrade() -> None:
    op.add_column("campaign", sa.Column("rung", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("cohort") as cohort:
        cohort.drop_constraint(op.f("fk_cohort_campaign_id"), type_="foreignkey")
        cohort.add_column(sa.Column("delayed", sa.Integer(), server_default="0", nullable=False))
        cohort.create_index(op.f("ix_cohort_bucket"), ["bucket"], unique=False)
    _count_delayed()
    op.create_table(
        "account_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("hard_bounced", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_change")),
    )


def _count_delayed() -> None:
    """Count what SES took, said was late, and has said nothing of since."""
    op.execute(
        "UPDATE cohort SET delayed = ("
        "SELECT count(*) FROM message WHERE message.campaign_id = cohort.campaign_id "
        "AND message.status = 'DELAYED' AND message.epoch = cohort.epoch "
        f"AND message.accepted_at >= cohort.bucket * {_COHORT_SECONDS} "
        f"AND message.accepted_at < (cohort.bucket + 1) * {_COHORT_SECONDS})"
    )
