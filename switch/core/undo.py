"""Taking back what a transaction put into effect, in whole or in part.

Owns what each kind takes with it when it is reversed, and what of it can be taken back (INV-20,
INV-21, INV-26). Refuses to know why: a terminal's reversal, an answer that never left and a void
come here alike.

===========  =========================================================================
a sale       goes back to whoever bore it
a hold       is given back, with its increments (INV-41)
increment    gives its own part of the hold back
completion   as a sale; what it completed may be completed again (``undo_holds``)
refund       goes back to the merchant, from suspense if the card has spent it (INV-40)
void         the sale, refund or hold is there again; it costs whom it can (``pricing``)
tip adjust   the total of the last adjust that is left, else the one before all of them
===========  =========================================================================

A transaction that holds nothing any more because something else took it away (it was voided, its
hold completed) can be reversed all the same: nothing moves, but whatever restores it later finds it
reversed. That is what makes pairs cancel out in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from switch.core.amounts import completed_by, in_effect, standing
from switch.core.ledger import merchant_account, suspense_account
from switch.core.pricing import bears, reprice
from switch.core.undo_holds import (
    blocked_increment,
    lessen_authorized,
    opened,
    take_hold,
    take_increment,
    uncomplete,
)
from switch.core.undoing import Undoing, Undone, back_to, lessened
from switch.model.copies import replace
from switch.model.facts import Facts
from switch.model.records import Transaction, next_version
from switch.model.words import Kind, State
from switch.money import Money


class Blocked(NamedTuple):
    """Why so much cannot be taken back, and what would change that."""

    said: str
    remedy: str


def take_back(
    transaction: Transaction,
    facts: Facts,
    *,
    by: str,
    kind: str,
    at_us: int,
    remaining_minor: int = 0,
) -> Undone:
    """Leave ``remaining_minor`` of the transaction in effect, having asked ``blocked`` before.

    ``by`` is the request key of whoever takes back, ``kind`` the name of the posting. ValueError
    where there is nothing to take back.
    """
    undoing = Undoing(facts, by, kind, at_us)
    return undoing.done(_taking(transaction)(undoing, transaction, remaining_minor))


def void(transaction: Transaction, facts: Facts, *, by: str, at_us: int) -> Undone:
    """Take all of a sale, refund or hold back because it was cancelled (INV-44). Unlike a reversal
    it lets a completed authorization rest.
    """
    undoing = Undoing(facts, by, Kind.VOID.value, at_us)
    taking = _sale if transaction.kind is Kind.COMPLETION else _taking(transaction)
    after = taking(undoing, transaction, 0)
    completed = transaction.completed_minor
    if transaction.kind is Kind.COMPLETION:
        completed = completed_by(transaction)
    return undoing.done(replace(after, state=State.VOIDED, completed_minor=completed))


def withdraw(transaction: Transaction, facts: Facts, *, by: str, kind: str, at_us: int) -> Undone:
    """Reverse a transaction of which nothing is in effect, for it was voided or completed."""
    undoing = Undoing(facts, by, kind, at_us)
    if transaction.kind is Kind.COMPLETION:
        _uncompleted(undoing, transaction, 0)
    return undoing.done(next_version(transaction, state=State.REVERSED))


def blocked(transaction: Transaction, facts: Facts, remaining_minor: int) -> Blocked | None:
    """What stands against leaving ``remaining_minor`` in effect: an amount above what is left
    (INV-21), because something else was built upon it.
    """
    parent = facts.find(Transaction, transaction.original_key) if transaction.original_key else None
    if transaction.kind in _WHOLE and remaining_minor:
        return Blocked(f"a {transaction.kind} is taken back whole", "no amount that remains")
    if remaining_minor < transaction.refunded_minor:
        refunded = _money(transaction, transaction.refunded_minor)
        return Blocked(
            f"{refunded} of it was refunded", f"{refunded} to remain, or its refunds reversed first"
        )
    if transaction.kind is Kind.INCREMENT:
        found = blocked_increment(transaction, parent, in_effect(transaction) - remaining_minor)
        return None if found is None else Blocked(*found)
    if transaction.kind is Kind.TIP_ADJUST and parent is not None:
        return _blocked_adjust(transaction, parent)
    if transaction.kind is Kind.VOID and parent is not None and parent.kind is Kind.REFUND:
        return _blocked_refund(transaction, parent, facts)
    return None


_WHOLE: Final = frozenset({Kind.VOID, Kind.TIP_ADJUST})


def _blocked_adjust(of: Transaction, sale: Transaction) -> Blocked | None:
    left = [total for key, total in sale.changed if key != of.id]
    if sale.state in _GONE or len(left) == len(sale.changed) or left[-1] >= sale.refunded_minor:
        return None
    refunded = _money(sale, sale.refunded_minor)
    return Blocked(f"{refunded} of the sale was refunded", "its refunds reversed first")


def _blocked_refund(of: Transaction, refund: Transaction, facts: Facts) -> Blocked | None:
    """A refund that comes back must still be covered by its sale (INV-44)."""
    sale = facts.find(Transaction, refund.original_key) if refund.original_key else None
    if refund.state is not State.VOIDED or sale is None:
        return None
    left = in_effect(sale) - sale.refunded_minor
    if in_effect(of) <= left:
        return None
    said = f"only {_money(of, left)} of the sale can be refunded"
    return Blocked(said, "the sale restored, or its other refunds reversed first")


def _money(transaction: Transaction, minor: int) -> Money:
    return Money(minor, "" if transaction.amount is None else transaction.amount.currency)


# -- what each kind takes with it

_GONE: Final = frozenset({State.REVERSED, State.VOIDED})
_Taking = Callable[[Undoing, Transaction, int], Transaction]


def _taking(transaction: Transaction) -> _Taking:
    found = _TAKING.get(transaction.kind)
    if found is not None:
        return found
    return _sale if transaction.captures else take_hold


def _sale(undoing: Undoing, of: Transaction, remaining_minor: int) -> Transaction:
    back, currency = back_to(of, remaining_minor)
    merchant = merchant_account(of.merchant_id, currency)
    undoing.post(of, {merchant: -back, of.account: back}, currency, of.id)
    undoing.account = of.account
    first = undoing.parent(of)
    if first is None:
        undoing.recount(of, -back, 0 if remaining_minor else -1)
    elif first.account == of.account:  # its authorization was counted in its place
        undoing.recount(first, -back)
    return lessened(of, remaining_minor)


def _completion(undoing: Undoing, of: Transaction, remaining_minor: int) -> Transaction:
    completed = min(remaining_minor, completed_by(of))
    after = _sale(undoing, of, remaining_minor)
    _uncompleted(undoing, of, completed)
    return replace(after, completed_minor=completed)


def _uncompleted(undoing: Undoing, of: Transaction, remaining_minor: int) -> None:
    """Let the authorization know how much of the completion remains."""
    first = undoing.parent(of)
    if first is not None:
        minor = completed_by(of) - remaining_minor
        after = uncomplete(undoing, first, of.id, minor, whole=not remaining_minor)
        undoing.records.append(after)
        undoing.recount(first, in_effect(after) - in_effect(first))


def _refund(undoing: Undoing, of: Transaction, remaining_minor: int) -> Transaction:
    back, currency = back_to(of, remaining_minor)
    able = bears(undoing.book, of.account, currency, back)
    undoing.account = of.account if able else suspense_account(currency)
    merchant = merchant_account(of.merchant_id, currency)
    undoing.post(of, {undoing.account: -back, merchant: back}, currency, of.id)
    _refunded(undoing, of, -back)
    return lessened(of, remaining_minor)


def _refunded(undoing: Undoing, refund: Transaction, minor: int) -> None:
    """Let the sale know of so much more that was refunded."""
    sale = undoing.parent(refund)
    if sale is not None:
        undoing.records.append(next_version(sale, refunded_minor=sale.refunded_minor + minor))


def _void(undoing: Undoing, of: Transaction, _remaining: int) -> Transaction:
    target = undoing.parent(of)
    if target is not None and target.state is State.VOIDED:
        undoing.records.append(restore(undoing, of, target))
    return lessened(of, 0)


def restore(undoing: Undoing, of: Transaction, voided: Transaction) -> Transaction:
    """What was voided, in effect again, for its void is taken back."""
    if voided.kind is Kind.REFUND:
        return _refund_again(undoing, of, voided)
    return (_sale_again if voided.captures else _hold_again)(undoing, of, voided)


def _refund_again(undoing: Undoing, of: Transaction, refund: Transaction) -> Transaction:
    minor, currency = back_to(of, 0)
    merchant = merchant_account(refund.merchant_id, currency)
    undoing.post(of, {merchant: -minor, of.account: minor}, currency, of.id)
    _refunded(undoing, refund, minor)
    return next_version(refund, state=standing(refund, minor), amount_open=Money(minor, currency))


def _sale_again(undoing: Undoing, of: Transaction, sale: Transaction) -> Transaction:
    """The sale as it was, less what was adjusted and taken back since."""
    minor, currency = back_to(of, 0)
    if sale.changed:
        minor = sale.changed[-1][1]
    price = reprice(undoing.book, undoing.facts, sale, minor)
    undoing.post(of, price.moves, currency, of.id)
    after = next_version(
        sale,
        state=standing(sale, minor),
        amount_open=Money(minor, currency),
        account=price.account,
    )
    undoing.recount(undoing.parent(sale) or after, minor, 1)
    return after


def _hold_again(undoing: Undoing, of: Transaction, first: Transaction) -> Transaction:
    hold = undoing.hold(first)
    if hold is None or hold.ended_by != of.id:
        raise ValueError(f"transaction {first.id} has no hold that {of.id} has ended")
    if hold.expires_us <= undoing.at_us:
        return next_version(first, state=State.EXPIRED)
    after = opened(undoing, first, hold)
    undoing.recount(first, in_effect(after), 0 if first.completed_minor else 1)
    return after


def _adjust(undoing: Undoing, of: Transaction, _remaining: int) -> Transaction:
    sale = undoing.parent(of)
    if sale is not None and of.id in dict(sale.changed):
        changed = tuple([item for item in sale.changed if item[0] != of.id])
        after = next_version(sale, changed=changed)
        if sale.state not in _GONE and sale.amount_open is not None:
            minor, currency = changed[-1][1], sale.amount_open.currency
            price = reprice(undoing.book, undoing.facts, sale, minor)
            undoing.post(of, price.moves, currency, sale.id)
            undoing.recount_repriced(sale, minor, price.account)
            amount = Money(minor, currency)
            after = replace(after, amount_open=amount, account=price.account)
        undoing.records.append(after)
    return lessened(of, 0)


_TAKING: Final[dict[Kind, _Taking]] = {
    Kind.INCREMENT: take_increment,
    Kind.COMPLETION: _completion,
    Kind.REFUND: _refund,
    Kind.VOID: _void,
    Kind.TIP_ADJUST: _adjust,
}

# What becomes of a transaction when something that had acted upon it is taken back. Nothing acts
# upon what was declined, and whoever does so to a sale moves its amount, not its state.
ON_RESTORING: Final[dict[State, Callable[..., Transaction]]] = {
    **dict.fromkeys(
        (State.APPROVED, State.PARTIAL, State.ACCEPTED, State.PARTLY_REVERSED), lessen_authorized
    ),
    **dict.fromkeys((State.COMPLETED, State.EXPIRED, State.REVERSED), uncomplete),
    State.VOIDED: restore,
}
