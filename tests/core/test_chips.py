"""Chip cards: cryptograms of demands and advices, what the chip is told, scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.core.admin_card_security import SCRIPT
from switch.keys.emv_script import NAMES as SCRIPT_NAMES
from switch.model.effects import Reply, Told
from switch.model.events import Moment, OperatorCommand
from switch.model.facts import Verdict, VerdictNeed
from switch.model.records import Card, Key, SealedKey, Transaction
from switch.model.security import ChipOrder, KeyUse
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.values import ChipData, Pan
from tests.core.keyed import BAD, MAC, secure

if TYPE_CHECKING:
    from tests.core.conftest import Shop

CHIP = ChipData("9F2608")
IMK = "issuer.demo.imk_ac"


def arqc(atc: int, kind: str = "ARQC") -> Verdict:
    """A cryptogram that is right."""
    return Verdict("good", data={"atc": str(atc), "cryptogram": kind})


def chipped(shop: Shop, **terms: Any) -> None:
    """The card has a chip."""
    secure(shop, **terms)
    shop.change(Card, "token-0010", chip="visa-cvn18")


def pay(shop: Shop, key: str, verdict: Verdict, minor: int = 100, **more: Any) -> Reason:
    """A chip purchase whose cryptogram the vault finds so."""
    shop.verdicts["cryptogram"] = verdict
    mode = {"chip": CHIP, "entry_mode": EntryMode.CHIP}
    return shop.ask(shop.purchase(key, minor, **{**mode, **more})).reason


def order(shop: Shop) -> ChipOrder | None:
    """What the chip is told with the last answer."""
    (reply,) = [effect for effect in shop.last.effects if isinstance(effect, Reply)]
    return None if reply.sealing is None else reply.sealing.chip


def card(shop: Shop) -> Card:
    """The card as it is stored."""
    record = shop.store[Key("card", "token-0010")]
    assert isinstance(record, Card)
    return record


def test_a_right_cryptogram_is_answered_with_one(shop: Shop) -> None:
    """On an approval and on a decline alike."""
    chipped(shop)
    told = ChipOrder(KeyUse(IMK, f"block of {IMK}"), "visa-cvn18")
    assert pay(shop, "K1", arqc(1)) is Reason.APPROVED
    assert order(shop) == told
    assert pay(shop, "K2", arqc(2), 10_000_000) is Reason.FUNDS_INSUFFICIENT
    assert order(shop) == told
    assert card(shop).atc_seen == 2


def test_a_card_is_answered_by_its_own_sequence_number(shop: Shop) -> None:
    """The one that its cryptogram was checked with, wherever the message has none or another."""
    chipped(shop)
    shop.change(Card, "token-0010", sequence="07")
    assert pay(shop, "K1", arqc(1)) is Reason.APPROVED
    told = order(shop)
    assert told is not None
    assert told.sequence == "07"


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("bad", Reason.CRYPTOGRAM_INVALID),
        ("incomplete", Reason.CRYPTOGRAM_INVALID),
        ("unknown_key", Reason.KEY_UNKNOWN),
        ("unusable", Reason.KEY_UNKNOWN),
        ("absent", Reason.KEY_UNKNOWN),
        ("anything else", Reason.KEY_UNKNOWN),
    ],
)
def test_only_a_right_one_pays(shop: Shop, outcome: str, reason: Reason) -> None:
    """INV-06: whatever else the vault says; and such a chip is told nothing."""
    chipped(shop)
    assert pay(shop, "K1", Verdict(outcome, "why")) is reason
    assert "why" in shop.trail["cryptogram"][1]
    assert shop.remedy
    assert order(shop) is None
    assert card(shop).atc_seen == -1


def test_a_counter_that_nobody_read_is_not_told(shop: Shop) -> None:
    """Chip data that lacks something: no counter zero is made up."""
    chipped(shop)
    pay(shop, "K1", Verdict("incomplete", "chip data lacks 9F37"))
    assert shop.trail["cryptogram"] == (False, "chip data lacks 9F37")
    assert shop.last.trail[-1].saw == "cryptogram"


@pytest.mark.parametrize("mode", [EntryMode.CHIP, EntryMode.CONTACTLESS_CHIP])
def test_a_chip_that_was_read_has_data(shop: Shop, mode: EntryMode) -> None:
    """A demand that leaves them out proves nothing; an advice of it is only noted."""
    chipped(shop)
    bare: dict[str, Any] = {"chip": None, "entry_mode": mode}
    assert pay(shop, "K1", arqc(1), **bare) is Reason.CRYPTOGRAM_INVALID
    assert shop.trail["cryptogram"] == (False, "no chip data though the chip was read")
    assert "entry mode" in shop.remedy
    assert order(shop) is None
    assert pay(shop, "K2", arqc(1), flow=Flow.ADVICE, **bare) is Reason.APPROVED
    assert shop.trail["cryptogram"] == (True, "no chip data though the chip was read, only noted")


@pytest.mark.parametrize(
    "mode", [mode for mode in EntryMode if mode not in (EntryMode.CHIP, EntryMode.CONTACTLESS_CHIP)]
)
def test_a_chip_that_was_not_read_has_none(shop: Shop, mode: EntryMode) -> None:
    """A fallback to the stripe, a number typed in: nothing is missing."""
    chipped(shop)
    for key, flow in (("K1", Flow.REQUEST), ("K2", Flow.ADVICE)):
        assert pay(shop, key, BAD, chip=None, entry_mode=mode, flow=flow) is Reason.APPROVED
        assert "cryptogram" not in shop.trail


def test_a_card_without_a_chip_needs_no_data(shop: Shop) -> None:
    """Most test cards have none, whatever a terminal says that it has read."""
    secure(shop)
    assert pay(shop, "K1", BAD, chip=None) is Reason.APPROVED
    assert "cryptogram" not in shop.trail


def test_a_follower_of_a_chip_payment_needs_no_data(shop: Shop) -> None:
    """A void sends the entry mode of its original, and the card is not there any more."""
    chipped(shop)
    pay(shop, "K1", arqc(1))
    pan = Pan("4761739001010010")
    void = shop.follower(Kind.VOID, "V1", pan=pan, entry_mode=EntryMode.CHIP)
    assert shop.ask(void).approved
    assert "cryptogram" not in shop.trail


@pytest.mark.parametrize("atc", [4, 5])
def test_a_counter_of_the_card_is_used_once_and_only_rises(shop: Shop, atc: int) -> None:
    """A replayed cryptogram is right, and refused; it is told nothing."""
    chipped(shop)
    assert pay(shop, "K1", arqc(5)) is Reason.APPROVED
    assert pay(shop, "K2", arqc(atc)) is Reason.CRYPTOGRAM_INVALID
    assert "ATC above 5" in shop.remedy
    assert order(shop) is None
    assert pay(shop, "K3", arqc(6)) is Reason.APPROVED


def test_two_of_one_batch_with_one_counter(shop: Shop) -> None:
    """They are decided in order."""
    chipped(shop)
    shop.verdicts["cryptogram"] = arqc(1)
    answers = shop.batch(*(shop.purchase(key, 100, chip=CHIP) for key in ("K1", "K2")))
    assert [answer.reason for answer in answers] == [Reason.APPROVED, Reason.CRYPTOGRAM_INVALID]


@pytest.mark.parametrize("kind", ["AAC", "TC", ""])
def test_a_card_that_does_not_ask(shop: Shop, kind: str) -> None:
    """It has declined, or has approved already: then a request is no way to ask."""
    chipped(shop)
    assert pay(shop, "K1", arqc(1, kind)) is Reason.CRYPTOGRAM_INVALID
    assert shop.remedy
    assert card(shop).atc_seen == 1


@pytest.mark.parametrize("verdict", [BAD, Verdict("unknown_key"), arqc(3, "AAC"), arqc(3, "TC")])
def test_an_advice_is_never_declined_for_its_cryptogram(shop: Shop, verdict: Verdict) -> None:
    """It has happened; what was found is noted, and a proven counter counts."""
    chipped(shop)
    assert pay(shop, "K1", verdict, flow=Flow.ADVICE) is Reason.APPROVED
    assert shop.trail["cryptogram"][0]
    assert "noted" in shop.trail["cryptogram"][1]
    assert order(shop) is None
    assert card(shop).atc_seen == (3 if verdict.outcome == "good" else -1)


def test_an_older_advice_does_not_turn_the_counter_back(shop: Shop) -> None:
    """Advices come late."""
    chipped(shop)
    pay(shop, "K1", arqc(9))
    assert pay(shop, "K2", arqc(3, "TC"), flow=Flow.ADVICE) is Reason.APPROVED
    assert card(shop).atc_seen == 9


@pytest.mark.parametrize("change", [{"chip": ""}, {"issuer": ""}])
def test_a_card_whose_chip_nobody_knows(shop: Shop, change: dict[str, str]) -> None:
    """Its cryptogram is not looked at."""
    chipped(shop)
    shop.change(Card, "token-0010", **change)
    assert pay(shop, "K1", BAD) is Reason.APPROVED
    assert "cryptogram" not in shop.trail


def test_no_cryptogram_is_asked_about_for_a_wrong_mac(shop: Shop) -> None:
    """M-08: nothing else of the message can be believed."""
    chipped(shop)
    shop.verdicts["mac"] = BAD
    _, rounds = shop.judge(shop.arrived(shop.purchase(chip=CHIP, mac=MAC)))
    asked = [need.question for some in rounds for need in some if isinstance(need, VerdictNeed)]
    assert asked == ["mac"]


def script(shop: Shop, name: str, **more: str) -> Told:
    """An operator queues a script."""
    words = {"card": "token-0010", "script": name, **more}
    shop.decide(OperatorCommand(Moment(1, 1), "cards.script", "ann", words, 1))
    return next(effect for effect in shop.last.effects if isinstance(effect, Told))


def test_a_script_is_delivered_once(shop: Shop) -> None:
    """With the next answer to a right cryptogram, approved or not; a repeat has it no more."""
    chipped(shop)
    assert script(shop, "pin-unblock").ok
    assert script(shop, "put-data:9F58:03").ok
    assert pay(shop, "K0", BAD) is Reason.CRYPTOGRAM_INVALID
    assert card(shop).scripts == ("pin-unblock", "put-data:9F58:03")
    assert pay(shop, "K1", arqc(1), 10_000_000) is Reason.FUNDS_INSUFFICIENT
    told = order(shop)
    assert told is not None
    assert told.scripts == ("pin-unblock", "put-data:9F58:03")
    assert [key.name for key in told.script_keys] == ["issuer.demo.imk_smi", "issuer.demo.imk_smc"]
    assert card(shop).scripts == ()
    for key, atc in (("K1", 1), ("K2", 2)):
        pay(shop, key, arqc(atc), 10_000_000)
        again = order(shop)
        assert again is not None
        assert again.scripts == ()


def test_scripts_that_do_not_fit_into_one_answer_wait(shop: Shop) -> None:
    """No answer is lost for its length, and no script with it: EMV book 3 lets a terminal take 128
    bytes of them.
    """
    chipped(shop)
    long = [f"put-data:9F58:{number:02X}{'00' * 31}" for number in range(5)]
    for name in (*long, "card-block"):
        assert script(shop, name).ok
    told = []
    for number in range(1, 5):
        assert pay(shop, f"K{number}", arqc(number)) is Reason.APPROVED
        said = order(shop)
        assert said is not None
        told.append(said.scripts)
    assert told == [tuple(long[:2]), tuple(long[2:4]), (long[4], "card-block"), ()]
    assert card(shop).scripts == ()


@pytest.mark.parametrize("flow", [Flow.REQUEST, Flow.ADVICE])
def test_a_cryptogram_over_another_amount_is_flagged(shop: Shop, flow: Flow) -> None:
    """The card holder has seen 1.00, the terminal asks for 999.00: trail, flag and log say so."""
    chipped(shop)
    over = Verdict("good", data={"atc": "1", "cryptogram": "ARQC", "amount": "000000000100"})
    assert pay(shop, "K1", over, 999_00, flow=flow) is Reason.APPROVED
    assert "over 1.00 USD, and 999.00 USD is asked for" in shop.trail["cryptogram"][1]
    assert "chip.amount" in shop.told
    payment = shop.store[Key("transaction", "K1")]
    assert isinstance(payment, Transaction)
    assert payment.flags == ("chip-amount",)
    same = Verdict("good", data={**over.data, "atc": "2"})
    assert pay(shop, "K2", same, 1_00, flow=flow) is Reason.APPROVED
    assert shop.trail["cryptogram"][1].startswith("right")
    assert "over" not in shop.trail["cryptogram"][1]
    assert "chip.amount" not in shop.told


def test_a_script_waits_for_its_keys(shop: Shop) -> None:
    """It is not lost where the issuer has none."""
    chipped(shop)
    script(shop, "card-block")
    shop.change(SealedKey, "issuer.demo.imk_smi", state="deactivated")
    assert pay(shop, "K1", arqc(1)) is Reason.APPROVED
    told = order(shop)
    assert told is not None
    assert told.scripts == ()
    assert card(shop).scripts == ("card-block",)


def test_scripts_are_refused_and_taken_back(shop: Shop) -> None:
    """By name, for a card with a chip, and only a few."""
    secure(shop)
    assert "chip" in script(shop, "card-block").said
    chipped(shop)
    assert not script(shop, "format-disk").ok
    assert not script(shop, "card-block", card="token-none").ok
    for _ in range(8):
        assert script(shop, "card-block").ok
    assert not script(shop, "card-block").ok
    assert script(shop, "").ok
    assert card(shop).scripts == ()
    assert script(shop, "").data["changed"] is False


def test_scripts_are_those_that_the_vault_can_make() -> None:
    """The two lists are one."""
    for name in SCRIPT_NAMES:
        assert SCRIPT.fullmatch(name.replace("TAG", "9F58").replace("VALUE", "0A"))


def test_a_repeat_is_told_again_if_both_cryptograms_are_right(shop: Shop) -> None:
    """INV-02: its answer is lost otherwise; but nobody gets one for a cryptogram that is wrong, or
    whose first was."""
    chipped(shop)
    pay(shop, "K1", arqc(1))
    first = order(shop)
    assert pay(shop, "K1", arqc(1)) is Reason.APPROVED
    assert order(shop) == first
    assert pay(shop, "K1", BAD) is Reason.APPROVED
    assert order(shop) is None
    pay(shop, "K2", BAD)
    assert pay(shop, "K2", arqc(7)) is Reason.CRYPTOGRAM_INVALID
    assert order(shop) is None
    assert card(shop).atc_seen == 1


def test_a_follower_is_not_declined_for_its_cryptogram(shop: Shop) -> None:
    """A void or a completion may copy its original's chip data: noted."""
    chipped(shop)
    pay(shop, "K1", arqc(1))
    shop.verdicts["cryptogram"] = BAD
    void = shop.follower(Kind.VOID, "V1", chip=CHIP, pan=Pan("4761739001010010"))
    assert shop.ask(void).approved
    assert shop.trail["cryptogram"] == (True, "bad, only noted")


@pytest.mark.parametrize("kind", [Kind.BALANCE, Kind.VERIFICATION, Kind.PREAUTH, Kind.CASH])
def test_kinds_that_a_card_asks_for(shop: Shop, kind: Kind) -> None:
    """Not purchases alone."""
    chipped(shop)
    amount: dict[str, Any] = {"amount": None} if kind in (Kind.BALANCE, Kind.VERIFICATION) else {}
    assert pay(shop, "K1", BAD, kind=kind, **amount) is Reason.CRYPTOGRAM_INVALID
    assert pay(shop, "K2", arqc(1), kind=kind, **amount) is Reason.APPROVED
    assert order(shop) is not None
