"""How a virtual terminal closes its batch: reconciliation, upload where it differs, second close.

Owns what the batch consists of as the terminal has it, and the order of a settlement. All of it is
in the journal before it leaves, so one that was interrupted is gone on with. What counts as what is
``switch.core.totals``'. Refuses to know bytes and sockets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from switch.core import totals
from switch.model.words import Kind
from switch_tools.terminal_books import Books
from switch_tools.terminal_lines import CAPTURES, Entry
from switch_tools.terminal_model import Language
from switch_tools.terminal_outcome import Outcome, Result, Settled, StillOwed
from switch_tools.terminal_targets import TerminalError

_MERGED = frozenset({Kind.VOID, Kind.REVERSAL, Kind.TIP_ADJUST})


class Settlement:
    """The settlement of one terminal's current batch. ``tell`` sends an entry until it is
    answered."""

    def __init__(
        self, books: Books, language: Language, tell: Callable[[Entry], Awaitable[Outcome]]
    ) -> None:
        self._books = books
        self._language = language
        self._tell = tell

    @property
    def is_under_way(self) -> bool:
        """A close was sent and is not answered, or the second one is not done: nothing new may be
        captured before that is over."""
        last = self._last()
        return last is not None and (
            last.owes_telling
            or last.settlement == "balanced"  # and the power went before the next batch began
            or self._is_to_be_closed_again(last)
        )

    async def finish(self, paid: tuple[Outcome, ...] = ()) -> Settled:
        """Close the batch, from wherever it stands. Raises StillOwed, TerminalError."""
        last = self._last()
        closes, uploads = [], []
        if last is None or not self.is_under_way:
            last = self._begin(after_upload=False)
        if last.owes_telling:
            closes.append(await self._told(last))
            last = closes[-1].entry
        if self._is_to_be_closed_again(last):
            if self._language.uploads:
                uploads = [await self._told(entry) for entry in self._to_upload()]
            closes.append(await self._told(self._begin(after_upload=True)))
            last = closes[-1].entry
        closed = last.settlement == "balanced"
        balanced = closed and not last.sent.after_upload
        if closed:
            self._books.close_batch(last, balanced=balanced)
        return Settled(
            close=last,
            closed=closed,
            balanced=balanced,
            counted=next(filter(None, map(_host_totals, reversed(closes))), ""),
            closes=tuple(closes),
            uploads=tuple(uploads),
            paid=paid,
        )

    def items(self) -> list[totals.Item]:
        """The open batch as this terminal has it, testers' alterations included."""
        return list(_items(self._books.journal.entries, self._entries()))

    def _entries(self) -> list[Entry]:
        return list(self._books.journal.of_batch())

    def _last(self) -> Entry | None:
        """The last reconciliation of the open batch."""
        found = [one for one in self._entries() if one.sent.kind is Kind.RECONCILIATION]
        return found[-1] if found else None

    def _is_to_be_closed_again(self, last: Entry) -> bool:
        """After the upload of all items; where there is none, by stating the same once more."""
        return last.settlement == "differs" and not last.sent.after_upload

    def _begin(self, *, after_upload: bool) -> Entry:
        items = self.items()
        currencies = {item.currency for item in items}
        if len(currencies) > 1:
            said = f"the batch holds {len(currencies)} currencies"
            raise TerminalError(f"{said}, and a reconciliation states totals in one")
        stated = totals.written(totals.fold(self._language.totals_policy, items))
        currency = next(iter(currencies), "")
        return self._books.reconciliation(stated, currency, after_upload=after_upload)

    def _to_upload(self) -> Iterator[Entry]:
        """The items as the policy counts them, each told once; one that was interrupted goes on."""
        entries = self._books.journal.entries
        merged = totals.merged(self._language.totals_policy, self.items())
        left = [item for item in merged if not entries[int(item.key)].uploaded]
        for place, item in enumerate(left, start=1):
            entry = entries[int(item.key)]
            known = [
                one
                for one in self._books.journal.followers(entry.number)
                if one.sent.kind is Kind.BATCH_UPLOAD and one.answered is None
            ]
            yield (
                known[-1]
                if known
                else self._books.upload(entry, abs(item.minor), last=place == len(left))
            )

    async def _told(self, entry: Entry) -> Outcome:
        outcome = await self._tell(entry)
        if outcome.result is Result.TOLD_LATER:
            what = "the upload of an item" if entry.sent.original else "the reconciliation"
            said = f"{what} under STAN {entry.stan} is not answered ({outcome.why})"
            raise StillOwed(f"{said}: nothing new is sent before it is. Try again later")
        return outcome


def _host_totals(close: Outcome) -> str:
    return "" if close.heard is None else close.heard.totals


def _items(known: dict[int, Entry], entries: list[Entry]) -> Iterator[totals.Item]:
    """What of a batch's entries moved money for good, forgotten ones left out."""
    for entry in entries:
        minor = gained(known, entry)
        if minor and not (entry.altered is not None and entry.altered.forgotten):
            sent = entry.sent
            of = sent.original if sent.kind in _MERGED else sent.number
            yield totals.Item(str(sent.number), str(of), sent.kind, minor, sent.currency)


def gained(known: dict[int, Entry], entry: Entry) -> int:
    """What the merchant got by it, in minor units; below zero for what he gave back."""
    if not entry.was_approved:
        return 0
    sent = entry.sent
    if sent.kind in CAPTURES:
        minor = entry.amount_minor
        if entry.altered is not None and entry.altered.claimed_minor is not None:
            minor = entry.altered.claimed_minor
        return -minor if sent.kind is Kind.REFUND else minor
    if sent.kind is Kind.TIP_ADJUST:
        return (sent.amount_minor or 0) - (sent.original_minor or 0)
    target = known.get(sent.original)
    if target is None or sent.kind not in _MERGED:
        return 0
    if target.sent.kind is Kind.TIP_ADJUST:
        return -gained(known, target)  # the tip goes, not the total that its message states
    # A taking-back turns round what its target had brought, as far as it still stood.
    taken = (sent.original_minor or 0) - (sent.remaining_minor or 0)
    return -taken * _brought(known, target)


def _brought(known: dict[int, Entry], target: Entry) -> int:
    """The sign of what an entry brought the merchant: 1, -1, or 0 for what captures nothing."""
    if target.sent.kind is Kind.REFUND:
        return -1
    if target.sent.kind in CAPTURES:
        return 1
    if target.sent.kind is Kind.VOID:
        behind = known.get(target.sent.original)
        return 0 if behind is None else -_brought(known, behind)
    return 0
