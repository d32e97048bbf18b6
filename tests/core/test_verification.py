"""Card verification values: checked for demands, noted for advices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.model.facts import Verdict, VerdictNeed
from switch.model.records import Card, Terminal
from switch.model.words import EntryMode, Flow, Reason
from switch.values import CardVerification, Track2
from tests.core.keyed import BAD, GOOD, MAC, secure

if TYPE_CHECKING:
    from tests.core.conftest import Shop

TRACK = Track2("4761739001010010=49122011234567890")
CVV2 = CardVerification("123")


def verified(shop: Shop) -> None:
    """The card's values are checked."""
    secure(shop)
    shop.change(Card, "token-0010", verification=True)


def asked(shop: Shop, **more: Any) -> list[VerdictNeed]:
    """What the vault is asked about a purchase."""
    _, rounds = shop.judge(shop.arrived(shop.purchase(**more)))
    return [need for some in rounds for need in some if isinstance(need, VerdictNeed)]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("good", Reason.APPROVED),
        ("bad", Reason.CARD_VERIFICATION_INVALID),
        ("unknown_key", Reason.KEY_UNKNOWN),
        ("unusable", Reason.KEY_UNKNOWN),
        ("absent", Reason.KEY_UNKNOWN),
        ("anything else", Reason.KEY_UNKNOWN),
    ],
)
def test_a_value_that_is_there_must_be_right(shop: Shop, outcome: str, reason: Reason) -> None:
    """INV-06: nothing else lets an approval through."""
    verified(shop)
    shop.verdicts["card_verification"] = Verdict(outcome, "because")
    assert shop.ask(shop.purchase(card_verification=CVV2)).reason is reason
    if reason is not Reason.APPROVED:
        assert "because" in shop.trail["card_verification"][1]
        assert shop.remedy


@pytest.mark.parametrize(
    ("mode", "checked"),
    [
        (EntryMode.MAGSTRIPE, True),
        (EntryMode.FALLBACK, True),
        (EntryMode.CHIP, True),
        (EntryMode.CONTACTLESS_CHIP, True),
        (EntryMode.MANUAL, False),
        (EntryMode.ECOMMERCE, False),
        (EntryMode.UNKNOWN, False),
    ],
)
def test_the_entry_mode_says_whether_a_track_has_one(
    shop: Shop, mode: EntryMode, checked: bool
) -> None:
    """What was not read from the card has no value of the stripe."""
    verified(shop)
    need = VerdictNeed("card_verification", ("issuer.demo.cvk",))
    assert asked(shop, track2=TRACK, entry_mode=mode) == ([need] if checked else [])


@pytest.mark.parametrize("change", [{"verification": False}, {"issuer": ""}])
def test_a_card_whose_values_are_not_checked(shop: Shop, change: dict[str, Any]) -> None:
    """The issuer's choice."""
    verified(shop)
    shop.change(Card, "token-0010", **change)
    assert asked(shop, card_verification=CVV2) == []
    assert shop.ask(shop.purchase(card_verification=CVV2)).approved
    assert "card_verification" not in shop.trail


def test_an_advice_is_only_noted(shop: Shop) -> None:
    """It has happened."""
    verified(shop)
    shop.verdicts["card_verification"] = BAD
    assert shop.ask(shop.purchase(card_verification=CVV2, flow=Flow.ADVICE)).approved
    assert shop.trail["card_verification"] == (True, "bad, noted")


def test_nothing_is_asked_for_a_wrong_mac(shop: Shop) -> None:
    """M-08."""
    verified(shop)
    shop.verdicts = {"mac": BAD, "card_verification": GOOD}
    needs = asked(shop, card_verification=CVV2, mac=MAC)
    assert [need.question for need in needs] == ["mac"]


def test_a_card_is_checked_without_any_security_of_the_terminal(shop: Shop) -> None:
    """The issuer's keys have nothing to do with the terminal's."""
    verified(shop)
    shop.change(Terminal, "T1", security="")
    shop.verdicts["card_verification"] = BAD
    request = shop.purchase(card_verification=CVV2)
    assert shop.ask(request).reason is Reason.CARD_VERIFICATION_INVALID
