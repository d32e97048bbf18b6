"""The reference's followers: increments, completions, voids, refunds and tips.

Owns INV-42..44 (M-30..M-33): what may be done to what came before, and how much of it.
"""

from __future__ import annotations

from switch.model.request import Request
from switch.model.words import Flow, Kind
from tests.core_reference import (
    CARDS,
    MERCHANTS,
    SALES,
    TIP_BP,
    TOLERANCE_BP,
    Item,
    card_account,
    merchant_account,
    suspense,
)
from tests.reference_payments import end
from tests.reference_undoing import Undoings

_ONWARD = {
    Kind.COMPLETION: (Kind.COMPLETION, Kind.INCREMENT),
    Kind.INCREMENT: (Kind.COMPLETION, Kind.INCREMENT),
    Kind.REFUND: (Kind.REFUND,),
}
_NONE = {"declined": "not_found", "reversed": "already.reversed"}


class Followers(Undoings):
    """Whoever acts upon what came before."""

    # -- finding

    def named(self, request: Request) -> Item | str | None:
        """What it means, or ``tombstone``, or nothing."""
        names = [request.original]
        if not request.original:
            owner = request.merchant_id or MERCHANTS.get(request.terminal_id, "")
            owners = (request.terminal_id, owner)
            names = [f"{owner}|rrn|{request.rrn}" for owner in owners if request.rrn]
        for name in names:
            if name in self.names:
                found = self.names[name]
                gone = found.state == "reversed" and not request.original
                onward = gone or found.kind in _ONWARD.get(request.kind, ())
                return found.about or found if onward else found
            if name in self.buried:
                return "tombstone"
        return None

    def start(self, request: Request, *, captures: bool, alone: bool = False) -> Item:
        """A follower with its original, or with the reason against it. ``alone``: it need not
        have one.
        """
        item = self.enter(request, captures=captures)
        reason = self.asker(request)
        if not reason and not alone and not request.original and not request.rrn:
            reason = "format.error"
        if not reason:
            found = self.named(request)
            if isinstance(found, Item):
                if self._fits(item, found):
                    item.about = found
                else:
                    reason = "not_found"
            elif not alone or (item.demanded and (found or request.original)):
                reason = "already.reversed" if found else "not_found"
        item.reason = reason
        return item

    def _fits(self, item: Item, found: Item) -> bool:
        """Of the same merchant and card; to void and tip, of the same terminal."""
        own = item.request.terminal_id == found.request.terminal_id
        if item.kind in (Kind.VOID, Kind.TIP_ADJUST) and not own:
            return False
        same = not item.pan or found.pan in ("", item.pan)
        return same and found.merchant == item.merchant

    def other_amount(self, item: Item, found: Item) -> str:
        """An amount above zero in the currency of the original."""
        reason = self.amount_refusal(item)
        if not reason and found.currency and item.currency != found.currency:
            reason = "amount.invalid"
        return reason

    # -- increments

    def increment(self, request: Request) -> str:
        """More money under the hold, for longer."""
        item = self.start(request, captures=request.captures)
        first = item.about
        if item.reason or first is None:
            return self.conclude(item, item.reason)
        reason = {**_NONE, "voided": "already.reversed", "completed": "duplicate"}.get(first.state)
        if first.state == "expired":
            reason = "hold.expired"
        return self._add(item, first) if reason is None else self.conclude(item, reason)

    def _add(self, item: Item, first: Item) -> str:
        hold = first.hold
        if first.captures or first.kind is Kind.INCREMENT:
            return self.conclude(item, "transaction.invalid")
        if hold is None or not first.open:
            return self.conclude(item, "not_found")
        if hold.why == "expired" or hold.until_us <= self.now_us:
            return self.conclude(item, "hold.expired")
        reason = self.other_amount(item, first)
        if not reason and item.demanded:
            reason = self._within(item, first)
        if reason:
            return self.conclude(item, reason)
        if not item.demanded and not self.bears(hold.account, item.currency, item.asked):
            return self.conclude(item, "")
        hold.minor += item.asked
        hold.until_us = max(hold.until_us, self.end_of_hold(first))
        first.value = hold.minor
        first.authorized += item.asked
        first.increments[item.key] = item.asked
        self.spend(item.pan or first.pan, item.asked)
        item.account = hold.account
        item.granted = item.asked
        return self.conclude(item, "", item.asked)

    def _within(self, item: Item, first: Item) -> str:
        """An increment is judged like a purchase, whole or not at all."""
        plastic = CARDS[first.pan]
        spent = self.spent_today(first.pan)
        if plastic.once and item.asked > plastic.once:
            return "limit.exceeded"
        if plastic.daily and spent + item.asked > plastic.daily:
            return "limit.exceeded"
        within = item.asked <= self.available(card_account(first.pan))
        return "" if within else "funds.insufficient"

    # -- completions

    def completion(self, request: Request) -> str:
        """Capture at most what was authorized, and tolerance; the final one releases the rest."""
        if request.flow is not Flow.REQUEST and self.named(request) is None:
            return self.payment(request)
        item = self.start(request, captures=True)
        first = item.about
        if item.reason or first is None:
            return self.conclude(item, item.reason)
        if first.state == "completed":
            return self.conclude(item, "duplicate")
        if first.state == "expired":
            return self._late(item, first)
        reason = {**_NONE, "voided": "already.reversed"}.get(first.state)
        if reason is None and first.captures:
            reason = "transaction.invalid"
        if reason is not None:
            return self.conclude(item, reason)
        hold = first.hold
        if hold is None or not hold.is_open or hold.until_us <= self.now_us:
            return self._late(item, first)
        return self._capture(item, first)

    def _above(self, item: Item, first: Item) -> str:
        reason = self.other_amount(item, first)
        most = first.authorized * (10_000 + TOLERANCE_BP) // 10_000
        return reason or ("limit.exceeded" if first.completed + item.asked > most else "")

    def _capture(self, item: Item, first: Item) -> str:
        hold = first.hold
        assert hold is not None
        reason = self._above(item, first)
        excess = item.asked - hold.minor
        account = hold.account
        if not reason and excess > 0 and not self.bears(account, item.currency, excess):
            account = suspense(item.currency)
            reason = "funds.insufficient" if item.demanded else ""
        if reason:
            return self.conclude(item, reason)
        if item.request.final or excess >= 0:
            end(hold, "completed", item.key if item.request.final else "")
        else:
            hold.minor -= item.asked
        return self._complete(item, first, account)

    def _late(self, item: Item, first: Item) -> str:
        """A completion after expiry is a new decision (INV-43)."""
        reason = "hold.expired" if item.demanded else self._above(item, first)
        if reason:
            return self.conclude(item, reason)
        if first.hold is not None and first.hold.is_open:
            end(first.hold, "expired")
        first.state = "expired"
        account = first.account or (card_account(item.pan) if item.pan else "")
        able = account and self.bears(account, item.currency, item.asked)
        return self._complete(item, first, account if able else suspense(item.currency))

    def _complete(self, item: Item, first: Item, account: str) -> str:
        self.pay(item, item, {account: -item.asked, merchant_account(item): item.asked})
        item.account, item.granted, item.counts = account, item.asked, item.asked
        held = first.hold.minor if first.hold is not None else 0
        paid = item.asked if account == first.account else 0
        self.count(first, held + paid - first.open)
        first.completed += item.asked
        first.value = held
        if not held and (first.state != "expired" or item.request.final):
            first.state = "completed"
        return self.conclude(item, "", item.asked)

    # -- voids

    def void(self, request: Request) -> str:
        """Cancel it whole, in its open batch (INV-44)."""
        item = self.start(request, captures=request.captures)
        found = item.about
        if item.reason or found is None:
            return self.conclude(item, item.reason)
        by_state = {
            **_NONE,
            "voided": "duplicate",
            "completed": "transaction.invalid",
            "expired": "hold.expired",
        }
        reason = by_state.get(found.state) or self._void_refusal(item, found)
        if reason:
            return self.conclude(item, reason)
        value = found.open
        item.currency = found.currency
        counts = found.counts
        if found.kind is Kind.COMPLETION:
            item.account = self.give_back(item, found, value)
        else:
            item.account = self.take_back(item, found)
        found.value, found.state, found.counts = 0, "voided", counts
        return self.conclude(item, "", value)

    def _void_refusal(self, item: Item, found: Item) -> str:
        kinds = (*SALES, Kind.PREAUTH, Kind.COMPLETION, Kind.REFUND)
        stated = item.request.amount
        if found.kind not in kinds:
            return "transaction.invalid"
        if not found.open:
            return "not_found"
        if found.captures and found.batch != self.batch_of(item.request.terminal_id):
            return "batch.closed"
        if found.refunded:
            return "amount.invalid"
        if stated is not None and stated.minor:
            same = item.currency == found.currency
            if not same or item.asked not in (found.open, found.asked):
                return "amount.invalid"
        spent = not self.bears(found.account, found.currency, found.open)
        if found.kind is Kind.REFUND and item.demanded and spent:
            return "funds.insufficient"
        return ""

    # -- refunds

    def refund(self, request: Request) -> str:
        """All refunds of a sale are at most what was captured (M-33)."""
        item = self.start(request, captures=True, alone=True)
        sale = item.about
        if item.reason:
            return self.conclude(item, item.reason)
        if sale is None:
            return self._unlinked(item)
        by_state = {
            **_NONE,
            "voided": "already.reversed",
            "completed": "transaction.invalid",
            "expired": "transaction.invalid",
        }
        reason = by_state.get(sale.state, "")
        if not reason and (sale.kind not in (*SALES, Kind.COMPLETION) or not sale.captures):
            reason = "transaction.invalid"
        reason = reason or self.other_amount(item, sale)
        if not reason and sale.refunded + item.asked > sale.open:
            reason = "amount.invalid"
        if reason:
            return self.conclude(item, reason)
        sale.refunded += item.asked
        return self._give(item, sale.account)

    def _unlinked(self, item: Item) -> str:
        reason = self.card_refusal(item.request) if item.demanded else ""
        reason = reason or self.amount_refusal(item)
        fits = item.pan in CARDS and CARDS[item.pan].currency == item.currency
        if not reason and item.demanded and not fits:
            reason = "currency.unsupported"
        if reason:
            return self.conclude(item, reason)
        return self._give(item, card_account(item.pan) if fits else suspense(item.currency))

    def _give(self, item: Item, account: str) -> str:
        self.pay(item, item, {merchant_account(item): -item.asked, account: item.asked})
        item.account, item.granted = account, item.asked
        return self.conclude(item, "", item.asked)

    # -- tips

    def tip(self, request: Request) -> str:
        """A sale of the open batch gets another total."""
        item = self.start(request, captures=request.captures)
        sale = item.about
        if item.reason or sale is None:
            return self.conclude(item, item.reason)
        by_state = {
            **_NONE,
            "voided": "already.reversed",
            "partly": "already.reversed",
            "completed": "transaction.invalid",
            "expired": "transaction.invalid",
        }
        reason = by_state.get(sale.state) or self._tip_refusal(item, sale)
        if reason:
            return self.conclude(item, reason)
        before = sale.open
        self.reprice(item, sale, item.asked)
        sale.totals = [*(sale.totals or [("", before)]), (item.key, item.asked)]
        sale.value = item.asked
        item.account, item.granted = sale.account, item.asked
        return self.conclude(item, "", item.asked)

    def _tip_refusal(self, item: Item, sale: Item) -> str:
        kinds = (Kind.PURCHASE, Kind.CASHBACK, Kind.COMPLETION)
        if sale.kind not in kinds or not sale.captures or sale.value is None:
            return "transaction.invalid"
        if sale.batch != self.batch_of(item.request.terminal_id):
            return "batch.closed"
        reason = self.other_amount(item, sale)
        first = sale.totals[0][1] if sale.totals else sale.open
        if not reason and item.asked < max(first, sale.refunded):
            reason = "amount.invalid"
        if not reason and item.asked > first * (10_000 + TIP_BP) // 10_000:
            reason = "limit.exceeded"
        moved_off = self.bearer_at(sale, item.asked) != sale.account
        gives_up = moved_off and sale.account != suspense(sale.currency)
        return reason or ("funds.insufficient" if gives_up and item.demanded else "")
