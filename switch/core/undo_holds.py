"""Taking back what holds money: authorizations, their increments, and what completions took.

Owns when a hold that has ended is opened again. A hold is resolved once (INV-42), but what resolved
it may itself be taken back, and then never was (INV-20): the hold is open again with what may still
be completed of it. Not so where its time has come meanwhile, or something else has ended it; and
where the money was spent meanwhile, only with what is there (INV-40).
"""

from __future__ import annotations

from typing import Any

from switch.core.amounts import authorized, in_effect, standing
from switch.core.holds import (
    COMPLETED,
    EXPIRED,
    OPEN,
    REVERSED,
    extend,
    lessen,
    release,
    reopen,
    timer,
)
from switch.core.undoing import Undoing, back_to, lessened
from switch.model.copies import replace
from switch.model.records import Hold, Transaction, next_version
from switch.model.words import State
from switch.money import Money


def take_hold(undoing: Undoing, of: Transaction, remaining_minor: int) -> Transaction:
    """Give an authorization's hold back, increments included; what was completed of it stays."""
    back, _ = back_to(of, remaining_minor)
    hold = undoing.hold(of)
    if hold is None:
        raise ValueError(f"transaction {of.id} has no hold")
    undoing.account = hold.account
    if remaining_minor:
        undoing.records.append(lessen(undoing.book, hold, back))
        undoing.recount(of, -back)
        return lessened(of, remaining_minor, authorized_minor=of.completed_minor + remaining_minor)
    ended = release(undoing.book, hold, REVERSED)
    undoing.records.append(replace(ended, ended_by=undoing.by))
    undoing.recount(of, -back, 0 if of.completed_minor else -1)
    return lessened(of, 0)


def take_increment(undoing: Undoing, of: Transaction, remaining_minor: int) -> Transaction:
    """Give an increment's own part back, where it is still a part of what is authorized."""
    back, _ = back_to(of, remaining_minor)
    first = undoing.parent(of)
    if first is not None and of.id in dict(first.changed):
        undoing.records.append(lessen_authorized(undoing, first, of.id, back))
    return lessened(of, remaining_minor)


def lessen_authorized(
    undoing: Undoing, first: Transaction, increment: str, back: int
) -> Transaction:
    """The authorization with an increment less, or with less of it."""
    parts = [(key, part - back if key == increment else part) for key, part in first.changed]
    changes: dict[str, Any] = {
        "changed": tuple([(key, part) for key, part in parts if part]),
        "authorized_minor": authorized(first) - back,
    }
    hold, amount = undoing.hold(first), first.amount_open
    if hold is not None and hold.state == OPEN and amount is not None:
        less = min(back, hold.amount_minor)
        changes["amount_open"] = Money(amount.minor - less, amount.currency)
        if less < hold.amount_minor:
            undoing.records.append(lessen(undoing.book, hold, less))
        else:  # nothing but the increment was left of it
            ended = COMPLETED if first.completed_minor else REVERSED
            undoing.records.append(release(undoing.book, hold, ended))
            changes["state"] = _ended(first)
        undoing.recount(first, -less)
    return next_version(first, **changes)


def uncomplete(
    undoing: Undoing, first: Transaction, completion: str, minor: int, *, whole: bool
) -> Transaction:
    """The authorization with ``minor`` units less completed. A completion that is taken back as a
    ``whole`` did not end the hold either.
    """
    completed = first.completed_minor - minor
    after = replace(first, completed_minor=completed, authorized_minor=authorized(first))
    hold = undoing.hold(first)
    if hold is None or first.state in (State.REVERSED, State.VOIDED):
        return next_version(after)
    if hold.state == OPEN:
        if minor:
            grown = extend(undoing.book, hold, minor, hold.expires_us)
            undoing.records.append(grown)
            after = replace(after, amount_open=Money(grown.amount_minor, grown.currency))
        return next_version(after)
    ended_by_it = not hold.ended_by or (whole and hold.ended_by == completion)
    if hold.state == COMPLETED and ended_by_it and hold.expires_us > undoing.at_us:
        return opened(undoing, after, hold)
    over = hold.state == EXPIRED or hold.expires_us <= undoing.at_us
    if over and first.state is State.COMPLETED:
        after = replace(after, state=_ended(after))
    return next_version(after)


def opened(undoing: Undoing, of: Transaction, hold: Hold) -> Transaction:
    """The authorization with its hold open again, as far as the account can bear it."""
    wanted = authorized(of) - of.completed_minor
    free = undoing.book.account(hold.account, hold.currency).available_minor
    minor = min(wanted, free)
    if minor <= 0:
        return next_version(replace(of, state=_ended(of)))
    again = reopen(undoing.book, hold, minor)
    undoing.records.append(again)
    undoing.effects.append(timer(again, undoing.at_us))
    return next_version(
        replace(
            of,
            state=standing(of, authorized(of)),
            amount_open=Money(minor, hold.currency),
            authorized_minor=authorized(of),
        )
    )


def _ended(authorization: Transaction) -> State:
    """The state of an authorization whose hold is gone."""
    return State.COMPLETED if authorization.completed_minor else State.EXPIRED


def blocked_increment(
    of: Transaction, first: Transaction | None, back: int
) -> tuple[str, str] | None:
    """Why an increment cannot be taken back, and what would change that: some of it was completed
    (INV-42).
    """
    if first is None or of.id not in dict(first.changed):
        return None
    left = authorized(first) - first.completed_minor
    if back <= left or in_effect(of) == 0:
        return None
    completed = Money(first.completed_minor, "" if of.amount is None else of.amount.currency)
    return f"{completed} was completed", "the completion reversed first"
