"""Which facts the decision about a request needs, stage by stage: one row tells which come next.

Owns WANTS, the needs of each kind of request, and the stages that all share: first what is known
under the request's own names, then, for the first of its key, what its kind wants. Each stage names
only rows that the previous ones led to, so planning ends after a handful of rounds. What an earlier
decision of the same batch wrote is read like any other row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from switch.core import exchange, needs_card, needs_follow, needs_money, needs_settle, rules
from switch.core.case import BEARS_REFERENCE
from switch.core.devices import device_key
from switch.core.follow import original_of
from switch.core.naming import rrn_name
from switch.core.needs import (
    READY,
    Needs,
    by_rrn,
    missing,
    of_nothing,
    of_sender,
    of_undoing_itself,
)
from switch.core.proof import of_proof
from switch.core.sealing import concerns
from switch.core.terms import Refusal, base_name, key_name, key_row, read_ksn, terms_of
from switch.model.events import RequestArrived
from switch.model.facts import Facts
from switch.model.records import Key, Reference, Terminal, Transaction, key_of
from switch.model.request import Request
from switch.model.security import terminal_key
from switch.model.words import Kind


class Wants(NamedTuple):
    """What a kind of request needs to know: ``first`` names rows that the message alone leads to,
    ``then`` is asked, again and again, when all first ones are there.
    """

    then: Callable[[RequestArrived, Facts], Needs] = of_sender
    first: Callable[[RequestArrived], list[Key]] | None = None
    sender: bool = True  # its terminal and merchant
    card: bool = False  # the card that it names
    found: bool = False  # once approved it can be found by its reference number


_NOTHING: Final = Wants(of_nothing, sender=False)
_PAYMENT: Final = Wants(needs_money.of_payment, card=True, found=True)
_FOLLOWER: Final = Wants(
    needs_follow.of_follower, needs_follow.named_original, card=True, found=True
)
_INQUIRY: Final = Wants(needs_money.of_inquiry, card=True)
WANTS: Final[dict[Kind, Wants]] = {
    **dict.fromkeys(Kind, _NOTHING),
    Kind.SIGN_ON: Wants(exchange.of_sign_on),
    Kind.KEY_EXCHANGE: Wants(exchange.of_exchange, exchange.named_keys),
    Kind.SIGN_OFF: Wants(),
    Kind.PURCHASE: _PAYMENT,
    Kind.CASH: _PAYMENT,
    Kind.CASHBACK: _PAYMENT,
    Kind.PREAUTH: _PAYMENT,
    Kind.BALANCE: _INQUIRY,
    Kind.VERIFICATION: _INQUIRY,
    Kind.INCREMENT: _FOLLOWER,
    Kind.COMPLETION: _FOLLOWER,
    Kind.VOID: _FOLLOWER,
    Kind.REFUND: _FOLLOWER,
    Kind.TIP_ADJUST: _FOLLOWER,
    Kind.REVERSAL: Wants(needs_follow.of_reversal, needs_follow.named_original),
    Kind.RECONCILIATION: Wants(needs_settle.of_close),
    Kind.BATCH_UPLOAD: Wants(needs_settle.of_upload),
    Kind.CUTOVER: Wants(),
}


def _named(event: RequestArrived, wants: Wants, facts: Facts) -> list[Key]:
    """The rows that the message alone leads to."""
    request = event.request
    wanted = [key_of("transaction", request.request_key)]
    if request.reference and request.kind in BEARS_REFERENCE:
        wanted.append(key_of("reference", request.reference))
    if request.terminal_id:
        wanted.append(key_of("terminal", request.terminal_id))
        if wants.sender and request.merchant_id:
            wanted.append(key_of("merchant", request.merchant_id))
    if wants.found and (request.rrn or request.merchant_id):
        name = rrn_name(request, request.merchant_id, request.rrn or facts.fresh.rrn)
        wanted.append(key_of("reference", name))
    if wants.card and event.pan_token:
        wanted.append(key_of("card", event.pan_token))
    if wants.first is not None:
        wanted += wants.first(event)
    if request.mac or request.pin_block is not None:
        wanted = list(dict.fromkeys(wanted + _keys(request)))
    return wanted


def of_request(event: RequestArrived, facts: Facts) -> Needs:
    """What is known under the request's own names; then what its kind wants. Of a question for the
    vault the answer says that these rows were there already.
    """
    request = event.request
    wants = WANTS[request.kind]
    needs = READY if facts.verdicts else missing(facts.rows, _named(event, wants, facts))
    if needs:
        return needs
    proof = of_proof(event, facts)  # stands in front: what is asked of the card waits for it
    known = facts.find(Transaction, request.request_key)
    if known is not None:
        return proof + _of_repeat(event, known, facts)
    needs = proof + wants.then(event, facts)
    if wants.found and not request.rrn and not request.merchant_id:
        needs += missing(facts.rows, [by_rrn(request, facts)])
    if wants.sender and facts.settings.risk.by_kind:
        is_found = wants is _FOLLOWER and not needs
        original = original_of(request, facts) if is_found else None
        needs += missing(facts.rows, rules.wanted(event, facts, original))
    return needs


def of_echo(event: RequestArrived, facts: Facts) -> Needs:
    """An echo is answered whoever sends it; its MAC is checked, where it bears or owes one."""
    request = event.request
    if not concerns(request, facts):
        return READY
    wanted = [key_of("terminal", request.terminal_id), *(_keys(request) if request.mac else ())]
    return missing(facts.rows, wanted) or of_proof(event, facts)


def of_incomplete(event: RequestArrived, facts: Facts) -> Needs:
    """For the MAC of the answer; nothing else of such a message is believed."""
    request = event.request
    if not concerns(request, facts):
        return READY
    needs = missing(facts.rows, [key_of(Terminal.TABLE, request.terminal_id)])
    security = None if needs else terms_of(request, facts)
    if security is None:
        return needs
    name = key_name(request, security, "tak")
    return READY if isinstance(name, Refusal) else missing(facts.rows, [key_row(name)])


def _keys(request: Request) -> list[Key]:
    """The rows of the keys that the message is under, and of the device that it names."""
    if request.ksn:
        ksn, name = read_ksn(request.ksn), base_name(request.ksn)
        if isinstance(ksn, Refusal) or isinstance(name, Refusal):
            return []
        return [device_key(ksn), key_row(name)]
    names = []
    if request.mac:
        names.append(terminal_key(request.terminal_id, "tak"))
    if request.pin_block is not None:
        names.append(terminal_key(request.terminal_id, "tpk"))
    return [key_row(name) for name in names]


def _of_repeat(event: RequestArrived, known: Transaction, facts: Facts) -> Needs:
    """A repeat needs nothing more, unless its chip is answered or keys are handed out again, or it
    bears another name and a reversal of that name came first.
    """
    request = event.request
    if request.kind.is_network:
        brings = exchange.hands_out(known.kind, facts.policy)
        return missing(facts.rows, exchange.named_keys(event)) if brings else READY
    chip = needs_card.of_repeat(event, known, facts)
    if chip:
        return chip
    if request.kind not in BEARS_REFERENCE or request.reference in ("", known.reference):
        return READY
    reference = facts.find(Reference, request.reference)
    if reference is None or not reference.is_tombstone:
        return READY
    return missing(facts.rows, of_undoing_itself(known, facts))
