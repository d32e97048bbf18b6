"""What the second close leaves: each difference named, classified and posted, and nothing else."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from switch.core.differences import CLASSES, RULES, WORDS
from switch.core.totals import POLICIES
from switch.model.copies import replace
from switch.model.records import UploadItem
from switch.model.settings import DialectPolicy, Settlement
from switch.model.words import Kind, Reason
from switch.money import Money
from tests.core.closing import batch, close, found, sum_of_all, terminal, upload
from tests.core.conftest import Shop

STATED = tuple(name for name in POLICIES if name != "none")


class Sale(NamedTuple):
    """One sale of a day: its amount, what a reversal left of it, and what the terminal has."""

    minor: int
    left: int
    told: int | None  # None: the terminal does not have it


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    """A sale that both sides have, or one has, or both have differently."""
    minor = draw(st.integers(2, 2_000))
    left = draw(st.one_of(st.just(minor), st.just(0), st.integers(1, minor - 1)))
    told = draw(st.one_of(st.just(left), st.none(), st.integers(1, 2_000)))
    return Sale(minor, left, told)


DAYS = st.lists(sales(), max_size=6)
STRANGERS = st.lists(st.integers(1, 2_000), max_size=2)
# A batch whose totals are false in every policy, so that the first close is out of balance.
CLAIM = "sales_number=99;sales_amount=1;debits_number=99;debits_amount=1"


def a_shop(policy: str, rules: dict[str, str] | None = None) -> Shop:
    """A shop whose dialect has an upload."""
    shop = Shop()
    shop.policy = DialectPolicy("test", totals=policy, upload=True)
    shop.settings = replace(shop.settings, settlement=Settlement(differences=rules or {}))
    return shop


def trade(shop: Shop, day: list[Sale]) -> None:
    """Make the sales of the day, and reverse what is to be reversed."""
    for number, sale in enumerate(day):
        assert shop.ask(shop.purchase(f"K{number}", sale.minor)).approved
        if sale.left < sale.minor:
            rest = Money(sale.left, "840") if sale.left else None
            reversal = shop.reversal(f"R{number}", of=f"K{number}", amount_remaining=rest)
            assert shop.ask(reversal).approved


def send(shop: Shop, day: list[Sale], strangers: list[int], turn: str) -> None:
    """Upload all that the terminal has."""
    for number, sale in enumerate(day):
        if sale.told:
            assert upload(shop, f"U{number}{turn}", f"K{number}", sale.told).approved
    for number, minor in enumerate(strangers):
        assert upload(shop, f"X{number}{turn}", f"GHOST{number}", minor).approved


def expected(day: list[Sale], strangers: list[int]) -> set[tuple[str, str, int, int]]:
    """The differences, by comparing sale by sale."""
    wanted = set()
    for number, sale in enumerate(day):
        told = sale.told or 0
        if told != sale.left:
            classified = "amount_differs" if told else "missing_at_terminal"
            wanted.add((classified, f"K{number}", told, sale.left))
    wanted |= {
        ("missing_at_host", f"ref-GHOST{number}", minor, 0)
        for number, minor in enumerate(strangers)
    }
    return wanted


@settings(max_examples=60, deadline=None)
@given(DAYS, STRANGERS, st.sampled_from(STATED))
def test_the_second_close_names_exactly_what_differs(
    day: list[Sale], strangers: list[int], policy: str
) -> None:
    """M-35, INV-52: by class, with both amounts, each posted to suspense; sum zero."""
    shop = a_shop(policy)
    trade(shop, day)
    assert close(shop, "S1", CLAIM).reason is Reason.RECONCILE_MISMATCH
    send(shop, day, strangers, "a")
    kept = dict(shop.store)
    send(shop, day, strangers, "b")
    for key, record in shop.store.items():
        assert key.table == "transaction" or kept[key] is record, "an item twice changes nothing"
    answer = close(shop, "S2", CLAIM)
    wanted = expected(day, strangers)
    if not any(sale.told for sale in day) and not strangers:
        assert answer.reason is Reason.RECONCILE_MISMATCH, "nothing was uploaded yet"
        return
    assert answer.approved
    left = {
        (one.classified, one.transaction or one.original, one.claimed_minor, one.counted_minor)
        for one in found(shop)
    }
    if wanted:
        assert left == wanted
        assert len(found(shop)) == len(wanted)
    else:
        assert [one.classified for one in found(shop)] == ["totals_differ"]
    gap = sum(one.claimed_minor - one.counted_minor for one in found(shop))
    assert shop.balance("suspense:840") == gap
    assert shop.balance("difference:840") == -gap
    assert shop.balance("payable:M1:840") == sum(sale.left for sale in day)
    assert shop.balance("merchant:M1:840") == 0
    assert sum_of_all(shop) == 0
    assert batch(shop, 1).state == "closed"
    assert terminal(shop).batch_number == 2


@settings(max_examples=30, deadline=None)
@given(
    DAYS.filter(lambda day: any(sale.told for sale in day)),
    STRANGERS,
    st.dictionaries(st.sampled_from(CLASSES), st.sampled_from(RULES)),
)
def test_each_class_is_posted_by_its_recorded_rule(
    day: list[Sale], strangers: list[int], rules: dict[str, str]
) -> None:
    """INV-52: to suspense unless the rule says merchant; the record says which rule it was."""
    shop = a_shop("hypercom-63", rules)
    trade(shop, day)
    close(shop, "S1", CLAIM)
    send(shop, day, strangers, "a")
    close(shop, "S2", CLAIM)
    gaps = {"suspense": 0, "merchant": 0}
    for one in found(shop):
        assert one.rule == rules.get(one.classified, "suspense")
        gaps[one.rule] += one.claimed_minor - one.counted_minor
    assert shop.balance("suspense:840") == gaps["suspense"]
    settled = sum(sale.left for sale in day)
    assert shop.balance("payable:M1:840") == settled + gaps["merchant"]
    assert sum_of_all(shop) == 0


def test_an_item_of_another_batch_is_missing_in_this_one() -> None:
    """What was settled with an earlier batch is not settled again; it says whose it is."""
    shop = a_shop("hypercom-63")
    shop.ask(shop.purchase("K1", 1_000))
    close(shop, "S1", "sales_number=1;sales_amount=1000", batch_number="1")
    close(shop, "S2", CLAIM, batch_number="2")
    upload(shop, "U1", "K1", 1_000)
    assert close(shop, "S3", CLAIM, batch_number="2").approved
    (one,) = found(shop)
    assert (one.classified, one.transaction, one.claimed_minor) == ("missing_at_host", "K1", 1_000)


def test_an_item_is_found_by_its_numbers_where_it_bears_no_reference() -> None:
    """By the reference number, else by the trace number within the batch."""
    shop = a_shop("hypercom-63")
    shop.ask(shop.purchase("K1", 1_000, stan="000011", rrn="RRN000000001"))
    shop.ask(shop.purchase("K2", 2_000, stan="000012"))
    close(shop, "S1", CLAIM)
    upload(shop, "U1", "", 1_000, original="", rrn="RRN000000001", stan="000091")
    upload(shop, "U2", "", 2_000, original="", stan="000012")
    close(shop, "S2", CLAIM)
    assert [one.classified for one in found(shop)] == ["totals_differ"]


def test_a_sale_and_what_took_it_back_may_bear_the_same_numbers() -> None:
    """Each item is compared with ours of its own sort, whatever the two have in common."""
    shop = a_shop("iso-74-97")
    shop.ask(shop.purchase("K1", 1_000, rrn="RRN000000001"))
    half = shop.reversal("R1", amount_remaining=Money(600, "840"), rrn="RRN000000001")
    shop.ask(replace(half, reference="ref-K1"))
    close(shop, "S1", CLAIM)
    for item, minor in ((Kind.PURCHASE, 1_000), (Kind.REVERSAL, 400)):
        upload(shop, f"U-{item}", "K1", minor, rrn="RRN000000001", item=item)
    close(shop, "S2", CLAIM)
    assert [one.classified for one in found(shop)] == ["totals_differ"]


def test_a_taking_back_that_the_host_never_saw_is_missing_there() -> None:
    """It is not taken for the sale that it names."""
    shop = a_shop("iso-74-97")
    shop.ask(shop.purchase("K1", 1_000))
    close(shop, "S1", CLAIM)
    for item in (Kind.PURCHASE, Kind.VOID):
        upload(shop, f"U-{item}", "K1", 1_000, item=item)
    close(shop, "S2", CLAIM)
    assert [(one.classified, one.claimed_minor) for one in found(shop)] == [
        ("missing_at_host", -1_000)
    ]


def test_what_the_host_does_not_have_is_signed_by_its_kind() -> None:
    """A refund that only the terminal has is what the merchant says that he gave back."""
    shop = a_shop("hypercom-63")
    close(shop, "S1", CLAIM)
    upload(shop, "U1", "GHOST", 300, item=Kind.REFUND)
    close(shop, "S2", CLAIM)
    assert [one.claimed_minor for one in found(shop)] == [-300]
    assert shop.balance("suspense:840") == -300


def test_an_item_in_another_currency_is_not_ours() -> None:
    """INV-60: nothing is compared across currencies."""
    shop = a_shop("hypercom-63")
    shop.ask(shop.purchase("K1", 1_000))
    close(shop, "S1", CLAIM)
    upload(shop, "U1", "K1", 1_000, amount=Money(1_000, "978"))
    close(shop, "S2", CLAIM)
    assert [(one.classified, one.currency) for one in found(shop)] == [
        ("missing_at_host", "978"),
        ("missing_at_terminal", "840"),
    ]
    assert shop.balance("suspense:978") == 1_000
    assert shop.balance("suspense:840") == -1_000


def test_every_class_has_words() -> None:
    """The report and the trail call each by a name for people."""
    assert set(WORDS) == set(CLASSES)


def test_the_trail_of_the_close_names_each_difference() -> None:
    """What ``explain`` prints of it."""
    shop = a_shop("hypercom-63")
    shop.ask(shop.purchase("K1", 1_000))
    close(shop, "S1", CLAIM)
    upload(shop, "U1", "K1", 900)
    close(shop, "S2", CLAIM)
    said = "the amounts differ: terminal 9.00 USD, host 10.00 USD; posted to suspense"
    assert said in [check.said for check in shop.last.trail]
    assert [item.version for item in shop.store.values() if isinstance(item, UploadItem)] == [1]
