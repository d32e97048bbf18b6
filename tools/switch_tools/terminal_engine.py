"""A virtual terminal: it asks, waits, gives up, and reverses until it is answered, as devices do.

Owns the order of things at a terminal: journal before wire, what is owed before anything new, a
late answer never an approval. A request that may have moved money and has no answer is reversed; an
advice is repeated, because what it tells has happened. Refuses to know bytes
(``terminal_messages``), sockets (``terminal_link``) and people (``terminal``). Clock, randomness,
dialling and journal are handed in, so that a test or a script can drive many terminals.

One terminal does one thing at a time: its coroutines are not to be run beside each other.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from switch.keys.port import CardVault
from switch.model.words import Kind
from switch.money import Money
from switch_tools.cards import CardInHand
from switch_tools.terminal_books import Books
from switch_tools.terminal_chip import ChipReader
from switch_tools.terminal_exchange import Exchange
from switch_tools.terminal_journal import Entry, Journal
from switch_tools.terminal_keys import KeyRing
from switch_tools.terminal_link import Wire
from switch_tools.terminal_model import (
    NOTHING,
    Heard,
    Identity,
    Language,
    Outgoing,
    Presented,
    Wish,
)
from switch_tools.terminal_outcome import (
    Outcome,
    Patience,
    Result,
    Settled,
    StillOwed,
    verdict,
)
from switch_tools.terminal_settlement import Settlement

__all__ = ["Outcome", "Patience", "Result", "Settled", "StillOwed", "VirtualTerminal"]


PATIENT: Final = Patience()
WHOLE_REVERSAL: Final = Wish(kind=Kind.REVERSAL)


def system_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


class VirtualTerminal:
    """One device with its own STAN, journal, batch and connection.

    ``watch`` sees each message: ``True`` for ours, and its bytes.
    """

    def __init__(
        self,
        identity: Identity,
        language: Language,
        journal: Journal,
        vault: CardVault,
        dial: Callable[[], Awaitable[Wire]],
        *,
        patience: Patience = PATIENT,
        now: Callable[[], datetime] = system_now,
        rng: random.Random | None = None,
        watch: Callable[[bool, bytes], None] | None = None,
        chips: ChipReader | None = None,
        keys: KeyRing | None = None,
    ) -> None:
        self.identity = identity
        self.journal = journal
        self.patience = patience
        self.keys = keys
        reader = ChipReader() if chips is None else chips
        self.books = Books(identity, language, journal, vault, now, reader)
        chance = random.Random() if rng is None else rng  # noqa: S311 - jitter of pauses
        self._exchange = Exchange(language, dial, chance, watch)
        self._settlement = Settlement(self.books, language, self.tell)

    # -- what a person can ask for -----------------------------------------------------------------

    async def do(self, wish: Wish) -> Outcome:
        """Whatever is asked for, but a settlement. What is owed goes first.

        On a time-out the outcome holds the reversal. Raises TerminalError and EncodeError for what
        cannot be asked for, StillOwed when what is owed stays unanswered, CannotConnect when
        nothing was sent.
        """
        if wish.kind.is_network:
            return await self._ask(wish, None)
        original = self.books.original_of(wish)
        if wish.kind is Kind.REVERSAL and original is not None:
            return await self._reverse(original, wish)
        await self.flush()
        # What was owed may have been about it.
        return await self._ask(wish, self.books.original_of(wish))

    async def network(self, kind: Kind) -> Outcome:
        """Sign on, sign off, echo or cut over. Raises CannotConnect when nothing was sent."""
        return await self.do(Wish(kind=kind))

    async def purchase(self, card: CardInHand, amount: Money, *, wait: bool = True) -> Outcome:
        """Buy; without ``wait`` the answer is not read, and the next command will reverse."""
        return await self.do(Wish(kind=Kind.PURCHASE, card=card, amount=amount, wait=wait))

    async def reverse(self, stan: str | None = None, remaining: Money | None = None) -> Outcome:
        """Undo the request with that STAN, or the last one that is approved; in part where
        something is to remain."""
        return await self.do(Wish(kind=Kind.REVERSAL, stan=stan, remaining=remaining))

    async def repeat(
        self,
        stan: str | None = None,
        kind: Kind | None = None,
        presented: Presented = NOTHING,
    ) -> Outcome:
        """Send a request once more, marked as a repeat: the one with that STAN, or the last one of
        that kind.

        Where the journal knew no decision it does afterwards; else it stays as it is. Raises
        TerminalError, CannotConnect.
        """
        books = self.books
        entry = books.find(stan, lambda entry: kind in (None, entry.sent.kind), "to repeat")
        if entry.sent.kind is Kind.REVERSAL and entry.answered is None:
            return await self._undo(self.journal.entries[entry.sent.original])
        if entry.owes_telling:
            return await self.tell(entry)
        link = await self._exchange.connect()
        entry, outgoing = books.again(entry, presented)
        if entry.open:
            return await self._request(link, entry, outgoing, repeat=True)
        waited = await self._exchange.say(link, outgoing, self.patience.answer_s)
        return Outcome(
            result=verdict(waited.heard),
            entry=entry,
            heard=waited.heard,
            why=waited.why,
            original=self.journal.entries.get(entry.sent.original),
            repeat=True,
            ignored=tuple(waited.ignored),
        )

    async def flush(self, but: Entry | None = None) -> list[Outcome]:
        """Send what is owed (``but`` one) and wait for the answers: reversals, advices, and the
        rest of a settlement that was interrupted.

        Raises StillOwed when one stays unanswered.
        """
        done = await self._pay(but)
        if self._settlement.is_under_way:
            settled = await self._settlement.finish()
            done += [*settled.uploads, *settled.closes]
        return done

    async def settle(self) -> Settled:
        """Close the batch: what is owed first, then the reconciliation; out of balance, in a
        dialect that can, the upload of all items and the second close.

        Goes on with a settlement that was interrupted. Raises StillOwed when something stays
        unanswered, CannotConnect when nothing could be sent.
        """
        paid = await self._pay(None)
        if not self._settlement.is_under_way:
            await self._exchange.connect()
        return await self._settlement.finish(tuple(paid))

    async def tell(self, entry: Entry) -> Outcome:
        """Send what is kept to be told until it is answered: an advice, an upload, a close."""

        def following() -> tuple[Entry, Outgoing, bool]:
            nonlocal entry
            first = entry.sent.queued and not entry.repeats
            entry, outgoing = self.books.again(entry)
            return entry, outgoing, not first

        done = await self._exchange.insist(following, self.patience)
        heard = done.heard
        if heard is not None:
            entry = self.books.keep_answer(entry, heard)
        return Outcome(
            result=Result.TOLD_LATER if heard is None else verdict(heard),
            entry=entry,
            heard=heard,
            why=done.why,
            original=self.journal.entries.get(entry.sent.original),
            repeat=done.repeat,
            tries=done.tries,
            ignored=tuple(done.ignored),
        )

    async def close(self) -> None:
        """Hang up. The journal stays open."""
        await self._exchange.close()

    # -- exchanges ---------------------------------------------------------------------------------

    async def _ask(self, wish: Wish, original: Entry | None) -> Outcome:
        if wish.advice:
            return await self.tell(self.books.advice(wish, original))
        link = await self._exchange.connect()
        if self.books.is_told(wish):
            return await self.tell(self.books.advice(wish, original))
        entry, outgoing = self.books.new(wish, original)
        if wish.wait:
            return await self._request(link, entry, outgoing)
        await self._exchange.send(link, outgoing)
        return Outcome(result=Result.UNREAD, entry=entry)

    async def _reverse(self, original: Entry, wish: Wish) -> Outcome:
        same = self.books.is_open_reversal(original, wish)
        await self.flush(but=original if same or not original.was_approved else None)
        original = self.books.current(original)
        if not original.owes_reversal:
            await self._exchange.connect()
        return await self._undo(original, wish)

    async def _request(
        self, link: Wire, entry: Entry, outgoing: Outgoing, *, repeat: bool = False
    ) -> Outcome:
        """Send what the journal holds already, and take the answer or give up."""
        waited = await self._exchange.say(link, outgoing, self.patience.answer_s)
        ignored = tuple(waited.ignored)
        original = self.journal.entries.get(entry.sent.original)
        # A host too busy to answer a repeat says nothing of what it did with the first sending.
        if waited.heard is not None and (waited.heard.final or not repeat):
            self._install(waited.heard)
            entry = self.books.keep_answer(entry, waited.heard)
            return Outcome(
                result=verdict(waited.heard),
                entry=entry,
                heard=waited.heard,
                original=original and self.books.current(original),
                repeat=repeat,
                ignored=ignored,
            )
        why = waited.why if waited.heard is None else f"the host said {waited.heard.said}"
        entry = self.books.abandon(entry, why)
        undone = await self._undo(entry) if entry.owes_reversal else None
        owed = undone is not None and undone.result is Result.OWED
        return Outcome(
            result=Result.OWED if owed else Result.NO_ANSWER,
            entry=self.books.current(entry),
            why=why,
            original=original,
            reversal=undone,
            repeat=repeat,
            ignored=ignored,
        )

    def _install(self, heard: Heard) -> None:
        """Take up the keys of an exchange. The host accepts those before them for a while, so a
        power cut on either side of this does no harm.
        """
        if heard.keys and self.keys is not None:
            self.keys.put(*heard.keys)

    async def _undo(self, original: Entry, wish: Wish = WHOLE_REVERSAL) -> Outcome:
        """Reverse until it is answered: first as a reversal, from then on as its repeat (INV-25).

        Tries are bounded; what is still unanswered then is owed.
        """
        entry = self.books.open_reversal(original)

        def following() -> tuple[Entry, Outgoing, bool]:
            nonlocal entry
            if entry is None:
                entry, outgoing = self.books.reversal(original, wish)
                return entry, outgoing, False
            entry, outgoing = self.books.again(entry)
            return entry, outgoing, True

        done = await self._exchange.insist(following, self.patience)
        if done.heard is not None and entry is not None:
            entry = self.books.keep_answer(entry, done.heard)
        return Outcome(
            result=Result.OWED if done.heard is None else verdict(done.heard),
            entry=original if entry is None else entry,
            heard=done.heard,
            why=done.why,
            original=self.books.current(original),
            repeat=done.repeat,
            tries=done.tries,
            ignored=tuple(done.ignored),
        )

    async def _pay(self, but: Entry | None) -> list[Outcome]:
        """Reversals and advices that are owed, oldest first. Raises StillOwed."""
        done = []
        for entry in self.journal.owed():
            if but is not None and entry.number == but.number:
                continue
            if entry.owes_telling and not entry.reversal:
                outcome = await self.tell(entry)
                what = f"the advice of STAN {entry.stan}"
            else:
                if entry.answered is None and not entry.abandoned:
                    self.books.abandon(entry, "the terminal was restarted")
                outcome = await self._undo(entry)
                what = f"the reversal of STAN {entry.stan}"
            if outcome.result in (Result.OWED, Result.TOLD_LATER):
                said = f"{what} is not answered ({outcome.why})"
                raise StillOwed(f"{said}: nothing new is sent before it is. Try again later")
            done.append(outcome)
        return done
