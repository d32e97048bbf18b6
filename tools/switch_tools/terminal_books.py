"""The books of a virtual terminal: which line goes into the journal, and which message leaves.

Owns STANs, times, and that a message which cannot be written is refused before the journal holds
it. Refuses to know sockets and waiting; the order of things is ``terminal_engine``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from switch.errors import IsoswitchError
from switch.keys.port import Vault
from switch.model.words import Kind
from switch.money import Money
from switch_tools.cards import CardInHand
from switch_tools.terminal_journal import (
    Abandoned,
    Answered,
    Entry,
    Journal,
    Repeated,
    Sent,
    stan_of,
)
from switch_tools.terminal_model import Heard, Identity, Language, Outgoing


class TerminalError(IsoswitchError):
    """Something that this terminal cannot do: its journal says why."""

    exit_code = 2


class Books:
    """Journal, counter and messages of one terminal. Every change is durable before it returns."""

    def __init__(
        self,
        identity: Identity,
        language: Language,
        journal: Journal,
        vault: Vault,
        now: Callable[[], datetime],
    ) -> None:
        self.journal = journal
        self._identity = identity
        self._language = language
        self._vault = vault
        self._now = now

    # -- finding -----------------------------------------------------------------------------------

    def find(self, stan: str | None, fits: Callable[[Entry], bool], purpose: str) -> Entry:
        """The newest entry that fits (and has that STAN). Raises TerminalError."""
        wanted = None if stan is None else stan.rjust(6, "0")
        known = [one for one in self.journal.newest() if wanted in (None, one.stan)]
        found = next((one for one in known if fits(one)), None)
        if found is not None:
            return found
        if stan is None:
            raise TerminalError(f"the journal holds nothing {purpose}")
        if known:
            raise TerminalError(f"STAN {known[0].stan} has nothing {purpose}")
        raise TerminalError(f"the journal holds no STAN {stan[:6]}")

    def current(self, entry: Entry) -> Entry:
        """The entry as it stands now."""
        return self.journal.entries[entry.number]

    def open_reversal(self, original: Entry) -> Entry | None:
        """The reversal that was sent for it and is not answered."""
        entry = self.journal.entries.get(self.current(original).reversal)
        return entry if entry is not None and entry.answered is None else None

    # -- requests ----------------------------------------------------------------------------------

    def new(
        self, kind: Kind, card: CardInHand | None = None, amount: Money | None = None
    ) -> tuple[Entry, Outgoing]:
        """A new request, about to leave. Raises EncodeError, and then nothing was kept."""
        return self._begin(self._line(kind, card, amount))

    def reversal(self, original: Entry) -> tuple[Entry, Outgoing]:
        """The first reversal of a request: its card and amount, under a STAN of its own."""
        sent = original.sent
        amount = None if sent.amount_minor is None else Money(sent.amount_minor, sent.currency)
        card = CardInHand(sent.card, self._vault.open(sent.pan_sealed, sent.row), sent.expiry)
        line = self._line(Kind.REVERSAL, card, amount)
        stan = sent.stan if self._language.reversals_keep_stan else line.stan
        return self._begin(replace(line, stan=stan, original=original.number, invoice=sent.invoice))

    def again(self, entry: Entry) -> tuple[Entry, Outgoing]:
        """The same request, about to leave as a repeat."""
        outgoing = self._outgoing(entry.sent, repeat=True)
        return self.journal.append(Repeated(number=entry.number, at=self._stamp())), outgoing

    def _begin(self, line: Sent) -> tuple[Entry, Outgoing]:
        outgoing = self._outgoing(line, repeat=False)
        return self.journal.append(line), outgoing

    def _line(self, kind: Kind, card: CardInHand | None, amount: Money | None) -> Sent:
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
            invoice="" if kind.is_network else _invoice(now),
            amount_minor=None if amount is None else amount.minor,
            currency="" if amount is None else amount.currency,
        )
        if card is None:
            return line
        return replace(
            line,
            card=card.name,
            pan_masked=card.pan.masked,
            pan_sealed=self._vault.seal(card.pan, line.row),
            expiry=card.expiry,
        )

    def _outgoing(self, sent: Sent, *, repeat: bool) -> Outgoing:
        pan = self._vault.open(sent.pan_sealed, sent.row) if sent.pan_sealed else None
        original = self.journal.entries.get(sent.original)
        return self._language.write(sent, original, pan, repeat=repeat)

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
            )
        )

    def _stamp(self) -> str:
        return _text(self._now())


def _invoice(moment: datetime) -> str:
    """Six digits of the time: a terminal that lost its counter does not use old numbers again."""
    return f"{int(moment.timestamp()) % 1_000_000:06d}"


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
