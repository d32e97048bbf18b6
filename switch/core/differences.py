"""What terminal and host could not agree on at the second close: classified, posted by a recorded
rule (INV-52).

Owns the comparison of uploaded items with ours and the rule by which each difference is posted.
Refuses to adjust a total: what was counted stays as it is.

Classes, as seen from the host:

``missing_at_host``      the terminal has an item that this batch does not have
``missing_at_terminal``  the batch has an item that the terminal did not upload
``amount_differs``       both have it, with different amounts
``totals_differ``        the items say nothing (none uploaded, or all alike), the totals differ

Each is posted between ``difference:CUR``, the house's side of all unproven claims, and by the rule
of its class (``Settings.settlement.differences``) one of these:

``suspense``  the merchant is settled by what the host counted, and the amount waits in suspense
              until somebody clears it: the default of every class, for no money of a merchant moves
              on an unproven claim
``merchant``  the merchant is settled by what his terminal claims
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from switch.core.case import Case
from switch.core.ledger import difference_account, payable_account, suspense_account
from switch.core.totals import CORRECTING, Item, Totals, net, root
from switch.model.records import Difference, Transaction, UploadItem
from switch.model.trail import Check
from switch.model.words import Kind
from switch.money import Money

MISSING_AT_HOST: Final = "missing_at_host"
MISSING_AT_TERMINAL: Final = "missing_at_terminal"
AMOUNT_DIFFERS: Final = "amount_differs"
TOTALS_DIFFER: Final = "totals_differ"
CLASSES: Final = (MISSING_AT_HOST, MISSING_AT_TERMINAL, AMOUNT_DIFFERS, TOTALS_DIFFER)
SUSPENSE: Final = "suspense"
MERCHANT: Final = "merchant"
RULES: Final = (SUSPENSE, MERCHANT)
WORDS: Final = {
    MISSING_AT_HOST: "missing at the host",
    MISSING_AT_TERMINAL: "missing at the terminal",
    AMOUNT_DIFFERS: "the amounts differ",
    TOTALS_DIFFER: "the totals differ",
}
# What a merchant gives back where the host does not have the item to say so.
_BACK: Final = "taken back"
_GIVEN_BACK: Final = frozenset({Kind.REFUND.value, Kind.VOID.value, Kind.REVERSAL.value})


class Found(NamedTuple):
    """One difference. ``claimed`` and ``counted`` are what the merchant gets by either side's book,
    in minor units, negative for what he gives back.
    """

    classified: str
    transaction: str
    original: str
    claimed: int
    counted: int
    currency: str


def compare(
    items: Iterable[Item],
    transactions: Iterable[Transaction],
    uploaded: Iterable[UploadItem],
    currency: str,
) -> list[Found]:
    """The differences between the batch and what the terminal uploaded, in order of class and name.

    Compared is what each sale and refund comes to with all that corrected it. So it does not matter
    whether a terminal uploads a sale and its partial reversal or what is left of the sale, and a
    voided sale that is not uploaded is no difference.
    """
    ours = {item.key: item for item in items}
    numbers = _Numbers(transactions)
    claims: dict[str, tuple[int, UploadItem]] = {}  # by our item, in its sign
    found: list[Found] = []
    # A tip's message states the new total of its sale, so it comes last and stands for the sale.
    for claim in sorted(uploaded, key=lambda claim: claim.kind == Kind.TIP_ADJUST.value):
        amount = claim.amount or Money(0, currency)
        item = ours.get(numbers.meant_by(claim))
        if item is not None and item.kind is Kind.TIP_ADJUST:
            item = ours.get(item.of, item)
        if item is not None and item.currency == amount.currency:
            claims[item.key] = (amount.minor if item.minor > 0 else -amount.minor, claim)
            continue
        minor = -amount.minor if claim.kind in _GIVEN_BACK else amount.minor
        unit, name = amount.currency, name_of(claim)
        found.append(Found(MISSING_AT_HOST, claim.transaction, name, minor, 0, unit))
    found += _of_ours(ours, claims)
    return sorted(
        found, key=lambda one: (CLASSES.index(one.classified), one.transaction, one.original)
    )


def _of_ours(
    ours: Mapping[str, Item], claims: Mapping[str, tuple[int, UploadItem]]
) -> Iterator[Found]:
    """Our sales and refunds that were claimed otherwise, or not at all."""
    counted: dict[str, int] = {}
    for item in ours.values():
        key = root(item, ours).key
        counted[key] = counted.get(key, 0) + item.minor
    claimed: dict[str, int] = {}
    names: dict[str, str] = {}
    for of, (minor, claim) in claims.items():
        key = root(ours[of], ours).key
        claimed[key] = claimed.get(key, 0) + minor
        names[key] = name_of(claim)
    for key, minor in counted.items():
        if claimed.get(key, 0) != minor:
            classified = AMOUNT_DIFFERS if key in claimed else MISSING_AT_TERMINAL
            name, unit = names.get(key, ""), ours[key].currency
            yield Found(classified, key, name, claimed.get(key, 0), minor, unit)


class _Numbers:
    """Our transactions by what a terminal may know them by.

    A sale and what took it back may bear the same numbers, so an item is matched with one of its
    own sort; the sort "sale" is all that is neither a refund nor a correction.
    """

    def __init__(self, transactions: Iterable[Transaction]) -> None:
        self._found: dict[tuple[str, str], list[Transaction]] = {}
        for one in sorted(transactions, key=lambda one: one.kind in CORRECTING):
            names = {"id": one.id, "reference": one.reference, "rrn": one.rrn, "stan": one.stan}
            for name in names.items():
                self._found.setdefault(name, []).append(one)

    def meant_by(self, claim: UploadItem) -> str:
        """The key of the transaction of this batch that an item means; empty: none of ours."""
        sort = _sort(claim.kind)
        names = {"id": claim.transaction, "reference": claim.original, "rrn": claim.rrn}
        for name in names.items() if any(names.values()) else [("stan", claim.stan)]:
            for one in self._found.get(name, ()) if name[1] else ():
                if sort in ("", _sort(one.kind)):
                    return one.id
        return "" if sort == _BACK else claim.transaction


def _sort(kind: str) -> str:
    if kind in (Kind.VOID, Kind.REVERSAL):
        return _BACK
    return kind if kind in ("", Kind.REFUND, Kind.TIP_ADJUST) else "sale"


def name_of(claim: UploadItem) -> str:
    """What the terminal calls the transaction: the end of the item's id."""
    return claim.id.removeprefix(f"{claim.batch}|")


def of_totals(claimed: Totals, counted: Totals, currency: str) -> Found:
    """One difference for the whole batch."""
    return Found(TOTALS_DIFFER, "", "", net(claimed), net(counted), currency)


def post(case: Case, batch: str, merchant_id: str, found: Iterable[Found]) -> int:
    """Add each difference and its posting to the case; returns how many there are.

    The plan has named the accounts of the terminal's merchant in every currency that may occur.
    """
    rules = case.settings.settlement.differences
    number = 0
    for number, item in enumerate(found, 1):
        rule = rules.get(item.classified, SUSPENSE)
        gap = item.claimed - item.counted
        posting = f"{case.key}#difference-{number}" if gap else ""
        if gap:
            target = (
                payable_account(merchant_id, item.currency)
                if rule == MERCHANT
                else suspense_account(item.currency)
            )
            case.book.transfer(
                posting,
                difference_account(item.currency),
                target,
                gap,
                item.currency,
                transaction=case.key,
                kind="difference",
                at_us=case.event.moment.wall_us,
            )
        case.records.append(
            Difference(
                id=f"{batch}|{number:04d}",
                batch=batch,
                classified=item.classified,
                transaction=item.transaction,
                original=item.original,
                claimed_minor=item.claimed,
                counted_minor=item.counted,
                currency=item.currency,
                rule=rule,
                posting=posting,
            )
        )
        case.trail.append(told(item, rule))
    return number


def told(found: Found, rule: str) -> Check:
    """The difference in words."""
    claimed, counted = Money(found.claimed, found.currency), Money(found.counted, found.currency)
    who = found.transaction or found.original or "the whole batch"
    said = f"{WORDS[found.classified]}: terminal {claimed}, host {counted}; posted to {rule}"
    return Check("difference", who, False, said)
