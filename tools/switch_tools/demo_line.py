"""Scenes of the demonstration about messages: what is said on the line, said twice, lost, and late.

Owns these scenes and what must come out of each.
"""

from __future__ import annotations

from switch.model.words import Kind
from switch_tools.demo_counter import Counter, is_approved, is_declined
from switch_tools.demo_stage import Messages
from switch_tools.terminal_engine import Result


async def sign_on(counter: Counter) -> None:
    """The day begins."""
    counter.stage.scene("Sign-on", "isoswitch terminal signon")
    outcome = await counter.do(Kind.SIGN_ON)
    counter.stage.receipt(outcome)
    counter.stage.expect("the terminal is signed on", is_approved(outcome))


async def purchase(counter: Counter) -> None:
    """One purchase in full: on the wire, then on paper and in the log."""
    stage = counter.stage
    said = "isoswitch terminal purchase --card visa --amount 12.34"
    stage.scene("Purchase, on the wire", said)
    stage.messages = Messages.WHOLE
    outcome = await counter.quietly(Kind.PURCHASE, "visa", "12.34")
    stage.messages = Messages.SHORT
    stage.expect("it is approved", is_approved(outcome))
    echoes = outcome.heard is not None and outcome.heard.ours
    stage.expect("the answer echoes what it must", echoes)

    stage.scene("Purchase, on paper and in the switch's log", "The same, for people.")
    await counter.show(outcome, trail=True)
    stage.receipt(outcome)
    stage.receipt(outcome, "customer")


async def repeat(counter: Counter) -> None:
    """A repeat is answered, and not done twice."""
    told = "The terminal sends the purchase again: it is answered, and not done twice."
    counter.stage.scene("Repeat", told)
    bought = counter.device.journal.entries[2]
    heard = (await counter.show(await counter.device.repeat(bought.stan))).heard
    first = bought.answered
    same = (
        first is not None
        and heard is not None
        and (heard.code, heard.approval_code, heard.rrn)
        == (first.code, first.approval_code, first.rrn)
    )
    counter.stage.expect("code, approval code and RRN are those of the first answer", same)


async def time_out(counter: Counter) -> None:
    """No answer: the terminal takes back what may have been approved."""
    counter.stage.scene(
        "Time-out",
        "The answer is lost, and so is the first answer to the reversal: the terminal gives up,\n"
        "reverses, and repeats the reversal until it is answered.",
    )
    with counter.impatient(answers=2):
        outcome = await counter.quietly(Kind.PURCHASE, "visa", "99.00")
    await counter.show(outcome, decisions=3)
    counter.stage.receipt(outcome)
    counter.stage.expect("the terminal had no answer", outcome.result is Result.NO_ANSWER)
    undone = outcome.reversal
    repeated = undone is not None and is_approved(undone) and undone.tries > 1
    counter.stage.expect("a repeat of the reversal was accepted", repeated)


async def overtaken(counter: Counter) -> None:
    """A reversal that overtakes its original is not lost."""
    counter.stage.scene(
        "Reversal before its original",
        "The purchase itself is lost, only its reversal arrives. Then it comes after all.",
    )
    with counter.impatient(requests=1):
        outcome = await counter.quietly(Kind.PURCHASE, "visa", "77.00")
    await counter.show(outcome)
    taken = is_approved(outcome.reversal)
    counter.stage.expect("a reversal of something never seen is accepted", taken)
    late = await counter.show(await counter.device.repeat(outcome.entry.stan))
    counter.stage.expect("its original is then refused", is_declined(late, "12"))


async def another_dialect(counter: Counter) -> None:
    """The same in another notation: the counter's terminal speaks it."""
    counter.stage.scene(
        "Another dialect",
        "isoswitch terminal purchase --dialect hypercom --card mastercard --amount 5",
    )
    outcome = await counter.do(Kind.PURCHASE, "mastercard", "5")
    counter.stage.expect("it is approved", is_approved(outcome))
    taken = await counter.do(Kind.REVERSAL)
    counter.stage.expect("and can be reversed", is_approved(taken))
