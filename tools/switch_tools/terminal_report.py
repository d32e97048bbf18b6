"""What the virtual terminal tells: receipts for people, one JSON object for machines, and the exit
code for scripts.

Owns wording and the meaning of exit codes. Refuses to know how an outcome came about, and any clear
card number.
"""

from __future__ import annotations

from typing import Any, Final

from switch.model.words import Kind
from switch.money import Money
from switch_tools.receipt import Facts
from switch_tools.terminal_engine import Outcome, Result
from switch_tools.terminal_journal import Entry, Sent

EXITS: Final = {
    Result.APPROVED: 0,
    Result.UNREAD: 0,
    Result.DECLINED: 1,
    Result.NO_ANSWER: 3,
    Result.OWED: 3,
}
_VERDICTS: Final = {
    Result.APPROVED: "APPROVED",
    Result.DECLINED: "DECLINED",
    Result.NO_ANSWER: "NO ANSWER",
    Result.OWED: "NO ANSWER",
    Result.UNREAD: "SENT, ANSWER NOT READ",
}


def exit_code(outcome: Outcome) -> int:
    """0 approved, 1 declined, 3 no answer. 2 and 4 are for what never became an outcome."""
    return EXITS[outcome.result]


def facts(outcome: Outcome) -> Facts:
    """The receipt of an outcome."""
    sent = outcome.entry.sent
    heard = outcome.heard
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
        approval_code="" if heard is None else heard.approval_code,
        card=f"{sent.card} {sent.pan_masked}".strip(),
        amount=_amount(outcome),
        original_stan="" if outcome.original is None else outcome.original.stan,
        notes=notes(outcome),
    )


def notes(outcome: Outcome) -> tuple[str, ...]:
    """Sentences that a person has to read."""
    said = []
    if outcome.result in (Result.NO_ANSWER, Result.OWED):
        said.append(f"{outcome.why[:1].upper()}{outcome.why[1:]}.")
    if outcome.entry.sent.kind is Kind.REVERSAL and outcome.result is Result.OWED:
        said.append("The reversal is owed: it goes out before anything new.")
    undone = outcome.reversal
    if undone is not None:
        said.append(_reversal_note(undone))
    if outcome.repeat:
        said.append("This was a repeat.")
        if outcome.result is Result.APPROVED and _is_taken_back(outcome.entry):
            said.append("The purchase was given up or reversed since. Hand over nothing.")
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
        "ignored": [
            {"said": other.said, "differs": list(other.differs)} for other in outcome.ignored
        ],
        "original_stan": "" if outcome.original is None else outcome.original.stan,
        "reversal": None if outcome.reversal is None else as_json(outcome.reversal),
    }
    return data


def entry_line(entry: Entry) -> str:
    """One entry of the journal in one line, for people."""
    sent = entry.sent
    amount = "" if sent.amount_minor is None else str(Money(sent.amount_minor, sent.currency))
    card = sent.card or sent.pan_masked
    return (
        f"{sent.stan}  {sent.kind.replace('_', '-'):<9} {amount:>14}  {card:<12} {standing(entry)}"
    )


def entry_json(entry: Entry) -> dict[str, Any]:
    """One entry of the journal as plain data."""
    answered = entry.answered
    return {
        **_request(entry.sent),
        "amount_minor": entry.sent.amount_minor,
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
    if entry.undone:
        return "reversed"
    if entry.answered is None:
        return "no answer"
    return "approved" if entry.answered.approved else f"declined {entry.answered.code}"


def _verdict(outcome: Outcome) -> str:
    verdict = _VERDICTS[outcome.result]
    if outcome.entry.sent.kind is Kind.REVERSAL and outcome.result is Result.APPROVED:
        return "REVERSED"
    return verdict


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
        "currency": sent.currency,
        "card": sent.card,
        "pan": sent.pan_masked,
    }
