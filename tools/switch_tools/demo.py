"""``isoswitch demo``: a play in ten scenes between a virtual terminal and a real switch, over TCP.

Owns the scenes and what must come out of each; it checks, and exits with 0 only if all was as
expected. The switch runs in a temporary folder and is gone afterwards.
"""

from __future__ import annotations

import os
import random
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import click
import trio

from switch.errors import IsoswitchError
from switch.keys.master import MasterKey
from switch.keys.vault import SoftwareVault
from switch.model.words import Kind
from switch.money import Money
from switch.wire.dialect import load_dialect
from switch_tools.cards import demo_cards
from switch_tools.demo_stage import DemoError, OwnHost, Stage
from switch_tools.terminal_engine import Outcome, Patience, Result, VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_link import Address, dial
from switch_tools.terminal_messages import Messages
from switch_tools.terminal_model import Identity
from switch_tools.terminal_relay import Relay

MERCHANT: Final = "DEMOMERCHANT001"
PATIENCE: Final = Patience(answer_s=5.0, reversal_s=5.0, reversal_tries=6, pause_s=0.2)
SHORT_S: Final = 0.7
LIMIT_S: Final = 55.0


@click.command(epilog="Example: isoswitch demo")
def demo() -> None:
    """Play sign-on, purchases, declines, a repeat, a time-out, reversals, over TCP.

    Starts a switch of its own on free ports, shows receipts, decoded messages and what the switch
    logged, checks each step and stops the switch. Exit code 0: all was as expected; 1: something
    was not.
    """
    stage = Stage()
    with tempfile.TemporaryDirectory(prefix="isoswitch-demo-") as folder:
        trio.run(_whole, Path(folder), stage)
    if stage.failures:
        click.secho(f"\nnot as expected: {'; '.join(stage.failures)}", fg="red", bold=True)
        click.get_current_context().exit(1)
    click.secho("all as expected", fg="green", bold=True)


async def _whole(folder: Path, stage: Stage) -> None:
    """Curtain up, play, curtain down; the switch is stopped whatever happens."""
    host = OwnHost(folder)
    try:
        with trio.move_on_after(LIMIT_S) as limit:
            await host.start()
            ports = ", ".join(f"{name} {port}" for name, port in host.ports.items())
            click.echo(f"a switch listens on 127.0.0.1: {ports}\n")
            await Play(folder, host, stage).all()
        stage.expect("the play took less than a minute", not limit.cancelled_caught)
        stage.scene("Stop", "SIGTERM: the switch finishes what is in flight and exits.")
        stage.expect("the switch stopped in order", await host.stop() == 0)
    finally:
        host.kill()


class Play:
    """The scenes, in order. Each uses what the ones before it left."""

    def __init__(self, folder: Path, host: OwnHost, stage: Stage) -> None:
        self._folder = folder
        self._host = host
        self._stage = stage
        self._cards = demo_cards()
        self._vault = SoftwareVault(MasterKey(bytearray(os.urandom(32))), os.urandom)

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
            device = self._terminal("iso87-ascii", "DEMO0001", port)
            await self._good_day(device)
            await self._declines(device)
            await self._repeat(device)
            await self._time_out(device, relay)
            await self._overtaken(device, relay)
            await self._other_dialect()
            await device.close()
            nursery.cancel_scope.cancel()

    def _terminal(self, dialect_name: str, terminal_id: str, port: int) -> VirtualTerminal:
        dialect = load_dialect(dialect_name)
        return VirtualTerminal(
            Identity(terminal_id, MERCHANT),
            Messages(dialect),
            Journal(self._folder / terminal_id),
            self._vault,
            partial(dial, Address("127.0.0.1", port), dialect.framing),
            patience=PATIENCE,
            rng=random.Random(1),  # noqa: S311 - jitter of pauses
            watch=partial(self._stage.message, dialect),
        )

    async def _show(self, outcome: Outcome, decisions: int = 1) -> Outcome:
        self._stage.outcome(outcome)
        self._stage.logged(await self._host.decisions(decisions))
        return outcome

    async def _buy(self, device: VirtualTerminal, card: str, amount: str) -> Outcome:
        held = self._cards[card]
        return await self._show(await device.purchase(held, Money.parse(amount, "USD")))

    # -- scenes ------------------------------------------------------------------------------------

    async def _good_day(self, device: VirtualTerminal) -> None:
        self._stage.scene("Sign-on", "isoswitch terminal signon")
        outcome = await self._show(await device.network(Kind.SIGN_ON))
        self._stage.expect("the terminal is signed on", outcome.result is Result.APPROVED)

        self._stage.scene("Purchase", "isoswitch terminal purchase --card visa --amount 12.34")
        outcome = await self._buy(device, "visa", "12.34")
        self._stage.expect("it is approved", outcome.result is Result.APPROVED)
        self._stage.expect(
            "the answer echoes what it must", outcome.heard is not None and outcome.heard.ours
        )

    async def _declines(self, device: VirtualTerminal) -> None:
        self._stage.scene("Decline", "The card's account holds 10.00, the goods cost 25.00.")
        outcome = await self._buy(device, "poor", "25.00")
        self._declined(outcome, "for lack of funds", "funds.insufficient")

        self._stage.scene("Decline", "The card expired.")
        outcome = await self._buy(device, "expired", "5.00")
        self._declined(outcome, "because the card expired", "card.expired")

    def _declined(self, outcome: Outcome, why: str, reason: str) -> None:
        heard = outcome.heard
        holds = outcome.result is Result.DECLINED and heard is not None and heard.reason == reason
        self._stage.expect(f"it is declined {why}", holds)

    async def _repeat(self, device: VirtualTerminal) -> None:
        self._stage.scene(
            "Repeat",
            "The terminal sends the purchase again: it is answered, and not done twice.",
        )
        first = device.journal.entries[2].answered
        outcome = await self._show(await device.repeat("2"))
        heard = outcome.heard
        same = (
            first is not None
            and heard is not None
            and (heard.code, heard.approval_code, heard.rrn)
            == (first.code, first.approval_code, first.rrn)
        )
        self._stage.expect("code, approval code and RRN are those of the first answer", same)

    async def _time_out(self, device: VirtualTerminal, relay: Relay) -> None:
        self._stage.scene(
            "Time-out",
            "The answer is lost, and so is the first answer to the reversal: the terminal\n"
            "   gives up, reverses, and repeats the reversal until it is answered.",
        )
        relay.lose_answers = 2
        device.patience = replace(PATIENCE, answer_s=SHORT_S, reversal_s=SHORT_S)
        outcome = await device.purchase(self._cards["visa"], Money.parse("99.00", "USD"))
        device.patience = PATIENCE
        await self._show(outcome, decisions=3)
        undone = outcome.reversal
        self._stage.expect("the terminal had no answer", outcome.result is Result.NO_ANSWER)
        self._stage.expect(
            "a repeat of the reversal was accepted",
            undone is not None and undone.result is Result.APPROVED and undone.tries > 1,
        )

    async def _overtaken(self, device: VirtualTerminal, relay: Relay) -> None:
        self._stage.scene(
            "Reversal before its original",
            "The purchase itself is lost, only its reversal arrives. Then it comes after all.",
        )
        relay.lose_requests = 1
        device.patience = replace(PATIENCE, answer_s=SHORT_S)
        outcome = await device.purchase(self._cards["visa"], Money.parse("77.00", "USD"))
        device.patience = PATIENCE
        await self._show(outcome)
        undone = outcome.reversal
        self._stage.expect(
            "a reversal of something never seen is accepted",
            undone is not None and undone.result is Result.APPROVED,
        )
        outcome = await self._show(await device.repeat(outcome.entry.stan))
        self._stage.expect("its original is then refused", outcome.result is Result.DECLINED)

    async def _other_dialect(self) -> None:
        self._stage.scene(
            "Another dialect",
            "isoswitch terminal purchase --dialect hypercom --card mastercard --amount 5",
        )
        device = self._terminal("hypercom", "DEMO0007", self._host.ports["hypercom"])
        outcome = await self._buy(device, "mastercard", "5")
        self._stage.expect("it is approved", outcome.result is Result.APPROVED)
        outcome = await self._show(await device.reverse())
        self._stage.expect("and can be reversed", outcome.result is Result.APPROVED)
        await device.close()
