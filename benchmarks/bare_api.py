"""A bare FastAPI endpoint that commits one row for each request, as durably as the ledger does.

`uvicorn bare_api:app`, the database's path in BARE_DATABASE. The commit stands in the event loop itself:
in a thread for each request the writers would only wait for each other's lock.
"""

import os
import sqlite3

from fastapi import FastAPI
from pydantic import BaseModel

DATABASE = sqlite3.connect(os.environ["BARE_DATABASE"], isolation_level=None, check_same_thread=False)
DATABASE.execute("PRAGMA journal_mode=WAL")
DATABASE.execute("PRAGMA synchronous=FULL")
DATABASE.execute("CREATE TABLE IF NOT EXISTS email (id INTEGER PRIMARY KEY, recipient, subject, text)")

app = FastAPI()


class Email(BaseModel):
    """The fields of the contract that are required, unchecked."""

    to: str
    subject: str
    text: str


@app.post("/emails", status_code=202)
async def post(email: Email) -> dict[str, int | None]:
    """Store a row and answer its id."""
    DATABASE.execute("BEGIN IMMEDIATE")
    stored = DATABASE.execute(
        "INSERT INTO email (recipient, subject, text) VALUES (?, ?, ?)", (email.to, email.subject, email.text)
    )
    DATABASE.execute("COMMIT")
    return {"id": stored.lastrowid}
