"""Makes a virtual terminal's books wrong on purpose, so that a host has differences to find.

Owns the three ways of it: an item forgotten, one with another amount, one that never was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from switch.model.words import Kind
from switch.money import Money
from switch_tools.cards import CardInHand
from switch_tools.terminal_engine import VirtualTerminal
from switch_tools.terminal_lines import CAPTURES, Entry
from switch_tools.terminal_model import Wish
from switch_tools.terminal_targets import TerminalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong: STANs that are forgotten, STANs with other amounts, amounts of purchases that
    never were (with the card that they are put on)."""

    forgotten: Sequence[str] = ()
    amounts: Sequence[tuple[str, Money]] = ()
    extra: Sequence[Money] = ()
    card: CardInHand | None = None


def claim_wrongly(device: VirtualTerminal, wrong: Wrong) -> None:
    """Write it into the terminal's journal. Raises TerminalError for an item that is not in the
    open batch, or no card for one that never was."""
    books = device.books
    batch = device.journal.batch

    def is_item(entry: Entry) -> bool:
        return entry.sent.kind in CAPTURES and entry.was_approved and entry.sent.batch == batch

    for stan in wrong.forgotten:
        books.forget(books.find(stan, is_item, "in the open batch"))
    for stan, money in wrong.amounts:
        books.misremember(books.find(stan, is_item, "in the open batch"), money.minor)
    for money in wrong.extra:
        if wrong.card is None:
            raise TerminalError("a purchase that never was needs a card: say --card")
        books.invent(Wish(kind=Kind.PURCHASE, card=wrong.card, amount=money))
