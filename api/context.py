"""What the routes share: the settings, the ledger and what hangs on them, made once an application."""

import threading
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.auth import Keys
from api.checking import Checker
from api.checkups import Checkups
from api.composition import Composing
from api.group_commit import GroupCommit
from api.pace import Pace
from api.pools import Pools
from api.sender_directory import SenderDirectory
from api.vitals import Vitals
from ledger.engine import Ledger
from mail.intake import Result, Submission
from mail.unsubscribe import Tokens
from settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that answering takes.

    `arrived` is set when messages were taken in.
    """

    settings: Settings
    ledger: Ledger
    pools: Pools
    tokens: Tokens
    keys: Keys
    pace: Pace
    checker: Checker
    composing: Composing
    intake: GroupCommit[Submission, Result]
    senders: SenderDirectory
    arrived: threading.Event
    vitals: Vitals
    checkups: Checkups


# A dependency that is no coroutine would cost every request a thread.
async def context(request: Request) -> Context:
    """Return the application's context, as a dependency."""
    found: Context = request.app.state.context
    return found


Here = Annotated[Context, Depends(context)]
