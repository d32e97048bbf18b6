"""Faults while many terminals trade: a switch killed in the middle of settlements, rules that
change in the middle of traffic.

``ISOSWITCH_KILLS`` (8) and ``ISOSWITCH_SEED`` in the environment make the first longer, or another
one: half as many kills as ``test_crash`` has.
"""

from __future__ import annotations

import os
import random
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
import trio

from switch.data_folder import STORE_NAME
from switch.model.records import Batch, Difference, Transaction
from switch.model.words import Kind
from switch.store.sqlite_reader import SqliteReader
from switch_tools.terminal_engine import Result, Settled, StillOwed, VirtualTerminal
from switch_tools.terminal_link import LinkError
from switch_tools.terminal_wrong import Wrong, claim_wrongly
from tests.end_to_end.tills import CARDS, asked, till, usd
from tests.small_world import small_world

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Dialled, HostProcess

T = TypeVar("T")

KILLS = int(os.environ.get("ISOSWITCH_KILLS", "8")) // 2
SEED = int(os.environ.get("ISOSWITCH_SEED", "8583"))
DIALECTS = ("iso87-ascii", "hypercom", "iso93-ascii", "iso87-binary", "hypercom", "iso93-binary")
WITHOUT_UPLOAD = ("iso93-ascii", "iso93-binary")
RETRY_S = 0.05
SPREAD_S = 0.04  # a settlement takes about so long


@dataclass(slots=True)
class Shop:
    """A terminal that trades and settles until closing time; each second batch is wrong."""

    host: HostProcess
    dialect: str
    settling: trio.Event
    closing: trio.Event
    device: VirtualTerminal = field(init=False)
    settled: list[tuple[bool, Settled]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.device = till(self.host, self.dialect)

    async def run(self) -> None:
        """Batch after batch."""
        while not self.closing.is_set():
            await self._batch(wrong=len(self.settled) % 2 == 1)

    async def _batch(self, *, wrong: bool) -> None:
        first, second = await self._bought("10.00"), await self._bought("20.00")
        if wrong:
            amounts = [(second, usd("25.00"))]
            books = Wrong(
                forgotten=[first], amounts=amounts, extra=[usd("7.50")], card=CARDS["visa"]
            )
            claim_wrongly(self.device, books)
        self.settling.set()
        self.settled.append((wrong, await _insisted(self.device.settle)))

    async def _bought(self, amount: str) -> str:
        """The STAN of a purchase that is approved, however often it takes."""
        while True:
            outcome = await _insisted(lambda: self.device.purchase(CARDS["visa"], usd(amount)))
            if outcome.result is Result.APPROVED:
                return outcome.entry.stan

    async def repeat_the_last_close(self) -> None:
        """INV-51: it is answered as it was, and closes nothing more."""
        close = self.settled[-1][1].close
        again = await self.device.repeat(close.stan, Kind.RECONCILIATION)
        assert again.heard is not None
        assert close.answered is not None
        assert again.heard.code == close.answered.code
        await self.device.close()


async def _insisted(act: Callable[[], Awaitable[T]]) -> T:
    """Try until the switch is there again."""
    while True:
        try:
            return await act()
        except (LinkError, StillOwed):
            await trio.sleep(RETRY_S)


@pytest.mark.parametrize(
    "kills",
    [KILLS, pytest.param(8 * KILLS, marks=[pytest.mark.deep, pytest.mark.timeout(900)])],
    ids=["some", "many"],
)
async def test_a_switch_killed_during_settlements_settles_each_batch_once(
    make_host: Callable[..., HostProcess], kills: int
) -> None:
    """S-02, INV-50..52: SIGKILL at seeded moments of closes and uploads, under load. Terminals go
    on where they stood; each batch is closed once, an honest one at once in balance, a wrong one
    with its three differences; the books add up.
    """
    host = make_host()
    rng = random.Random(SEED)
    await trio.to_thread.run_sync(host.start)
    settling, closing = trio.Event(), trio.Event()
    shops = [Shop(host, dialect, settling, closing) for dialect in DIALECTS]
    async with trio.open_nursery() as nursery:
        for shop in shops:
            nursery.start_soon(shop.run)
        for _ in range(kills):
            settling = trio.Event()
            for shop in shops:
                shop.settling = settling
            await settling.wait()
            await trio.sleep(rng.uniform(0, SPREAD_S))
            await trio.to_thread.run_sync(host.kill)
            await trio.to_thread.run_sync(host.start)
        closing.set()
    for shop in shops:
        await shop.repeat_the_last_close()
    assert sum(len(shop.settled) for shop in shops) > kills
    assert (await trio.to_thread.run_sync(lambda: asked(host, "selfcheck")))["ok"]
    with SqliteReader(host.data / STORE_NAME) as reader:
        for shop in shops:
            _settled_once(shop, reader)


def _settled_once(shop: Shop, reader: SqliteReader) -> None:
    terminal = shop.device.identity.terminal_id
    batches = list(reader.find_all(Batch, terminal_id=terminal))
    assert [one.state for one in batches] == ["closed"] * len(shop.settled)
    for (wrong, settled), batch in zip(shop.settled, batches, strict=True):
        assert settled.closed
        assert settled.balanced is not wrong
        assert int(batch.number) == settled.batch
        found = sorted(one.classified for one in reader.find_all(Difference, batch=batch.id))
        assert found == (_expected(shop.dialect) if wrong else [])


def _expected(dialect: str) -> list[str]:
    if dialect in WITHOUT_UPLOAD:
        return ["totals_differ"]
    return ["amount_differs", "missing_at_host", "missing_at_terminal"]


SCRIPT = """
[[rule]]
name = "lost"
when = { amount = "10.00" }
then = { outcome = "card.lost" }
"""
RISK = """
[[risk]]
name = "dear"
check = "amount"
limit = "5.00"
reason = "card.stolen"
"""
RELOADS = 6


def test_no_request_sees_a_mixture_of_old_and_new_rules(
    make_host: Callable[..., HostProcess], dial: Callable[..., Dialled], tmp_path: Path
) -> None:
    """P-08: a scripted rule declines, or a risk rule does in its place; while the file changes to
    and fro under load, each purchase is declined by one of them, the one of its settings.
    """
    file = tmp_path / "shop.toml"
    file.write_text(small_world("1000.00") + SCRIPT)
    host = make_host("--config", str(file)).start()
    peers = [dial(host) for _ in range(4)]
    codes: set[str] = set()
    done = threading.Event()
    beat = threading.Semaphore(0)

    def load(number: int) -> None:
        peer, stan = peers[number], 1 + 100_000 * number
        while not done.is_set():
            peer.send(b"".join(peer.purchase(stan + n) for n in range(10)))
            for _ in range(10):
                answer = peer.receive()
                codes.add("nothing" if answer is None else answer["39"])
            stan += 10
            beat.release()

    threads = [threading.Thread(target=load, args=(number,)) for number in range(len(peers))]
    for thread in threads:
        thread.start()
    try:
        for turn in range(RELOADS):
            for _ in peers:
                assert beat.acquire(timeout=60)
            file.write_text(small_world("1000.00") + (SCRIPT if turn % 2 else RISK))
            host.signal(1)
            host.await_log("reload.done", turn + 1)
        for _ in range(2 * len(peers)):
            assert beat.acquire(timeout=60)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert codes == {"41", "43"}
    told = defaultdict(set)
    with SqliteReader(host.data / STORE_NAME) as reader:
        for one in reader.find_all(Transaction):
            told[one.settings_version].add(one.answer.reason)
    assert len(told) == RELOADS + 1
    by_turn = [told[version] for version in sorted(told)]
    assert by_turn == [{"card.stolen" if turn % 2 else "card.lost"} for turn in range(RELOADS + 1)]
