"""Risk rules: each fires at its limit and not below, and does what its mode says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.config_risk import ANY
from switch.core.case import Case
from switch.core.rules import risk
from switch.model.copies import replace
from switch.model.records import Terminal
from switch.model.risk_rules import Mode, Named, RiskCheck
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.money import Money
from switch.values import PinBlock
from tests.core.keyed import secure
from tests.core.rule_book import MINUTE_US, objection, rule, use, windows

if TYPE_CHECKING:
    from tests.core.conftest import Shop

LIMITS = [
    (RiskCheck.AMOUNT, {}, "an amount"),
    (RiskCheck.KEYED, {"entry_mode": EntryMode.MANUAL}, "keyed"),
    (RiskCheck.FALLBACK, {"entry_mode": EntryMode.FALLBACK}, "the stripe of a chip card"),
    (RiskCheck.CONTACTLESS, {"entry_mode": EntryMode.CONTACTLESS_CHIP}, "contactless"),
    (RiskCheck.CONTACTLESS, {"entry_mode": EntryMode.CONTACTLESS_MAGSTRIPE}, "contactless"),
    (RiskCheck.CASH, {"kind": Kind.CASH}, "cash"),
]


@pytest.mark.parametrize(("check", "shape", "what"), LIMITS)
def test_a_limit_lets_its_own_amount_pass_and_not_one_more(
    shop: Shop, check: RiskCheck, shape: dict[str, Any], what: str
) -> None:
    """And the remedy names the amount that would have passed."""
    use(shop, rule(check, limit_minor=1_000, reason=Reason.LIMIT_EXCEEDED))
    assert shop.ask(shop.purchase("K1", 1_000, **shape)).reason is Reason.APPROVED
    assert shop.ask(shop.purchase("K2", 1_001, **shape)).reason is Reason.LIMIT_EXCEEDED
    saw, said, remedy = objection(shop)
    assert saw.startswith(what)
    assert said == "the-rule: above 10.00 USD"
    assert remedy.startswith("at most 10.00 USD")
    assert shop.transaction("K2").rule == "the-rule"


@pytest.mark.parametrize(("check", "shape", "what"), LIMITS)
def test_a_limit_of_zero_lets_nothing_pass(
    shop: Shop, check: RiskCheck, shape: dict[str, Any], what: str
) -> None:
    """In no currency: what is not taken is not taken in euros either."""
    use(shop, rule(check))
    for key, money in (("K1", Money(1, "840")), ("K2", Money(1, "978"))):
        assert shop.ask(shop.purchase(key, amount=money, **shape)).reason is Reason.RISK_REFUSED
        assert objection(shop)[0].startswith(what)
        assert objection(shop)[1] == "the-rule: is not taken"


@pytest.mark.parametrize(
    ("check", "entry"),
    [
        (RiskCheck.KEYED, EntryMode.CHIP),
        (RiskCheck.FALLBACK, EntryMode.MAGSTRIPE),
        (RiskCheck.CONTACTLESS, EntryMode.CHIP),
        (RiskCheck.CONTACTLESS_CUMULATIVE, EntryMode.CHIP),
        (RiskCheck.CASH, EntryMode.MANUAL),
    ],
)
def test_a_rule_does_not_look_at_what_it_is_not_about(
    shop: Shop, check: RiskCheck, entry: EntryMode
) -> None:
    """A card read another way; a purchase where cash is meant."""
    use(shop, rule(check, count=1))
    for key in ("K1", "K2"):
        assert shop.ask(shop.purchase(key, entry_mode=entry)).reason is Reason.APPROVED


def test_an_amount_of_another_currency_is_not_compared(shop: Shop) -> None:
    """A limit is a sum of its own currency; the card's own check then says what it says."""
    use(shop, rule(RiskCheck.AMOUNT, limit_minor=10))
    answer = shop.ask(shop.purchase(amount=Money(1_000, "978")))
    assert answer.reason is Reason.CURRENCY_UNSUPPORTED
    assert shop.trail["risk"] == (True, "nothing against it")


def test_only_the_cash_part_of_a_purchase_is_cash(shop: Shop) -> None:
    """A purchase of 50.00 with 10.00 cash back stays within 10.00 of cash."""
    use(shop, rule(RiskCheck.CASH, limit_minor=1_000))
    for key, part, reason in (
        ("K1", Money(1_000, "840"), Reason.APPROVED),
        ("K2", Money(1_001, "840"), Reason.RISK_REFUSED),
        ("K3", Money(1_001, ""), Reason.RISK_REFUSED),
    ):
        request = shop.purchase(key, 5_000, kind=Kind.CASHBACK, amount_other=part)
        assert shop.ask(request).reason is reason


def test_a_pin_lifts_the_limits_of_contactless(shop: Shop) -> None:
    """What is limited is contactless without a cardholder who proves to be one."""
    use(
        shop,
        rule(RiskCheck.CONTACTLESS, limit_minor=100),
        rule(RiskCheck.CONTACTLESS_CUMULATIVE, name="row", count=1),
    )
    secure(shop)
    tapped = {"entry_mode": EntryMode.CONTACTLESS_CHIP}
    for key in ("K1", "K2"):
        request = shop.purchase(key, 500, pin_block=PinBlock("0" * 16), **tapped)
        assert shop.ask(request).reason is Reason.APPROVED
    assert shop.ask(shop.purchase("K3", 500, **tapped)).reason is Reason.RISK_REFUSED


@pytest.mark.parametrize("mode", Mode)
def test_modes(shop: Shop, mode: Mode) -> None:
    """Decline with the rule's reason, refer to the issuer, or pass and be told."""
    use(shop, rule(RiskCheck.AMOUNT, mode=mode, limit_minor=1, reason=Reason.LIMIT_EXCEEDED))
    answer = shop.ask(shop.purchase())
    expected = {
        Mode.DECLINE: (Reason.LIMIT_EXCEEDED, "the-rule", ()),
        Mode.REFER: (Reason.REFERRAL, "the-rule", ()),
        Mode.FLAG: (Reason.APPROVED, "", ("the-rule",)),
    }
    kept = shop.transaction("K1")
    assert (answer.reason, kept.rule, kept.flags) == expected[mode]
    assert shop.told == (["risk.flagged"] if mode is Mode.FLAG else [])


def test_flags_add_up_and_the_first_objection_stands(shop: Shop) -> None:
    """Rules are asked in the order of the file."""
    use(
        shop,
        rule(RiskCheck.AMOUNT, name="a", mode=Mode.FLAG, limit_minor=1),
        rule(RiskCheck.KEYED, name="b", mode=Mode.FLAG),
        rule(RiskCheck.AMOUNT, name="c", mode=Mode.REFER, limit_minor=900),
        rule(RiskCheck.AMOUNT, name="d", limit_minor=800),
    )
    assert shop.ask(shop.purchase(entry_mode=EntryMode.MANUAL)).reason is Reason.REFERRAL
    kept = shop.transaction("K1")
    assert (kept.flags, kept.rule) == (("a", "b"), "c")
    assert shop.ask(shop.purchase("K2", 850)).reason is Reason.RISK_REFUSED
    assert shop.transaction("K2").rule == "d"


def test_an_advice_is_flagged_at_most(shop: Shop) -> None:
    """What has happened at the terminal is recorded, whatever a rule thinks of it."""
    use(shop, rule(RiskCheck.AMOUNT, limit_minor=1))
    assert shop.ask(shop.purchase(flow=Flow.ADVICE)).reason is Reason.APPROVED
    assert shop.transaction("K1").flags == ("the-rule",)
    assert shop.told == ["risk.flagged"]


NAMES = [
    Named(cards=frozenset({"token-0010"})),
    Named(ranges=("999", "476173")),
    Named(terminals=frozenset({"T1"})),
    Named(merchants=frozenset({"M1"})),
]
STRANGERS = [
    Named(cards=frozenset({"token-9995"})),
    Named(ranges=("476174", "5")),
    Named(terminals=frozenset({"T2"}), merchants=frozenset({"M2"})),
]


@pytest.mark.parametrize("named", NAMES)
def test_a_deny_list_refuses_whom_it_names(shop: Shop, named: Named) -> None:
    """Card, range, terminal or merchant; the trail shows the card masked."""
    use(shop, rule(RiskCheck.DENY_LIST, named=named, reason=Reason.CARD_STOLEN))
    assert shop.ask(shop.purchase()).reason is Reason.CARD_STOLEN
    assert "476173******0010" in objection(shop)[0]


@pytest.mark.parametrize("named", STRANGERS)
def test_a_list_is_not_about_others(shop: Shop, named: Named) -> None:
    """Nobody whom it does not name is denied, and nobody is let pass."""
    use(shop, rule(RiskCheck.DENY_LIST, named=named))
    assert shop.ask(shop.purchase()).reason is Reason.APPROVED
    use(
        shop,
        rule(RiskCheck.ALLOW_LIST, named=named),
        rule(RiskCheck.AMOUNT, name="b", limit_minor=1),
    )
    assert shop.ask(shop.purchase("K2")).reason is Reason.RISK_REFUSED


@pytest.mark.parametrize("named", NAMES)
def test_an_allow_list_comes_first_and_skips_all_others(shop: Shop, named: Named) -> None:
    """Wherever it stands in the file: deny lists, limits and counters are not asked."""
    use(
        shop,
        rule(RiskCheck.VELOCITY, name="velocity", count=1, window_us=MINUTE_US),
        rule(RiskCheck.DENY_LIST, name="deny", named=Named(ranges=("4",))),
        rule(RiskCheck.ALLOW_LIST, name="allow", named=named),
    )
    for key in ("K1", "K2"):
        assert shop.ask(shop.purchase(key)).reason is Reason.APPROVED
    assert shop.trail["risk"][1] == "on an allow list, so no other rule is asked"
    assert not windows(shop)


def test_a_deny_list_comes_before_other_rules(shop: Shop) -> None:
    """A stolen card is told as stolen, not as too dear."""
    use(
        shop,
        rule(RiskCheck.AMOUNT, name="amount", limit_minor=1),
        rule(RiskCheck.DENY_LIST, name="deny", named=NAMES[0], reason=Reason.CARD_STOLEN),
    )
    assert shop.ask(shop.purchase()).reason is Reason.CARD_STOLEN


@pytest.mark.parametrize(
    ("minutes", "now", "fires"),
    [
        ((60, 120), 59, False),
        ((60, 120), 60, True),
        ((60, 120), 119, True),
        ((60, 120), 120, False),
        ((1380, 360), 1379, False),
        ((1380, 360), 1380, True),
        ((1380, 360), 0, True),
        ((1380, 360), 359, True),
        ((1380, 360), 360, False),
    ],
)
def test_an_unusual_hour(shop: Shop, minutes: tuple[int, int], now: int, fires: bool) -> None:
    """From its first minute to the one before its last, over midnight too."""
    shop.minutes = {"UTC": now}
    use(shop, rule(RiskCheck.UNUSUAL_HOUR, minutes=minutes))
    reason = Reason.RISK_REFUSED if fires else Reason.APPROVED
    assert shop.ask(shop.purchase()).reason is reason


@pytest.mark.parametrize(("zone", "reason"), [("terminal", Reason.RISK_REFUSED),
                                              ("house", Reason.APPROVED)])  # fmt: skip
def test_whose_clock_an_hour_is_read_on(shop: Shop, zone: str, reason: Reason) -> None:
    """Night at the terminal is day in the house; the fact comes with the event."""
    shop.change(Terminal, "T1", zone="Asia/Tokyo")
    shop.minutes = {"Asia/Tokyo": 3 * 60, "UTC": 18 * 60}
    use(shop, rule(RiskCheck.UNUSUAL_HOUR, minutes=(120, 300), zone=zone))
    assert shop.ask(shop.purchase()).reason is reason
    if reason is not Reason.APPROVED:
        assert objection(shop) == (
            "03:00 in Asia/Tokyo",
            "the-rule: between 02:00 and 05:00",
            "from 05:00 on",
        )


def test_a_zone_that_nobody_knows_stops_nobody(shop: Shop) -> None:
    """Where it cannot be told how late it is, the rule says nothing."""
    use(shop, rule(RiskCheck.UNUSUAL_HOUR, minutes=(0, 1439)))
    assert shop.ask(shop.purchase()).reason is Reason.APPROVED


def test_currencies(shop: Shop) -> None:
    """Only those named are taken."""
    only = rule(
        RiskCheck.CURRENCY, currencies=frozenset({"978", "392"}), reason=Reason.CURRENCY_UNSUPPORTED
    )
    use(shop, only)
    assert shop.ask(shop.purchase()).reason is Reason.CURRENCY_UNSUPPORTED
    assert objection(shop)[2] == "an amount in EUR, JPY"
    use(shop, replace(only, currencies=frozenset({"840"})))
    assert shop.ask(shop.purchase("K2")).reason is Reason.APPROVED


@pytest.mark.parametrize("found", [True, False])
def test_a_refund_without_sale(shop: Shop, found: bool) -> None:
    """The rule looks at the sale that was found, if one was."""
    shop.ask(shop.purchase("K1"))
    use(shop, rule(RiskCheck.REFUND_WITHOUT_SALE, kinds=(Kind.REFUND,), reason=Reason.NOT_FOUND))
    rows = shop.no_rows()
    case = Case(shop.arrived(shop.purchase("K2", kind=Kind.REFUND, reference="")), shop.facts(rows))
    case.original = shop.transaction("K1") if found else None
    assert risk(case) is (None if found else Reason.NOT_FOUND)


@pytest.mark.parametrize("kind", ANY)
def test_every_kind_that_a_rule_can_be_about_is_asked(shop: Shop, kind: Kind) -> None:
    """Whatever the handler of the kind: a list of the terminal's stops it, and only there."""
    assert shop.ask(shop.purchase("K0")).reason is Reason.APPROVED
    preauth = shop.purchase("K1", kind=Kind.PREAUTH, captures=False)
    assert shop.ask(preauth).reason is Reason.APPROVED
    money = None if kind in (Kind.BALANCE, Kind.VERIFICATION) else Money(1_000, "840")
    acted_upon = {Kind.INCREMENT: "ref-K1", Kind.COMPLETION: "ref-K1", Kind.TIP_ADJUST: "ref-K0"}
    more: dict[str, Any] = {
        "amount": money,
        "amount_other": Money(10, "840") if kind is Kind.CASHBACK else None,
        "original": acted_upon.get(kind, ""),
    }
    for key, names, reason in (("K2", "T1", Reason.RISK_REFUSED), ("K3", "T2", Reason.APPROVED)):
        named = Named(terminals=frozenset({names}))
        use(shop, rule(RiskCheck.DENY_LIST, kinds=ANY, named=named))
        assert shop.ask(shop.purchase(key, kind=kind, **more)).reason is reason
