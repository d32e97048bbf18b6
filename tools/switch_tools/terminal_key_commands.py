"""``isoswitch terminal inject, keys``: what a key-injection room does with a device, and what the
device does with its host.

Owns the commands and what they print: check values, never a key.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from switch.data_folder import state_folder
from switch.model.ksn import parse
from switch.model.words import Kind
from switch_tools import terminal_report as report
from switch_tools.terminal_acting import play, show
from switch_tools.terminal_engine import Outcome, VirtualTerminal
from switch_tools.terminal_injecting import (
    InjectionRefused,
    Order,
    first_of,
    from_sheet,
    from_switch,
    initial_order,
)
from switch_tools.terminal_keys import AES_DUKPT, TAK, TDES_DUKPT, TMK, TPK, KeyRing, Slot
from switch_tools.terminal_model import Wish
from switch_tools.terminal_options import Options, place_of, terminal_options

_INJECT_EPILOG: Final = """\b
From a switch on this machine, as a key-injection room would:
  isoswitch terminal inject                      a device under its first TDES base key
  isoswitch terminal inject --aes                the same of AES
  isoswitch terminal inject --tmk                a terminal master key
\b
From somebody else's key sheet (hex as argument, '-' reads standard input):
  isoswitch terminal inject --ksn FFFF9876543210E00000 --sheet -
  isoswitch terminal inject --tmk --sheet COMPONENT1 --sheet COMPONENT2"""
_STDIN: Final = "-"
_DUKPT_FIRST: Final = "DUKPT keys are here too and go first: these take --secure session"


@click.command(epilog=_INJECT_EPILOG)
@click.option("--bdk", default="", metavar="KSI", help="The key set [the world's first].")
@click.option("--ksn", default="", metavar="HEX", help="That very device of a key set.")
@click.option("--tmk", "slot", flag_value=TMK, default=None, help="A terminal master key.")
@click.option("--tpk", "slot", flag_value=TPK, help="A PIN key that stays; with --sheet.")
@click.option("--tak", "slot", flag_value=TAK, help="A MAC key that stays; with --sheet.")
@click.option("--aes", is_flag=True, help="A key for AES, not TDES.")
@click.option(
    "--sheet",
    multiple=True,
    metavar="HEX|-",
    help="The key, not from a switch; given again: its components, which are XORed.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder of the running switch [the user's state directory].",
)
@terminal_options
def inject(
    options: Options,
    bdk: str,
    ksn: str,
    slot: str | None,
    aes: bool,
    sheet: tuple[str, ...],
    data: Path | None,
) -> None:
    """Put a test key into the terminal; shows its check value."""
    order = _order(options, bdk, ksn, slot, aes)
    typed = [sys.stdin.read() if one == _STDIN else one for one in sheet]
    if slot in (TPK, TAK) and not typed:
        raise click.UsageError("a switch hands out working keys by isoswitch terminal keys")

    async def act(device: VirtualTerminal) -> KeyRing:
        fresh = (
            from_sheet(order, ["".join(text.split()) for text in typed])
            if typed
            else from_switch(data or state_folder(), device.identity.terminal_id, order)
        )
        ring = _ring(device)
        ring.put(fresh)
        return ring

    ring = play(options, act)
    _tell(options, ring, [ring.slot(order.slot)])


@click.command(epilog="Example: isoswitch terminal keys   |   isoswitch terminal keys --show")
@click.option("--show", "only", is_flag=True, help="Ask nobody; tell what is in the terminal.")
@terminal_options
def keys(options: Options, only: bool) -> None:
    """Ask the host for new working keys under the terminal's master key."""

    async def look(device: VirtualTerminal) -> KeyRing:
        return _ring(device)

    async def exchange(device: VirtualTerminal) -> tuple[Outcome, KeyRing]:
        ring = _ring(device)
        ring.slot(TMK)
        return await device.do(Wish(kind=Kind.KEY_EXCHANGE)), ring

    if only:
        ring = play(options, look)
        _tell(options, ring, ring.slots)
        return
    outcome, ring = play(options, exchange)
    code = report.exit_code(outcome)
    working = [slot for slot in ring.slots if slot.name in (TPK, TAK)]
    if options.as_json:
        told = [_as_json(ring, slot) for slot in working]
        click.echo(msgspec.json.encode({**report.as_json(outcome), "keys": told}))
    else:
        show(options, outcome)
        if not code:
            _tell(options, ring, working)
            if working and not options.secure and (ring.has(TDES_DUKPT) or ring.has(AES_DUKPT)):
                click.echo(_DUKPT_FIRST)
    click.get_current_context().exit(code)


def _order(options: Options, bdk: str, ksn: str, slot: str | None, aes: bool) -> Order:
    if slot is not None:
        if bdk or ksn:
            raise click.UsageError(f"--{slot} has no key serial number")
        return Order(slot, aes)
    try:
        if not ksn and not bdk:
            return first_of(place_of(options).key_sets, aes=aes)
        return initial_order(bdk, ksn)
    except InjectionRefused as failure:
        raise click.UsageError(str(failure)) from None


def _ring(device: VirtualTerminal) -> KeyRing:
    assert device.keys is not None  # every terminal of the command line has them
    return device.keys


def _tell(options: Options, ring: KeyRing, slots: list[Slot] | tuple[Slot, ...]) -> None:
    if options.as_json:
        click.echo(msgspec.json.encode([_as_json(ring, slot) for slot in slots]))
        return
    for slot in slots:
        told = _as_json(ring, slot)
        serial = f"  next after {told['ksn']}" if slot.ksn else ""
        click.echo(f"{slot.name:<12} {told['algorithm']:<4} check {slot.check_value}{serial}")
    if not slots:
        click.echo("no keys: isoswitch terminal inject")


def _as_json(ring: KeyRing, slot: Slot) -> dict[str, Any]:
    """What may be told of a key."""
    return {
        "name": slot.name,
        "algorithm": {"T": "TDES", "A": "AES"}[slot.algorithm],
        "check_value": slot.check_value,
        "since": slot.at,
        "ksn": str(ring.last_ksn(slot.name)) if slot.ksn else "",
        "counter": ring.last_ksn(slot.name).counter if slot.ksn else 0,
        "device": parse(slot.ksn).device if slot.ksn else "",
    }
