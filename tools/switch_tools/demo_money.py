"""Scenes of the demonstration about money: declined, taken back, given back, set aside.

Owns these scenes and what must come out of each.
"""

from __future__ import annotations

from switch.model.words import Kind
from switch.money import Money
from switch_tools.demo_counter import Counter, is_approved, is_declined, usd
from switch_tools.terminal_engine import Outcome


async def declines(counter: Counter) -> None:
    """Two cards that will not do."""
    stage = counter.stage
    stage.scene(
        "Declined by the issuer", "One account holds 10.00, the goods cost 25.00; one card expired."
    )
    outcome = await counter.do(Kind.PURCHASE, "poor", "25.00")
    stage.receipt(outcome)
    stage.expect("lack of funds", is_declined(outcome, "51"))
    outcome = await counter.do(Kind.PURCHASE, "expired", "5.00")
    stage.expect("an expired card", is_declined(outcome, "54"))


async def magic(counter: Counter) -> None:
    """A decline whenever a tester wants it."""
    stage = counter.stage
    stage.scene(
        "Declined by a magic amount",
        "Amounts with a meaning of their own give a tester what he needs; isoswitch triggers\n"
        "lists them: 943.00 says that the card was stolen, 905.00 do not honour.",
    )
    outcome = await counter.do(Kind.PURCHASE, "visa", "943.00")
    stage.expect("the card that is fine is stolen", is_declined(outcome, "43"))
    outcome = await counter.do(Kind.PURCHASE, "visa", "905.00")
    stage.expect("do not honour", is_declined(outcome, "05"))


async def void(counter: Counter) -> None:
    """A wrong amount was typed in."""
    stage = counter.stage
    stage.scene("Void", "40.00 was typed in for 4.00: isoswitch terminal void")
    wrong = await counter.do(Kind.PURCHASE, "mastercard", "40.00")
    outcome = await counter.do(Kind.VOID)
    stage.receipt(outcome, "customer")
    about = outcome.original is not None and outcome.original.stan == wrong.entry.stan
    stage.expect("the purchase is void", is_approved(outcome) and about)
    again = await counter.do(Kind.VOID, stan=wrong.entry.stan)
    stage.expect("a second void of it is refused", is_declined(again, "94"))


async def refund(counter: Counter) -> None:
    """Goods come back."""
    stage = counter.stage
    bought = counter.device.journal.entries[2].stan
    stage.scene("Refund", f"isoswitch terminal refund --stan {bought} --amount 3.00")
    outcome = await counter.do(Kind.REFUND, amount="3.00", stan=bought)
    stage.receipt(outcome, "customer")
    stage.expect("3.00 of the 12.34 go back", is_approved(outcome))
    more = await counter.do(Kind.REFUND, amount="10.00", stan=bought)
    stage.expect("10.00 more would be too much", is_declined(more, "13"))


async def hotel(counter: Counter) -> Outcome:
    """A hold that grows and is captured in part; returns the completion."""
    stage = counter.stage
    stage.scene(
        "Pre-authorization", "A room for 200.00; the minibar, 50.00 besides; it came to 230.00."
    )
    held = await counter.do(Kind.PREAUTH, "amex", "200.00")
    more = await counter.do(Kind.INCREMENT, amount="50.00")
    stage.expect("250.00 are set aside", is_approved(held) and is_approved(more))
    outcome = await counter.do(Kind.COMPLETION, amount="230.00")
    stage.receipt(outcome)
    stage.expect("230.00 are captured, the rest is free again", is_approved(outcome))
    second = await counter.do(Kind.COMPLETION, amount="1.00", stan=held.entry.stan)
    stage.expect("there is nothing left to complete", is_declined(second, "94"))
    return outcome


async def partial_reversal(counter: Counter) -> None:
    """The pump stopped early."""
    stage = counter.stage
    stage.scene("Partial reversal", "60.00 was approved at the pump, the tank took 25.00.")
    bought = await counter.do(Kind.PURCHASE, "visa", "60.00")
    outcome = await counter.do(Kind.REVERSAL, remaining=usd("25.00"))
    stage.receipt(outcome)
    stage.expect("35.00 are taken back", is_approved(bought) and is_approved(outcome))
    left = Money(counter.device.journal.entries[bought.entry.number].in_effect_minor, "840")
    stage.expect(f"{left} remain", left == usd("25.00"))
