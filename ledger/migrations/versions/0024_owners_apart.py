"""Consent is given to an owner, and what somebody left is an owner's mail or a list, never both by one name.

What stands keeps its effect where it cannot be told apart:
- A confirmation counts for the owners with whom the address has confirmed a sign-up; one without any was
  brought over from elsewhere and counts for everybody, as it did.
- `owner Ann` was what single mail of an owner Ann was left under, and could be a list of that name: it holds
  for the owner as before, and for the list as well, unless it came of a single message and no campaign has
  such a list.
"""

import json

import sqlalchemy as sa
from alembic import op

from ledger.suppression_scopes import looks_like_another, of_list, of_owner

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_OWNER = "owner "
_LONGEST_BEFORE = 200


def upgrade() -> None:
    with op.batch_alter_table("subscriber") as subscriber:
        subscriber.add_column(
            sa.Column(
                "owner_id",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                server_default="0",
                nullable=False,
            )
        )
        subscriber.drop_constraint("uq_subscriber_address_key", type_="unique")
        subscriber.create_unique_constraint("uq_subscriber_address_key_owner_id", ["address_key", "owner_id"])
    _give_consent_to_its_owners()
    connection = op.get_bind()
    lists = _names_of_lists(connection)
    for table, source in (("suppression", "source"), ("suppression_change", "source")):
        _set_apart(connection, table, source, lists)


def _give_consent_to_its_owners() -> None:
    confirmed = "s.state = 'confirmed' AND s.confirmed_at IS NOT NULL"
    op.execute(
        "INSERT INTO subscriber (owner_id, address_key, address, state, confirmed_at) "
        "SELECT s.owner_id, s.address_key, s.address, 'confirmed', s.confirmed_at "
        f"FROM sign_up s WHERE {confirmed}"
    )
    # What was written by the confirmation itself, and by nothing else.
    op.execute(
        "DELETE FROM subscriber WHERE owner_id = 0 AND last_engaged_at IS NULL AND token IS NULL AND EXISTS "
        f"(SELECT 1 FROM sign_up s WHERE {confirmed} AND s.address_key = subscriber.address_key "
        "AND s.confirmed_at = subscriber.confirmed_at)"
    )


def _names_of_lists(connection: sa.Connection) -> set[str]:
    """Return the names under which lists of campaigns were left, as far as they read like an owner's."""
    found = set()
    for (definition,) in connection.execute(sa.text("SELECT definition FROM campaign")):
        whole = json.loads(definition) if isinstance(definition, str | bytes) else definition
        asked = whole.get("list") if isinstance(whole, dict) else None
        if isinstance(asked, dict):
            file = str(asked.get("source") or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
            found |= {str(asked.get("name") or ""), file, file.partition(".")[0], file.rpartition(".")[0]}
    return {name for name in found if looks_like_another(name)}


def _set_apart(connection: sa.Connection, table: str, source: str, lists: set[str]) -> None:
    rows = connection.execute(
        sa.text(f"SELECT * FROM {table} WHERE scope LIKE 'owner %' OR scope LIKE 'list %owner %' ORDER BY id")
    )
    for row in rows.mappings().all():
        scope = row["scope"]
        if not looks_like_another(scope):
            continue
        if scope in lists or not row[source].startswith("message "):
            _insert_once(connection, table, dict(row) | {"scope": of_list(scope)})
        if scope.startswith(_OWNER) and len(scope) > _LONGEST_BEFORE:
            # SQLite stored what PostgreSQL refused.
            whole = {"id": row["id"], "scope": of_owner(scope.removeprefix(_OWNER))}
            connection.execute(sa.text(f"UPDATE {table} SET scope = :scope WHERE id = :id"), whole)


def _insert_once(connection: sa.Connection, table: str, row: dict[str, object]) -> None:
    names = [name for name in row if name != "id"]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(f":{name}" for name in names)
    again = "ON CONFLICT DO NOTHING" if table == "suppression" else ""
    connection.execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values}) {again}"), row)
