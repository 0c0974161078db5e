"""An event's text is kept once, not once a recipient; where events come from; which are proved forged."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# What stood in place of the text where a person was erased.
_EMPTY = "'{}'"


def upgrade() -> None:
    op.add_column("event", sa.Column("verified", sa.Boolean(), nullable=True))
    op.add_column("event", sa.Column("raw_digest", sa.String(length=64), nullable=True))
    op.create_table(
        "event_raw",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_event_raw")),
    )
    op.create_table(
        "event_source",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_source")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_event_source_kind_name")),
    )
    op.add_column(
        "unread_message", sa.Column("forged", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    _move_texts()


def _move_texts() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        # What is moved must not stay readable in free pages: a later erasing would not reach it there.
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.create_function("text_digest", 1, _digest, deterministic=True)
        digest = "text_digest(raw)"
    else:
        digest = "encode(sha256(convert_to(raw, 'UTF8')), 'hex')"
    op.execute(f"UPDATE event SET raw_digest = {digest} WHERE raw <> {_EMPTY}")
    op.execute(
        "INSERT INTO event_raw (digest, raw) SELECT raw_digest, raw FROM event "
        "WHERE raw_digest IS NOT NULL ON CONFLICT DO NOTHING"
    )
    op.execute("ALTER TABLE event DROP COLUMN raw")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
