"""``isoswitch serve``: options in, a running switch, and a few lines that say what listens where
and what to try.

Owns words on standard error. Everything else is the composition root's.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from shlex import quote
from shutil import which

import click

from switch import __version__, app
from switch.cli import NOTICE
from switch.server.binding import EVERYWHERE, is_loopback


def _ports(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    ports = {}
    for value in values:
        name, equals, number = value.partition("=")
        if not equals or not number.isascii() or not number.isdigit() or int(number) > 65_535:
            raise click.BadParameter(f"{value!r}: write NAME=NUMBER, such as iso87-ascii=9583")
        ports[name] = int(number)
    return ports


@click.command(
    epilog="Examples: isoswitch serve   |   isoswitch serve --config shop.toml --data ./data"
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Configuration file; without it, the embedded demo world runs.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of store, keys, log and control socket [the user's state directory].",
)
@click.option("--bind", default="", metavar="HOST", help="Host of all listeners, such as 0.0.0.0.")
@click.option("--tls", is_flag=True, help="Listeners speak TLS, with a demo certificate authority.")
@click.option("--log", default="", metavar="FILE", help='File of the log, "-" for standard output.')
@click.option(
    "--port-base",
    type=click.IntRange(0, 65_000),
    help="Listeners get this port and the ones after it; 0: any free ports.",
)
@click.option(
    "--port",
    "ports",
    multiple=True,
    metavar="NAME=N",
    callback=_ports,
    help="Port of one listener; may be repeated.",
)
@click.pass_context
def serve(
    ctx: click.Context,
    config: Path | None,
    data: Path | None,
    bind: str,
    tls: bool,
    log: str,
    port_base: int | None,
    ports: dict[str, int],
) -> None:
    """Run a switch. Without a configuration file: a demo world with one listener per shipped
    dialect."""
    options = app.ServeOptions(config, data, bind, tls, log, port_base, ports)
    ctx.exit(app.serve(options, _banner))


def _banner(started: app.Started) -> None:
    lines = [f"isoswitch {__version__}", *NOTICE.split("\n"), ""]
    lines += [f"data    {started.data}", f"log     {started.log}"]
    if started.authority is not None:
        lines.append(f"tls     demo authority for terminals: {started.authority}")
    lines.append("listening")
    width = max((len(port.name) for port, _ in started.ports), default=0)
    for port, bound in started.ports:
        kind = "tls" if port.tls is not None else "tcp"
        address = f"{port.host}:{bound}"
        lines.append(f"  {address:<21} {kind}  {port.name:<{width}}  {port.title} [{port.framing}]")
    lines += _warnings(started) + _to_try(started)
    click.echo("\n".join(lines), err=True)


def _warnings(started: app.Started) -> list[str]:
    said = []
    if not started.ports:
        said.append("warning: nothing listens: the configuration has no [[listener]]")
    plain = [port.host for port, _ in started.ports if port.tls is None]
    if any(not is_loopback(host) for host in plain):
        said.append("warning: plain text from other hosts is accepted; --tls encrypts it")
    if started.as_root:
        said.append("warning: running as root; no privilege is needed")
    return said


def _to_try(started: app.Started) -> list[str]:
    if not (started.ports and started.config.terminal):
        return ["stop with Ctrl-C"]
    said = ["try, in another window"]
    said += [f"  {command_name()} {words}" for words in _commands(started)]
    if started.authority is None and started.ports[0][0].tls is not None:
        said.append("  (with --ca FILE, and --cert FILE --key FILE if clients must show one)")
    return [*said, "stop with Ctrl-C"]


def _commands(started: app.Started) -> list[str]:
    """What works as it is printed, against this switch."""
    port, bound = started.ports[0]
    host = "127.0.0.1" if port.host in EVERYWHERE else port.host
    to = f"--to {host}:{bound}"
    if started.file is not None:
        to = f"--config {quote(str(started.file))} {to}"
    if started.authority is not None:
        to += f" --ca {quote(str(started.authority))}"
    card = started.config.card[0].name if started.config.card else "4111111111111111"
    amount = "12.34" if started.file is None else "12"  # of currencies without decimals, too
    return [
        f"terminal signon {to}",
        f"terminal purchase {to} --card {card} --amount {amount}",
        f"status --data {quote(str(started.data))}",
    ]


def command_name() -> str:
    """How this command is called from where the person is: by its name when that is on the path,
    and otherwise as it was called."""
    called = Path(sys.argv[0])
    if which("isoswitch"):
        return "isoswitch"
    if called.name != "isoswitch":
        return f"{quote(sys.executable)} -m switch"
    with suppress(ValueError, OSError):
        return quote(str(called.absolute().relative_to(Path.cwd())))
    return quote(str(called.absolute()))
