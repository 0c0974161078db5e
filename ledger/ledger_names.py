"""How a ledger is named to people: its URL, whole, without what must stay secret."""

from pathlib import Path

from sqlalchemy import URL

# How long a connection waits for an SQLite file that another one writes to.
BUSY_TIMEOUT_SECONDS = 60
# What libpq takes as parameters of the URL too: https://www.postgresql.org/docs/current/libpq-connect.html.
_SECRET = ("password", "sslpassword", "oauth_client_secret")
_HIDDEN = "***"


def shown(url: URL) -> str:
    """Return the URL for people: an SQLite file by its whole path, a password as `***`."""
    if url.drivername.startswith("sqlite") and url.database and url.database != ":memory:":
        return f"sqlite:///{Path(url.database).absolute()}"
    secret = {name: _HIDDEN for name in _SECRET if name in url.query}
    return url.update_query_dict(secret).render_as_string(hide_password=True)
