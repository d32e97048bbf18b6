"""How blocking work on the store runs: in one thread of its own, or inline where the world is
simulated.

Owns the thread and its queue. Refuses to know what a job does: the engine composes jobs, this
module only runs them, one at a time and in order, so that the store is never used by two at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar, cast

import outcome
import trio

from switch.store.port import Store

T = TypeVar("T")
Job = Callable[[Store], T]


class Writer(Protocol):
    """Runs jobs against the one store."""

    async def run(self, job: Job[T]) -> T:
        """The job's result, or what it raised. A job under way is never abandoned by a
        cancellation."""

    def close(self) -> None:
        """Close the store. Idempotent. Raises StoreBroken for a sync that failed in the end."""


class InlineWriter:
    """Runs each job where it stands: for tests and the simulated world, which has no threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, job: Job[T]) -> T:
        """At once."""
        return job(self._store)

    def close(self) -> None:
        """Close the store."""
        self._store.close()


class ThreadWriter:
    """One thread that opens the store, runs every job and closes the store at the end.

    Handing over costs one queue entry and one wake-up each way, hence the engine packs a commit and
    the next look-ups into one job. ``open_store`` runs in the thread, because a database connection
    belongs to one thread.
    """

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._jobs: SimpleQueue[tuple[Job[Any], Callable[[outcome.Outcome[Any]], None]] | None] = (
            SimpleQueue()
        )
        self._opened: SimpleQueue[BaseException | None] = SimpleQueue()
        self._closing: BaseException | None = None
        self._thread = threading.Thread(
            target=self._work, args=(open_store,), name="store-writer", daemon=True
        )
        self._thread.start()
        failure = self._opened.get()
        if failure is not None:
            raise failure

    def _work(self, open_store: Callable[[], Store]) -> None:
        try:
            store = open_store()
        except BaseException as failure:
            self._opened.put(failure)
            return
        self._opened.put(None)
        try:
            while (entry := self._jobs.get()) is not None:
                job, hand_back = entry
                hand_back(outcome.capture(job, store))
        finally:
            try:
                store.close()
            except BaseException as failure:
                self._closing = failure

    async def run(self, job: Job[T]) -> T:
        """Park the calling task until the thread has done the job."""
        task = trio.lowlevel.current_task()
        token = trio.lowlevel.current_trio_token()

        def hand_back(result: outcome.Outcome[Any]) -> None:
            token.run_sync_soon(trio.lowlevel.reschedule, task, result)

        self._jobs.put((job, hand_back))
        return cast(T, await trio.lowlevel.wait_task_rescheduled(_never_abandon))

    def close(self) -> None:
        """Let the thread finish its jobs and close the store; raises what that raised, once."""
        self._jobs.put(None)
        self._thread.join()
        failure, self._closing = self._closing, None
        if failure is not None:
            raise failure


def _never_abandon(_raise_cancel: object) -> trio.lowlevel.Abort:
    return trio.lowlevel.Abort.FAILED
