"""``isoswitch demo``: a day between virtual terminals and a real switch, over TCP.

Owns the order of the scenes; each of them checks what comes out of it, and the exit code is 0 only
if all was as expected. The switch runs in a temporary folder and is gone afterwards.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import click
import trio

from switch.errors import IsoswitchError
from switch_tools import demo_batch, demo_keys, demo_line, demo_money
from switch_tools.demo_counter import Counter, terminal
from switch_tools.demo_host import DemoError, OwnHost
from switch_tools.demo_stage import Stage
from switch_tools.terminal_relay import Relay

LIMIT_S: Final = 55.0


@click.command(epilog="Example: isoswitch demo")
def demo() -> None:
    """Play a day over TCP: from sign-on to a settlement out of balance.

    Starts a switch of its own on free ports; buys, is declined, repeats, loses answers, voids,
    refunds, sets aside and captures, takes back in part, settles, and asks why; injects keys, pays
    with PIN, MAC and chip, and does it wrongly in every way. Shows messages, receipts and the
    switch's log, checks each step and stops the switch. Exit code 0: all was as expected; 1:
    something was not.
    """
    stage = Stage()
    with tempfile.TemporaryDirectory(prefix="isoswitch-demo-") as folder:
        trio.run(_whole, Path(folder), stage)
    if stage.failures:
        click.secho(f"\nnot as expected: {'; '.join(stage.failures)}", fg="red", bold=True)
        click.get_current_context().exit(1)
    click.secho("\nall as expected", fg="green", bold=True)


async def _whole(folder: Path, stage: Stage) -> None:
    """Curtain up, play, curtain down; the switch is stopped whatever happens."""
    host = OwnHost(folder)
    try:
        with trio.move_on_after(LIMIT_S) as limit:
            await host.start()
            ports = ", ".join(f"{name} {port}" for name, port in host.ports.items())
            click.echo(f"a switch listens on 127.0.0.1: {ports}")
            await Play(folder, host, stage).all()
        stage.scene("Stop", "SIGTERM: the switch finishes what is in flight and exits.")
        stage.expect("the play took less than a minute", not limit.cancelled_caught)
        stage.expect("the switch stopped in order", await host.stop() == 0)
    finally:
        host.kill()


class Play:
    """The scenes, in order. Each uses what the ones before it left."""

    def __init__(self, folder: Path, host: OwnHost, stage: Stage) -> None:
        self._folder = folder
        self._host = host
        self._stage = stage

    async def all(self) -> None:
        """Play. Raises DemoError when it cannot go on."""
        why = ""
        try:
            await self._scenes()
        except* IsoswitchError as failures:
            why = f"the play cannot go on: {failures.exceptions[0]}"
        if why:
            raise DemoError(why)

    async def _scenes(self) -> None:
        async with trio.open_nursery() as nursery:
            ports = self._host.ports
            relay = Relay("127.0.0.1", ports["iso87-ascii"], lost=self._stage.lost)
            port: int = await nursery.start(relay.serve)
            device = terminal("iso87-ascii", "DEMO0001", port, self._folder, self._stage)
            counter = Counter(self._stage, self._host, relay, device)
            await _messages(counter)
            await _day(counter)
            await device.close()
            other = terminal("hypercom", "DEMO0007", ports["hypercom"], self._folder, self._stage)
            await demo_line.another_dialect(replace(counter, device=other))
            await other.close()
            await self._with_keys(counter)
            await demo_batch.checked(counter)
            nursery.cancel_scope.cancel()

    async def _with_keys(self, counter: Counter) -> None:
        """Two terminals of their own: one with DUKPT keys, one with a master key."""
        port = self._host.ports["iso87-ascii"]
        device = terminal("iso87-ascii", "DEMO0003", port, self._folder, self._stage)
        await _dukpt(replace(counter, device=device))
        await device.close()
        device = terminal("iso87-ascii", "DEMO0004", port, self._folder, self._stage)
        await demo_keys.exchanged(replace(counter, device=device))
        await device.close()


async def _messages(counter: Counter) -> None:
    await demo_line.sign_on(counter)
    await demo_line.purchase(counter)
    await demo_money.declines(counter)
    await demo_money.magic(counter)
    await demo_line.repeat(counter)
    await demo_line.time_out(counter)
    await demo_line.overtaken(counter)


async def _dukpt(counter: Counter) -> None:
    await demo_keys.injected(counter)
    await demo_keys.all_at_once(counter)
    await demo_keys.wrong_pins(counter)
    await demo_keys.replayed(counter)
    await demo_keys.wrong_macs(counter)
    await demo_keys.aes(counter)


async def _day(counter: Counter) -> None:
    await demo_money.void(counter)
    await demo_money.refund(counter)
    completion = await demo_money.hotel(counter)
    await demo_money.partial_reversal(counter)
    await demo_batch.in_balance(counter)
    await demo_batch.out_of_balance(counter)
    await demo_batch.differences(counter)
    await demo_batch.explained(counter, completion)
