"""Totals of a batch: the fold over its items, by the dialect's policy (INV-53).

Owns the policies: which items merge into the one that they correct, what is counted as what, and
which stated totals must agree. Pure arithmetic over ``Item``, so that a terminal may fold its own
journal by the very same rules. Refuses to know records, messages and accounts.

Totals go by the names that messages carry them under (``switch.wire.map_totals``). "Debits" are
what debits cardholders: sales, cash, completions; "credits" are refunds. All are in minor units of
one currency and above zero but the net, which is credits less debits, as the standard signs it:
below zero (``D``) where the merchant is owed something.

``iso-74-97``
    Debits, credits and what took them back are shown side by side. A tip counts in its sale. What
    takes back a taking-back (the reversal of a void) leaves neither.
``hypercom-63``
    Sales and refunds as they are in the end: a voided or reversed sale vanishes, a partly reversed
    or tipped one counts with what is left. A terminal that states sales by debit cards apart states
    a part of the same sum: the host makes no such difference.
``cup-48``
    A voided sale stays on the debit side and its void counts on the credit side; reversed ones
    vanish.
``none``
    Nothing is stated and nothing compared.

>>> sale = Item("1", "1", Kind.PURCHASE, 1_000, "840")
>>> void = Item("2", "1", Kind.VOID, -1_000, "840")
>>> fold("hypercom-63", (sale, void))["sales_number"]
0
>>> written(fold("cup-48", (sale, void)))
'credits_number=1;credits_amount=1000;debits_number=1;debits_amount=1000'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from switch.model.words import Kind

Totals = dict[str, int]


class Item(NamedTuple):
    """One item of a batch. ``of`` is the key of the item that it corrects or takes back, its own
    where it stands for itself; ``minor`` is what the merchant got by it, negative for what he gave
    back.
    """

    key: str
    of: str
    kind: Kind
    minor: int
    currency: str


class Policy(NamedTuple):
    """``merges``: kinds that melt into the item that they act upon. ``undone_apart``: a taking-back
    is shown beside what it took back. ``taken`` and ``given``: what totals call the two sides, what
    the merchant got and what he gave back. ``agree``: what must be equal, each a sum of totals
    (first names) less others (second names).
    """

    merges: frozenset[Kind]
    undone_apart: bool
    taken: str
    given: str
    names: tuple[str, ...]
    agree: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


_TAKING_BACK: Final = frozenset({Kind.VOID, Kind.REVERSAL})
CORRECTING: Final = _TAKING_BACK | {Kind.TIP_ADJUST}
POLICIES: Final[dict[str, Policy]] = {
    # A sale and its whole reversal cancel out on both sides: a terminal that never learnt of the
    # approval may show both or neither, for it cannot know whether the host has seen the sale.
    "iso-74-97": Policy(
        merges=frozenset({Kind.TIP_ADJUST}),
        undone_apart=True,
        taken="debits",
        given="credits",
        names=(
            "credits_number",
            "credits_reversal_number",
            "debits_number",
            "debits_reversal_number",
            "credits_amount",
            "credits_reversal_amount",
            "debits_amount",
            "debits_reversal_amount",
            "net_amount",
        ),
        agree=(
            (("credits_number",), ("credits_reversal_number",)),
            (("debits_number",), ("debits_reversal_number",)),
            (("credits_amount",), ("credits_reversal_amount",)),
            (("debits_amount",), ("debits_reversal_amount",)),
            (("net_amount",), ()),
        ),
    ),
    "hypercom-63": Policy(
        merges=CORRECTING,
        undone_apart=False,
        taken="sales",
        given="refunds",
        names=("sales_number", "sales_amount", "refunds_number", "refunds_amount"),
        agree=(
            (("sales_number", "debit_sales_number"), ()),
            (("sales_amount", "debit_sales_amount"), ()),
            (("refunds_number", "debit_refunds_number"), ()),
            (("refunds_amount", "debit_refunds_amount"), ()),
        ),
    ),
    "cup-48": Policy(
        merges=frozenset({Kind.TIP_ADJUST, Kind.REVERSAL}),
        undone_apart=False,
        taken="debits",
        given="credits",
        names=("credits_number", "credits_amount", "debits_number", "debits_amount"),
        agree=(
            (("credits_number",), ()),
            (("credits_amount",), ()),
            (("debits_number",), ()),
            (("debits_amount",), ()),
        ),
    ),
    "none": Policy(merges=frozenset(), undone_apart=False, taken="", given="", names=(), agree=()),
}


def merged(policy: str, items: Iterable[Item]) -> list[Item]:
    """The items as the policy counts them: corrections melted into what they correct, what comes to
    nothing left out. What corrects an item of another batch stands for itself.
    """
    merges = POLICIES[policy].merges
    found = {item.key: item for item in items}
    sums: dict[str, int] = dict.fromkeys(found, 0)
    for item in found.values():
        sums[root(item, found, merges).key] += item.minor
    return [
        Item(key, found[key].of, found[key].kind, minor, found[key].currency)
        for key, minor in sums.items()
        if minor
    ]


def root(item: Item, found: Mapping[str, Item], merges: frozenset[Kind] = CORRECTING) -> Item:
    """Where the item is counted: follow what it acts upon for as long as that melts into it; by
    default to the sale or refund that all corrections are about.
    """
    for _ in found:
        target = found.get(item.of)
        if target is None or target is item:
            return item
        deep = item.kind in _TAKING_BACK and target.kind in CORRECTING
        if not deep and item.kind not in merges:
            return item
        item = target
    return item


def fold(policy: str, items: Iterable[Item]) -> Totals:
    """The totals of items in one currency, by name, in the policy's order."""
    rule = POLICIES[policy]
    totals = dict.fromkeys(rule.names, 0)
    if not totals:
        return totals
    for item in merged(policy, items):
        side = rule.taken if item.minor > 0 else rule.given
        if rule.undone_apart and item.kind in _TAKING_BACK:
            side = f"{rule.given if item.minor > 0 else rule.taken}_reversal"
        totals[f"{side}_number"] += 1
        totals[f"{side}_amount"] += abs(item.minor)
        if "net_amount" in totals:
            totals["net_amount"] -= item.minor
    return totals


def net(totals: Mapping[str, int]) -> int:
    """What the merchant gets by totals, whatever they are called and whichever are stated.

    >>> net({"sales_amount": 900, "refunds_amount": 200}), net({"net_amount": -700})
    (700, 700)
    """
    if "net_amount" in totals:
        return -totals["net_amount"]
    return _sum(
        totals,
        ("debits_amount", "credits_reversal_amount", "sales_amount", "debit_sales_amount"),
        ("credits_amount", "debits_reversal_amount", "refunds_amount", "debit_refunds_amount"),
    )


def by_currency(policy: str, items: Iterable[Item]) -> dict[str, Totals]:
    """The totals of each currency by its number, in order of the number."""
    sorts: dict[str, list[Item]] = {}
    for item in items:
        sorts.setdefault(item.currency, []).append(item)
    return {currency: fold(policy, sorts[currency]) for currency in sorted(sorts)}


def disagreements(policy: str, claimed: Mapping[str, int], counted: Mapping[str, int]) -> list[str]:
    """The names of the totals that were claimed and differ from those counted; none: in balance.

    Only what was stated is compared: most dialects let a sender leave totals out. Totals that no
    policy counts (transfers, inquiries, authorizations: they capture nothing) are left alone.
    """
    return [
        " less ".join(filter(None, ("+".join(plus), "+".join(minus))))
        for plus, minus in POLICIES[policy].agree
        if any(name in claimed for name in (*plus, *minus))
        and _sum(claimed, plus, minus) != _sum(counted, plus, minus)
    ]


def _sum(totals: Mapping[str, int], plus: tuple[str, ...], minus: tuple[str, ...]) -> int:
    gain = sum(totals.get(name, 0) for name in plus)
    return gain - sum(totals.get(name, 0) for name in minus)


def written(totals: Mapping[str, int], prefix: str = "") -> str:
    """``name=integer`` joined by semicolons, as requests and records carry totals."""
    return ";".join(f"{prefix}{name}={value}" for name, value in totals.items())


def written_by_currency(sums: Mapping[str, Totals], own: str) -> str:
    """Totals of several currencies as a batch keeps them: those of ``own`` plain, the others under
    their currency's number.

    >>> written_by_currency({"840": {"sales_number": 1}, "978": {"sales_number": 2}}, "840")
    'sales_number=1;978.sales_number=2'
    """
    others = [written(found, f"{currency}.") for currency, found in sums.items() if currency != own]
    return ";".join(filter(None, (written(sums.get(own, {})), *others)))


def read_by_currency(text: str, own: str) -> dict[str, Totals]:
    """The inverse of ``written_by_currency``.

    >>> read_by_currency("sales_number=1;978.sales_number=2", "840")
    {'840': {'sales_number': 1}, '978': {'sales_number': 2}}
    """
    sums: dict[str, Totals] = {}
    for name, value in read(text).items():
        currency, dot, plain = name.partition(".")
        sums.setdefault(currency if dot else own, {})[plain if dot else name] = value
    return sums


def read(text: str) -> Totals:
    """The inverse of ``written``.

    >>> read("debits_number=1;net_amount=-1000")
    {'debits_number': 1, 'net_amount': -1000}
    """
    pairs = (item.partition("=") for item in text.split(";") if item)
    return {name: int(value) for name, _, value in pairs}
