"""What `/healthz` and `/readyz` say: whether this process and its ledger do their work, and what hinders."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from api.drain_report import SILENT_AFTER_SECONDS, SendingProcess
from ledger.errors import LedgerError, LedgerLost
from ledger.vital_signs import VitalSigns
from mail.thread_watch import ThreadState
from reports.health import reasons_in

# The answer comes within a second, whatever the ledger waits for.
_PATIENCE_SECONDS = 0.7
SILENT_AT_MOST_SECONDS = 5.0
# Of SQLite's errors: another process holds the file for a moment.
_PASSING = ("locked", "busy")


class Health(StrEnum):
    """How this process is."""

    OK = "ok"
    # Something keeps mail waiting, and starting anew would not help.
    DEGRADED = "degraded"
    # Starting anew would help.
    FAILED = "failed"


class Readiness(StrEnum):
    """Whether this process can do its work."""

    OK = "ok"
    # Requests are served, and something keeps mail waiting or wants a person.
    DEGRADED = "degraded"
    # Requests cannot be served.
    UNREADY = "unready"


@dataclass(frozen=True, slots=True)
class Checkup:
    """How this process is, and why. `signs` are None where the ledger did not show any.

    `failed` is what starting anew would end, `unready` why requests cannot be served; a reason may be both.
    """

    failed: Sequence[str]
    unready: Sequence[str]
    degraded: Sequence[str]
    signs: VitalSigns | None

    @property
    def reasons(self) -> list[str]:
        """All reasons, the worst first."""
        return list(dict.fromkeys([*self.failed, *self.unready, *self.degraded]))

    @property
    def health(self) -> Health:
        if self.failed:
            return Health.FAILED
        return Health.DEGRADED if self.reasons else Health.OK

    @property
    def readiness(self) -> Readiness:
        if self.unready:
            return Readiness.UNREADY
        return Readiness.DEGRADED if self.reasons else Readiness.OK


@dataclass
class Vitals:
    """Knows everything that has to live. `read` looks into the ledger, and may take its time."""

    read: Callable[[], VitalSigns]
    # What else this process keeps alive; the command that serves adds it.
    watches: list[Callable[[], Sequence[ThreadState]]] = field(default_factory=list)
    sending: SendingProcess | None = None
    patience_seconds: float = _PATIENCE_SECONDS
    # Ends this process; the command that serves says how.
    on_lost: Callable[[LedgerLost], None] = lambda lost: None

    def __post_init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "vitals")
        self._look: asyncio.Future[VitalSigns] | None = None
        self._look_began = 0.0
        # Since when the ledger has not answered; None where it has.
        self.silent_since: float | None = None

    async def check(self) -> Checkup:
        """Look at everything; a ledger that does not answer is not waited for."""
        failed, degraded = self._threads()
        unready: list[str] = []
        signs: VitalSigns | None = None
        try:
            signs = await self._signs()
        except LedgerLost as err:
            failed.append(str(err))
            unready.append(str(err))
        except TimeoutError:
            self.silent_since = self.silent_since or self._look_began
            seconds = time.monotonic() - self.silent_since
            # Whoever reads or writes meanwhile waits as well, and is served if it comes back soon.
            (unready if seconds >= SILENT_AT_MOST_SECONDS else degraded).append(
                f"the ledger has not answered for {seconds:.1f} s: it is locked, or away."
            )
        except LedgerError as err:
            unready.append(str(err))
        except (SQLAlchemyError, OSError) as err:
            passes = any(word in str(err) for word in _PASSING)
            (degraded if passes else unready).append(f"the ledger does not answer: {type(err).__name__}.")
        if signs is not None:
            self.silent_since = None
            degraded += reasons_in(signs)
            unready += [signs.unwritable] if signs.unwritable else []
        return Checkup(failed, unready, degraded, signs)

    def close(self) -> None:
        """End the thread that looks into the ledger."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _signs(self) -> VitalSigns:
        # One look at a time, which all who ask meanwhile share.
        if self._look is None or self._look.done():
            self._look_began = time.monotonic()
            self._look = asyncio.get_running_loop().run_in_executor(self._thread, self.read)
        async with asyncio.timeout(self.patience_seconds):
            return await asyncio.shield(self._look)

    def _threads(self) -> tuple[list[str], list[str]]:
        """Return what has died, and what lives and has trouble."""
        failed: list[str] = []
        degraded: list[str] = []
        states = [state for watch in self.watches for state in watch()]
        if (sending := self.sending) is not None:
            states += sending.keepers()
            states += sending.threads
            if sending.faults:
                degraded.append(
                    f"the process that sends and collects has ended {sending.faults} times in a row."
                )
            elif sending.silent_seconds > SILENT_AFTER_SECONDS:
                failed.append(
                    f"the process that sends and collects has been silent for {sending.silent_seconds:.0f} s."
                )
            degraded += [f"{name}: {sentence}" for name, sentence in sending.trouble.items()]
        for state in states:
            if not state.alive:
                failed.append(f"the thread `{state.name}` has died{_of(state)}.")
            elif state.faults:
                degraded.append(f"the thread `{state.name}` was started again{_of(state)}.")
        return failed, degraded


def _of(state: ThreadState) -> str:
    return f" ({state.fault})" if state.fault else ""
