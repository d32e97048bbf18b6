"""The reference's payments and inquiries: limits, parts, holds and their end.

Owns what is approved and how much of it, by the rules of the authorization invariants alone.
"""

from __future__ import annotations

from switch.model.request import Request
from switch.model.words import Kind
from tests.core_reference import (
    CARDS,
    HOLD_S,
    PREAUTH_S,
    SECOND_US,
    TAKES_LESS,
    Ground,
    Hold,
    Item,
    card_account,
    merchant_account,
    pan_of,
    suspense,
)

_STATUS = {
    "blocked": "card.blocked",
    "lost": "card.lost",
    "stolen": "card.stolen",
    "expired": "card.expired",
}


class Payments(Ground):
    """Whoever pays."""

    def card_refusal(self, request: Request) -> str:
        """Why the card cannot be used (M-17, M-18)."""
        pan = pan_of(request)
        if not pan:
            return "pan.invalid"
        if pan not in CARDS:
            return "card.unknown"
        return _STATUS.get(self.status[pan], "")

    def expiry_refusal(self, request: Request) -> str:
        """Good to the last moment of its month (M-18)."""
        recorded = CARDS[pan_of(request)].expiry
        return "card.expired" if recorded and recorded < self.month else ""

    def amount_refusal(self, item: Item) -> str:
        """Above zero (M-21); the cash part of a purchase is some of it."""
        if item.request.amount is None or item.asked <= 0:
            return "amount.invalid"
        if item.kind is Kind.CASHBACK:
            part = item.request.amount_other
            if part is None:
                return "amount.invalid" if item.demanded else ""
            if part.currency != item.currency or not 0 < part.minor <= item.asked:
                return "amount.invalid"
        return ""

    def share(self, item: Item) -> tuple[str, int]:
        """Why nothing of it may be paid, or how much may."""
        plastic, pan = CARDS[item.pan], item.pan
        if plastic.currency != item.currency:
            return "currency.unsupported", 0
        wanted = item.asked
        part = item.request.amount_other
        cash = item.asked if item.kind is Kind.CASH else 0
        if item.kind is Kind.CASHBACK and part is not None:
            cash = part.minor
        goods = item.asked - cash if item.kind is Kind.CASHBACK else item.asked
        parted = item.kind in (Kind.PURCHASE, Kind.CASHBACK, Kind.PREAUTH) and (
            item.request.partial_capable or item.request.terminal_id == TAKES_LESS
        )
        if plastic.cash and cash > plastic.cash:
            if not parted or goods <= 0:
                return "limit.exceeded", 0
            wanted = goods
        bounds = [("limit.exceeded", plastic.once)] if plastic.once else []
        if plastic.daily:
            bounds.append(("limit.exceeded", plastic.daily - self.spent_today(pan)))
        bounds.append(("funds.insufficient", self.available(card_account(pan))))
        for reason, most in bounds:
            if wanted > most:
                if not parted or min(most, goods) <= 0:
                    return reason, 0
                wanted = min(most, goods)
        return "", wanted

    def payment(self, request: Request) -> str:
        """A sale, cash, a pre-authorization: demanded or told."""
        kind = request.kind
        captures = kind is Kind.COMPLETION or (request.captures and kind is not Kind.PREAUTH)
        item = self.enter(request, captures=captures)
        reason = self.asker(request)
        if not item.demanded:
            return self._told(item, reason or self.amount_refusal(item))
        reason = reason or self.card_refusal(request) or self.expiry_refusal(request)
        reason = reason or self.amount_refusal(item)
        minor = 0
        if not reason:
            reason, minor = self.share(item)
        if reason:
            return self.conclude(item, reason)
        self._charge(item, minor, card_account(item.pan))
        return self.conclude(item, "" if minor == item.asked else "partial", minor)

    def _told(self, item: Item, reason: str) -> str:
        """What has happened is posted; to suspense where the card cannot bear it (INV-40)."""
        if reason:
            return self.conclude(item, reason)
        account = self.bearer(item.pan, item.currency, item.asked)
        if not account and item.captures:
            account = suspense(item.currency)
        if not account:
            return self.conclude(item, "")
        self._charge(item, item.asked, account)
        return self.conclude(item, "", item.asked)

    def _charge(self, item: Item, minor: int, account: str) -> None:
        item.granted = item.authorized = minor
        item.counts = minor
        item.account = account
        if item.captures:
            self.pay(item, item, {account: -minor, merchant_account(item): minor})
        else:
            item.hold = Hold(minor, self.end_of_hold(item), account)
        if account == (card_account(item.pan) if item.pan else ""):
            self.spend(item.pan, minor)

    def end_of_hold(self, item: Item) -> int:
        """INV-43: a pre-authorization holds longer."""
        seconds = PREAUTH_S if item.kind is Kind.PREAUTH else HOLD_S
        return self.now_us + seconds * SECOND_US

    def inquiry(self, request: Request) -> str:
        """Nothing moves."""
        item = self.enter(request, captures=False)
        reason = self.asker(request)
        if item.demanded:
            reason = reason or self.card_refusal(request) or self.expiry_refusal(request)
        return self.conclude(item, reason)

    def bare(self, request: Request) -> str:
        """Sign-on, sign-off, a question for the date: only the sender counts. Nobody here has keys
        that could be exchanged.
        """
        item = self.enter(request, captures=False)
        reason = self.sender(request)
        if not reason and request.kind is Kind.KEY_EXCHANGE:
            reason = "transaction.invalid"
        if not reason and request.kind is Kind.SIGN_ON:
            self.signed_on.add(request.terminal_id)
        if not reason and request.kind is Kind.SIGN_OFF:
            self.signed_on.discard(request.terminal_id)
        return self.conclude(item, reason)

    def expire(self, key: str = "") -> None:
        """Holds whose time has come give back what is left of them, once (INV-43)."""
        for item in self.items.values():
            hold = item.hold if key in ("", item.key) else None
            if hold is not None and hold.is_open and hold.until_us <= self.now_us:
                end(hold, "expired")
                item.state = "expired"
                item.value = 0


def end(hold: Hold, why: str, by: str = "") -> None:
    """It holds nothing any more."""
    hold.minor, hold.why, hold.by = 0, why, by
