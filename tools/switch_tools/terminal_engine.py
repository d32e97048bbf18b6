"""A virtual terminal: it buys, waits, gives up, and reverses until it is answered, as devices do.

Owns the order of things at a terminal: journal before wire, an owed reversal before anything new,
a late answer never an approval. Refuses to know bytes (``terminal_messages``), sockets
(``terminal_link``) and people (``terminal``). Clock, randomness, dialling and journal are handed
in, so that a test or a load generator can drive thousands of terminals.

One terminal does one thing at a time: its coroutines are not to be run beside each other.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import trio

from switch.keys.port import Vault
from switch.model.words import Kind
from switch.money import Money
from switch_tools.cards import CardInHand
from switch_tools.terminal_books import Books, TerminalError
from switch_tools.terminal_journal import Entry, Journal
from switch_tools.terminal_link import CannotConnect, Link, LinkLost
from switch_tools.terminal_model import Heard, Identity, Language, Outgoing

PAUSE_CEILING_S: Final = 60.0


class StillOwed(TerminalError):
    """A reversal is not answered, and a terminal sends nothing new before it is."""

    exit_code = 3


class Result(StrEnum):
    """How an exchange ended."""

    APPROVED = "approved"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"  # and whatever it may have caused is reversed
    OWED = "reversal_owed"  # a reversal is not answered yet: it goes out before anything new
    UNREAD = "unread"  # nobody waited for the answer


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the terminal waits. Between reversals it pauses ``pause_s``, doubled each time and
    jittered."""

    answer_s: float = 30.0
    reversal_s: float = 10.0
    reversal_tries: int = 10
    pause_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one request.

    ``heard`` is its answer, ``tries`` how often it left, ``ignored`` what came and did not count as
    an answer, ``reversal`` what became of the reversal that a time-out called for.
    """

    result: Result
    entry: Entry
    heard: Heard | None = None
    why: str = ""
    original: Entry | None = None
    reversal: Outcome | None = None
    repeat: bool = False
    tries: int = 1
    ignored: tuple[Heard, ...] = ()


@dataclass(slots=True)
class _Wait:
    """What came while the terminal waited."""

    heard: Heard | None = None
    why: str = ""
    ignored: list[Heard] = field(default_factory=list)


def system_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


class VirtualTerminal:
    """One device with its own STAN, journal and connection.

    ``watch`` sees each message: ``True`` for ours, and its bytes.
    """

    def __init__(
        self,
        identity: Identity,
        language: Language,
        journal: Journal,
        vault: Vault,
        dial: Callable[[], Awaitable[Link]],
        *,
        patience: Patience = Patience(),
        now: Callable[[], datetime] = system_now,
        rng: random.Random | None = None,
        watch: Callable[[bool, bytes], None] | None = None,
    ) -> None:
        self.identity = identity
        self.journal = journal
        self.patience = patience
        self._books = Books(identity, language, journal, vault, now)
        self._language = language
        self._dial = dial
        self._rng = random.Random() if rng is None else rng  # noqa: S311 - jitter of pauses
        self._watch = watch
        self._link: Link | None = None

    # -- what a person can ask for -----------------------------------------------------------------

    async def network(self, kind: Kind) -> Outcome:
        """Sign on, sign off or echo. Raises CannotConnect when nothing was sent."""
        link = await self._connected()
        entry, outgoing = self._books.new(kind)
        return await self._exchange(link, entry, outgoing)

    async def purchase(self, card: CardInHand, amount: Money, *, wait: bool = True) -> Outcome:
        """Buy. Reversals that are owed go first; raises StillOwed when they stay unanswered.

        On a time-out the outcome holds the reversal. Without ``wait`` the answer is not read, and
        the next command will reverse. Raises CannotConnect when nothing was sent.
        """
        await self.settle()
        link = await self._connected()
        entry, outgoing = self._books.new(Kind.PURCHASE, card, amount)
        if wait:
            return await self._exchange(link, entry, outgoing)
        self._show(True, outgoing.body)
        await link.send(outgoing.body)
        return Outcome(result=Result.UNREAD, entry=entry)

    async def reverse(self, stan: str | None = None) -> Outcome:
        """Undo the request with that STAN, or the last one that is approved.

        Raises TerminalError when there is nothing to undo, StillOwed, CannotConnect.
        """
        original = self._books.find(stan, _can_be_undone, "to reverse")
        await self.settle(but=original)
        if not original.owes_reversal:
            await self._connected()
        return await self._undo(original)

    async def repeat(self, stan: str | None = None, kind: Kind | None = None) -> Outcome:
        """Send a request once more, marked as a repeat: the one with that STAN, or the last one of
        that kind.

        Where the journal knew no decision it does afterwards; else it stays as it is. Raises
        TerminalError, CannotConnect.
        """
        entry = self._books.find(stan, lambda entry: kind in (None, entry.sent.kind), "to repeat")
        if entry.sent.kind is Kind.REVERSAL and entry.answered is None:
            return await self._undo(self.journal.entries[entry.sent.original])
        link = await self._connected()
        entry, outgoing = self._books.again(entry)
        if entry.open:
            return await self._exchange(link, entry, outgoing, repeat=True)
        waited = await self._say(link, outgoing, self.patience.answer_s)
        return Outcome(
            result=_verdict(waited.heard),
            entry=entry,
            heard=waited.heard,
            why=waited.why,
            original=self.journal.entries.get(entry.sent.original),
            repeat=True,
            ignored=tuple(waited.ignored),
        )

    async def settle(self, but: Entry | None = None) -> list[Outcome]:
        """Send the reversals that are owed (``but`` one) and wait for their answers.

        Raises StillOwed when one stays unanswered.
        """
        done = []
        for entry in self.journal.owed():
            if but is not None and entry.number == but.number:
                continue
            if entry.answered is None and not entry.abandoned:
                self._books.abandon(entry, "the terminal was restarted")
            outcome = await self._undo(entry)
            if outcome.result is Result.OWED:
                said = f"the reversal of STAN {entry.stan} is not answered ({outcome.why})"
                raise StillOwed(f"{said}: nothing new is sent before it is. Try again later")
            done.append(outcome)
        return done

    async def close(self) -> None:
        """Hang up. The journal stays open."""
        if self._link is not None:
            link, self._link = self._link, None
            await link.close()

    # -- exchanges ---------------------------------------------------------------------------------

    async def _exchange(
        self, link: Link, entry: Entry, outgoing: Outgoing, *, repeat: bool = False
    ) -> Outcome:
        """Send what the journal holds already, and take the answer or give up."""
        waited = await self._say(link, outgoing, self.patience.answer_s)
        ignored = tuple(waited.ignored)
        # A host too busy to answer a repeat says nothing of what it did with the first sending.
        if waited.heard is not None and (waited.heard.final or not repeat):
            return Outcome(
                result=_verdict(waited.heard),
                entry=self._books.keep_answer(entry, waited.heard),
                heard=waited.heard,
                repeat=repeat,
                ignored=ignored,
            )
        why = waited.why if waited.heard is None else f"the host said {waited.heard.said}"
        entry = self._books.abandon(entry, why)
        undone = await self._undo(entry) if entry.moves_money else None
        owed = undone is not None and undone.result is Result.OWED
        return Outcome(
            result=Result.OWED if owed else Result.NO_ANSWER,
            entry=self._books.current(entry),
            why=why,
            reversal=undone,
            repeat=repeat,
            ignored=ignored,
        )

    async def _undo(self, original: Entry) -> Outcome:
        """Reverse until it is answered: first as a reversal, from then on as its repeat (INV-25).

        Tries are bounded; what is still unanswered then is owed.
        """
        entry = self._books.open_reversal(original)
        ignored: list[Heard] = []
        why = ""
        for tried in range(self.patience.reversal_tries):
            if tried:
                await trio.sleep(self._pause(tried))
            try:
                link = await self._connected()
            except CannotConnect as failure:
                why = str(failure)
                continue
            repeat = entry is not None
            entry, outgoing = (
                self._books.reversal(original) if entry is None else self._books.again(entry)
            )
            waited = await self._say(link, outgoing, self.patience.reversal_s)
            ignored += waited.ignored
            if waited.heard is not None and waited.heard.final:
                return Outcome(
                    result=_verdict(waited.heard),
                    entry=self._books.keep_answer(entry, waited.heard),
                    heard=waited.heard,
                    original=self._books.current(original),
                    repeat=repeat,
                    tries=tried + 1,
                    ignored=tuple(ignored),
                )
            why = waited.why if waited.heard is None else f"the host said {waited.heard.said}"
        return Outcome(
            result=Result.OWED,
            entry=original if entry is None else entry,
            why=why,
            original=self._books.current(original),
            tries=self.patience.reversal_tries,
            ignored=tuple(ignored),
        )

    async def _say(self, link: Link, outgoing: Outgoing, patience_s: float) -> _Wait:
        """Send, and wait for the answer.

        Other messages that come meanwhile are noted and change nothing (INV-16). After a failure
        the connection is given up: what still comes over it would be late.
        """
        waited = _Wait(why=f"no answer within {patience_s:g} s")
        self._show(True, outgoing.body)
        try:
            with trio.move_on_after(patience_s):
                await link.send(outgoing.body)
                while waited.heard is None:
                    body = await link.receive()
                    self._show(False, body)
                    heard = self._language.hear(outgoing, body)
                    if heard.ours:
                        waited.heard = heard
                    else:
                        waited.ignored.append(heard)
        except LinkLost as failure:
            waited.why = str(failure)
        if waited.heard is None:
            await self.close()
        return waited

    async def _connected(self) -> Link:
        if self._link is None:
            self._link = await self._dial()
        return self._link

    def _pause(self, tried: int) -> float:
        base: float = min(self.patience.pause_s * 2 ** (tried - 1), PAUSE_CEILING_S)
        jitter: float = self._rng.random()
        return base * (0.5 + jitter / 2)

    def _show(self, ours: bool, body: bytes) -> None:
        if self._watch is not None:
            self._watch(ours, body)


def _can_be_undone(entry: Entry) -> bool:
    """It is approved, or may be: a reversal of it makes sense."""
    return entry.moves_money and (entry.approved or entry.owes_reversal)


def _verdict(heard: Heard | None) -> Result:
    if heard is None:
        return Result.NO_ANSWER
    return Result.APPROVED if heard.approved else Result.DECLINED
