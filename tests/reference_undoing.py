"""The reference's reversals: what each kind takes with it, and what stands against that.

Owns INV-20..23 and INV-26: undone once, answered always, in any order.
"""

from __future__ import annotations

from switch.model.request import Request
from switch.model.words import Kind
from tests.core_reference import (
    GONE,
    Item,
    card_account,
    merchant_account,
    pan_of,
    suspense,
)
from tests.reference_payments import Payments, end


class Undoings(Payments):
    """Whoever takes back."""

    def reversal(self, request: Request) -> str:
        """Never refused but for an amount above what is left, or for another card (INV-21)."""
        by = self.enter(request, captures=request.captures)
        reason = self.sender(request)
        if reason:
            return self.conclude(by, reason)
        item = self.names.get(request.original)
        if item is None:
            self.buried.add(request.original)
            return self.conclude(by, self.missing, taken=True)
        if request.pan is not None and item.pan not in ("", pan_of(request)):
            return self.conclude(by, "not_found")
        by.about, by.currency = item, item.currency
        if item.state in ("completed", "voided"):
            if item.kind is Kind.COMPLETION:
                self.uncomplete(item, item.counts, whole=True)
            item.state = "reversed"
        elif item.state in ("taken", "partly"):
            reason = self._reverse(by, item)
        return self.conclude(by, reason)

    def _reverse(self, by: Item, item: Item) -> str:
        rest, asked = by.request.amount_remaining, by.request.amount
        remaining = 0 if rest is None else rest.minor
        stated = item.request.amount is not None
        if remaining > item.open or (
            rest is not None and stated and rest.currency != item.currency
        ):
            return "amount.invalid"
        if asked is not None and stated:
            above = asked.minor > max(item.asked, item.open)
            if above or asked.currency not in ("", item.currency):
                return "amount.invalid"
        if remaining == item.open:
            return ""
        if self.stands_against(item, remaining):
            return "amount.invalid"
        self.take_back(by, item, remaining)
        return ""

    def stands_against(self, item: Item, remaining: int) -> bool:
        """Whether something was built upon what would go."""
        first = item.about
        if remaining and item.kind in (Kind.VOID, Kind.TIP_ADJUST):
            return True
        if remaining < item.refunded:
            return True
        if first is None:
            return False
        if item.kind is Kind.INCREMENT:
            counts = item.key in first.increments and item.open > 0
            return counts and item.open - remaining > first.authorized - first.completed
        if item.kind is Kind.TIP_ADJUST:
            left = [total for key, total in first.totals if key != item.key]
            stands = first.state not in GONE and len(left) < len(first.totals)
            return stands and left[-1] < first.refunded
        if item.kind is Kind.VOID and first.kind is Kind.REFUND and first.about is not None:
            sale = first.about
            return first.state == "voided" and item.open > sale.open - sale.refunded
        return False

    # -- what each kind takes with it

    def take_back(self, by: Item, item: Item, remaining: int = 0) -> str:
        """Leave so much in effect; the account that got or gave the money."""
        back = item.open - remaining
        match item.kind:
            case Kind.INCREMENT:
                account = self._increment(item, back)
            case Kind.REFUND:
                account = self._refund(by, item, back)
            case Kind.VOID:
                account = self._void(by, item)
            case Kind.TIP_ADJUST:
                account = self._tip(by, item)
            case _ if item.captures:
                account = self.give_back(by, item, back)
            case _:
                account = self._hold(by, item, remaining)
        item.value = remaining
        item.state = "partly" if remaining else "reversed"
        if remaining:
            item.increments, item.totals = {}, []
        if item.kind is Kind.COMPLETION:
            kept = min(remaining, item.counts)
            self.uncomplete(item, item.counts - kept, whole=not remaining)
            item.counts = kept
        return account

    def give_back(self, by: Item, item: Item, back: int) -> str:
        """So much of a sale goes back to whoever bore it."""
        self.pay(by, item, {merchant_account(item): -back, item.account: back})
        self.count(item, -back if self.is_cards(item, item.account) else 0)
        return item.account

    def _hold(self, by: Item, item: Item, remaining: int) -> str:
        hold = item.hold
        assert hold is not None
        self.count(item, remaining - item.open)
        if remaining:
            hold.minor = remaining
            item.authorized = item.completed + remaining
        else:
            end(hold, "reversed", by.key)
        return hold.account

    def _increment(self, item: Item, back: int) -> str:
        first = item.about
        if first is None or item.key not in first.increments:
            return ""
        first.increments[item.key] -= back
        if not first.increments[item.key]:
            del first.increments[item.key]
        first.authorized -= back
        hold = first.hold
        if hold is not None and hold.is_open:
            less = min(back, hold.minor)
            self.count(first, -less)
            hold.minor -= less
            first.value = hold.minor
            if not hold.minor:
                end(hold, "completed" if first.completed else "reversed")
                first.state = "completed" if first.completed else "expired"
        return ""

    def _refund(self, by: Item, item: Item, back: int) -> str:
        able = self.bears(item.account, item.currency, back)
        account = item.account if able else suspense(item.currency)
        self.pay(by, item, {account: -back, merchant_account(item): back})
        if item.about is not None:
            item.about.refunded -= back
        return account

    def _void(self, by: Item, void: Item) -> str:
        item = void.about
        if item is None or item.state != "voided":
            return ""
        if item.kind is Kind.REFUND:
            minor = void.open
            self.pay(by, item, {merchant_account(item): -minor, void.account: minor})
            if item.about is not None:
                item.about.refunded += minor
            self._stands(item, minor)
        elif item.captures:
            minor = item.totals[-1][1] if item.totals else void.open
            self.reprice(by, item, minor)
            self._stands(item, minor)
        else:
            self._hold_again(item)
        return ""

    def _hold_again(self, item: Item) -> None:
        hold = item.hold
        assert hold is not None
        if hold.until_us <= self.now_us:
            item.state = "expired"
            return
        self.reopen(item)

    def _stands(self, item: Item, minor: int) -> None:
        item.value = minor
        item.state = "partly" if minor < item.granted and not item.totals else "taken"

    def _tip(self, by: Item, tip: Item) -> str:
        sale = tip.about
        if sale is None or tip.key not in dict(sale.totals):
            return ""
        sale.totals = [one for one in sale.totals if one[0] != tip.key]
        if sale.state not in GONE:
            minor = sale.totals[-1][1]
            self.reprice(by, sale, minor)
            sale.value = minor
        return ""

    def reprice(self, by: Item, sale: Item, minor: int) -> None:
        """A sale has one bearer: its card if that bears all of it, else suspense (INV-40)."""
        account = self.bearer_at(sale, minor)
        moves = {sale.account: sale.open}
        moves[account] = moves.get(account, 0) - minor
        moves[merchant_account(sale)] = minor - sale.open
        self.pay(by, sale, moves)
        before = sale.open if self.is_cards(sale, sale.account) else 0
        self.count(sale, (minor if self.is_cards(sale, account) else 0) - before)
        sale.account = account

    def bearer_at(self, sale: Item, minor: int) -> str:
        """Who would bear a sale of that amount."""
        nobody = suspense(sale.currency)
        account = sale.account
        if account == nobody:
            account = card_account(sale.pan) if sale.pan else ""
            return account if self.bearer(sale.pan, sale.currency, minor) else nobody
        lower = minor <= sale.open
        return account if lower or self.bears(account, sale.currency, minor - sale.open) else nobody

    # -- what was completed may be completed again

    def uncomplete(self, completion: Item, minor: int, *, whole: bool) -> None:
        """The authorization with so much less completed; its hold is open again if it was this
        that ended it, as far as the account bears it (INV-20, INV-40).
        """
        first = completion.about
        if first is None:
            return
        first.completed -= minor
        hold = first.hold
        if hold is None or first.state in GONE:
            return
        if hold.is_open:
            hold.minor += minor
            self.count(first, minor)
            first.value = hold.minor
            return
        ours = not hold.by or (whole and hold.by == completion.key)
        late = hold.until_us <= self.now_us
        if hold.why == "completed" and ours and not late:
            self.reopen(first)
        elif (hold.why == "expired" or late) and first.state == "completed":
            first.state = "completed" if first.completed else "expired"

    def reopen(self, first: Item) -> None:
        """What may still be completed is set aside again, as far as it is there."""
        hold = first.hold
        assert hold is not None
        minor = min(first.authorized - first.completed, self.available(hold.account))
        if minor <= 0:
            first.state = "completed" if first.completed else "expired"
            return
        hold.minor, hold.why, hold.by = minor, "", ""
        self.count(first, minor)
        first.value = minor
        partly = first.authorized < first.granted and not first.increments
        first.state = "partly" if partly else "taken"

    # -- answers that never left

    def undelivered(self, item: Item) -> bool:
        """INV-23: not a byte of an approval left; whether that takes it back."""
        whole = item.state == "taken" and item.open > 0 and item.demanded
        built = item.totals or item.increments or item.completed
        if not whole or built or self.stands_against(item, 0):
            return False
        if item.batch and item.batch != self.batch_of(item.request.terminal_id):
            return False
        self.take_back(item, item)
        item.reason = "already.reversed"
        return True

    def renew(self, item: Item, name: str) -> None:
        """It has another name from now on; a reversal that came first under it meant this one, and
        takes it back in its own batch, if that is open (INV-20, INV-51).
        """
        if name in self.names:
            return
        meant = name in self.buried
        self.names[name] = item
        self.buried.discard(name)
        closed = item.batch and item.batch != self.batch_of(item.request.terminal_id)
        if meant and item.open and not closed and not self.stands_against(item, 0):
            self.take_back(item, item)
