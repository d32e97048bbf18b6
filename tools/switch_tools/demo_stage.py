"""The stage of the demonstration: prints what is played, and counts what was not as it should be.

Owns how a play looks. Refuses to know the scenes and the switch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import click

from switch_tools.receipt import receipt
from switch_tools.terminal_outcome import Outcome
from switch_tools.terminal_report import facts

TOLD: Final = ("kind", "response_code", "reason", "stan", "rrn", "pan")
WIDTH: Final = 120
SAW: Final = 44
_CUT: Final = " ..."


class Messages(Enum):
    """How much of a message is shown."""

    HIDDEN = "not at all"
    SHORT = "one line"
    WHOLE = "each field"


@dataclass(slots=True)
class Stage:
    """Prints the play. ``messages``: how much of those on the wire."""

    failures: list[str] = field(default_factory=list)
    messages: Messages = Messages.SHORT
    _scenes: int = 0

    def scene(self, title: str, told: str) -> None:
        """A new scene: its title and what is about to happen."""
        self._scenes += 1
        click.secho(f"\n{self._scenes}. {title}", bold=True)
        for line in told.splitlines():
            click.echo(f"   {line}")
        click.echo()

    def message(self, ours: bool, short: str, fields: Iterable[str]) -> None:
        """A message on the wire: in one line, and field by field."""
        if self.messages is Messages.HIDDEN:
            return
        head = "terminal -> host" if ours else "terminal <- host"
        click.secho(f"   {head}  {short}", fg="cyan" if ours else "magenta")
        if self.messages is Messages.WHOLE:
            for line in fields:
                click.echo(f"     {line}")

    def lost(self, ours: bool) -> None:
        """A message was lost on its way."""
        click.secho(f"   {'that request' if ours else 'its answer'} is lost", fg="yellow")

    def receipt(self, outcome: Outcome, copy: str = "merchant") -> None:
        """The paper of an outcome."""
        self.paper(receipt(facts(outcome), copy))

    def paper(self, text: str) -> None:
        """What comes out of the terminal's printer."""
        for line in text.splitlines():
            click.echo(f"        {line}".rstrip())

    def command(self, arguments: Iterable[str], said: str) -> None:
        """What a person types, and what it says."""
        click.secho(f"   $ isoswitch {' '.join(arguments)}", fg="cyan")
        for line in said.splitlines():
            click.echo(f"     {line}".rstrip())

    def logged(self, lines: Iterable[Mapping[str, Any]], *, trail: bool = False) -> None:
        """What the switch's log says: each decision, and the checks of it that objected, or all."""
        for line in lines:
            said = " ".join(f"{name}={line[name]}" for name in TOLD if line.get(name))
            click.secho(f"   log: {said}", dim=True)
            for check in line.get("trail", ()):
                if trail or not check["ok"]:
                    click.secho(f"        {_checked(check)}", dim=True)

    def expect(self, said: str, holds: bool) -> None:
        """State something that must be so."""
        mark = "ok" if holds else "NOT SO"
        click.secho(f"   {mark}: {said}", fg="green" if holds else "red")
        if not holds:
            self.failures.append(said)


def _checked(check: Mapping[str, Any]) -> str:
    """One check in a line; what it said counts more than what it saw."""
    parts = [_cut(check.get("saw", ""), SAW), check.get("said", "")]
    said = " ".join(filter(None, parts))
    remedy = f" ({check['remedy']})" if check.get("remedy") else ""
    return _cut(f"{'ok' if check['ok'] else 'NO'} {check['name']:<10} {said}{remedy}", WIDTH)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - len(_CUT)] + _CUT
