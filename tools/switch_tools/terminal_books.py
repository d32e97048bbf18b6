"""The books of a virtual terminal: which line goes into the journal, and which message leaves.

Owns STANs, times, and that a message which cannot be written is refused before the journal holds
it. Refuses to know sockets and waiting; the order of things is ``terminal_engine``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from switch.keys.port import CardVault
from switch.model.words import EntryMode, Flow, Kind
from switch.values import Pan
from switch_tools import terminal_targets as targets
from switch_tools.cards import CardInHand
from switch_tools.terminal_chip import ChipReader
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_lines import (
    SETTLES,
    Abandoned,
    Altered,
    Answered,
    Closed,
    Entry,
    Repeated,
    Sent,
    stan_of,
)
from switch_tools.terminal_model import (
    NOTHING,
    Heard,
    Identity,
    Language,
    Outgoing,
    Presented,
    Wish,
)
from switch_tools.terminal_targets import TerminalError

__all__ = ["Books", "TerminalError"]


class Books:
    """Journal, counter and messages of one terminal. Every change is durable before it returns."""

    def __init__(
        self,
        identity: Identity,
        language: Language,
        journal: Journal,
        vault: CardVault,
        now: Callable[[], datetime],
        chips: ChipReader,
    ) -> None:
        self.journal = journal
        self._identity = identity
        self._language = language
        self._vault = vault
        self._now = now
        self._chips = chips

    # -- finding -----------------------------------------------------------------------------------

    def find(self, stan: str | None, fits: Callable[[Entry], bool], purpose: str) -> Entry:
        """The newest entry that fits (and has that STAN). Raises TerminalError."""
        return targets.find(self.journal, stan, fits, purpose)

    def original_of(self, wish: Wish) -> Entry | None:
        """The entry that a wish is about, if any. Raises TerminalError."""
        return targets.original_of(self.journal, wish)

    def current(self, entry: Entry) -> Entry:
        """The entry as it stands now."""
        return self.journal.entries[entry.number]

    def open_reversal(self, original: Entry) -> Entry | None:
        """The reversal that was sent for it and is not answered."""
        entry = self.journal.entries.get(self.current(original).reversal)
        return entry if entry is not None and entry.answered is None else None

    def is_open_reversal(self, original: Entry, wish: Wish) -> bool:
        """Whether a reversal like the one that is wished is on its way already."""
        entry = self.open_reversal(original)
        remaining = None if wish.remaining is None else wish.remaining.minor
        return entry is not None and entry.sent.remaining_minor == remaining

    # -- requests ----------------------------------------------------------------------------------

    def new(self, wish: Wish, original: Entry | None = None) -> tuple[Entry, Outgoing]:
        """A new request, about to leave. Raises EncodeError and TerminalError, and then nothing was
        kept."""
        line, presented = self._new(wish, original)
        outgoing = self._outgoing(line, repeat=False, presented=presented)
        return self.journal.append(line), outgoing

    def advice(self, wish: Wish, original: Entry | None = None) -> Entry:
        """A new advice, kept to be told. Raises as ``new`` does."""
        return self._keep(self._new(wish, original)[0])

    def is_told(self, wish: Wish) -> bool:
        """Whether the dialect tells what is wished instead of asking for it. Raises EncodeError."""
        return self._flow(wish) is Flow.ADVICE

    def _new(self, wish: Wish, original: Entry | None) -> tuple[Sent, Presented]:
        line = self._line(wish.kind, original)
        stated = targets.amounts(wish, original)
        amount = wish.amount
        line = replace(
            line,
            flow=self._flow(wish),
            amount_minor=stated.amount,
            currency=line.currency or ("" if amount is None else amount.currency),
            other_minor=stated.other,
            original_minor=stated.before,
            remaining_minor=None if wish.remaining is None else wish.remaining.minor,
            rrn=wish.rrn if original is None else "",
            approval_code=wish.approval_code,
            partial=wish.partial,
            final=wish.final,
            pin=wish.presented.pin is not None,
        )
        if wish.card is None or original is not None:
            return line, wish.presented
        line = self._with_card(line, wish.card, wish.entry_mode)
        return self._chips.read(wish.card, line, wish.presented)

    def reversal(self, original: Entry, wish: Wish) -> tuple[Entry, Outgoing]:
        """The first reversal of a request: its card and amount, under a STAN of its own."""
        return self.new(wish, self.current(original))

    def again(self, entry: Entry, presented: Presented = NOTHING) -> tuple[Entry, Outgoing]:
        """The same request, about to leave as a repeat, or for the first time where it was only
        kept."""
        first = entry.sent.queued and not entry.repeats
        outgoing = self._outgoing(entry.sent, repeat=not first, presented=presented)
        return self.journal.append(Repeated(number=entry.number, at=self._stamp())), outgoing

    def reconciliation(self, totals: str, currency: str, *, after_upload: bool) -> Entry:
        """The close of the open batch, kept to be told."""
        line = replace(
            self._line(Kind.RECONCILIATION, None),
            totals=totals,
            currency=currency,
            after_upload=after_upload,
        )
        return self._keep(line)

    def upload(self, item: Entry, minor: int, *, last: bool) -> Entry:
        """One item of the open batch, kept to be told; ``last``: none follows."""
        line = self._line(Kind.BATCH_UPLOAD, item)
        line = replace(line, amount_minor=minor, last_item=last, other_minor=item.sent.other_minor)
        return self._keep(line)

    def _keep(self, line: Sent) -> Entry:
        """Kept to be told, if it can be written at all."""
        self._language.draft(line, self._original(line), self._pan(line))
        return self.journal.append(replace(line, queued=True))

    def _flow(self, wish: Wish) -> Flow:
        if wish.kind.is_network:
            return Flow.REQUEST
        return self._language.flow(wish.kind, advice=wish.advice)

    def _line(self, kind: Kind, original: Entry | None) -> Sent:
        """A line with the next number, at this time; card and invoice of its original."""
        now = self._now()
        number = self.journal.next_number
        times = self._language.times(now, self._identity.zone)
        line = Sent(
            number=number,
            stan=stan_of(number),
            at=_text(now),
            kind=kind,
            dialect=self._language.name,
            terminal_id=self._identity.terminal_id,
            merchant_id=self._identity.merchant_id,
            transmitted_at=times.transmitted_at,
            local_time=times.local_time,
            local_date=times.local_date,
            invoice="" if kind.is_network or kind in SETTLES else _invoice(now),
            batch=self.journal.batch,
        )
        if original is None:
            return line
        sent = original.sent
        keeps_stan = kind is Kind.REVERSAL and self._language.reversals_keep_stan
        line = replace(
            line,
            stan=sent.stan if keeps_stan else line.stan,
            original=original.number,
            invoice=sent.invoice,
            currency=sent.currency,
        )
        if not sent.pan_sealed:
            return line
        card = CardInHand(sent.card, self._vault.open(sent.pan_sealed, sent.row), sent.expiry)
        line = self._with_card(line, card, sent.entry_mode)
        return replace(line, sequence=sent.sequence)

    def _with_card(self, line: Sent, card: CardInHand, entry_mode: EntryMode) -> Sent:
        return replace(
            line,
            card=card.name,
            pan_masked=card.pan.masked,
            pan_sealed=self._vault.seal(card.pan, line.row),
            expiry=card.expiry,
            entry_mode=entry_mode,
        )

    def _outgoing(self, sent: Sent, *, repeat: bool, presented: Presented = NOTHING) -> Outgoing:
        return self._language.write(
            sent, self._original(sent), self._pan(sent), repeat=repeat, presented=presented
        )

    def _original(self, sent: Sent) -> Entry | None:
        return self.journal.entries.get(sent.original)

    def _pan(self, sent: Sent) -> Pan | None:
        return self._vault.open(sent.pan_sealed, sent.row) if sent.pan_sealed else None

    # -- what came of them -------------------------------------------------------------------------

    def abandon(self, entry: Entry, why: str) -> Entry:
        """The terminal waits no longer: from here on an answer is late."""
        return self.journal.append(Abandoned(number=entry.number, at=self._stamp(), why=why))

    def keep_answer(self, entry: Entry, heard: Heard) -> Entry:
        """The answer, heard in time."""
        return self.journal.append(
            Answered(
                number=entry.number,
                at=self._stamp(),
                approved=heard.approved,
                code=heard.code,
                reason=heard.reason,
                approval_code=heard.approval_code,
                rrn=heard.rrn,
                amount_minor=None if heard.amount is None else heard.amount.minor,
                final=heard.final,
                totals=heard.totals,
            )
        )

    def close_batch(self, reconciliation: Entry, *, balanced: bool) -> None:
        """The batch is settled: the next one begins, what is old is forgotten."""
        batch = reconciliation.sent.batch
        at = self._stamp()
        self.journal.append(
            Closed(number=reconciliation.number, at=at, batch=batch, balanced=balanced)
        )
        self.journal.shorten()

    # -- what a tester does to them ----------------------------------------------------------------

    def forget(self, entry: Entry) -> Entry:
        """The terminal lost it: it is neither counted nor uploaded."""
        return self.journal.append(Altered(number=entry.number, at=self._stamp(), forgotten=True))

    def misremember(self, entry: Entry, minor: int) -> Entry:
        """The terminal has another amount for it than it told the host."""
        return self.journal.append(
            Altered(number=entry.number, at=self._stamp(), claimed_minor=minor)
        )

    def invent(self, wish: Wish) -> Entry:
        """A purchase in the batch that never left the terminal."""
        line = self._line(Kind.PURCHASE, None)
        assert wish.card is not None
        assert wish.amount is not None
        line = replace(
            self._with_card(line, wish.card, wish.entry_mode),
            amount_minor=wish.amount.minor,
            currency=wish.amount.currency,
            invented=True,
        )
        entry = self._keep(line)
        return self.journal.append(Answered(number=entry.number, at=self._stamp(), approved=True))

    def _stamp(self) -> str:
        return _text(self._now())


def _invoice(moment: datetime) -> str:
    """Six digits of the time: a terminal that lost its counter does not use old numbers again."""
    return f"{int(moment.timestamp()) % 1_000_000:06d}"


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
