"""The running switch: recovery, ports, engine, timers, signals, reload and drain, in one nursery.

Owns the order in which things come up and go down, and what is put into force at a reload. Refuses
to read configuration files itself: the composition root hands in ready plans.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from switch.errors import ConfigError
from switch.keys.port import Vault
from switch.model.copies import replace as replace_word
from switch.server import control
from switch.server.asking import SOCKET_NAME
from switch.server.binding import OpenPort, bind_all, close, is_loopback, listen
from switch.server.board import Board
from switch.server.clock import Clock, FreshNames, StepWatch
from switch.server.delays import Delays
from switch.server.desk import Desk
from switch.server.engine import Engine
from switch.server.plan import Port, ServerPlan, StartRefusedError
from switch.server.ports import EventLog
from switch.server.pump import PlainListener, Pump
from switch.server.status import engine_status, port_status
from switch.server.tls import TlsListener
from switch.server.world import seed
from switch.server.writer import Job, Writer
from switch.store.port import StoreBroken, StoreUnavailable, View

TICK_S: Final = 0.25
SWEEP_TICKS: Final = 4

Address = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the composition root made."""

    writer: Writer
    vault: Vault
    log: EventLog
    clock: Clock
    names: FreshNames
    data: Path
    view: Callable[[], View]  # a second look at the store that the writer keeps
    load: Callable[[], ServerPlan]  # reads and checks the configuration anew; raises ConfigError
    reopen_log: Callable[[], None]
    log_lines_lost: Callable[[], int]


class Host:
    """One switch."""

    def __init__(self, parts: Parts, plan: ServerPlan) -> None:
        self._parts = parts
        self._plan = plan
        self._log = parts.log
        limits = plan.limits
        self.board = Board(parts.clock, parts.log, limits.connections, limits.per_source)
        self.pump = Pump(self.board, parts.clock, parts.log)
        self.engine = Engine(
            writer=parts.writer,
            vault=parts.vault,
            settings=plan.settings_with(parts.vault.token),
            outlet=self.board,
            log=parts.log,
            clock=parts.clock,
            names=parts.names,
            limits=plan.engine,
        )
        self.board.submit = self.engine.submit
        self.board.report = self.engine.report
        self.delays = Delays(parts.clock, self.board.play)
        self.board.later = self.delays.note
        self._desk = Desk(self.engine, parts.vault, parts.view)
        self._open: dict[Address, OpenPort] = {}
        self._reloading = trio.Lock()
        self._stop = trio.Event()
        self._hurry = trio.Event()
        self._started_ns = parts.clock.now().mono_ns
        self._steps = StepWatch(self._stepped)
        self._nursery: trio.Nursery | None = None

    # -- up

    async def run(self, ready: Callable[[Sequence[tuple[Port, int]]], None]) -> int:
        """Serve until told to stop; ``ready`` hears which ports are open. Returns the exit code.

        Raises StartRefusedError, StoreUnavailable, StoreBroken.
        """
        with ExitStack() as stack:
            stack.callback(self.pump.close)
            opened = bind_all(self._plan.ports)
            stack.callback(close, opened)
            control_socket = stack.enter_context(self._control_socket())
            await self._seed()
            counts = await self.engine.recover()
            self._log.tell("recovery", "info", **counts)
            listen(opened)
            finished = await self._serve(opened, control_socket, ready)
        code = 0 if finished else 1
        self._log.tell("serve.stop", code=code, decided=self.engine.decided)
        return code

    @contextmanager
    def _control_socket(self) -> Iterator[socket.socket]:
        """The control socket, gone afterwards."""
        try:
            sock = control.bind(self._parts.data)
        except OSError as failure:
            raise StartRefusedError(
                f"{self._parts.data}: the control socket cannot be made: {failure.strerror}"
            ) from None
        try:
            yield sock
        finally:
            sock.close()
            (self._parts.data / SOCKET_NAME).unlink(missing_ok=True)

    async def _serve(
        self,
        opened: Sequence[OpenPort],
        control_socket: socket.socket,
        ready: Callable[[Sequence[tuple[Port, int]]], None],
    ) -> bool:
        """From ready to the last answer; whether nothing was left unfinished."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            await nursery.start(self._signals)
            nursery.start_soon(self.engine.run)
            nursery.start_soon(self.pump.run)
            nursery.start_soon(self.delays.run)
            nursery.start_soon(self._tick)
            nursery.start_soon(control.serve, control_socket, self._command)
            for item in opened:
                self._start(item)
            self._log.tell("serve.ready", settings_version=self._plan.settings.version)
            ready(self.ports)
            await self._stop.wait()
            finished = await self._drain()
            nursery.cancel_scope.cancel()
        return finished

    @property
    def ports(self) -> list[tuple[Port, int]]:
        """Open listeners with the port numbers that they are bound to."""
        return [(item.port, item.bound) for item in self._open.values()]

    async def _seed(self) -> None:
        counts = await self._parts.writer.run(self._seeding(self._plan))
        if any(counts.values()):
            self._log.tell("world.seeded", "info", **counts)

    def _seeding(self, plan: ServerPlan) -> Job[dict[str, int]]:
        """The writer's job that puts a plan's world into the store."""
        at_us = self._parts.clock.now().wall_us
        return partial(seed, world=plan.world, vault=self._parts.vault, at_us=at_us)

    def _start(self, item: OpenPort) -> None:
        """Serve a socket that listens."""
        port = item.port
        if port.tls is None:
            item.plain = PlainListener(port.name, item.sock, port.profile)
            self.pump.listen(item.plain)
            if not is_loopback(port.host):
                self._log.tell("serve.plain", "warning", listener=port.name, host=port.host)
        else:
            assert self._nursery is not None
            handshake_s = self._plan.limits.handshake_s
            item.tls = TlsListener(port.name, item.sock, port.profile, port.tls, handshake_s)
            self._nursery.start_soon(
                item.tls.run, self._nursery, self.board, self._parts.clock, self._log
            )
        self._open[port.address] = item
        self._log.tell(
            "listener.open",
            name=port.name,
            host=port.host,
            port=item.bound,
            dialect=port.dialect,
            framing=port.framing,
            tls=port.tls is not None,
        )

    def _shut(self, address: Address) -> None:
        item = self._open.pop(address)
        if item.plain is not None:
            self.pump.unlisten(item.plain)
        if item.tls is not None:
            item.tls.close()
        self._log.tell("listener.close", name=item.port.name, port=item.bound)

    # -- while it runs

    async def _signals(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        with trio.open_signal_receiver(*wanted) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP:
                    await self._reload("SIGHUP")
                else:
                    self._request_stop()

    def _request_stop(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    async def _tick(self) -> None:
        """What happens a few times a second: timers, deadlines, the wall clock."""
        ticks = 0
        while True:
            await trio.sleep(TICK_S)
            now = self._parts.clock.now()
            self._steps.look(now)
            self.engine.tick(now)
            ticks += 1
            if ticks % SWEEP_TICKS == 0:
                self.board.sweep()
                self.pump.tick()

    def _stepped(self, step_us: int) -> None:
        self._log.tell("clock.step", "warning", seconds=round(step_us / 1e6, 3))

    async def _command(self, line: dict[str, Any], who: str) -> dict[str, Any]:
        name = line.get("command")
        answers: dict[object, Callable[[], Awaitable[dict[str, Any]]]] = {
            "status": self._status,
            "reload": partial(self._reload, "control"),
            "stop": self._stop_command,
            **{name: partial(self._desk.answer, name, line, who) for name in self._desk.names},
        }
        answer = answers.get(name) if isinstance(name, str) else None
        if answer is None:
            return {
                "ok": False,
                "error": f"unknown command; there are {', '.join(map(str, answers))}",
            }
        self._log.tell("control.command", command=name, who=who)
        try:
            return await answer()
        except StoreBroken:
            raise
        except Exception as failure:
            return self._defect(failure, "command")

    def _defect(self, failure: Exception, stage: str) -> dict[str, Any]:
        """What is said of a command that met a bug of ours: it costs the command alone (P-12)."""
        self._log.bug("internal.error", failure, stage=stage)
        why = f"a defect of isoswitch: {type(failure).__name__}; the log says where"
        return {"ok": False, "error": why}

    async def _status(self) -> dict[str, Any]:
        up_ns = self._parts.clock.now().mono_ns - self._started_ns
        return {
            "ok": True,
            "health": "degraded" if self.engine.trouble else "ok",
            "log_lines_lost": self._parts.log_lines_lost(),
            "pid": os.getpid(),
            "data": str(self._parts.data),
            "up_s": up_ns // 1_000_000_000,
            "connections": len(self.board.connections),
            **engine_status(self.engine),
            **port_status(self.ports),
        }

    async def _stop_command(self) -> dict[str, Any]:
        self._request_stop()
        return {"ok": True, "said": "stopping"}

    # -- reload: whole or not at all (P-07)

    async def _reload(self, who: str) -> dict[str, Any]:
        """One at a time. A refusal leaves everything as it was; so does a defect of ours."""
        async with self._reloading:
            try:
                return await self._take_up(who)
            except (ConfigError, StartRefusedError, StoreUnavailable) as failure:
                why = str(failure)
            except StoreBroken:
                raise
            except Exception as failure:
                why = self._defect(failure, "reload")["error"]
        self._log.tell("reload.refused", "error", who=who, why=why)
        return {"ok": False, "error": why}

    async def _take_up(self, who: str) -> dict[str, Any]:
        """Whatever can be refused comes first; from the store on nothing can."""
        plan = await trio.to_thread.run_sync(self._parts.load)
        fresh = bind_all(port for port in plan.ports if port.address not in self._open)
        listen(fresh)
        try:
            counts = await self.engine.between(self._seeding(plan))
        except BaseException:
            close(fresh)
            raise
        version = self.engine.settings.version + 1
        settings = plan.settings_with(self._parts.vault.token)
        settings = replace_word(settings, version=version)
        self._plan = plan = replace(plan, settings=settings)
        self.engine.use(settings, plan.engine)
        self.board.limit(plan.limits.connections, plan.limits.per_source)
        self.board.rescript({port.name: port.profile.scripting for port in plan.ports})
        added, removed, kept = self._replace_listeners(plan, fresh)
        self._parts.reopen_log()
        said = {"settings_version": version, "added": added, "removed": removed, "kept": kept}
        self._log.tell("reload.done", "info", who=who, **said, **counts)
        return {"ok": True, **said}

    def _replace_listeners(
        self, plan: ServerPlan, fresh: Sequence[OpenPort]
    ) -> tuple[list[str], list[str], list[str]]:
        """Names of the listeners added, removed and kept. Connections live on whatever happens to
        their listener."""
        wanted = {port.address: port for port in plan.ports}
        removed = [address for address in self._open if address not in wanted]
        names = [self._open[address].port.name for address in removed]
        for address in removed:
            self._shut(address)
        kept = list(self._open)
        for address in kept:
            self._renew(self._open[address], wanted[address])
        for item in fresh:
            self._start(item)
        return (
            [item.port.name for item in fresh],
            names,
            [wanted[address].name for address in kept],
        )

    def _renew(self, item: OpenPort, port: Port) -> None:
        """New connections of a kept listener get the new profile."""
        if (item.port.tls is None) != (port.tls is None):
            successor = OpenPort(port, item.sock.dup(), item.bound)
            self._shut(port.address)
            self._start(successor)
            return
        item.port = port
        if item.plain is not None:
            item.plain.profile = port.profile
        if item.tls is not None and port.tls is not None:
            item.tls.profile, item.tls.context = port.profile, port.tls

    # -- down

    async def _drain(self) -> bool:
        """Finish what is in flight (P-01). Whether all of it was; a second signal cuts it short."""
        self._log.tell("serve.drain", in_flight=self.engine.in_flight)
        for address in list(self._open):
            self._shut(address)
        for connection in list(self.board.connections.values()):
            connection.session.drain()
            connection.push()
        with trio.move_on_after(self._plan.limits.drain_s):
            while not self._hurry.is_set() and not (self.engine.idle and not self.board.busy):
                self.engine.tick(self._parts.clock.now())
                await trio.sleep(0.01)
        finished = self.engine.idle and not self.board.busy
        for connection in list(self.board.connections.values()):
            connection.close("drained")
        return finished


def run_host(
    parts: Parts, plan: ServerPlan, ready: Callable[[Sequence[tuple[Port, int]]], None]
) -> int:
    """Run a switch to its end; the exit code.

    Raises StartRefusedError, StoreUnavailable (it could not start) or StoreBroken (it must not go
    on).
    """
    try:
        return trio.run(Host(parts, plan).run, ready)
    except* StoreBroken as broken:
        failure: StoreBroken | StoreUnavailable = StoreBroken(_first(broken))
    except* StoreUnavailable as unavailable:
        failure = StoreUnavailable(_first(unavailable))
    raise failure


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    """What the first exception of a group says."""
    failure: BaseException = group
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return str(failure)
