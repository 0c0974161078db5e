"""How a ledger is named to people: a file by its path, a database by its URL without the secrets in it."""

from pathlib import Path

from sqlalchemy import URL

# How long a connection waits for an SQLite file that another one writes to.
BUSY_TIMEOUT_SECONDS = 60
# What libpq takes as parameters of the URL too: https://www.postgresql.org/docs/current/libpq-connect.html.
_SECRET = ("password", "sslpassword", "oauth_client_secret")
_HIDDEN = "***"


def shown(url: URL) -> str:
    """Return the whole path of an SQLite file, or the URL of another database with a password as `***`."""
    if url.drivername.startswith("sqlite") and url.database and url.database != ":memory:":
        return str(Path(url.database).absolute())
    secret = {name: _HIDDEN for name in _SECRET if name in url.query}
    return url.update_query_dict(secret).render_as_string(hide_password=True)


def in_a_page(url: URL) -> str:
    """Return what a report that goes from hand to hand says: where the ledger is, and nobody's name."""
    if url.drivername.startswith("sqlite"):
        return shown(url)
    host = url.host or str(url.query.get("host", "")) or "this machine"
    return f"PostgreSQL database {url.database} at {host}"
