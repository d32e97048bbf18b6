"""PINs: verified where they are there, wrong only so often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.model.copies import replace
from switch.model.events import Moment, OperatorCommand
from switch.model.facts import Verdict, VerdictNeed
from switch.model.records import Card, Key, Terminal
from switch.model.words import Flow, Kind, Reason
from switch.values import Pan
from tests.core.keyed import BAD, BLOCK, GOOD, MAC, secure, tdes

if TYPE_CHECKING:
    from tests.core.conftest import Shop

INVALID = Verdict("block_invalid")


def tries(shop: Shop) -> int:
    """How many the card has left, in the store."""
    card = shop.store[Key("card", "token-0010")]
    assert isinstance(card, Card)
    return card.pin_tries_left


def pay(shop: Shop, key: str, verdict: Verdict, minor: int = 100, ksn: str = "") -> Reason:
    """A purchase whose PIN the vault finds so."""
    shop.verdicts["pin"] = verdict
    return shop.ask(shop.purchase(key, minor, pin_block=BLOCK, ksn=ksn)).reason


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("good", Reason.APPROVED),
        ("bad", Reason.PIN_WRONG),
        ("block_invalid", Reason.PIN_BLOCK_INVALID),
        ("unknown_key", Reason.KEY_UNKNOWN),
        ("unusable", Reason.KEY_UNKNOWN),
        ("absent", Reason.KEY_UNKNOWN),
        ("anything else", Reason.KEY_UNKNOWN),
    ],
)
def test_a_pin_that_is_there_must_be_right(shop: Shop, outcome: str, reason: Reason) -> None:
    """INV-72: only the verdict `good` lets an approval through."""
    secure(shop)
    assert pay(shop, "K1", Verdict(outcome)) is reason


def test_wrong_wrong_too_many(shop: Shop) -> None:
    """M-12, INV-70: 55, 55, 75; the right one is refused from then on, until an operator resets."""
    secure(shop)
    said = [pay(shop, f"K{number}", BAD) for number in range(4)]
    exceeded = Reason.PIN_TRIES_EXCEEDED
    assert said == [Reason.PIN_WRONG, Reason.PIN_WRONG, exceeded, exceeded]
    assert tries(shop) == 0
    assert pay(shop, "K4", GOOD) is exceeded
    assert shop.remedy == "to reset the card's PIN tries"
    reset = OperatorCommand(Moment(1, 1), "cards.reset_pin", "ann", {"card": "token-0010"})
    shop.decide(reset)
    assert tries(shop) == 3
    assert pay(shop, "K5", GOOD) is Reason.APPROVED


def test_a_right_one_before_the_limit_resets(shop: Shop) -> None:
    """M-12: durably, in the commit of the answer."""
    secure(shop)
    pay(shop, "K1", BAD)
    pay(shop, "K2", BAD)
    assert tries(shop) == 1
    assert pay(shop, "K3", GOOD) is Reason.APPROVED
    assert tries(shop) == 3
    assert pay(shop, "K4", BAD) is Reason.PIN_WRONG


def test_a_right_pin_counts_even_if_the_payment_is_declined(shop: Shop) -> None:
    """INV-70: what the checks found out of the card is stored with a decline as well."""
    secure(shop)
    pay(shop, "K1", BAD)
    assert pay(shop, "K2", GOOD, 10_000_000) is Reason.FUNDS_INSUFFICIENT
    assert tries(shop) == 3


def test_a_block_that_holds_no_pin_is_no_try(shop: Shop) -> None:
    """M-11, INV-70: it counts against the terminal, also where the tries are used up."""
    secure(shop)
    for number in range(5):
        assert pay(shop, f"K{number}", INVALID) is Reason.PIN_BLOCK_INVALID
    assert tries(shop) == 3
    terminal = shop.store[Key("terminal", "T1")]
    assert isinstance(terminal, Terminal)
    assert terminal.crypto_failures == 5
    shop.change(Card, "token-0010", pin_tries_left=0)
    assert pay(shop, "K9", INVALID) is Reason.PIN_BLOCK_INVALID


def test_block_failures_lock_the_terminal(shop: Shop) -> None:
    """SR-PIN-06: a right PIN does not reset them; at the limit nobody is asked any more."""
    secure(shop, failures=2)
    pay(shop, "K1", INVALID)
    assert pay(shop, "K2", GOOD) is Reason.APPROVED
    pay(shop, "K3", INVALID)
    assert pay(shop, "K4", GOOD) is Reason.TERMINAL_INACTIVE


def test_a_repeat_does_not_count_twice(shop: Shop) -> None:
    """INV-70: it is answered as before, and nothing is asked."""
    secure(shop)
    for _ in range(5):
        assert pay(shop, "K1", BAD) is Reason.PIN_WRONG
    assert tries(shop) == 2


def test_wrong_pins_of_one_batch_are_decided_in_order(shop: Shop) -> None:
    """INV-70: the limit holds over all connections; the repeat among them does not count."""
    secure(shop)
    shop.verdicts["pin"] = BAD
    keys = ("K1", "K2", "K1", "K3", "K4")
    answers = shop.batch(*(shop.purchase(key, 100, pin_block=BLOCK) for key in keys))
    assert [answer.reason for answer in answers] == [
        Reason.PIN_WRONG,
        Reason.PIN_WRONG,
        Reason.PIN_WRONG,
        Reason.PIN_TRIES_EXCEEDED,
        Reason.PIN_TRIES_EXCEEDED,
    ]
    assert tries(shop) == 0


def test_tries_and_the_cards_day_are_one_version_of_the_card(shop: Shop) -> None:
    """An approval that counts the day and resets the tries writes the card once."""
    secure(shop)
    shop.change(Card, "token-0010", daily_limit_minor=50_000, pin_tries_left=1)
    assert pay(shop, "K1", GOOD) is Reason.APPROVED
    card = shop.store[Key("card", "token-0010")]
    assert isinstance(card, Card)
    assert (card.pin_tries_left, card.day_spent_minor) == (3, 100)


def test_a_void_with_a_pin_writes_the_card_once(shop: Shop) -> None:
    """The same where the counters of the day go back."""
    secure(shop)
    shop.change(Card, "token-0010", daily_limit_minor=50_000)
    shop.ask(shop.purchase("K1"))
    shop.change(Card, "token-0010", pin_tries_left=2)
    void = shop.follower(Kind.VOID, "V1", pin_block=BLOCK, pan=Pan("4761739001010010"))
    assert shop.ask(void).approved
    card = shop.store[Key("card", "token-0010")]
    assert isinstance(card, Card)
    assert (card.pin_tries_left, card.day_spent_minor) == (3, 0)


def test_what_the_vault_said_is_in_the_trail(shop: Shop) -> None:
    """For people; the terminal hears a code only."""
    secure(shop)
    pay(shop, "K1", Verdict("block_invalid", "with the PAN of the track it would be right"))
    assert shop.trail["pin"] == (False, "with the PAN of the track it would be right")
    counted = {item.name: (item.before, item.after) for item in shop.transaction("K1").counted}
    assert counted == {"terminal.crypto_failures": (0, 1)}
    pay(shop, "K2", BAD)
    counted = {item.name: (item.before, item.after) for item in shop.transaction("K2").counted}
    assert counted == {"card.pin_tries_left": (3, 2)}


def test_a_pin_is_judged_even_if_the_dialect_forgets_to_name_it(shop: Shop) -> None:
    """INV-72 is no dialect's choice."""
    secure(shop)
    shop.order("pin", "expiry")
    assert pay(shop, "K1", BAD) is Reason.PIN_WRONG


def test_a_terminal_without_keys(shop: Shop) -> None:
    """INV-72: its PINs cannot be verified, so nothing is approved."""
    assert pay(shop, "K1", GOOD) is Reason.KEY_UNKNOWN
    assert shop.remedy == "a PIN key for the terminal, or a message without PIN"


@pytest.mark.parametrize("change", [{"pin_method": ""}, {"pin_method": "no such"}])
def test_a_card_without_a_pin(shop: Shop, change: dict[str, str]) -> None:
    """There is nothing to verify it with."""
    secure(shop)
    shop.change(Card, "token-0010", **change)
    assert pay(shop, "K1", GOOD) is Reason.KEY_UNKNOWN
    assert shop.trail["pin"] == (False, "cannot be verified: the card has no PIN")


@pytest.mark.parametrize("dukpt", [True, False])
def test_a_pin_without_key_is_told_what_it_could_be_under(shop: Shop, dukpt: bool) -> None:
    """M-16: no MAC, no key serial number, no key exchange yet."""
    secure(shop, dukpt=dukpt)
    del shop.store[Key("key", "terminal.T1.tpk")]
    assert pay(shop, "K1", Verdict("unknown_key", "there is none")) is Reason.KEY_UNKNOWN
    assert "no key terminal.T1.tpk" in shop.trail["pin"][1]
    assert "a key exchange that makes terminal.T1.tpk" in shop.remedy
    assert ("or a key serial number, for DUKPT" in shop.remedy) is dukpt


def test_a_pin_under_a_key_set_that_is_not_there(shop: Shop) -> None:
    """Without a MAC: the set that the number may be meant for is looked for, and told."""
    secure(shop)
    unknown = Verdict("unknown_key", "there is none")
    assert pay(shop, "K1", unknown, ksn="FFFF89674523010E0010") is Reason.KEY_UNKNOWN
    assert "FFFF9876543210E00001, and there is its key set" in shop.trail["pin"][1]
    assert shop.remedy == "to install bdk.FFFF896745"


def test_a_verification_key_that_is_not_there_is_told_by_the_vault(shop: Shop) -> None:
    """The PIN's own key is there, so it is not what is missing."""
    secure(shop)
    unknown = Verdict("unknown_key", "there is no key issuer.demo.pvk")
    assert pay(shop, "K1", unknown) is Reason.KEY_UNKNOWN
    assert shop.trail["pin"][1] == "cannot be verified: there is no key issuer.demo.pvk"


@pytest.mark.parametrize(
    ("method", "ksn", "keys"),
    [
        ("visa-pvv", "", ("terminal.T1.tpk", "issuer.demo.pvk")),
        ("ibm-3624", "", ("terminal.T1.tpk", "issuer.demo.ibm")),
        ("house", "", ("terminal.T1.tpk",)),
        ("visa-pvv", tdes(1), ("bdk.FFFF987654", "issuer.demo.pvk")),
    ],
)
def test_which_keys_are_asked_with(
    shop: Shop, method: str, ksn: str, keys: tuple[str, ...]
) -> None:
    """The one that the block is under, and the one that verifies by the card's method."""
    secure(shop)
    shop.change(Card, "token-0010", pin_method=method)
    _, rounds = shop.judge(shop.arrived(shop.purchase(pin_block=BLOCK, ksn=ksn)))
    asked = [need for some in rounds for need in some if isinstance(need, VerdictNeed)]
    assert asked == [VerdictNeed("pin", keys)]


def test_an_enrolled_card_has_the_houses_pin(shop: Shop) -> None:
    """The demo world: its first PIN is verified already."""
    secure(shop)
    shop.enrol(1_000)
    shop.settings = replace(shop.settings, enrol_issuer="demo")
    request = shop.purchase(pan="4111111111111111", minor=100, pin_block=BLOCK)
    assert shop.ask(request).approved
    card = shop.store[Key("card", "token-1111")]
    assert isinstance(card, Card)
    assert (card.issuer, card.pin_method) == ("demo", "house")
    shop.verdicts["pin"] = BAD
    assert shop.ask(shop.purchase("K2", 1, "4111111111111111", pin_block=BLOCK)).reason is (
        Reason.PIN_WRONG
    )


def test_a_wrong_pin_of_a_card_that_is_enrolled_by_it(shop: Shop) -> None:
    """INV-70: the very first try counts."""
    secure(shop)
    shop.enrol(1_000)
    shop.settings = replace(shop.settings, enrol_issuer="demo")
    shop.verdicts["pin"] = BAD
    request = shop.purchase(pan="4111111111111111", minor=100, pin_block=BLOCK)
    assert shop.ask(request).reason is Reason.PIN_WRONG
    card = shop.store[Key("card", "token-1111")]
    assert isinstance(card, Card)
    assert (card.version, card.pin_tries_left) == (1, 2)


def test_an_advice_is_not_asked_for_its_pin(shop: Shop) -> None:
    """It has happened; verifying now would only be a way to guess."""
    secure(shop)
    shop.verdicts["pin"] = BAD
    request = shop.purchase(flow=Flow.ADVICE, pin_block=BLOCK, mac=MAC)
    _, rounds = shop.judge(shop.arrived(request))
    asked = [need.question for some in rounds for need in some if isinstance(need, VerdictNeed)]
    assert asked == ["mac"]
    assert shop.ask(request).approved
    assert tries(shop) == 3


def test_a_follower_without_a_card_number_cannot_have_its_pin_verified(shop: Shop) -> None:
    """INV-72: no verification, no approval."""
    secure(shop)
    shop.ask(shop.purchase("K1"))
    void = shop.follower(Kind.VOID, "V1", pin_block=BLOCK)
    assert shop.ask(void).reason is Reason.KEY_UNKNOWN
