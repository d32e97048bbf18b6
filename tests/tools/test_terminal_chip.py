"""Test cards make real cryptograms, count them, and believe only their issuer."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from switch import tlv
from switch.keys.emv_chip import read_chip, response_key, transaction_of
from switch.keys.emv_cryptogram import check_cryptogram
from switch.keys.emv_keys import card_key, session_key
from switch.keys.emv_profiles import PROFILES
from switch.keys.emv_response import CardStatusUpdate, issuer_authentication
from switch.keys.emv_script import CardMoment, command_of, secured, template
from switch.model.words import EntryMode, Flow, Kind
from switch.values import ChipData, Pan
from switch_tools.cards import CardError, CardInHand, Personal, demo_cards
from switch_tools.terminal_chip import ChipReader, InsertedCard, chip_facts
from switch_tools.terminal_lines import Sent
from switch_tools.terminal_model import NOTHING, Checked, Faults, Presented

CHIPS = ("chip-visa", "chip-mastercard", "chip-unionpay")


def line(entry_mode: EntryMode = EntryMode.CHIP, **more: object) -> Sent:
    """A purchase, as the journal will tell of it."""
    sent = Sent(
        number=1,
        stan="000001",
        at="2026-11-24T10:00:00.000Z",
        kind=Kind.PURCHASE,
        dialect="iso87-ascii",
        terminal_id="DEMO0001",
        merchant_id="DEMOMERCHANT001",
        local_date="1124",
        amount_minor=1234,
        currency="840",
        entry_mode=entry_mode,
    )
    return replace(sent, **more)


def keys_of(card: CardInHand, role: str) -> bytearray:
    """The card's own key, from its issuer's."""
    master = bytes.fromhex(card.personal.keys[role].reveal())
    option = PROFILES[card.personal.profile].option
    return card_key(master, card.pan.reveal(), card.personal.sequence, option)


def answer_to(card: CardInHand, chip: bytes, *scripts: str) -> bytes:
    """The issuer's answer to the card: tag 91, and scripts in template 72."""
    own = transaction_of(read_chip(chip), card.personal.profile, card.pan.reveal())
    told = CardStatusUpdate(approved=True).encoded() if own.profile.response == 2 else b"00"
    key = response_key(keys_of(card, "imk_ac"), own)
    items = [("91", issuer_authentication(own.profile.response, key, own.cryptogram, told))]
    made = tlv.build(items)
    if scripts:
        moment = CardMoment(keys_of(card, "imk_smi"), own.atc, own.cryptogram)
        made += template("72", secured(own.profile.messaging, moment, map(command_of, scripts)))
    return made


def heard(presented: Presented, answer: bytes | None) -> Checked:
    """What the card that waits makes of an answer."""
    assert presented.card is not None
    return presented.card.hears(None if answer is None else ChipData(answer.hex()))


@pytest.mark.parametrize("name", CHIPS)
def test_a_cryptogram_is_what_the_issuer_computes(name: str) -> None:
    """By the profile's own derivation; amounts, currency, date and type are the message's."""
    card = demo_cards()[name]
    sent, _ = ChipReader().read(card, line(other_minor=234, kind=Kind.CASHBACK), NOTHING)
    values = read_chip(bytes.fromhex(sent.chip))
    own = transaction_of(values, card.personal.profile, card.pan.reveal())
    key = session_key(own.profile.session, keys_of(card, "imk_ac"), own.atc, own.unpredictable)
    assert check_cryptogram(key, own.data, own.profile.padding, own.cryptogram)
    assert (own.kind, own.counter) == ("ARQC", 1)
    told = {tag: values[tag].hex() for tag in ("9F02", "9F03", "5F2A", "9F1A", "9A", "9C")}
    assert told == {
        "9F02": "000000001234",
        "9F03": "000000000234",
        "5F2A": "0840",
        "9F1A": "0840",
        "9A": "261124",
        "9C": "09",
    }
    assert sent.sequence == "01"
    assert not {"57", "5A"} & set(values)


def test_a_card_counts_and_is_never_the_same() -> None:
    """Counter and unpredictable number make each cryptogram another one."""
    reader, card = ChipReader(), demo_cards()["chip-visa"]
    said = [chip_facts(reader.read(card, line(), NOTHING)[0]) for _ in range(3)]
    assert [one["atc"] for one in said] == ["0001", "0002", "0003"]
    assert len({one["cryptogram"] for one in said}) == 3


def test_what_was_approved_offline_is_certified() -> None:
    """An advice bears a TC, which tells that it has happened."""
    sent, _ = ChipReader().read(demo_cards()["chip-visa"], line(flow=Flow.ADVICE), NOTHING)
    assert read_chip(bytes.fromhex(sent.chip))["9F27"] == b"\x40"


def test_a_pin_shows_in_the_verification_results() -> None:
    """9F34: the PIN goes online, or none was asked for."""
    reader, card = ChipReader(), demo_cards()["chip-visa"]
    for pin, told in ((True, "020300"), (False, "1f0300")):
        sent, _ = reader.read(card, line(pin=pin), NOTHING)
        assert read_chip(bytes.fromhex(sent.chip))["9F34"].hex() == told


@pytest.mark.parametrize("name", CHIPS)
def test_a_card_knows_its_issuer(name: str) -> None:
    """Right, wrong, none, and no BER-TLV at all."""
    card = demo_cards()[name]

    def hears(change: int, *, absent: bool = False) -> str:
        sent, presented = ChipReader().read(card, line(), NOTHING)
        answer = bytearray(answer_to(card, bytes.fromhex(sent.chip)))
        answer[2] ^= change
        return heard(presented, None if absent else bytes(answer)).cryptogram

    assert [hears(0), hears(1), hears(0, absent=True)] == ["verified", "wrong", "missing"]
    _, presented = ChipReader().read(card, line(), NOTHING)
    assert heard(presented, b"\x91\x08\x00").cryptogram == "wrong"


@pytest.mark.parametrize("name", CHIPS)
def test_a_card_obeys_scripts_with_a_right_mac_only(name: str) -> None:
    """Each command in words; of a wrong one nothing is carried out."""
    card = demo_cards()[name]
    sent, presented = ChipReader().read(card, line(), NOTHING)
    answer = answer_to(card, bytes.fromhex(sent.chip), "card-block", "put-data:9F58:03")
    said = heard(presented, answer)
    assert said.scripts == (
        "card block (84160000), its MAC is right",
        "put data (04DA9F58), its MAC is right",
    )
    sent, presented = ChipReader().read(card, line(), NOTHING)
    answer = answer_to(card, bytes.fromhex(sent.chip), "card-block")
    said = heard(presented, answer[:-1] + bytes((answer[-1] ^ 1,)))
    assert said.scripts == ("a script whose MAC is wrong: not carried out",)


def test_a_cryptogram_can_be_wrong_on_purpose() -> None:
    """For QA: one bit of it, nothing else."""
    fault = Presented(faults=Faults(cryptogram=True))
    card = demo_cards()["chip-visa"]
    values = []
    for presented in (NOTHING, fault):
        reader = ChipReader(random_bytes=bytes)
        values.append(read_chip(bytes.fromhex(reader.read(card, line(), presented)[0].chip)))
    right, wrong = values
    changed = [tag for tag in right if right[tag] != wrong[tag]]
    assert changed == ["9F26"]
    bits = int.from_bytes(right["9F26"], "big") ^ int.from_bytes(wrong["9F26"], "big")
    assert bits.bit_count() == 1


@pytest.mark.parametrize("entry_mode", [EntryMode.MAGSTRIPE, EntryMode.FALLBACK])
def test_a_stripe_gives_its_track_once(entry_mode: EntryMode) -> None:
    """SR-SAD-01: with the first transmission; the journal's line has nothing of it."""
    card = demo_cards()["chip-visa"]
    sent, presented = ChipReader().read(card, line(entry_mode), NOTHING)
    assert presented.track2 == card.stripe
    assert sent.chip == ""


def test_a_card_of_which_nothing_is_known_gives_its_number() -> None:
    """As before there were keys: chip data would only be wrong."""
    plain = CardInHand("", Pan("4111111111111111"), "4912")
    for mode in (EntryMode.CHIP, EntryMode.MAGSTRIPE):
        sent, presented = ChipReader().read(plain, line(mode), NOTHING)
        assert (sent.chip, presented.track2, presented.card) == ("", None, None)


def test_a_chip_without_its_issuers_key_is_refused() -> None:
    """With the name of the key; no digits of the card."""
    with pytest.raises(CardError, match=r"411111\*{6}1111.*imk_ac"):
        InsertedCard(Pan("4111111111111111"), Personal(profile="visa-cvn18"))


@pytest.mark.parametrize(
    ("pan", "profile"),
    [
        ("4761739001010119", "visa-cvn18"),
        ("6250947000000014", "pboc"),
        ("5413330089604111", "mastercard-cvn20"),
        ("374245455400126", "emv-common"),
    ],
)
def test_a_card_that_may_be_anything_is_what_its_brand_makes(pan: str, profile: str) -> None:
    """The profile ``auto`` is for hosts; a card has to be something."""
    keys = demo_cards()["chip-visa"].personal.keys
    card = InsertedCard(Pan(pan), Personal(profile="auto", keys=keys))
    assert card.profile == profile
