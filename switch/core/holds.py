"""Holds: money set aside by an authorization until it is completed, reversed or has expired.

Owns the arithmetic (each change of a hold and of its account in one place, INV-41), and expiry: a
hold carries the wall-clock time of its end (INV-43), looked at by a timer at least once an hour, so
that a step of the clock or a restart delays nothing for long. A hold whose time has come counts as
expired although its timer has not looked yet. Refuses to judge who may open, lessen or extend one.
"""

from __future__ import annotations

from typing import Final

from switch.core.ledger import Book, account_key
from switch.model.effects import SetTimer
from switch.model.events import TimerFired
from switch.model.facts import Decision, Facts
from switch.model.records import Hold, Key, Record, Transaction, key_of, next_version
from switch.model.trail import Check
from switch.model.words import State
from switch.money import Money

TIMER: Final = "hold"  # of TimerFired; its subject is the hold's id, which is its transaction's
OPEN: Final = "open"
COMPLETED: Final = "completed"
REVERSED: Final = "reversed"
EXPIRED: Final = "expired"
_SECOND_US: Final = 1_000_000
_LOOK_S: Final = 3_600.0
NOTHING_NEW: Final = Decision()


def open_hold(
    book: Book, transaction: str, account: str, amount: Money, now_us: int, duration_s: int
) -> Hold:
    """Set money of the account aside for ``duration_s``. Its timer is the caller's to set
    (``timer``).
    """
    book.hold(account, amount.currency, amount.minor)
    return Hold(
        id=transaction,
        transaction=transaction,
        account=account,
        amount_minor=amount.minor,
        currency=amount.currency,
        expires_us=now_us + duration_s * _SECOND_US,
    )


def is_open(hold: Hold | None, now_us: int) -> bool:
    """Whether it still holds money and its time has not come."""
    return hold is not None and hold.state == OPEN and hold.expires_us > now_us


def has_expired(hold: Hold | None, now_us: int) -> bool:
    """Whether it ended because its time had come, or would have if its timer had looked."""
    if hold is None:
        return False
    return hold.state == EXPIRED or (hold.state == OPEN and hold.expires_us <= now_us)


def lessen(book: Book, hold: Hold, by_minor: int) -> Hold:
    """Give a part of an open hold back; what is left stays open. ValueError for all of it or
    more.
    """
    if hold.state != OPEN or not 0 < by_minor < hold.amount_minor:
        raise ValueError(f"{by_minor} of {hold.amount_minor} in the {hold.state} hold {hold.id}")
    book.hold(hold.account, hold.currency, -by_minor)
    return next_version(hold, amount_minor=hold.amount_minor - by_minor)


def release(book: Book, hold: Hold, state: str) -> Hold:
    """Give all that is left of an open hold back, and end it for that reason. ValueError for one
    that has ended: a hold is resolved once (INV-42).
    """
    if hold.state != OPEN or state == OPEN:
        raise ValueError(f"the {hold.state} hold {hold.id} cannot become {state}")
    book.hold(hold.account, hold.currency, -hold.amount_minor)
    return next_version(hold, amount_minor=0, state=state)


def extend(book: Book, hold: Hold, by_minor: int, expires_us: int) -> Hold:
    """Set more aside under an open hold; it ends no earlier than it would have. ValueError for one
    that has ended, or for nothing.
    """
    if hold.state != OPEN or by_minor <= 0:
        raise ValueError(f"the {hold.state} hold {hold.id} cannot grow by {by_minor}")
    book.hold(hold.account, hold.currency, by_minor)
    return next_version(
        hold,
        amount_minor=hold.amount_minor + by_minor,
        expires_us=max(hold.expires_us, expires_us),
    )


def reopen(book: Book, hold: Hold, minor: int) -> Hold:
    """Set money aside again under a hold whose end was itself taken back; its timer is the caller's
    to set. ValueError for one that is open, for one that has expired, or for nothing.
    """
    if hold.state in (OPEN, EXPIRED) or minor <= 0:
        raise ValueError(f"the {hold.state} hold {hold.id} cannot be opened again with {minor}")
    book.hold(hold.account, hold.currency, minor)
    return next_version(hold, state=OPEN, amount_minor=minor, ended_by="")


def timer(hold: Hold, now_us: int) -> SetTimer:
    """The next look at a hold: when its time comes, or in an hour."""
    rest_s = (hold.expires_us - now_us) / _SECOND_US
    return SetTimer(TIMER, hold.id, max(0.0, min(rest_s, _LOOK_S)))


def needs_of_timer(event: TimerFired, facts: Facts) -> tuple[Key, ...]:
    """The hold and its transaction; the account as well, where its time has come."""
    rows = facts.rows
    wanted = [key_of("hold", event.subject), key_of("transaction", event.subject)]
    missing = tuple([key for key in wanted if not rows.has(key)])
    if missing:
        return missing
    hold = facts.find(Hold, event.subject)
    if hold is None or hold.state != OPEN or hold.expires_us > event.moment.wall_us:
        return ()
    account = account_key(hold.account)
    return () if rows.has(account) else (account,)


def look(event: TimerFired, facts: Facts) -> Decision:
    """A hold's timer ran out: end the hold if its time has come, else look again later (INV-43)."""
    hold, now_us = facts.find(Hold, event.subject), event.moment.wall_us
    if hold is None or hold.state != OPEN:
        return NOTHING_NEW
    if hold.expires_us > now_us:
        return Decision(effects=(timer(hold, now_us),))
    transaction = facts.find(Transaction, hold.transaction)
    if transaction is None:
        raise ValueError(f"hold {hold.id} belongs to no transaction")
    rest = Money(hold.amount_minor, hold.currency)
    book = Book(facts)
    ended = release(book, hold, EXPIRED)
    check = Check("expiry", f"{transaction.id}, {rest} held", True, "its time has come; released")
    # What was completed before stays captured: only the rest, which was never claimed, has expired.
    after = next_version(
        transaction,
        state=State.EXPIRED,
        amount_open=Money(0, hold.currency),
        trail=(*transaction.trail, check),
    )
    records: list[Record] = [after, ended, *book.records()]
    return Decision(tuple(records), (), (check,))
