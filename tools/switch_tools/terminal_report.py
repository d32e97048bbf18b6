"""What the virtual terminal tells: receipts for people, one JSON object for machines, and the exit
code for scripts.

Owns wording and the meaning of exit codes. Refuses to know how an outcome came about, and any clear
card number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from switch.core import totals
from switch.model.words import Flow, Kind
from switch.money import Money
from switch_tools.receipt import Facts
from switch_tools.terminal_chip import LABELS, chip_facts
from switch_tools.terminal_lines import CAPTURES, Entry, Sent
from switch_tools.terminal_model import Checked
from switch_tools.terminal_outcome import Outcome, Result, Settled

EXITS: Final = {
    Result.APPROVED: 0,
    Result.UNREAD: 0,
    Result.DECLINED: 1,
    Result.NO_ANSWER: 3,
    Result.OWED: 3,
    Result.TOLD_LATER: 3,
}
_VERDICTS: Final = {
    Result.APPROVED: "APPROVED",
    Result.DECLINED: "DECLINED",
    Result.NO_ANSWER: "NO ANSWER",
    Result.OWED: "NO ANSWER",
    Result.TOLD_LATER: "NOT YET TOLD",
    Result.UNREAD: "SENT, ANSWER NOT READ",
}


def exit_code(outcome: Outcome) -> int:
    """0 approved, 1 declined, 3 no answer. 2 and 4 are for what never became an outcome."""
    return EXITS[outcome.result]


def facts(outcome: Outcome) -> Facts:
    """The receipt of an outcome."""
    sent = outcome.entry.sent
    heard = outcome.heard
    good = outcome.result is Result.APPROVED
    return Facts(
        kind=sent.kind,
        at=sent.at[:19].replace("T", " "),
        terminal_id=sent.terminal_id,
        merchant_id=sent.merchant_id,
        stan=sent.stan,
        verdict=_verdict(outcome),
        code="" if heard is None else heard.code,
        said="" if heard is None or heard.approved else heard.said,
        rrn="" if heard is None else heard.rrn,
        approval_code=sent.approval_code if heard is None else heard.approval_code,
        card=f"{sent.card} {sent.pan_masked}".strip(),
        amount=_amount(outcome),
        amounts=tuple(_amounts(outcome)),
        entry=sent.entry_mode.value.replace("_", " ") if sent.pan_masked else "",
        batch="" if sent.kind.is_network else f"{sent.batch:06d}",
        original_stan="" if outcome.original is None else outcome.original.stan,
        approved=(good and not _is_taken_back(outcome.entry)) or _is_offline(outcome),
        notes=notes(outcome),
        chip=tuple(_chip(outcome)),
        pin_verified=good and sent.pin,
    )


def _chip(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """What a chip's receipt shows: application and cryptogram; nothing that is the card holder's
    secret.
    """
    told = chip_facts(outcome.entry.sent)
    if told:
        yield "Application", LABELS.get(told["aid"], "")
        yield "AID", told["aid"]
        yield told["asked"], told["cryptogram"]
    heard = outcome.heard
    if heard is not None and heard.approved and heard.checked.cryptogram:
        yield "Issuer", heard.checked.cryptogram


def _amounts(outcome: Outcome) -> Iterator[tuple[str, Money]]:
    """What stands beside the amount, by its name on paper."""
    sent, heard = outcome.entry.sent, outcome.heard
    if heard is not None and heard.amount is not None and sent.amount_minor is not None:
        yield "ASKED FOR", Money(sent.amount_minor, sent.currency)
    if sent.other_minor is not None:
        tipped = sent.kind is Kind.TIP_ADJUST
        yield "OF IT TIP" if tipped else "OF IT CASH", Money(sent.other_minor, sent.currency)
    if sent.remaining_minor is not None:
        yield "REMAINS", Money(sent.remaining_minor, sent.currency)
    if heard is not None and heard.balance is not None:
        yield "BALANCE", heard.balance


def notes(outcome: Outcome) -> tuple[str, ...]:
    """Sentences that a person has to read."""
    said = []
    if outcome.result in (Result.NO_ANSWER, Result.OWED):
        said.append(f"{outcome.why[:1].upper()}{outcome.why[1:]}.")
    if outcome.entry.sent.kind is Kind.REVERSAL and outcome.result is Result.OWED:
        said.append("The reversal is owed: it goes out before anything new.")
    if outcome.result is Result.TOLD_LATER:
        said.append(f"The host is not told yet ({outcome.why}): that goes out before anything new.")
    if outcome.heard is not None:
        said += [f"The issuer to the card: {one}." for one in outcome.heard.checked.scripts]
    undone = outcome.reversal
    if undone is not None:
        said.append(_reversal_note(undone))
    if outcome.repeat:
        said.append("This was a repeat.")
        if outcome.result is Result.APPROVED and _is_taken_back(outcome.entry):
            what = outcome.entry.sent.kind.value.replace("_", " ")
            said.append(f"The {what} was given up or taken back since. Hand over nothing.")
    said += [f"A message came that is no answer: {heard.said}." for heard in outcome.ignored]
    return tuple(said)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome as plain data; amounts are in minor units, card numbers masked."""
    heard = outcome.heard
    amount = _amount(outcome)
    data: dict[str, Any] = {
        "result": outcome.result.value,
        "exit": exit_code(outcome),
        **_request(outcome.entry.sent),
        "repeat": outcome.repeat,
        "tries": outcome.tries,
        "code": "" if heard is None else heard.code,
        "reason": "" if heard is None else heard.reason,
        "said": outcome.why if heard is None else heard.said,
        "rrn": "" if heard is None else heard.rrn,
        "approval_code": "" if heard is None else heard.approval_code,
        "amount_minor": None if amount is None else amount.minor,
        "asked_minor": outcome.entry.sent.amount_minor,
        "balance_minor": None if heard is None or heard.balance is None else heard.balance.minor,
        "ignored": [
            {"said": other.said, "differs": list(other.differs)} for other in outcome.ignored
        ],
        "pin": outcome.entry.sent.pin,
        "chip": chip_facts(outcome.entry.sent),
        "checked": msgspec.to_builtins(Checked() if heard is None else heard.checked),
        "original_stan": "" if outcome.original is None else outcome.original.stan,
        "reversal": None if outcome.reversal is None else as_json(outcome.reversal),
    }
    if not data["currency"] and heard is not None and heard.balance is not None:
        data["currency"] = heard.balance.currency  # an inquiry names none, its answer does
    return data


def settled_exit(settled: Settled) -> int:
    """0 in balance; 1 out of balance, or not closed at all."""
    return 0 if settled.balanced else 1


def settled_json(settled: Settled) -> dict[str, Any]:
    """A settlement as plain data; totals in minor units."""
    return {
        "result": standing_of(settled),
        "exit": settled_exit(settled),
        "batch": settled.batch,
        "closed": settled.closed,
        "balanced": settled.balanced,
        "currency": settled.currency,
        "claimed": totals.read(settled.claimed),
        "counted": totals.read(settled.counted),
        "differs": differing(settled),
        "uploaded": len(settled.uploads),
        "paid": [as_json(outcome) for outcome in settled.paid],
        "closes": [as_json(outcome) for outcome in settled.closes],
    }


def standing_of(settled: Settled) -> str:
    """How a settlement ended: ``balanced``, ``differences``, ``out_of_balance``, ``declined``."""
    if settled.closed:
        return "balanced" if settled.balanced else "differences"
    return "out_of_balance" if settled.close.settlement == "differs" else "declined"


def differing(settled: Settled) -> list[str]:
    """The totals that the host has otherwise, by name; none where it did not tell its own."""
    ours, theirs = totals.read(settled.claimed), totals.read(settled.counted)
    return [name for name, value in ours.items() if theirs and theirs.get(name, 0) != value]


def entry_line(entry: Entry) -> str:
    """One entry of the journal in one line, for people."""
    sent = entry.sent
    amount = "" if sent.amount_minor is None else str(Money(entry.amount_minor, sent.currency))
    card = sent.card or sent.pan_masked
    kind = sent.kind.replace("_", "-")
    return f"{sent.stan}  {kind:<25} {amount:>14}  {card:<12} {standing(entry)}"


def entry_json(entry: Entry) -> dict[str, Any]:
    """One entry of the journal as plain data."""
    answered = entry.answered
    return {
        **_request(entry.sent),
        "amount_minor": entry.sent.amount_minor,
        "in_effect_minor": entry.in_effect_minor,
        "repeats": entry.repeats,
        "standing": standing(entry),
        "code": "" if answered is None else answered.code,
        "rrn": "" if answered is None else answered.rrn,
        "approval_code": "" if answered is None else answered.approval_code,
    }


def standing(entry: Entry) -> str:
    """Where an entry stands, in words."""
    if entry.owes_reversal:
        return "reversal owed"
    if entry.owes_telling:
        return "not yet told"
    if entry.undone:
        return "reversed"
    if entry.voided:
        return "voided"
    if entry.answered is None:
        return "no answer"
    if not entry.answered.approved:
        return f"declined {entry.answered.code}"
    states = (
        ("reversed in part", entry.cut_back),
        ("completed", entry.completed_minor > 0),
        ("refunded", entry.refunded_minor > 0),
        ("with tip", entry.tip_minor > 0),
    )
    return ", ".join(["approved", *(word for word, holds in states if holds)])


def _verdict(outcome: Outcome) -> str:
    kind = outcome.entry.sent.kind
    if _is_offline(outcome):
        return "APPROVED OFFLINE"
    if outcome.result is Result.APPROVED:
        if kind is Kind.REVERSAL:
            in_part = outcome.entry.sent.remaining_minor is not None
            return "REVERSED IN PART" if in_part else "REVERSED"
        if kind is Kind.VOID:
            return "VOIDED"
        if outcome.heard is not None and outcome.heard.amount is not None:
            return "APPROVED IN PART"
    return _VERDICTS[outcome.result]


def _is_offline(outcome: Outcome) -> bool:
    """The terminal has decided by itself, and what the host will say changes nothing at the
    counter."""
    told_later = outcome.result is Result.TOLD_LATER
    return told_later and outcome.entry.sent.kind in (CAPTURES | {Kind.PREAUTH})


def _is_taken_back(entry: Entry) -> bool:
    return entry.moves_money and not entry.approved


def _reversal_note(undone: Outcome) -> str:
    stan = undone.entry.stan
    match undone.result:
        case Result.APPROVED:
            times = "at the first try" if undone.tries == 1 else f"at try {undone.tries}"
            return f"Reversed under STAN {stan}, answered {times}. Hand over nothing."
        case Result.OWED:
            said = f"The reversal is not answered ({undone.why})"
            return f"{said}: it goes out before anything new. Hand over nothing."
        case _:
            said = "" if undone.heard is None else undone.heard.said
            return f"The reversal under STAN {stan} was refused: {said}. Call the acquirer."


def _amount(outcome: Outcome) -> Money | None:
    sent = outcome.entry.sent
    if outcome.heard is not None and outcome.heard.amount is not None:
        return outcome.heard.amount
    return None if sent.amount_minor is None else Money(sent.amount_minor, sent.currency)


def _request(sent: Sent) -> dict[str, Any]:
    return {
        "kind": sent.kind.value,
        "dialect": sent.dialect,
        "at": sent.at,
        "terminal_id": sent.terminal_id,
        "merchant_id": sent.merchant_id,
        "stan": sent.stan,
        "batch": sent.batch,
        "entry_mode": sent.entry_mode.value if sent.pan_masked else "",
        "advice": sent.flow is Flow.ADVICE,
        "cash_minor": sent.other_minor if sent.kind is Kind.CASHBACK else None,
        "tip_minor": sent.other_minor if sent.kind is Kind.TIP_ADJUST else None,
        "remaining_minor": sent.remaining_minor,
        "currency": sent.currency,
        "card": sent.card,
        "pan": sent.pan_masked,
    }
