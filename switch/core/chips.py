"""Chip cards: a demand's cryptogram is checked, an advice's noted, and the card answered.

Owns the check, the card's newest application transaction counter (ATC), and what its chip is told
in the answer: a response cryptogram wherever the request's was right, whether the payment is
approved or not, and the issuer scripts that wait for the card. An ATC is used once, and a card is
in one terminal at a time: a demand must come with a higher one than any that was right before. An
advice is never declined for its cryptogram, but the counter that it proves counts. A demand that
says its chip was read and bears no chip data proves nothing and is declined, or whoever copied a
stripe would leave the cryptogram out.

A cryptogram that is right was made over an amount. Where that is another one than the message asks
for, a terminal asks for what its card holder has not seen: such a payment is flagged and told, and
not refused, because some terminals ask for a tip or cash on top.

A script is taken off the card in the commit that orders it, so it is delivered once: an answer that
is lost has lost it, and the operator queues it again. What does not fit into one answer waits for
the next. A repeat is answered with a response
cryptogram if its own cryptogram is right and the first one's was; scripts it gets none.
"""

from __future__ import annotations

from typing import Final

from switch.core.case import Case, Objection
from switch.core.replies import alert
from switch.core.terms import key_use
from switch.model.facts import Facts, Verdict
from switch.model.records import Card, Transaction
from switch.model.request import Request
from switch.model.security import ChipOrder, KeyUse, issuer_key
from switch.model.words import EntryMode, Flow, Reason
from switch.money import Money

CHECK: Final = "cryptogram"
MASTER: Final = "imk_ac"
SCRIPTING: Final = ("imk_smi", "imk_smc")
ONLINE: Final = "ARQC"
OTHER_AMOUNT: Final = "chip-amount"  # the flag of a payment
SCRIPT_BYTES: Final = 128  # of scripts in one answer, as much as a terminal must take (EMV book 3)
_TEMPLATES_BYTES: Final = 4  # tag and length of 71 and of 72
_COMMAND_BYTES: Final = 15  # tag 86 and its length; header and length of the command; its MAC
_READ: Final = (EntryMode.CHIP, EntryMode.CONTACTLESS_CHIP)
_NO_DATA: Final = "no chip data though the chip was read"
_OTHERWISE: Final = {"bad": "is not the card's", "incomplete": "lacks data"}  # no more was said
_REFUSED: Final = {
    "TC": ("the card has approved it off line (TC)", "an advice of it, or an ARQC"),
    "AAC": ("the card itself has declined (AAC)", "an ARQC, by which a card asks for approval"),
}


def is_checked(request: Request, card: Card | None) -> bool:
    """Whether there is a cryptogram that an issuer of ours can check."""
    return card is not None and bool(card.chip and card.issuer) and request.chip is not None


def cryptogram(case: Case) -> Objection:
    """The card has made it, now, and asks for approval."""
    card = case.card
    if card is None or not card.chip or not card.issuer:
        return None
    if case.request.chip is None:
        return _without(case)
    verdict = case.facts.verdicts.get(CHECK, Verdict("absent"))
    kind, atc = verdict.data.get("cryptogram", ""), _atc(verdict)
    saw = f"{kind}, ATC {atc}" if kind else "cryptogram"
    match verdict.outcome:
        case "good":
            return _taken(case, card, verdict)
        case "bad" | "incomplete":
            said = verdict.said or _OTHERWISE[verdict.outcome]
            remedy = "a cryptogram over the data of this message, by the keys of the card's issuer"
            return case.objected(CHECK, saw, said, Reason.CRYPTOGRAM_INVALID, remedy)
        case _:
            said = f"cannot be checked: {verdict.said or verdict.outcome}"
            remedy = f"a key {issuer_key(card.issuer, MASTER)}"
            return case.objected(CHECK, saw, said, Reason.KEY_UNKNOWN, remedy)


def _without(case: Case) -> Objection:
    """No chip data: right where the chip was not read."""
    mode = case.request.entry_mode
    if mode not in _READ:
        return None
    remedy = "the chip's data with its cryptogram, or the entry mode by which the card was read"
    return case.objected(CHECK, mode.value, _NO_DATA, Reason.CRYPTOGRAM_INVALID, remedy)


def _taken(case: Case, card: Card, verdict: Verdict) -> Objection:
    kind, atc = verdict.data.get("cryptogram", ""), _atc(verdict)
    saw = f"{kind}, ATC {atc}"
    if atc <= card.atc_seen:
        said = f"the card has been at ATC {card.atc_seen} already"
        remedy = f"an ATC above {card.atc_seen}, which a new transaction of the card has"
        return case.objected(CHECK, saw, said, Reason.CRYPTOGRAM_INVALID, remedy)
    case.card_changes["atc_seen"] = atc
    case.chip = _answer(case, card)
    if kind != ONLINE:
        said, remedy = _REFUSED.get(kind, ("is of no kind that asks for approval", "an ARQC"))
        return case.objected(CHECK, saw, said, Reason.CRYPTOGRAM_INVALID, remedy)
    case.passed(CHECK, saw, f"right{_other_amount(case, verdict)}")
    return None


def noted(case: Case) -> Objection:
    """What has happened has: the cryptogram is evidence of it, or it is not."""
    card, request = case.card, case.request
    if card is None or not card.chip or not card.issuer:
        return None
    if request.chip is None:
        if request.flow is Flow.ADVICE and request.entry_mode in _READ:
            case.passed(CHECK, request.entry_mode.value, f"{_NO_DATA}, only noted")
        return None
    verdict = case.facts.verdicts.get(CHECK, Verdict("absent"))
    kind, atc = verdict.data.get("cryptogram", ""), _atc(verdict)
    saw = f"{kind}, ATC {atc}" if kind else "cryptogram"
    if verdict.outcome != "good":
        said = f"{verdict.outcome}, only noted"
        case.passed(CHECK, saw, f"{said}: {verdict.said}" if verdict.said else said)
        return None
    if atc > card.atc_seen:
        case.card_changes["atc_seen"] = atc
    case.passed(CHECK, saw, f"right, noted{_other_amount(case, verdict)}")
    return None


def _other_amount(case: Case, verdict: Verdict) -> str:
    """What there is to say where the card was shown another amount than the switch; flags it."""
    shown, asked = verdict.data.get("amount", ""), case.amount
    if not shown or asked is None or int(shown) == asked.minor:
        return ""
    seen = Money(int(shown), asked.currency)
    case.flags.append(OTHER_AMOUNT)
    case.tells.append(alert(case.event, "chip.amount", shown=str(seen), asked=str(asked)))
    return f", but over {seen}, and {asked} is asked for"


def again(first: Transaction, facts: Facts) -> ChipOrder | None:
    """What the chip of a repeat is told: of the cryptogram alone, and only if both were right."""
    verdict = facts.verdicts.get(CHECK)
    if verdict is None or verdict.outcome != "good" or not was_right(first):
        return None
    card = facts.find(Card, first.pan_token)
    return None if card is None else _order(facts, card)


def was_right(first: Transaction) -> bool:
    """Whether a demand's cryptogram was checked and right."""
    return first.flow is Flow.REQUEST and any(
        check.name == CHECK and check.ok for check in first.trail
    )


def _answer(case: Case, card: Card) -> ChipOrder | None:
    """The order of the answer's chip data, with the scripts that wait and can be made."""
    order = _order(case.facts, card)
    if order is None or not card.scripts:
        return order
    keys = [_use(card, role, case.facts) for role in SCRIPTING]
    if None in keys:
        case.passed(
            "scripts", ", ".join(card.scripts), "wait: the issuer's script keys are missing"
        )
        return order
    going = fitting(card.scripts)
    case.card_changes["scripts"] = card.scripts[len(going) :]
    case.passed("scripts", ", ".join(going), "go to the card with this answer")
    found = tuple(key for key in keys if key is not None)
    return ChipOrder(order.key, order.profile, going, found, order.sequence)


def fitting(scripts: tuple[str, ...]) -> tuple[str, ...]:
    """Those at the front that fit into one answer.

    >>> fitting(("pin-unblock", "put-data:9F58:03", *["put-data:9F59:" + 32 * "00"] * 2))[-1][:13]
    'put-data:9F59'
    >>> len(fitting(8 * ("pin-unblock",))), len(fitting(8 * ("put-data:9F59:" + 32 * "00",)))
    (8, 2)
    """
    room = SCRIPT_BYTES - _TEMPLATES_BYTES
    for place, script in enumerate(scripts):
        room -= _COMMAND_BYTES + len(script.partition(":")[2].partition(":")[2]) // 2
        if room < 0:
            return scripts[:place]
    return scripts


def _order(facts: Facts, card: Card) -> ChipOrder | None:
    key = _use(card, MASTER, facts, facts.verdicts.get(CHECK))
    return None if key is None else ChipOrder(key, card.chip, sequence=card.sequence)


def _use(card: Card, role: str, facts: Facts, verdict: Verdict | None = None) -> KeyUse | None:
    return key_use(issuer_key(card.issuer, role), facts, verdict)


def _atc(verdict: Verdict) -> int:
    digits = verdict.data.get("atc", "")
    return int(digits) if digits.isdigit() else 0
