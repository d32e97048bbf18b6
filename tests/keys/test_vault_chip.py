"""The vault's answers about cards: verdicts and nothing else for whatever a card says; answers that
the card knows; card keys that are kept while there is room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from switch import tlv
from switch.keys import vault_chip
from switch.keys.card_verification import SERVICE_CODES, made_for
from switch.keys.emv_card import ChipCard
from switch.keys.emv_chip import read_chip
from switch.keys.emv_cryptogram import KINDS
from switch.keys.emv_profiles import AUTO, PROFILES
from switch.keys.emv_script import command_of
from switch.keys.port import KeyMisused, KeyRefused, VaultError
from switch.keys.vault_chip import ChipDesk, ReadyCard, sequence_of
from switch.model.facts import Verdict
from switch.values import CardVerification, ChipData, Pan
from tests.keys.chip_room import (
    INTEGRITY,
    ISSUER,
    OTHER,
    PAN,
    TERMINAL,
    counters,
    pans,
    profiles,
    room,
    sealed,
    sequences,
)

ROOM: Final = room()
DESK: Final = ChipDesk(ROOM)
IMK: Final = sealed(ROOM, "E0", ISSUER)
SMI: Final = sealed(ROOM, "E2", INTEGRITY)
SMC: Final = sealed(ROOM, "E1", OTHER)
CVK: Final = sealed(ROOM, "C0", ISSUER)
APPROVALS = ("00", "08", "10", "11", "16")


def chip_of(name: str, pan: str = PAN, sequence: str = "00", counter: int = 5) -> bytes:
    """What a card of the issuer says."""
    return ChipCard(name, pan, sequence, ISSUER).chip_data(TERMINAL, counter)


def hidden(data: bytes) -> ChipData:
    """As a message carries it."""
    return ChipData(data.hex().upper())


@given(name=profiles, pan=pans, sequence=sequences, counter=counters, kind=st.sampled_from(KINDS))
def test_a_right_cryptogram_is_good(
    name: str, pan: str, sequence: str, counter: int, kind: str
) -> None:
    """With the kind and the counter, by its own profile."""
    data = ChipCard(name, pan, sequence, ISSUER).chip_data(TERMINAL, counter, kind)
    verdict = DESK.check_cryptogram(IMK, name, hidden(data), Pan(pan), sequence)
    assert verdict.outcome == "good"
    amount = TERMINAL.values()["9F02"].hex() if "9F02" in PROFILES[name].tags else ""
    assert verdict.data == {"atc": str(counter), "cryptogram": kind, "amount": amount}


def test_an_amount_that_is_no_number_is_none() -> None:
    """A card makes its cryptogram over whatever it is given."""
    data = ChipCard("visa-cvn18", PAN, "00", ISSUER).chip_data(TERMINAL, 5)
    amount = TERMINAL.values()["9F02"]
    spoilt = data.replace(bytes.fromhex("9F0206") + amount, bytes.fromhex("9F0206") + b"\x0a" * 6)
    assert spoilt != data
    verdict = DESK.check_cryptogram(IMK, "visa-cvn18", hidden(spoilt), Pan(PAN), "00")
    assert verdict.data["amount"] == ""


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_auto_is_found_by_what_the_card_says(name: str) -> None:
    """By the brand of its number and the version in its data."""
    head = {"mchip": "5413", "pboc": "6228"}.get(PROFILES[name].layout, "4761")
    pan = head + "330089012342123"  # so long that it counts by which option its key is derived
    verdict = ChipDesk(ROOM).check_cryptogram(IMK, AUTO, hidden(chip_of(name, pan)), Pan(pan), "00")
    assert verdict.outcome == "good"
    assert name in verdict.said


def test_another_issuer_s_card_is_bad() -> None:
    """The same card under another master key."""
    other = sealed(ROOM, "E0", OTHER)
    verdict = DESK.check_cryptogram(other, "pboc", hidden(chip_of("pboc")), Pan(PAN), "00")
    assert (verdict.outcome, verdict.said) == ("bad", "the cryptogram does not fit by pboc")
    amount = TERMINAL.values()["9F02"].hex()
    assert verdict.data == {"atc": "5", "cryptogram": "ARQC", "amount": amount}


@given(name=profiles, data=st.data())
def test_a_changed_bit_is_never_good(name: str, data: st.DataObject) -> None:
    """Anywhere in the chip data: bad, incomplete, or good where it changed what nothing covers."""
    card = ChipCard(name, PAN, "00", ISSUER)
    whole = card.chip_data(TERMINAL, 5)
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    broken = (int.from_bytes(whole, "big") ^ 1 << bit).to_bytes(len(whole), "big")
    verdict = DESK.check_cryptogram(IMK, name, hidden(broken), Pan(PAN), "00")
    if verdict.outcome == "good":
        before, after = read_chip(whole), read_chip(broken)
        covered = {*PROFILES[name].tags, "9F26", "9F36"}
        assert all(before.get(tag) == after.get(tag) for tag in covered)
    else:
        assert verdict.outcome in ("bad", "incomplete")


def _flat(data: bytes) -> list[tuple[str, bytes]]:
    return [(item.tag, item.value) for item in tlv.walk(tlv.parse(data))]


@given(
    chip=st.one_of(
        st.text(max_size=40), st.binary(max_size=200).map(bytes.hex), st.just(chip_of("pboc").hex())
    ),
    pan=st.one_of(st.text(max_size=20), pans),
    sequence=st.one_of(st.text(max_size=4), sequences),
    name=st.sampled_from((AUTO, *PROFILES)),
)
def test_whatever_comes_from_outside_is_a_verdict(
    chip: str, pan: str, sequence: str, name: str
) -> None:
    """Text that is no hex, bytes that are no BER-TLV, numbers that are none: nothing is raised, and
    what is said holds no value.
    """
    verdict = DESK.check_cryptogram(IMK, name, ChipData(chip), Pan(pan), sequence)
    assert verdict.outcome in ("good", "bad", "incomplete")
    assert len(chip) < 8 or chip not in verdict.said
    assert len(pan) < 8 or pan not in verdict.said


def test_what_lacks_is_said() -> None:
    """By tag, as a terminal's developer looks for it."""
    data = tlv.build([item for item in _flat(chip_of("pboc")) if item[0] not in ("9F37", "9F10")])
    verdict = DESK.check_cryptogram(IMK, "pboc", hidden(data), Pan(PAN), "00")
    assert verdict.outcome == "incomplete"
    assert "9F37, 9F10" in verdict.said
    assert verdict.data == {}


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [("", "good"), ("7", "good"), ("07", "good"), ("007", "good"), ("00", "bad"), ("08", "bad"),
     ("1007", "incomplete"), ("0A", "incomplete"), ("0007", "incomplete"), ("099", "bad"),
     ("100", "incomplete")],
)  # fmt: skip
def test_the_sequence_number_is_read_as_messages_bear_it(asked: str, outcome: str) -> None:
    """One to three digits; where the message has none, the card's own (5F34) counts."""
    chip = hidden(chip_of("visa-cvn18", sequence="07"))
    assert DESK.check_cryptogram(IMK, AUTO, chip, Pan(PAN), asked).outcome == outcome
    assert sequence_of("", {}) == "00"
    if outcome == "good":
        assert DESK.chip_answer(IMK, AUTO, chip, Pan(PAN), asked, "00")
    else:
        with pytest.raises(KeyRefused):
            DESK.chip_answer(IMK, AUTO, chip, Pan(PAN), asked, "00")


@given(
    name=profiles,
    arc=st.one_of(st.sampled_from(APPROVALS), st.from_regex(r"[0-9A-Z]{2}", fullmatch=True)),
    counter=counters,
)
@example(name="visa-cvn18", arc="05", counter=1)
@example(name="visa-cvn18", arc="00", counter=1)
def test_a_card_knows_its_issuer_s_answer(name: str, arc: str, counter: int) -> None:
    """Method 1 tells the code, method 2 whether it approves, which resets the card's counters."""
    card = ChipCard(name, PAN, "00", ISSUER)
    chip = card.chip_data(TERMINAL, counter)
    answer = DESK.chip_answer(IMK, name, hidden(chip), Pan(PAN), "00", arc)
    heard = card.hears(chip, answer)
    assert heard.authentic is True
    assert heard.commands == ()
    if PROFILES[name].response == 1:
        assert heard.told[8:] == arc.encode()
    else:
        assert heard.told[4:] == bytes((0, 0x82 if arc in APPROVALS else 0, 0, 0))


@given(name=profiles, counter=counters)
def test_a_card_takes_the_scripts_of_an_answer(name: str, counter: int) -> None:
    """In templates 71 and 72, what must come first in 71, each by the right MAC."""
    card = ChipCard(name, PAN, "00", ISSUER, INTEGRITY)
    chip = card.chip_data(TERMINAL, counter)
    ordered = ("card-block", "pin-unblock", "put-data:9F58:03")
    desk, asked = ChipDesk(ROOM), (hidden(chip), Pan(PAN), "00", "05", ordered, (SMI, SMC))
    answer = desk.chip_answer(IMK, name, *asked)
    assert desk.chip_answer(IMK, name, *asked) == answer  # from memory
    assert [item.tag for item in tlv.parse(answer)] == ["91", "71", "72"]
    heard = card.hears(chip, answer)
    first = tuple(command_of(one) for one in ("pin-unblock", "card-block", "put-data:9F58:03"))
    assert heard.commands == first
    assert ChipCard(name, PAN, "00", ISSUER, OTHER).hears(chip, answer).commands is None


@given(name=profiles, chosen=st.binary(min_size=8, max_size=8))
def test_a_card_key_enciphers_nothing_of_a_stranger_s_choice(name: str, chosen: bytes) -> None:
    """A response cryptogram is TDES of what stands for the cryptogram: only of a right one there is
    any, whether the right one was seen before or not.
    """
    chip = chip_of(name)
    values = read_chip(chip) | {"9F26": chosen}
    forged = hidden(tlv.build(values.items()))
    assert DESK.check_cryptogram(IMK, name, hidden(chip), Pan(PAN), "00").outcome == "good"
    with pytest.raises(KeyRefused, match="does not fit"):
        DESK.chip_answer(IMK, name, forged, Pan(PAN), "00", "00")
    with pytest.raises(KeyRefused, match="does not fit"):
        ChipDesk(ROOM).chip_answer(IMK, name, forged, Pan(PAN), "00", "00")


def test_an_answer_that_cannot_be_given_is_refused() -> None:
    """Chip data without a transaction, a code that is none, scripts without a key or a name."""
    chip = hidden(chip_of("pboc"))
    calls: tuple[tuple[Callable[[], object], str], ...] = (
        (
            lambda: DESK.chip_answer(IMK, "pboc", ChipData("9F36"), Pan(PAN), "00", "00"),
            "chip data",
        ),
        (
            lambda: DESK.chip_answer(IMK, "pboc", ChipData("zz"), Pan(PAN), "00", "00"),
            "not hexadecimal",
        ),
        (lambda: DESK.chip_answer(IMK, "pboc", chip, Pan(PAN), "00", "000"), "two characters"),
        (lambda: DESK.chip_answer(IMK, "pboc", chip, Pan(PAN), "00", "0\u0660"), "two characters"),
        (
            lambda: DESK.chip_answer(IMK, "pboc", chip, Pan(PAN), "00", "00", ("card-block",)),
            "key for integrity",
        ),
        (
            lambda: DESK.chip_answer(IMK, "pboc", chip, Pan(PAN), "00", "00", ("explode",), (SMI,)),
            "no issuer script of that name",
        ),
        (lambda: DESK.check_cryptogram(IMK, "visa", chip, Pan(PAN), "00"), "visa"),
    )
    for call, said in calls:
        with pytest.raises(KeyRefused, match=said):
            call()


@pytest.mark.parametrize("kind", SERVICE_CODES)
def test_a_right_verification_value_is_good(kind: str) -> None:
    """Each of its own kind, in either order, and of no other."""
    for order, suffix in (("YYMM", ""), ("YYMM", "/YYMM"), ("MMYY", "/MMYY")):
        code = made_for(ISSUER, PAN, "2512", "201", kind, order)
        asked = (Pan(PAN), "2512", "201", CardVerification(code))
        assert DESK.check_card_verification(CVK, *asked, kind + suffix) == Verdict("good", kind)
        for other in set(SERVICE_CODES) - {kind}:
            verdict = DESK.check_card_verification(CVK, *asked, other)
            assert verdict == Verdict("bad", f"{other} does not fit")


@given(
    pan=st.text(max_size=20),
    expiry=st.text(max_size=5),
    service=st.text(max_size=4),
    code=st.text(max_size=5),
    kind=st.sampled_from(sorted(SERVICE_CODES)),
)
def test_any_text_of_a_track_is_a_verdict(
    pan: str, expiry: str, service: str, code: str, kind: str
) -> None:
    """Bad, not an error: tracks come from outside."""
    verdict = DESK.check_card_verification(
        CVK, Pan(pan), expiry, service, CardVerification(code), kind
    )
    assert verdict.outcome == "bad"
    assert verdict.said.startswith(kind)


@pytest.mark.parametrize("kind", ["", "cvc", "cvv/DDMM", "/MMYY"])
def test_a_kind_that_does_not_exist_is_refused(kind: str) -> None:
    """It comes from the house, not from the card."""
    with pytest.raises(KeyRefused):
        DESK.check_card_verification(CVK, Pan(PAN), "2512", "201", CardVerification("000"), kind)


def test_each_question_wants_its_own_key() -> None:
    """SR-KEY-03: a CVK checks no cryptogram, an issuer's key makes no script MAC that is not for
    integrity, no card key verifies a stripe.
    """
    chip = hidden(chip_of("pboc"))
    code = CardVerification("000")
    calls: tuple[Callable[[], object], ...] = (
        lambda: DESK.check_cryptogram(CVK, "pboc", chip, Pan(PAN), "00"),
        lambda: DESK.check_cryptogram(SMI, "pboc", chip, Pan(PAN), "00"),
        lambda: DESK.chip_answer(SMI, "pboc", chip, Pan(PAN), "00", "00"),
        lambda: DESK.chip_answer(IMK, "pboc", chip, Pan(PAN), "00", "00", ("card-block",), (IMK,)),
        lambda: DESK.check_card_verification(IMK, Pan(PAN), "2512", "201", code, "cvv"),
    )
    for call in calls:
        with pytest.raises(KeyMisused):
            call()


def test_card_keys_are_kept_while_there_is_room() -> None:
    """The oldest go first, and come back when they are needed; verdicts stay the same."""
    desk = ChipDesk(ROOM, cards=3)
    cards = [f"476173900101{number:04d}" for number in range(8)]
    for pan in cards + cards[::-1] + cards[:2]:
        chip = hidden(chip_of("visa-cvn10", pan))
        assert desk.check_cryptogram(IMK, AUTO, chip, Pan(pan), "00").outcome == "good"
    assert repr(desk) == "ChipDesk(3 cards)"


def test_cards_of_a_destroyed_key_are_forgotten() -> None:
    """SR-KEY-14: the cards of that issuer's key, and no others."""
    desk = ChipDesk(ROOM)
    other = sealed(ROOM, "E0", ISSUER, "issuer.other")
    for key in (IMK, other):
        verdict = desk.check_cryptogram(key, "pboc", hidden(chip_of("pboc")), Pan(PAN), "00")
        assert verdict.outcome == "good"
    kept = list(desk._cards._rows.values())
    desk.forget(IMK.block)
    assert [any(card.value) for card in kept] == [False, True]
    assert repr(desk) == "ChipDesk(1 cards)"


def test_nothing_is_answered_after_the_end() -> None:
    """Card keys are overwritten, the room is closed."""
    inner = room()
    desk = ChipDesk(inner)
    imk = sealed(inner, "E0", ISSUER)
    chip = hidden(chip_of("pboc"))
    assert desk.check_cryptogram(imk, "pboc", chip, Pan(PAN), "00").outcome == "good"
    desk.close()
    inner.close()
    assert repr(desk) == "ChipDesk(0 cards)"
    with pytest.raises(VaultError):
        desk.check_cryptogram(imk, "pboc", chip, Pan(PAN), "00")


@pytest.mark.parametrize("name", ["visa-cvn10", "pboc"])
def test_what_was_made_of_a_card_s_key_goes_with_it(name: str) -> None:
    """SR-KEY-13: ready ciphers and MACs, and what was proved; nothing is made of no key."""
    desk = ChipDesk(ROOM)
    assert desk.check_cryptogram(IMK, name, hidden(chip_of(name)), Pan(PAN), "00").outcome == "good"
    (card,) = desk._cards._rows.values()
    cipher, mac = card.cipher, card.mac
    assert (card.cipher, card.mac) == (cipher, mac)  # made once
    cipher.encrypt(bytes(8))
    assert card.proved is not None
    card.wipe()
    assert card.proved is None
    assert card.value == b""
    for use in (cipher.encrypt, mac.full):
        with pytest.raises(KeyRefused, match="wiped"):
            use(bytes(8))
    for again in (lambda: ReadyCard(card.value).cipher, lambda: ReadyCard(card.value).mac):
        with pytest.raises(KeyRefused, match="0 bytes"):
            again()


def test_session_keys_are_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """SR-KEY-13: of a checked cryptogram, of an answer, of one that could not be given."""
    made: list[bytearray] = []

    def watched(derive: Callable[..., bytearray]) -> Callable[..., bytearray]:
        def derived(*arguments: object) -> bytearray:
            made.append(derive(*arguments))
            assert any(made[-1])
            return made[-1]

        return derived

    for way in ("transaction_key", "response_key"):
        monkeypatch.setattr(vault_chip, way, watched(getattr(vault_chip, way)))
    desk, chip = ChipDesk(ROOM), hidden(chip_of("pboc"))
    assert desk.check_cryptogram(IMK, "pboc", chip, Pan(PAN), "00").outcome == "good"
    desk.chip_answer(IMK, "pboc", chip, Pan(PAN), "00", "00")
    with pytest.raises(KeyRefused, match="two characters"):
        desk.chip_answer(IMK, "pboc", chip, Pan(PAN), "00", "000")
    assert made == [bytearray(16)] * 3


def test_a_right_card_is_not_checked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a cryptogram that was found good derives no session key for it again."""
    desk, chip = ChipDesk(ROOM), hidden(chip_of("pboc"))
    desk.check_cryptogram(IMK, "pboc", chip, Pan(PAN), "00")
    monkeypatch.setattr(vault_chip, "transaction_key", None)
    assert desk.chip_answer(IMK, "pboc", chip, Pan(PAN), "00", "00")


def test_cards_with_one_number_are_told_apart() -> None:
    """By sequence number, and by the issuer's key."""
    desk, other = ChipDesk(ROOM), sealed(ROOM, "E0", OTHER)
    for key, sequence, outcome in ((IMK, "00", "good"), (IMK, "01", "good"), (other, "01", "bad")):
        chip = hidden(chip_of("visa-cvn18", sequence=sequence))
        assert desk.check_cryptogram(key, AUTO, chip, Pan(PAN), sequence).outcome == outcome
    assert repr(desk) == "ChipDesk(3 cards)"
