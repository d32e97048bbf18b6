"""Scenes of the demonstration about the end of a day: settlement, differences, and why.

Owns these scenes and what must come out of each.
"""

from __future__ import annotations

from switch.model.words import Kind
from switch_tools.cards import demo_cards
from switch_tools.demo_counter import Counter, usd
from switch_tools.demo_stage import Messages
from switch_tools.terminal_engine import Outcome
from switch_tools.terminal_wrong import Wrong


async def in_balance(counter: Counter) -> None:
    """Terminal and host agree."""
    counter.stage.scene("Settlement in balance", "isoswitch terminal settle")
    settled = await counter.settle(Wrong(), decisions=1)
    counter.stage.expect("terminal and host agree", settled.closed and settled.balanced)


async def out_of_balance(counter: Counter) -> None:
    """The terminal lost one sale, has another amount for one, and one that the host never saw."""
    stage = counter.stage
    stage.scene(
        "Settlement out of balance",
        "The terminal loses the first of three sales, has 25.00 for the second, and one of 7.50\n"
        "that never was: the totals differ, it uploads its items, the second close closes.",
    )
    stage.messages = Messages.HIDDEN
    bought = [
        (await counter.quietly(Kind.PURCHASE, "visa", amount)).entry.stan
        for amount in ("10.00", "20.00", "30.00")
    ]
    await counter.host.decisions(len(bought))
    stage.messages = Messages.SHORT
    wrong = Wrong(
        forgotten=bought[:1],
        amounts=[(bought[1], usd("25.00"))],
        extra=[usd("7.50")],
        card=demo_cards()["visa"],
    )
    settled = await counter.settle(wrong, decisions=5)
    stage.expect("it is closed, with differences", settled.closed and not settled.balanced)


async def differences(counter: Counter) -> None:
    """What the host says of them."""
    stage = counter.stage
    stage.scene(
        "The differences, as the host has them", "Each has its class, and is posted by a rule."
    )
    said = await counter.ask("batches", "show", f"{counter.device.identity.terminal_id}/2")
    classes = ("missing at the host", "missing at the terminal", "the amounts differ")
    named = [said.count(f"  {one}: ") for one in classes]
    stage.expect("one is missing at each side, and one differs", named == [1, 1, 1])


async def explained(counter: Counter, completion: Outcome) -> None:
    """Why a transaction ended as it did, what it moved, what it is linked with."""
    stage = counter.stage
    stage.scene("Why?", "What happened to the completion of the hotel, from the switch's memory.")
    said = await counter.ask(
        "explain",
        "--terminal", counter.device.identity.terminal_id,
        "--stan", completion.entry.stan,
    )  # fmt: skip
    stage.expect("it names the pre-authorization", "pre authorization 200.00 USD" in said)


async def checked(counter: Counter) -> None:
    """Is all of it true?"""
    counter.stage.scene(
        "Do the books add up?", "Every invariant that the store by itself can show."
    )
    said = await counter.ask("selfcheck")
    counter.stage.expect("all is well", "all is well" in said)
