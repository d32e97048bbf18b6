"""Which transaction of the journal a wish is about, and for how much.

Owns what fits: a void wants something of the open batch, a completion an open pre-authorization.
With a STAN nearly anything goes, because it is the host that is tried out. Refuses to write the
journal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from switch.model.words import Kind
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_lines import CAPTURES, MONEY, Entry
from switch_tools.terminal_model import Wish
from switch_tools.terminal_refusal import TerminalError

__all__ = ["Amounts", "TerminalError", "amounts", "find", "original_of"]


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the message about an original states, in minor units. ``before``: what stood so far."""

    amount: int | None
    other: int | None = None
    before: int | None = None


_SALES: Final = frozenset({Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.COMPLETION})
_HOLD: Final = frozenset({Kind.PREAUTH})
_TARGETS: Final[dict[Kind, frozenset[Kind]]] = {
    Kind.VOID: CAPTURES | _HOLD,
    Kind.REFUND: _SALES,
    Kind.TIP_ADJUST: _SALES,
    Kind.COMPLETION: _HOLD,
    Kind.INCREMENT: _HOLD,
    Kind.REVERSAL: MONEY,
}
_PURPOSES: Final[dict[Kind, str]] = {
    Kind.VOID: "to void",
    Kind.REFUND: "to refund",
    Kind.TIP_ADJUST: "to add a tip to",
    Kind.COMPLETION: "to complete",
    Kind.INCREMENT: "to raise",
    Kind.REVERSAL: "to reverse",
}
# A void or a tip is reversed only when somebody says which.
_NOT_BY_ITSELF: Final = frozenset({Kind.VOID, Kind.TIP_ADJUST})


def find(journal: Journal, stan: str | None, fits: Callable[[Entry], bool], purpose: str) -> Entry:
    """The newest entry that fits (and has that STAN). Raises TerminalError."""
    wanted = None if stan is None else stan.rjust(6, "0")
    known = [one for one in journal.newest() if wanted in (None, one.stan)]
    found = next((one for one in known if fits(one)), None)
    if found is not None:
        return found
    if stan is None:
        raise TerminalError(f"the journal holds nothing {purpose}")
    if known:
        raise TerminalError(f"STAN {known[0].stan} has nothing {purpose}")
    raise TerminalError(f"the journal holds no STAN {stan[:6]}")


def original_of(journal: Journal, wish: Wish) -> Entry | None:
    """The entry that the wish is about; ``None`` where it stands for itself, or names an RRN that
    this journal does not hold. Raises TerminalError."""
    kind = wish.kind
    if kind not in _TARGETS or (kind is Kind.REFUND and _is_unlinked(wish)):
        return None
    if wish.rrn:
        return _by_rrn(journal, wish)

    def fits(entry: Entry) -> bool:
        if entry.sent.kind not in _TARGETS[kind]:
            return False
        if kind is Kind.REVERSAL:
            known = wish.stan is not None or entry.sent.kind not in _NOT_BY_ITSELF
            # What may not have been approved is not left standing in part.
            unsure = wish.remaining is None and entry.owes_reversal
            return known and (entry.approved or unsure)
        if wish.stan is not None:
            return entry.was_approved
        return _has_some_left(journal, kind, entry)

    return find(journal, wish.stan, fits, _PURPOSES[kind])


def amounts(wish: Wish, original: Entry | None) -> Amounts:
    """What the message states. Raises TerminalError where it has to be said and was not."""
    asked = None if wish.amount is None else wish.amount.minor
    if original is None:
        return Amounts(asked, None if wish.cash is None else wish.cash.minor)
    stands = original.in_effect_minor
    match wish.kind:
        case Kind.VOID:
            return Amounts(stands or original.amount_minor, before=stands)
        case Kind.REFUND:
            left = max(stands - original.refunded_minor, 0) or original.amount_minor
            return Amounts(left if asked is None else asked, before=stands)
        case Kind.COMPLETION:
            left = max(stands - original.completed_minor, 0) or original.amount_minor
            return Amounts(left if asked is None else asked, before=stands)
        case Kind.TIP_ADJUST:
            if asked is None:
                raise TerminalError("say how much the tip is")
            return Amounts(stands - original.tip_minor + asked, asked, before=stands)
        case Kind.REVERSAL:
            return _reversed(original)
        case _:
            if asked is None:
                raise TerminalError("say how much it is")
            return Amounts(asked, before=stands)


def _reversed(original: Entry) -> Amounts:
    """A reversal states what its original asked for, or what is left of what was approved."""
    if original.approved and original.moves_money:
        return Amounts(original.in_effect_minor, before=original.in_effect_minor)
    return Amounts(original.sent.amount_minor, before=0)


def _is_unlinked(wish: Wish) -> bool:
    return wish.card is not None and wish.stan is None and not wish.rrn


def _by_rrn(journal: Journal, wish: Wish) -> Entry | None:
    # What is about another transaction is answered under the other one's number.
    known = [one for one in journal.newest() if one.answered and one.answered.rrn == wish.rrn]
    for entry in known:
        if entry.sent.kind in _TARGETS[wish.kind]:
            return entry
    if known:
        raise TerminalError(f"RRN {wish.rrn[:12]} has nothing {_PURPOSES[wish.kind]}")
    if wish.card is None or wish.amount is None:
        said = f"the journal holds no RRN {wish.rrn[:12]}"
        raise TerminalError(f"{said}: for one of another terminal say --card and --amount too")
    return None


def _has_some_left(journal: Journal, kind: Kind, entry: Entry) -> bool:
    if not entry.approved:
        return False
    match kind:
        case Kind.VOID:
            return entry.sent.kind in CAPTURES and entry.sent.batch == journal.batch
        case Kind.REFUND:
            return entry.refunded_minor < entry.in_effect_minor
        case Kind.TIP_ADJUST:
            return entry.sent.batch == journal.batch
        case _:
            return not entry.completed
