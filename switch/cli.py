"""The ``isoswitch`` command: names and one-line helps of all commands; each is imported only when
it is called.

Owns the group and how refusals reach a person: one sentence on standard error and an exit code.
Tools hang their commands here through the entry-point group ``isoswitch.commands``.
"""

from __future__ import annotations

import json
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import click

from switch import __version__
from switch.errors import ConfigError, IsoswitchError

NOTICE: Final = (
    "A simulator and switch for test keys and test cards: keys live in software memory.\n"
    "This is not a PCI-validated secure cryptographic device; live PINs need a real HSM\n"
    "behind the key-module interface."
)
EXIT_CONFIG: Final = 78

OWN: Final[dict[str, tuple[str, str]]] = {
    "serve": ("switch.cli_serve:serve", "Run a switch; without a file, a demo world."),
    "status": ("switch.cli_control:status", "Ask a running switch how it is."),
    "reload": ("switch.cli_control:reload", "Let a running switch take up a changed file."),
    "stop": ("switch.cli_control:stop", "Stop a running switch in order."),
    "cards": ("switch.cli_admin:cards", "List, add and change cards."),
    "terminals": ("switch.cli_admin:terminals", "List, add and change terminals."),
    "merchants": ("switch.cli_admin:merchants", "List, add and change merchants."),
    "keys": ("switch.cli_keys:keys", "Make, move, rotate and destroy keys."),
    "cutover": ("switch.cli_control:cutover", "Move a running switch to its next business date."),
    "explain": ("switch.cli_explain:explain", "Tell what happened to a transaction, and why."),
    "batches": ("switch.cli_batches:batches", "Show batches, differences, merchant positions."),
    "selfcheck": ("switch.cli_selfcheck:selfcheck", "Check all that a store by itself can show."),
    "backup": ("switch.cli_backup:backup", "Copy a switch's store into a file."),
    "restore": ("switch.cli_backup:restore", "Put such a file into an empty data folder."),
    "triggers": ("switch.cli_triggers:triggers", "List scripted rules and magic amounts."),
    "config": ("switch.cli_config:config", "Check a file, list its risk rules, print the schema."),
    "calc": ("switch.cli_calc:calc", "Calculators of payment cryptography; vector files."),
    "transitions": (
        "switch.cli_transitions:transitions",
        "Print the transition table and the state diagram.",
    ),
}
# Helps of the commands that tools bring, so that ``--help`` need not import them.
TOOLS: Final[dict[str, str]] = {
    "terminal": "A virtual terminal: buy, void, refund, pre-authorize, settle.",
    "inspect": "Explain a message, whole or broken.",
    "demo": "Play a day over TCP, from sign-on to a settlement out of balance.",
    "bench": "Measure codec, decisions, store and whole purchases.",
}
GROUP: Final = "isoswitch.commands"


class Commands(click.Group):
    """Commands by name, imported when they are called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Our own first, then those of tools."""
        return [*OWN, *sorted(name for name in _tools() if name not in OWN)]

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name in OWN:
            module, _, attribute = OWN[cmd_name][0].partition(":")
            command = getattr(import_module(module), attribute)
        else:
            entry = _tools().get(cmd_name)
            command = None if entry is None else entry.load()
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and one-line helps, without importing anything."""
        helps = {name: text for name, (_, text) in OWN.items()}
        rows = [(name, helps.get(name) or TOOLS.get(name, "")) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Turn our refusals into a sentence and an exit code; for programs into JSON as well."""
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except IsoswitchError as failure:
            if as_json:
                click.echo(json.dumps({"ok": False, "error": str(failure)}))
            click.echo(f"isoswitch: {failure}", err=True)
            default = EXIT_CONFIG if isinstance(failure, ConfigError) else 1
            ctx.exit(getattr(failure, "exit_code", default))


def _tools() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: isoswitch serve",
)
@click.version_option(__version__, prog_name="isoswitch", message=f"%(prog)s %(version)s\n{NOTICE}")
def main() -> None:
    """An ISO 8583 payment switch and acquirer host simulator."""
