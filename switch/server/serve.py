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
from switch.keys.port import Vault, VaultError
from switch.model.copies import replace as replace_word
from switch.server import control
from switch.server.asking import SOCKET_NAME
from switch.server.binding import OpenPort, bind_all, close, listen
from switch.server.board import Board
from switch.server.clock import Clock, FreshNames, StepWatch
from switch.server.delays import Delays
from switch.server.desk import Desk
from switch.server.engine import Engine
from switch.server.key_desk import KeyDesk
from switch.server.listeners import Listeners
from switch.server.plan import Port, ServerPlan, StartRefusedError
from switch.server.ports import EventLog
from switch.server.pump import Pump
from switch.server.status import engine_status, port_status
from switch.server.world import seed
from switch.server.writer import Job, Writer
from switch.store.port import StoreBroken, StoreUnavailable, View

TICK_S: Final = 0.25
SWEEP_TICKS: Final = 4


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
        self._plan = plan = plan.armed(parts.vault)
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
            covers=plan.covers,
        )
        self.board.submit = self.engine.submit
        self.board.report = self.engine.report
        self.delays = Delays(parts.clock, self.board.play)
        self.board.later = self.delays.note
        self._reloading = trio.Lock()
        self._desk = Desk(self.engine, parts.vault, parts.view)
        self._keys = KeyDesk(
            self.engine,
            parts.vault,
            parts.view,
            parts.clock,
            parts.log,
            self._reloading,
            plan.officers,
        )
        self._listeners = Listeners(self.pump, self.board, parts.clock, parts.log)
        self._stop = trio.Event()
        self._hurry = trio.Event()
        self._started_ns = parts.clock.now().mono_ns
        self._steps = StepWatch(self._stepped)

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
            await nursery.start(self._signals)
            nursery.start_soon(self.engine.run)
            nursery.start_soon(self.pump.run)
            nursery.start_soon(self.delays.run)
            nursery.start_soon(self._tick)
            nursery.start_soon(control.serve, control_socket, self._command)
            self._listeners.open(opened, self._plan.limits.handshake_s, nursery)
            self._log.tell("serve.ready", settings_version=self._plan.settings.version)
            ready(self._listeners.ports)
            await self._stop.wait()
            finished = await self._drain()
            nursery.cancel_scope.cancel()
        return finished

    async def _seed(self) -> None:
        try:
            counts = await self._parts.writer.run(self._seeding(self._plan))
        except VaultError as failure:
            raise StartRefusedError(f"a configured key cannot be used: {failure}", 78) from None
        if any(counts.values()):
            self._log.tell("world.seeded", "info", **counts)

    def _seeding(self, plan: ServerPlan) -> Job[dict[str, int]]:
        """The writer's job that puts a plan's world into the store."""
        at_us = self._parts.clock.now().wall_us
        return partial(seed, world=plan.world, vault=self._parts.vault, at_us=at_us)

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
            **{name: partial(self._keys.answer, name, line, who) for name in self._keys.names},
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
            **port_status(self._listeners.ports),
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
            except (ConfigError, StartRefusedError, StoreUnavailable, VaultError) as failure:
                why = str(failure)
            except StoreBroken:
                raise
            except Exception as failure:
                why = self._defect(failure, "reload")["error"]
        self._log.tell("reload.refused", "error", who=who, why=why)
        return {"ok": False, "error": why}

    async def _take_up(self, who: str) -> dict[str, Any]:
        """Whatever can be refused comes first; from the store on nothing can."""
        plan = (await trio.to_thread.run_sync(self._parts.load)).armed(self._parts.vault)
        fresh = bind_all(self._listeners.lacking(plan.ports))
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
        self.engine.use(settings, plan.engine, plan.covers)
        self._keys.officers.hashes = plan.officers
        self.board.limit(plan.limits.connections, plan.limits.per_source)
        self.board.rescript({port.name: port.profile.scripting for port in plan.ports})
        added, removed, kept = self._listeners.replace(plan.ports, fresh, plan.limits.handshake_s)
        self._parts.reopen_log()
        said = {"settings_version": version, "added": added, "removed": removed, "kept": kept}
        self._log.tell("reload.done", "info", who=who, **said, **counts)
        return {"ok": True, **said}

    # -- down

    async def _drain(self) -> bool:
        """Finish what is in flight (P-01). Whether all of it was; a second signal cuts it short."""
        self._log.tell("serve.drain", in_flight=self.engine.in_flight)
        self._listeners.shut_all()
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
