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

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from switch.core.case import Case
from switch.core.ledger import difference_account, payable_account, suspense_account
from switch.core.totals import CORRECTING, Item, Totals, merged, root
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
_GIVEN_BACK: Final = frozenset({Kind.REFUND.value, Kind.VOID.value, Kind.REVERSAL.value})


class Found(Struct, frozen=True, gc=False):
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
    policy: str,
    items: Iterable[Item],
    transactions: Iterable[Transaction],
    uploaded: Iterable[UploadItem],
    currency: str,
) -> list[Found]:
    """The differences between the batch and what the terminal uploaded, in order of class and name.

    Both sides are compared as the dialect's totals count them: where a voided sale vanishes, it is
    no difference that its terminal did not upload it.
    """
    ours = {item.key: item for item in items}
    claims: dict[str, tuple[int, UploadItem]] = {}  # by our item, in its sign
    strangers: list[Found] = []
    by_rrn = {found.rrn: found.id for found in transactions if found.id in ours}
    by_stan = {found.stan: found.id for found in transactions if found.id in ours}
    # A tip's message states the new total of its sale, so it comes last and stands for the sale.
    for claim in sorted(uploaded, key=lambda claim: claim.kind == Kind.TIP_ADJUST.value):
        amount = claim.amount or Money(0, currency)
        item = ours.get(_ours(claim, by_rrn, by_stan))
        if item is not None and item.kind is Kind.TIP_ADJUST:
            item = ours.get(item.of, item)
        if item is None or item.currency != amount.currency:
            sign = -1 if claim.kind in _GIVEN_BACK else 1
            strangers.append(
                Found(
                    MISSING_AT_HOST,
                    claim.transaction,
                    name_of(claim),
                    sign * amount.minor,
                    0,
                    amount.currency,
                )
            )
        else:
            claims[item.key] = (amount.minor if item.minor > 0 else -amount.minor, claim)
    return sorted(
        [*strangers, *_of_ours(policy, ours, claims)],
        key=lambda found: (CLASSES.index(found.classified), found.transaction, found.original),
    )


def name_of(claim: UploadItem) -> str:
    """What the terminal calls the transaction: the end of the item's id."""
    return claim.id.removeprefix(f"{claim.batch}|")


def _ours(claim: UploadItem, by_rrn: Mapping[str, str], by_stan: Mapping[str, str]) -> str:
    """The key of our item that a claim means: by reference, else by number."""
    if claim.transaction:
        return claim.transaction
    if claim.rrn in by_rrn:
        return by_rrn[claim.rrn]
    return "" if claim.original or claim.rrn else by_stan.get(claim.stan, "")


def _of_ours(
    policy: str, ours: Mapping[str, Item], claims: Mapping[str, tuple[int, UploadItem]]
) -> Iterable[Found]:
    counted = {item.key: item for item in merged(policy, ours.values())}
    roots = {key: root(item, ours, policy) for key, item in ours.items()}
    claimed: dict[str, int] = {}
    names: dict[str, str] = {}
    for key, (minor, claim) in claims.items():
        of = roots[key].key
        claimed[of] = claimed.get(of, 0) + minor
        names[of] = name_of(claim)
    # Sales that were taken back whole, of which the terminal shows neither half: it need not even
    # know of them.
    ends = {key: _end(item, ours).key for key, item in ours.items()}
    left: dict[str, int] = {}
    for key, item in ours.items():
        left[ends[key]] = left.get(ends[key], 0) + item.minor
    told = {ends[key] for key in claims}
    for key in dict.fromkeys([*counted, *claimed]):
        have, want = claimed.get(key), counted[key].minor if key in counted else 0
        if have == want:
            continue
        if have is not None:
            yield Found(AMOUNT_DIFFERS, key, names[key], have, want, ours[key].currency)
        elif left[ends[key]] or ends[key] in told:
            yield Found(MISSING_AT_TERMINAL, key, "", 0, want, ours[key].currency)


def _end(item: Item, ours: Mapping[str, Item]) -> Item:
    """The item that stands at the end of a chain of corrections."""
    for _ in ours:
        target = ours.get(item.of)
        if target is None or target is item or item.kind not in CORRECTING:
            break
        item = target
    return item


def of_totals(claimed: Totals, counted: Totals, currency: str) -> Found:
    """One difference for the whole batch."""
    return Found(TOTALS_DIFFER, "", "", net(claimed), net(counted), currency)


def net(totals: Mapping[str, int]) -> int:
    """What the merchant gets by totals, whichever of them are stated."""
    if "net_amount" in totals:
        return -totals["net_amount"]
    get = totals.get
    debits = get("debits_amount", 0) - get("debits_reversal_amount", 0)
    return debits - get("credits_amount", 0) + get("credits_reversal_amount", 0)


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
