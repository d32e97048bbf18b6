"""The reference's batches: totals, closes, uploads, differences. ``House`` is the whole of it.

Owns INV-50..54: what a batch comes to is reckoned ticket by ticket from what each of its items
moved to the merchant.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from switch.model.request import Request
from switch.model.words import Kind
from tests.core_reference import (
    CORRECTIONS,
    CURRENCIES,
    MERCHANTS,
    SALES,
    Item,
    suspense,
)
from tests.reference_followers import Followers

Totals = dict[str, int]
NET_NAMES = {
    "iso-74-97": ("debits", "credits"),
    "hypercom-63": ("sales", "refunds"),
    "cup-48": ("debits", "credits"),
}


class Gap(NamedTuple):
    """One difference of a second close."""

    classified: str
    claimed: int
    counted: int
    currency: str


class Closed(NamedTuple):
    """The last close of a terminal."""

    claimed: Totals
    number: str


class House(Followers):
    """The whole reference."""

    def __init__(
        self,
        *,
        totals: str,
        upload: bool,
        gaps_to: str,
        demand_signon: bool,
        missing: str,
        now_us: int,
        day: str,
    ) -> None:
        super().__init__(demand_signon=demand_signon, missing=missing, now_us=now_us, day=day)
        self.policy = totals
        self.has_upload = upload
        self.gaps_to = gaps_to
        self.drafts: dict[str, Totals] = {}  # batches out of balance, and what was claimed last
        self.uploads: dict[str, dict[str, Request]] = defaultdict(dict)
        self.last: dict[str, Closed] = {}
        self.gaps: dict[str, list[Gap]] = {}
        self.closed: dict[str, dict[str, Totals]] = {}  # totals by currency, as they were

    def decide(self, request: Request) -> str:
        """The reason of the answer to a request that is the first of its key."""
        match request.kind:
            case Kind.PURCHASE | Kind.CASH | Kind.CASHBACK | Kind.PREAUTH:
                return self.payment(request)
            case Kind.BALANCE | Kind.VERIFICATION:
                return self.inquiry(request)
            case Kind.INCREMENT:
                return self.increment(request)
            case Kind.COMPLETION:
                return self.completion(request)
            case Kind.VOID:
                return self.void(request)
            case Kind.REFUND:
                return self.refund(request)
            case Kind.TIP_ADJUST:
                return self.tip(request)
            case Kind.REVERSAL:
                return self.reversal(request)
            case Kind.RECONCILIATION:
                return self.close(request)
            case Kind.BATCH_UPLOAD:
                return self.upload(request)
            case Kind.SIGN_ON | Kind.SIGN_OFF | Kind.CUTOVER | Kind.KEY_EXCHANGE:
                return self.bare(request)
        item = self.enter(request, captures=False)
        return self.conclude(item, "transaction.invalid")

    # -- totals

    def members(self, batch: str) -> list[Item]:
        """All that belongs to the batch."""
        return [item for item in self.items.values() if item.batch == batch]

    def ticket(self, item: Item) -> Item:
        """The sale or refund of the same batch that an item is about in the end; itself if none."""
        root = item
        while root.kind in CORRECTIONS and root.about is not None:
            root = root.about
        return root if root.batch == item.batch else item

    def totals(self, batch: str, currency: str) -> Totals:
        """What a terminal would state, by the policy's own words (INV-53)."""
        if self.policy == "none":
            return {}
        groups: dict[tuple[str, str], int] = defaultdict(int)
        for item in self.members(batch):
            if item.currency == currency and item.moved:
                groups[self._group(item)] += item.moved
        return self._sides({group: minor for group, minor in groups.items() if minor})

    def _group(self, item: Item) -> tuple[str, str]:
        """Where an item counts: with its ticket, or apart as what took something back."""
        of = item.about
        undoes = item.kind is Kind.REVERSAL and of is not None and of.batch == item.batch
        if undoes and of is not None and of.kind in (Kind.VOID, Kind.TIP_ADJUST):
            return self._group(of)
        alone = item.kind in CORRECTIONS and self.ticket(item) is item
        apart = {
            "hypercom-63": (),
            "cup-48": (Kind.VOID,),
            "iso-74-97": (Kind.VOID, Kind.REVERSAL),
        }[self.policy]
        if alone or item.kind in apart:
            backwards = self.policy == "iso-74-97" and item.kind in (Kind.VOID, Kind.REVERSAL)
            return ("back" if backwards else "apart", item.key)
        return ("ticket", self.ticket(item).key)

    def _sides(self, groups: dict[tuple[str, str], int]) -> Totals:
        plus, minus = NET_NAMES[self.policy]
        names = [f"{side}_{what}" for side in (plus, minus) for what in ("number", "amount")]
        if self.policy == "iso-74-97":
            names += [
                f"{side}_reversal_{what}" for side in (plus, minus) for what in ("number", "amount")
            ]
        found = dict.fromkeys(names, 0)
        for (sort, _), minor in groups.items():
            side = plus if minor > 0 else minus
            if sort == "back":
                side = f"{minus if minor > 0 else plus}_reversal"
            found[f"{side}_number"] += 1
            found[f"{side}_amount"] += abs(minor)
        if self.policy == "iso-74-97":
            found["net_amount"] = -sum(groups.values())
        return found

    def net(self, totals: Totals) -> int:
        """What the merchant gets by totals."""
        if "net_amount" in totals:
            return -totals["net_amount"]
        plus, minus = NET_NAMES[self.policy]
        gain = totals.get(f"{plus}_amount", 0) - totals.get(f"{minus}_amount", 0)
        back = totals.get(f"{plus}_reversal_amount", 0) - totals.get(f"{minus}_reversal_amount", 0)
        return gain - back

    def balanced(self, claimed: Totals, ours: Totals) -> bool:
        """Whether what is claimed is what we have; what took something back is deducted."""
        if self.policy == "none":
            return True
        return self._compared(claimed, claimed) == self._compared(ours, claimed)

    def _compared(self, totals: Totals, stated: Totals) -> Totals:
        sums: Totals = {}
        for name in stated:
            plain = name.replace("_reversal", "")
            back = plain.replace("_", "_reversal_") if plain != "net_amount" else ""
            sums[plain] = totals.get(plain, 0) - totals.get(back, 0)
        return sums

    # -- closes

    def close(self, request: Request) -> str:
        """In balance: closed. Out of balance: open for the upload, then closed with what differs
        (INV-51, INV-52, M-34, M-35).
        """
        item = self.enter(request, captures=False)
        reason = self.sender(request)
        if reason:
            return self.conclude(item, reason)
        terminal = request.terminal_id
        batch = self.batch_of(terminal)
        claimed = parsed(request.totals)
        last = self.last.get(terminal)
        fresh = not self.members(batch) and batch not in self.drafts
        if last is not None and fresh and last == Closed(claimed, request.batch_number):
            return self.conclude(item, "")
        ours = self.totals(batch, CURRENCIES[terminal])
        if self.balanced(claimed, ours):
            return self._shut(item, batch, claimed, [])
        gaps = self._gaps(batch, claimed, ours) if batch in self.drafts else []
        if gaps:
            return self._shut(item, batch, claimed, gaps)
        self.drafts[batch] = claimed
        return self.conclude(item, "reconcile.mismatch")

    def _shut(self, item: Item, batch: str, claimed: Totals, gaps: list[Gap]) -> str:
        terminal = item.request.terminal_id
        merchant = MERCHANTS[terminal]
        currencies = {one.currency for one in self.members(batch) if one.moved}
        for currency in currencies:
            net = sum(one.moved for one in self.members(batch) if one.currency == currency)
            self.money[f"merchant:{merchant}:{currency}"] -= net
            self.money[f"payable:{merchant}:{currency}"] += net
        for gap in gaps:
            target = suspense(gap.currency)
            if self.gaps_to == "merchant":
                target = f"payable:{merchant}:{gap.currency}"
            self.money[f"difference:{gap.currency}"] -= gap.claimed - gap.counted
            self.money[target] += gap.claimed - gap.counted
        self.gaps[batch] = gaps
        own = CURRENCIES[terminal]
        self.closed[batch] = {one: self.totals(batch, one) for one in {*currencies, own}}
        self.drafts.pop(batch, None)
        self.last[terminal] = Closed(claimed, item.request.batch_number)
        self.batch_number[terminal] += 1
        return self.conclude(item, "")

    def _gaps(self, batch: str, claimed: Totals, ours: Totals) -> list[Gap]:
        own = CURRENCIES[batch.partition("|")[0]]
        whole = Gap("totals_differ", self.net(claimed), self.net(ours), own)
        if not self.has_upload:
            return [whole] if self.drafts[batch] == claimed else []
        uploads = self.uploads[batch]
        if not uploads and any(claimed.values()):
            return []
        counted: dict[str, int] = defaultdict(int)
        units: dict[str, str] = {}
        for item in self.members(batch):
            if item.moved:
                counted[self.ticket(item).key] += item.moved
                units[self.ticket(item).key] = item.currency
        gaps, told = [], {}
        for name, request in uploads.items():
            meant, amount = self.names.get(name), request.amount
            assert amount is not None
            if meant is not None and self._is_meant(meant, batch, request):
                told[meant.key] = amount.minor if meant.moved > 0 else -amount.minor
            else:
                minor = -amount.minor if request.item is Kind.REFUND else amount.minor
                gaps.append(Gap("missing_at_host", minor, 0, amount.currency))
        for key, minor in counted.items():
            if told.get(key, 0) != minor:
                sort = "amount_differs" if key in told else "missing_at_terminal"
                gaps.append(Gap(sort, told.get(key, 0), minor, units[key]))
        return gaps or [whole]

    @staticmethod
    def _is_meant(item: Item, batch: str, request: Request) -> bool:
        """Whether the upload tells of that sale or refund of this batch."""
        refund = item.kind is Kind.REFUND
        fits = (refund or item.kind in (*SALES, Kind.COMPLETION)) and refund == (
            request.item is Kind.REFUND
        )
        amount = request.amount
        same = amount is not None and amount.currency == item.currency
        return fits and same and item.batch == batch and item.moved != 0

    def upload(self, request: Request) -> str:
        """Kept once under its name while the batch is out of balance; else acknowledged only."""
        item = self.enter(request, captures=False)
        reason = self.sender(request)
        batch = self.batch_of(request.terminal_id) if not reason else ""
        if batch in self.drafts:
            self.uploads[batch][request.original] = request
        return self.conclude(item, reason)


def parsed(text: str) -> Totals:
    """``name=integer;...``"""
    pairs = [part.split("=") for part in text.split(";") if part]
    return {name: int(value) for name, value in pairs}


def written(totals: Totals) -> str:
    """The inverse of ``parsed``."""
    return ";".join(f"{name}={value}" for name, value in totals.items())
