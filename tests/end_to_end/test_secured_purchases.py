"""A purchase with PIN, MAC and chip data through the real program: approved where all is right,
refused by its own name where one thing is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from switch.model.words import EntryMode
from switch.server.asking import ask
from switch.values import CardVerification
from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from switch_tools.cards import demo_cards
from switch_tools.terminal_keys import AES_DUKPT, TDES_DUKPT
from switch_tools.terminal_model import Checked, Faults
from switch_tools.terminal_outcome import Result
from tests.end_to_end.secured_tills import (
    CHIP_CARDS,
    DUKPT,
    WRITING,
    check,
    fresh_card,
    reason,
    secured_till,
)

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

APPROVED = Result.APPROVED


@pytest.fixture(scope="module")
def _town(
    host_class: type[HostProcess], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HostProcess]:
    """The demo world for this module alone: its chip cards count on, its terminals' keys change."""
    host = host_class(tmp_path_factory.mktemp("town") / "data")
    host.shared = True
    yield host.start()
    host.kill()


@pytest.mark.trio
@pytest.mark.parametrize("slot", DUKPT)
@pytest.mark.parametrize("dialect", WRITING)
async def test_pin_mac_and_chip_are_all_verified(
    town: HostProcess, dialect: str, slot: str
) -> None:
    """INV-72: TDES DUKPT with PIN block format 0, AES DUKPT with format 4; the answer's MAC and the
    card's response cryptogram are right.
    """
    async with secured_till(town, dialect, slot) as till:
        bought = await till.buy("chip-visa", "1234")
        heard = bought.heard
        assert heard is not None
        assert (bought.result, heard.checked) == (
            APPROVED,
            Checked(mac="verified", cryptogram="verified"),
        )
        said = till.explained(bought)
        assert [check(said, name)["passed"] for name in ("mac", "ksn", "pin", "cryptogram")] == [
            True
        ] * 4


@pytest.mark.trio
@pytest.mark.parametrize("card", CHIP_CARDS)
async def test_chips_of_all_brands_are_believed_and_believe(town: HostProcess, card: str) -> None:
    """Visa, Mastercard and PBOC derive keys in three ways; a wrong cryptogram is refused, and the
    card counts on.
    """
    async with secured_till(town, "iso87-binary", TDES_DUKPT) as till:
        for wrong in (False, True, False):
            bought = await till.buy(card, "1234", faults=Faults(cryptogram=wrong))
            assert bought.result is (Result.DECLINED if wrong else APPROVED)
            assert reason(bought) == ("cryptogram.invalid" if wrong else "approved")


@pytest.mark.trio
@pytest.mark.parametrize("dialect", WRITING)
async def test_wrong_pins_are_counted_up_to_the_last(town: HostProcess, dialect: str) -> None:
    """M-12, INV-70: 55, 55, 75, then the right PIN is refused with 75; before that, a right PIN
    gives all tries back.
    """
    async with secured_till(town, dialect, TDES_DUKPT) as till:
        card = fresh_card()
        pins = ["1234", "9999", "9999", "1234", "9999", "9999", "9999", "1234"]
        reasons = [reason(await till.buy(card, pin)) for pin in pins]
        assert reasons == [
            "approved",
            *["pin.wrong"] * 2,
            "approved",
            *["pin.wrong"] * 2,
            *["pin.tries_exceeded"] * 2,
        ]


@pytest.mark.trio
async def test_the_codes_of_wrong_pins_are_those_of_the_standard(town: HostProcess) -> None:
    """M-12, in AES with format 4 likewise."""
    async with secured_till(town, "iso87-ascii", AES_DUKPT) as till:
        card = fresh_card()
        codes = []
        for pin in ("1111", "1111", "1111", "1234"):
            heard = (await till.buy(card, pin)).heard
            assert heard is not None
            codes.append(heard.code)
        assert codes == ["55", "55", "75", "75"]


@pytest.mark.trio
@pytest.mark.parametrize("slot", DUKPT)
@pytest.mark.parametrize("dialect", WRITING)
async def test_a_key_serial_number_serves_once(town: HostProcess, dialect: str, slot: str) -> None:
    """M-13, INV-71: another message under it moves nothing; the next counter does."""
    async with secured_till(town, dialect, slot) as till:
        card = fresh_card()
        assert (await till.buy(card, "1234")).result is APPROVED
        replayed = await till.buy(card, "1234", faults=Faults(replay_ksn=True))
        said = till.explained(replayed)
        assert (said["outcome"]["approved"], said["outcome"]["reason"]) == (False, "ksn.replay")
        assert said["postings"] == []
        assert (await till.buy(card, "1234")).result is APPROVED


@pytest.mark.trio
@pytest.mark.parametrize("slot", DUKPT)
async def test_a_pin_block_that_holds_no_pin_is_no_try(town: HostProcess, slot: str) -> None:
    """M-11: refused by its own name, the card's tries untouched, the terminal's failures up."""
    async with secured_till(town, "iso93-binary", slot) as till:
        card = fresh_card()
        for _ in range(4):
            assert reason(await till.buy(card, "1234", faults=Faults(pin_block=True))) == (
                "pin.block_invalid"
            )
        assert (await till.buy(card, "1234")).result is APPROVED


@pytest.mark.trio
@pytest.mark.parametrize("dialect", WRITING)
async def test_the_trail_says_which_padding_would_fit(town: HostProcess, dialect: str) -> None:
    """M-08: refused, no PIN looked at; the answer carries a right MAC, and the doctor names the
    padding.
    """
    async with secured_till(town, dialect, TDES_DUKPT) as till:
        refused = await till.buy("chip-visa", "9999", faults=Faults(padding=2))
        assert refused.heard is not None
        assert (reason(refused), refused.heard.checked.mac) == ("mac.invalid", "verified")
        said = till.explained(refused)
        assert [one["name"] for one in said["checks"]][-1] == "mac"
        assert "padding 2" in check(said, "mac")["said"], check(said, "mac")


@pytest.mark.trio
@pytest.mark.parametrize(
    ("entry", "code", "right"),
    [
        (EntryMode.MAGSTRIPE, "", True),
        (EntryMode.MANUAL, "card", True),
        (EntryMode.MANUAL, "000", False),
    ],
)
async def test_the_codes_of_a_card_are_checked(
    town: HostProcess, entry: EntryMode, code: str, right: bool
) -> None:
    """The CVV on the stripe, the CVV2 in print."""
    held = demo_cards()["chip-visa"]
    shown = held.cvv2 if code == "card" else CardVerification(code) if code else None
    async with secured_till(town, "iso87-ascii", TDES_DUKPT) as till:
        bought = await till.buy(held, entry=entry, card_verification=shown)
        said = till.explained(bought)["outcome"]["reason"]
        assert said == ("approved" if right else "card_verification.invalid")


@pytest.mark.trio
@pytest.mark.parametrize("dialect", WRITING)
async def test_an_answer_whose_mac_is_wrong_is_no_answer(town: HostProcess, dialect: str) -> None:
    """INV-72 from the terminal's side: the purchase is reversed, under a counter of its own, and
    the books of the host are as before.
    """
    spoilt, codec = 0, Codec(load_dialect(dialect).layout)

    def spoil(body: bytes) -> bytes:
        nonlocal spoilt
        spoilt += 1
        if spoilt > 1:
            return body
        fields = codec.decode(body)
        number = "128" if "128" in fields else "64"
        first = "1" if fields[number][0] == "0" else "0"
        return codec.encode({**fields, number: first + fields[number][1:]})

    async with secured_till(town, dialect, TDES_DUKPT) as till:
        till.spoil = spoil
        bought = await till.buy(fresh_card(), "1234")
        assert (bought.result, bought.why) == (Result.NO_ANSWER, "the answer's MAC is wrong")
        assert bought.reversal is not None
        assert bought.reversal.result is APPROVED
        assert till.keys.last_ksn(TDES_DUKPT).counter == 2
        assert bought.reversal.heard is not None
        assert bought.reversal.heard.reason == "approved"


@pytest.mark.trio
@pytest.mark.parametrize("card", CHIP_CARDS)
async def test_an_issuer_script_reaches_the_card_once(town: HostProcess, card: str) -> None:
    """On demand of an operator: with the answer to the card's next chip transaction, under a MAC
    that the card finds right; the one after has none.
    """
    for script in ("put-data:9F58:03", "pin-unblock"):
        said = ask(town.data, "cards.script", arguments={"card": card, "script": script})
        assert said["ok"], said
    async with secured_till(town, "iso87-ascii", TDES_DUKPT) as till:
        told = []
        for _ in range(2):
            heard = (await till.buy(card, "1234")).heard
            assert heard is not None
            assert (heard.approved, heard.checked.cryptogram) == (True, "verified")
            told.append(heard.checked.scripts)
    assert sorted(told[0]) == [
        "PIN change or unblock (84240000), its MAC is right",
        "put data (04DA9F58), its MAC is right",
    ]
    assert told[1] == ()


@pytest.mark.trio
@pytest.mark.parametrize("dialect", WRITING)
async def test_an_advice_is_never_declined_for_its_cryptogram(
    town: HostProcess, dialect: str
) -> None:
    """What was approved offline has happened: a wrong TC is noted, and the advice is taken."""
    async with secured_till(town, dialect, TDES_DUKPT) as till:
        for wrong in (False, True):
            told = await till.buy("chip-visa", advice=True, faults=Faults(cryptogram=wrong))
            assert told.result is APPROVED
