"""``isoswitch status``, ``reload``, ``stop`` and ``cutover``: commands to a running switch over its
control socket.

Owns how answers are printed. The switch decides; nothing here touches the store.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from switch.data_folder import state_folder
from switch.server.asking import ask

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder of the running switch [the user's state directory].",
)
_REFUSED = {"reload": "the old configuration stays in force: "}
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def send(
    ctx: click.Context,
    data: Path | None,
    command: str,
    as_json: bool,
    *,
    final: bool = True,
    **more: object,
) -> dict[str, Any] | None:
    """The answer, or ``None`` when it was printed already, as JSON; an answer that is not the
    ``final`` one is printed only if it is a refusal. A refusal ends the command with 1.
    """
    answer = ask(data or state_folder(), command, **more)
    if as_json and (final or not answer["ok"]):
        click.echo(json.dumps(answer))
    elif not answer["ok"]:
        click.echo(f"isoswitch: {_REFUSED.get(command, '')}{answer['error']}", err=True)
    if not answer["ok"]:
        ctx.exit(1)
    return None if as_json and final else answer


@click.command(epilog="Example: isoswitch status --json")
@data_option
@json_option
@click.pass_context
def status(ctx: click.Context, data: Path | None, as_json: bool) -> None:
    """Ask a running switch how it is: health, listeners, connections."""
    answer = send(ctx, data, "status", as_json)
    if answer is None:
        return
    click.echo(
        f"{answer['health']}, up {answer['up_s']} s, process {answer['pid']}, "
        f"{answer['connections']} connections, {answer['in_flight']} in flight, "
        f"{answer['decided']} events decided, settings version {answer['settings_version']}"
    )
    if answer["trouble"]:
        click.echo(f"  requests are refused (96): {answer['trouble']}")
    if answer["log_lines_lost"]:
        click.echo(f"  {answer['log_lines_lost']} lines of the log were lost: is its disk full?")
    for warning in answer["warnings"]:
        click.echo(f"  warning: {warning}")
    for item in answer["listeners"]:
        kind = "tls" if item["tls"] else "tcp"
        click.echo(f"  {item['host']}:{item['port']} {kind} {item['name']} ({item['dialect']})")


@click.command(epilog="Example: isoswitch reload --data ./data")
@data_option
@json_option
@click.pass_context
def reload(ctx: click.Context, data: Path | None, as_json: bool) -> None:
    """Let a running switch take up its changed configuration: whole, or not at all."""
    answer = send(ctx, data, "reload", as_json)
    if answer is not None:
        click.echo(
            f"settings version {answer['settings_version']}: "
            f"{len(answer['added'])} listeners added, "
            f"{len(answer['removed'])} removed, {len(answer['kept'])} kept"
        )


@click.command(epilog="Example: isoswitch stop")
@data_option
@json_option
@click.pass_context
def stop(ctx: click.Context, data: Path | None, as_json: bool) -> None:
    """Stop a running switch in order: it finishes what is in flight."""
    if send(ctx, data, "stop", as_json) is not None:
        click.echo("stopping")


@click.command(
    epilog="Example: isoswitch cutover   |   isoswitch cutover --date 20261125 (safe to repeat)"
)
@click.option("--date", metavar="YYYYMMDD", help="The date to go to: the one after today's.")
@data_option
@json_option
@click.pass_context
def cutover(ctx: click.Context, date: str | None, data: Path | None, as_json: bool) -> None:
    """Move a running switch to its next business date before the configured hour does.

    Batches stay open until their terminals close them; what is captured from now on settles on the
    new date. A second call within twelve hours moves nothing unless it names a date.
    """
    arguments = {} if date is None else {"date": date}
    answer = send(ctx, data, "cutover", as_json, arguments=arguments)
    if answer is not None:
        click.echo(answer["said"])
