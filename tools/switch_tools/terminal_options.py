"""Options of the ``isoswitch terminal`` commands, and the terminal that they add up to.

Owns names, defaults and helps of options. Refuses to know what a terminal then does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from switch.keys.master import load_or_create
from switch.keys.vault import SoftwareVault
from switch.wire.dialect import load_dialect
from switch.wire.framing import Framing
from switch_tools.terminal_chip import ChipReader
from switch_tools.terminal_engine import Patience, VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_keys import KeyRing
from switch_tools.terminal_link import Address, client_context, dial
from switch_tools.terminal_messages import Messages
from switch_tools.terminal_model import Identity
from switch_tools.terminal_place import Place, find_place
from switch_tools.terminal_security import SCHEMES, Guard, Manner
from switch_tools.terminal_trace import tracer
from switch_tools.terminal_wallet import Wallet

KEY_NAME: Final = "terminal.key"

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says about terminal and host; empty texts mean those of the file, or of
    the demo world."""

    config: Path | None
    to: str
    dialect: str
    framing: str
    terminal_id: str
    merchant_id: str
    timeout: float
    reversal_timeout: float
    reversal_tries: int
    state: Path | None
    tls: bool
    ca: Path | None
    cert: Path | None
    key: Path | None
    as_json: bool
    copy: str
    trace: bool
    secure: str | None
    mac: bool | None
    mac_scheme: str
    wallet: Path | None


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS: Final = (
    click.option(
        "--config",
        type=_FILE,
        help="Host, terminal, merchant and cards of this configuration, not the demo world's.",
    ),
    click.option(
        "--to",
        default="",
        metavar="HOST:PORT",
        help="The host [the dialect's first listener].",
    ),
    click.option(
        "--dialect",
        default="",
        metavar="NAME",
        help="Dialect, or a dialect file [the first listener's: iso87-ascii in the demo world].",
    ),
    click.option(
        "--framing",
        default="",
        metavar="TEXT",
        help="Framing, such as 'ascii-4 inclusive' [the listener's].",
    ),
    click.option(
        "--terminal-id", default="", help="Terminal id [of the world, one for each listener]."
    ),
    click.option("--merchant-id", default="", help="Card acceptor id [of the terminal]."),
    click.option(
        "--timeout",
        type=click.FloatRange(0, 3600),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="Waits so long for an answer, then reverses.",
    ),
    click.option(
        "--reversal-timeout",
        type=click.FloatRange(0, 3600),
        default=10.0,
        show_default=True,
        metavar="SECONDS",
        help="Waits so long for a reversal's answer, then repeats it.",
    ),
    click.option(
        "--reversal-tries",
        type=click.IntRange(1, 1000),
        default=5,
        show_default=True,
        help="Sends a reversal so often; then it is owed to the next command.",
    ),
    click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Folder of STAN counter and journal [in the user's state directory].",
    ),
    click.option("--tls", is_flag=True, help="Speak TLS."),
    click.option("--ca", type=_FILE, help="Authority of the host's certificate; implies --tls."),
    click.option("--cert", type=_FILE, help="Certificate of this terminal; implies --tls."),
    click.option("--key", type=_FILE, help="Key of that certificate."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    click.option(
        "--copy",
        type=click.Choice(["merchant", "customer", "both"]),
        default="merchant",
        show_default=True,
        help="Which copy of the receipt.",
    ),
    click.option("--trace", is_flag=True, help="Explain both messages, on standard error."),
    click.option(
        "--secure",
        type=click.Choice(SCHEMES),
        help="Which keys secure PIN and MAC [those that were injected: DUKPT before a session].",
    ),
    click.option(
        "--mac/--no-mac", default=None, help="Whether messages bear a MAC [where the dialect says]."
    ),
    click.option(
        "--mac-scheme",
        default="",
        metavar="NAME",
        help="How MACs are made, such as x9.19/2 [as the dialect says].",
    ),
    click.option(
        "--wallet",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Folder of the chip cards' counters [--state, else one for all terminals].",
    ),
)


def terminal_options(command: Command) -> Command:
    """Add the options that all commands share; the command gets them as one ``Options``."""

    def gathered(**values: Any) -> Any:
        ours = {name: values.pop(name) for name in Options.__dataclass_fields__}
        return command(Options(**ours), **values)

    gathered.__doc__ = command.__doc__
    gathered.__name__ = command.__name__
    wrapped: Command = gathered
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def place_of(options: Options) -> Place:
    """Where the terminal stands. Raises ConfigError."""
    return find_place(options.config, options.dialect, options.terminal_id)


def build(options: Options) -> VirtualTerminal:
    """The terminal that the options describe, its journal open. Raises ConfigError, JournalError,
    UsageError."""
    place = place_of(options)
    dialect = load_dialect(place.dialect)
    if dialect.reading_only:
        raise click.UsageError(f"the dialect {dialect.name} is for reading only")
    named = options.framing or place.framing
    framing = Framing.parse(named) if named else dialect.framing
    identity = Identity(place.terminal_id, options.merchant_id or place.merchant_id)
    address = _address(options, place)
    folder = options.state or state_folder() / f"{dialect.name}-{identity.terminal_id}"
    journal = Journal(folder)
    try:
        master = load_or_create(folder / KEY_NAME)
        keys = KeyRing(folder, master)
        manner = Manner(
            secure=options.secure or "",
            mac=options.mac,
            scheme=options.mac_scheme or place.mac_scheme,
        )
        messages = Messages(dialect, Guard(dialect, keys, manner))
        messages.check(identity)
        vault = SoftwareVault(master, os.urandom)
        return VirtualTerminal(
            identity,
            messages,
            journal,
            vault,
            partial(dial, address, framing),
            patience=Patience(
                answer_s=options.timeout,
                reversal_s=options.reversal_timeout,
                reversal_tries=options.reversal_tries,
            ),
            watch=tracer(dialect) if options.trace else None,
            chips=ChipReader(Wallet(options.wallet or options.state or state_folder())),
            keys=keys,
        )
    except BaseException:
        journal.close()
        raise


def _address(options: Options, place: Place) -> Address:
    host, colon, port = (options.to or f"{place.host}:{place.port}").rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter("write HOST:PORT, such as 127.0.0.1:8583", param_hint="--to")
    if options.key is not None and options.cert is None:
        raise click.BadParameter("a key needs its certificate: --cert", param_hint="--key")
    secure = options.tls or options.ca is not None or options.cert is not None
    context = client_context(options.ca, options.cert, options.key) if secure else None
    return Address(host.removeprefix("[").removesuffix("]"), int(port), context)


def state_folder() -> Path:
    """Where terminals keep their journals when nobody says otherwise (XDG base directories)."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "isoswitch" / "terminals"
