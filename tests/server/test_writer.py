"""switch.server.writer: jobs on the store, in a thread or inline."""

from __future__ import annotations

import threading
from typing import cast

import pytest
import trio

from switch.server.writer import ThreadWriter
from switch.store.port import Store, StoreRefused


class Closing:
    """Stands for a store: remembers its thread."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.closed_in = 0

    def close(self) -> None:
        self.closed_in = threading.get_ident()


async def test_the_store_lives_in_one_thread_of_its_own() -> None:
    """Opened, used and closed there: a database connection belongs to one thread."""
    made: list[Closing] = []

    def open_store() -> Store:
        made.append(Closing())
        return cast(Store, made[0])

    writer = ThreadWriter(open_store)
    used_in = await writer.run(lambda store: threading.get_ident())
    writer.close()
    assert made[0].thread == used_in == made[0].closed_in
    assert used_in != threading.get_ident()


async def test_what_a_job_raises_comes_back_and_the_thread_lives_on() -> None:
    """A failed job is the caller's matter."""
    writer = ThreadWriter(lambda: cast(Store, Closing()))

    def broken(store: Store) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await writer.run(broken)
    assert await writer.run(lambda store: 5) == 5
    writer.close()


async def test_a_job_under_way_is_not_abandoned_by_a_cancellation() -> None:
    """What was committed must be known to be committed."""
    writer = ThreadWriter(lambda: cast(Store, Closing()))
    begun, go = threading.Event(), threading.Event()
    results: list[int] = []

    def slow(store: Store) -> int:
        begun.set()
        go.wait(5)
        return 7

    async def work() -> None:
        results.append(await writer.run(slow))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        await trio.to_thread.run_sync(begun.wait)
        nursery.cancel_scope.cancel()
        go.set()
    writer.close()
    assert results == [7]


def test_a_store_that_does_not_open_is_told_at_once() -> None:
    """The caller gets the refusal, no thread is left."""

    def refuse() -> Store:
        raise StoreRefused("another process has it")

    with pytest.raises(StoreRefused):
        ThreadWriter(refuse)
