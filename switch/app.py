"""The composition root: makes a running switch out of a configuration and a data folder.

Owns which adapters stand behind the ports, the data folder, and the exit codes. Decides nothing
else.

Exit codes: 0 stopped in order, 1 stopped with work unfinished, 65 the store or the master key is
refused, 69 a port is taken, 70 the store broke while running, 73 the data folder cannot be written,
75 the store is not available, 78 the configuration is refused.
"""

from __future__ import annotations

import errno
import gc
import os
import resource
import secrets
import ssl
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from switch import __version__
from switch.config import Config, demo_config, load_config
from switch.data_folder import LOG_NAME, MASTER_NAME, STORE_NAME, state_folder
from switch.keys.master import MasterKeyError, load_or_create
from switch.keys.memory import lock_memory, no_core_dumps
from switch.keys.port import VaultError
from switch.keys.vault import SoftwareVault
from switch.server.assemble import Assembler, Overrides
from switch.server.binding import reachable_as
from switch.server.clock import FreshNames, SystemClock
from switch.server.log import ServerLog, Sink
from switch.server.plan import Port, ServerPlan, StartRefusedError
from switch.server.serve import Parts, run_host
from switch.server.tls import server_context
from switch.server.writer import ThreadWriter
from switch.store.port import StoreBroken, StoreRefused, StoreUnavailable
from switch.store.sqlite import SqliteStore
from switch.store.sqlite_reader import SqliteReader

DESCRIPTORS_KEPT: Final = 64  # for store, log, control socket and whatever a library opens
GC_THRESHOLD: Final = 50_000  # fewer passes of the cycle collector over what lives long anyway

EXIT_UNFINISHED: Final = 1
EXIT_REFUSED: Final = 65
EXIT_BROKEN: Final = 70
EXIT_FOLDER: Final = 73
EXIT_UNAVAILABLE: Final = 75


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What the command line says."""

    config: Path | None = None
    data: Path | None = None
    bind: str = ""
    tls: bool = False
    log: str = ""
    port_base: int | None = None
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started:
    """What is told to the person who started it."""

    config: Config
    data: Path
    log: str
    ports: Sequence[tuple[Port, int]]
    as_root: bool
    authority: Path | None
    file: Path | None = None


def serve(options: ServeOptions, started: Callable[[Started], None]) -> int:
    """Run a switch until it is told to stop; returns the exit code.

    Raises ConfigError and StartRefusedError, with one sentence that says what to do.
    """
    config = _read(options)
    configured = config.folder / config.server.data if config.server.data else None
    data = options.data or configured or state_folder()
    _prepare_folder(data)
    descriptors = _raise_descriptor_limit()
    authority, context = _demo_tls(data, _hosts(options, config)) if options.tls else (None, None)
    assembler = Assembler(
        Overrides(options.bind, options.port_base, options.ports, context), descriptors
    )
    plan = assembler.plan(config)
    sink, log_name = _sink(options, config, data)
    log = ServerLog(sink, config.log.level)
    log.codes = plan.codes
    try:
        return _run(options, config, data, assembler, plan, log, log_name, authority, started)
    finally:
        sink.close()


def _run(
    options: ServeOptions,
    config: Config,
    data: Path,
    assembler: Assembler,
    plan: ServerPlan,
    log: ServerLog,
    log_name: str,
    authority: Path | None,
    started: Callable[[Started], None],
) -> int:
    as_root = os.geteuid() == 0
    no_core_dumps()
    locked = lock_memory()
    log.tell(
        "serve.start",
        version=__version__,
        data=str(data),
        config=config.name,
        memory_locked=locked,
    )
    if as_root:
        log.tell("serve.root", "warning")
    vault = _vault(data)
    writer = _writer(data, vault.check_value)
    seed = config.server.seed.encode() or secrets.token_bytes(32)
    latest = plan

    def load() -> ServerPlan:
        nonlocal latest
        latest = assembler.plan(_read(options))
        return latest

    def took_over() -> None:
        """The reload is through: the log goes by the new dialects, into a file of that name."""
        log.codes = latest.codes
        log.sink.reopen()

    parts = Parts(
        writer=writer,
        vault=vault,
        log=log,
        clock=SystemClock(),
        names=FreshNames(seed),
        data=data,
        view=partial(SqliteReader, data / STORE_NAME),
        load=load,
        reopen_log=took_over,
        log_lines_lost=lambda: log.sink.dropped,
    )

    def ready(ports: Sequence[tuple[Port, int]]) -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 20)
        started(Started(config, data, log_name, ports, as_root, authority, options.config))

    try:
        with closing(vault), closing(writer):
            return run_host(parts, plan, ready)
    except StoreBroken as broken:
        log.tell("store.broken", "critical", why=str(broken))
        raise StartRefusedError(str(broken), EXIT_BROKEN) from None
    except StoreUnavailable as failure:
        raise StartRefusedError(str(failure), EXIT_UNAVAILABLE) from None


def _read(options: ServeOptions) -> Config:
    return demo_config() if options.config is None else load_config(options.config)


def _prepare_folder(data: Path) -> None:
    """Make the data folder, for its owner alone; one that is there already is left as it is, unless
    anybody may put files into it (SR-GEN-04)."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = data.stat().st_mode
    except OSError as failure:
        said = f"{data}: cannot be made: {failure.strerror}; choose another folder with --data"
        raise StartRefusedError(said, EXIT_FOLDER) from None
    if mode & stat.S_IWOTH:
        said = f"{data}: everybody may write into it: run chmod o-w on it, or choose another folder"
        raise StartRefusedError(f"{said} with --data", EXIT_FOLDER)
    _try_writing(data)


def _try_writing(data: Path) -> None:
    """Whether files can be made there: only trying tells, of a disk mounted read-only too."""
    try:
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as failure:
        if failure.errno in (errno.ENOSPC, errno.EDQUOT):
            return  # the store says better what a full disk means
        said = f"{data}: the data folder cannot be written: {failure.strerror}; choose another"
        raise StartRefusedError(f"{said} with --data", EXIT_FOLDER) from None


def _raise_descriptor_limit() -> int:
    """Take all descriptors that we may have; returns how many are for peers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, soft - DESCRIPTORS_KEPT) if soft != resource.RLIM_INFINITY else 1_000_000


def _sink(options: ServeOptions, config: Config, data: Path) -> tuple[Sink, str]:
    name = options.log or config.log.file
    if name == "-":
        return Sink(None, config.log.queue), "standard output"
    from_config = config.folder / name if name else data / LOG_NAME
    path = Path(options.log) if options.log else from_config
    try:
        return Sink(path, config.log.queue), str(path)
    except OSError as failure:
        said = f"{path}: the log cannot be written: {failure.strerror}; choose another with --log"
        raise StartRefusedError(said, EXIT_FOLDER) from None


def _vault(data: Path) -> SoftwareVault:
    may_create = not (data / STORE_NAME).exists()
    try:
        master = load_or_create(data / MASTER_NAME, may_create=may_create)
    except MasterKeyError as failure:
        raise StartRefusedError(str(failure), EXIT_REFUSED) from None
    vault = SoftwareVault(master, os.urandom)
    master.wipe()
    return vault


def _writer(data: Path, key_check: str) -> ThreadWriter:
    """The store in its thread; one that another master key sealed is refused (SR-KEY-12)."""
    path = data / STORE_NAME
    try:
        return ThreadWriter(lambda: SqliteStore(path, key_check=key_check))
    except StoreRefused as failure:
        raise StartRefusedError(str(failure), EXIT_REFUSED) from None
    except StoreUnavailable as failure:
        raise StartRefusedError(str(failure), EXIT_UNAVAILABLE) from None


def _hosts(options: ServeOptions, config: Config) -> tuple[str, ...]:
    """Under which names terminals may reach the listeners."""
    bound = [options.bind] if options.bind else [item.host for item in config.listener]
    return tuple(dict.fromkeys(name for host in bound for name in reachable_as(host)))


def _demo_tls(data: Path, hosts: Sequence[str]) -> tuple[Path, ssl.SSLContext]:
    """The certificate of the demo authority, made on first use; terminals get the authority."""
    from switch.keys.demo_ca import demo_certificate  # rarely wanted, and slow to import

    try:
        files = demo_certificate(data / "tls", hosts)
    except VaultError as failure:
        raise StartRefusedError(str(failure), EXIT_REFUSED) from None
    return files.authority, server_context(files.certificate, files.key, None)
