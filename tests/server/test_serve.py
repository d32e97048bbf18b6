"""switch.server.serve: what comes up in which order, the clock, and reloads that are refused."""

from __future__ import annotations

import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
import trio

from switch.config import parse_config
from switch.model.events import Moment
from switch.model.records import Card
from switch.server.asking import ask
from switch.server.assemble import Assembler, Overrides
from switch.server.clock import FreshNames
from switch.server.plan import ServerPlan
from switch.server.serve import Host, Parts
from switch.server.writer import Job
from switch.store.port import Change, Store, StoreUnavailable
from tests.memory_view import MemoryView
from tests.server_room import FaultyStore, Outside, fake_vault

T = TypeVar("T")
SHOP = """\
[[listener]]
name = "shop"
port = 0
dialect = "iso87-ascii"

[[merchant]]
id = "SHOP"
"""
SECOND = '[[listener]]\nname = "second"\nport = 0\ndialect = "iso87-ascii-bb"\n'


def planned(text: str) -> ServerPlan:
    """The plan of a configuration."""
    return Assembler(Overrides(), 100).plan(parse_config(text, "shop.toml"))


class Wall:
    """Clocks of the system, of which a test can step the one on the wall."""

    def __init__(self) -> None:
        self.step_us = 0

    def now(self) -> Moment:
        """The present moment."""
        mono_ns = time.monotonic_ns()
        return Moment(1_795_000_000_000_000 + mono_ns // 1000 + self.step_us, mono_ns)


class GatedWriter:
    """Inline, but each job waits until the gate is open."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.gate = trio.Event()
        self.jobs = 0

    async def run(self, job: Job[T]) -> T:
        """When the gate is open."""
        self.jobs += 1
        await self.gate.wait()
        return job(self.store)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Stage:
    """A host in this process, and what a test needs around it."""

    folder: Path
    plan: ServerPlan
    store: FaultyStore = field(default_factory=FaultyStore)
    clock: Wall = field(default_factory=Wall)
    loads: Callable[[], ServerPlan] = lambda: planned(SHOP)
    ports: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outside = Outside(self.store)
        self.writer = GatedWriter(self.store)
        self.up = trio.Event()
        self.host = Host(
            Parts(
                writer=self.writer,
                vault=fake_vault(),
                log=self.outside,
                clock=self.clock,
                names=FreshNames(b"seed"),
                data=self.folder,
                view=lambda: MemoryView(self.store.inner),
                load=self._load,
                reopen_log=lambda: None,
                log_lines_lost=lambda: 0,
            ),
            self.plan,
        )

    def _load(self) -> ServerPlan:
        return self.loads()

    def ready(self, ports: Any) -> None:
        """Called by the host when its ports are open."""
        self.ports = [bound for _, bound in ports]
        self.up.set()

    async def command(self, name: str) -> dict[str, Any]:
        """A command over the control socket."""
        return await trio.to_thread.run_sync(ask, self.folder, name)

    async def play(self, act: Callable[[], Awaitable[None]]) -> int:
        """Run the host, act when it is up, stop it; its exit code."""
        codes: list[int] = []

        async def run() -> None:
            codes.append(await self.host.run(self.ready))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            self.writer.gate.set()
            await self.up.wait()
            await act()
            assert (await self.command("stop"))["ok"]
        return codes[0]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A host with one listener."""
    return Stage(tmp_path, planned(SHOP))


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens by itself; the test's own limit is the deadline."""
    for _ in range(2_000):
        if condition():
            return
        await trio.sleep(0.01)
    pytest.fail("it never happened")


ORDER = ["recovery", "listener.open", "serve.ready", "serve.drain", "listener.close", "serve.stop"]


async def test_what_comes_up_and_goes_down_in_which_order(stage: Stage) -> None:
    """P-04, P-01: ready is said when recovery is done and the ports are open, not before."""

    async def visit() -> None:
        socket.create_connection(("127.0.0.1", stage.ports[0]), timeout=5).close()

    assert await stage.play(visit) == 0
    assert [name for name in stage.outside.told if name in ORDER] == ORDER


async def test_nobody_gets_in_while_recovery_is_under_way(tmp_path: Path) -> None:
    """P-04: a connection is refused, not left waiting."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    stage = Stage(tmp_path, planned(SHOP.replace("port = 0", f"port = {port}")))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.host.run, stage.ready)
        await until(lambda: stage.writer.jobs)
        assert not stage.up.is_set()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        stage.writer.gate.set()
        await stage.up.wait()
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        assert (await stage.command("stop"))["ok"]


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_step_of_the_wall_clock_is_told_and_ends_nothing(stage: Stage, hours: int) -> None:
    """P-05, INV-80: forward and back; connections live on, deadlines follow the other clock."""

    async def step() -> None:
        with socket.create_connection(("127.0.0.1", stage.ports[0]), timeout=5) as peer:
            peer.sendall(b"\x00")  # the beginning of a frame has a deadline of ten seconds
            await until(lambda: stage.host.board.connections)
            await trio.sleep(0.6)  # two looks at the clock
            stage.clock.step_us += hours * 3_600_000_000
            await until(lambda: "clock.step" in stage.outside.told)
            await trio.sleep(1.2)  # a sweep
            assert len(stage.host.board.connections) == 1
            assert "frame.slow" not in stage.outside.told

    assert await stage.play(step) == 0


async def test_a_reload_that_cannot_be_stored_changes_nothing(stage: Stage) -> None:
    """P-07, S-05: the old configuration is wholly in force, no new port is open."""
    stage.loads = lambda: planned(SHOP + SECOND)

    async def reload() -> None:
        stage.store.mute = True
        answer = await stage.command("reload")
        assert (answer["ok"], answer["error"]) == (False, "mute")
        stage.store.mute = False
        status = await stage.command("status")
        assert status["settings_version"] == 1
        assert [item["name"] for item in status["listeners"]] == ["shop"]
        assert (await stage.command("reload"))["added"] == ["second"]

    assert await stage.play(reload) == 0
    assert stage.outside.told.count("reload.refused") == 1


async def test_a_defect_in_a_reload_costs_the_reload(stage: Stage) -> None:
    """P-12: the trace is in the log, the switch runs."""

    def broken() -> ServerPlan:
        raise RuntimeError("planted")

    stage.loads = broken

    async def reload() -> None:
        answer = await stage.command("reload")
        assert not answer["ok"]
        assert "defect" in answer["error"]
        assert (await stage.command("status"))["health"] == "ok"

    assert await stage.play(reload) == 0
    assert "internal.error planted" in stage.outside.told


@pytest.mark.parametrize("command", [[], {}, None, 1, "", "dance"])
async def test_a_command_that_is_none_is_refused(stage: Stage, command: object) -> None:
    """Whatever JSON comes over the control socket, the switch goes on."""

    async def say() -> None:
        said = partial(ask, stage.folder, cast(str, command))
        answer = await trio.to_thread.run_sync(said)
        assert not answer["ok"]
        assert (await stage.command("status"))["ok"]

    assert await stage.play(say) == 0


async def test_a_defect_in_a_command_costs_the_command(stage: Stage) -> None:
    """P-12: a card whose seal cannot be opened, for one: the switch goes on serving."""
    card = Card(id="token", pan_sealed="sealed", account="account", currency="840")
    stage.store.inner.append([Change("x", 1, (card,))])

    async def look() -> None:
        answer = await stage.command("cards.list")
        assert not answer["ok"]
        assert "defect" in answer["error"]
        assert (await stage.command("status"))["ok"]

    assert await stage.play(look) == 0
    assert "internal.error a decision opens no seal" in stage.outside.told


async def test_plain_text_from_other_hosts_is_a_warning_of_health(tmp_path: Path) -> None:
    """SR-NET-03: at the start and as long as it is so."""
    text = SHOP.replace("port = 0", 'host = "0.0.0.0"\nport = 0')
    stage = Stage(tmp_path, planned(text))

    async def look() -> None:
        warnings = (await stage.command("status"))["warnings"]
        assert warnings == ["listener shop takes plain text from other hosts"]

    assert await stage.play(look) == 0
    assert "serve.plain" in stage.outside.told


async def test_two_reloads_at_once_come_one_after_the_other(stage: Stage) -> None:
    """The second finds what the first has put into force."""
    stage.loads = lambda: planned(SHOP + SECOND)
    answers: list[dict[str, Any]] = []

    async def one() -> None:
        answers.append(await stage.command("reload"))

    async def both() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one)
            nursery.start_soon(one)

    assert await stage.play(both) == 0
    assert sorted(answer["added"] for answer in answers) == [[], ["second"]]
    assert sorted(answer["settings_version"] for answer in answers) == [2, 3]


async def test_a_start_that_cannot_be_recovered_is_refused(stage: Stage) -> None:
    """P-04: no port opens over transactions in doubt."""
    stage.store.mute = True
    stage.writer.gate.set()
    with pytest.raises(StoreUnavailable):
        await stage.host.run(stage.ready)
    assert not stage.up.is_set()
    assert "listener.open" not in stage.outside.told
