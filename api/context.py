"""What the routes share: the settings, the ledger and what hangs on them, made once an application."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.auth import Keys
from api.pace import Pace
from ledger.engine import Ledger
from mail.unsubscribe import Tokens
from settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that answering takes."""

    settings: Settings
    ledger: Ledger
    tokens: Tokens
    keys: Keys
    pace: Pace


def context(request: Request) -> Context:
    """Return the application's context, as a dependency."""
    found: Context = request.app.state.context
    return found


Here = Annotated[Context, Depends(context)]
