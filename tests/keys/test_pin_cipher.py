"""PIN blocks under keys: formats and ciphers, translation, and one refusal for every cause."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.ciphers import BlockCipher, CipherName
from switch.keys.pin_block import FORMATS, REFUSED, encode, encode_pin4, fill_for
from switch.keys.pin_cipher import (
    FORMATS_OF,
    decipher,
    decipher_one_of,
    encipher,
    may_translate,
    translate,
)
from switch.keys.port import KeyRefused, PinBlockRefused
from switch.keys.steps import Steps

TDES_KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
OTHER_TDES_KEY = bytes.fromhex("B0F2C1DCF4A76E0B92C4D37A0E15621F")
AES_KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
SM4_KEY = bytes.fromhex("9E39DC5B49EBFE1A8D3F1CAF054701C5")
PAN = "5413330089601109"
KEYS: dict[CipherName, bytes] = {"TDES": TDES_KEY, "AES": AES_KEY, "SM4": SM4_KEY}

# pb-d032 to pb-d035: key, PIN, PAN, random, block A, block B, enciphered.
FORMAT4 = [
    (
        "00112233445566778899AABBCCDDEEFF",
        "1234",
        "1234567890123456789",
        "FFFFFFFFFFFFFFFF",
        "CCFFA14C0DDB760827CA556A7C87F137",
        "BDDCE42B84DA554D4043556A7C87F137",
        "28B41FDDD29B743E93124BD8E32D921E",
    ),
    (
        "C1D0F8FB4958670DBA40AB1F3752EF0D",
        "1234",
        "432198765432109870",
        "146C6601F4A8035C",
        "A138D674E41EE99861AEC8017ECABEAA",
        "C50ACFF3815DC891E6AEC8017ECABEAA",
        "CC17F65586BFD0953010226C4FC5B3CA",
    ),
]
# pb-d039 to pb-d043: source key, format, block, PAN, destination key, format, fill, block.
TRANSLATED = [
    (
        TDES_KEY,
        0,
        "2A3D408A1977DDE9",
        "4111111111111111",
        OTHER_TDES_KEY,
        0,
        "",
        "A7380C9FA0FDCF64",
    ),
    (TDES_KEY, 0, "13ED13FA918C4F4D", PAN, OTHER_TDES_KEY, 3, "ABCDEFFE", "2DC67D4DA961EBAE"),
    (
        TDES_KEY,
        3,
        "A86715E1460E04CD",
        PAN,
        AES_KEY,
        4,
        "00112233AABBCCDD",
        "552E5837E1EB41334DB6254C493CD919",
    ),
    (
        AES_KEY,
        4,
        "0AD4E1D7D859C7B5055E34C19789F431",
        "6230606601007726888",
        TDES_KEY,
        0,
        "",
        "1A4486348E352022",
    ),
    (
        TDES_KEY,
        1,
        "8B271EF30A84DFE0",
        "4761739001010010",
        OTHER_TDES_KEY,
        0,
        "",
        "D4A2967E99CB773F",
    ),
]
pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=13, max_size=19)
served = st.sampled_from([(name, form) for name, forms in FORMATS_OF.items() for form in forms])


def cipher_for(block_format: int, key: bytes) -> BlockCipher:
    """TDES for the short formats, AES for the long one."""
    return BlockCipher("AES" if block_format == 4 else "TDES", key)


@pytest.mark.parametrize(("key", "pin", "pan", "fill", "block_a", "block_b", "block"), FORMAT4)
def test_format_4_is_that_of_the_standard(
    key: str, pin: str, pan: str, fill: str, block_a: str, block_b: str, block: str
) -> None:
    """Both ways, with the intermediate blocks."""
    aes = BlockCipher("AES", bytes.fromhex(key))
    steps = Steps()
    assert encipher(aes, 4, pin, pan, fill, steps=steps) == bytes.fromhex(block)
    assert {block_a, block_b, block} <= {line.value for line in steps.lines}
    assert decipher(aes, 4, bytes.fromhex(block), pan) == pin


def test_format_0_under_tdes_and_the_wide_block_under_sm4() -> None:
    """pb-d038, sm-d025."""
    tdes = BlockCipher("TDES", bytes.fromhex("12345678123456781234567812345678"))
    assert encipher(tdes, 0, "1234", "1234567890120") == bytes.fromhex("3C0CA40863092C3A")
    sm4 = BlockCipher("SM4", SM4_KEY)
    block = bytes.fromhex("0F3A87692669AC26B57C5800099543E1")
    assert encipher(sm4, 0, "1234", "6222021234567890123") == block
    assert decipher(sm4, 0, block, "6222021234567890123") == "1234"
    with pytest.raises(PinBlockRefused):  # sm-d035
        decipher(sm4, 0, block, "6222021234567890133")


@pytest.mark.parametrize(
    ("source_key", "source", "block", "pan", "key", "target", "fill", "made"), TRANSLATED
)
def test_translations_are_those_of_the_vectors(
    source_key: bytes,
    source: int,
    block: str,
    pan: str,
    key: bytes,
    target: int,
    fill: str,
    made: str,
) -> None:
    """The PIN stays, key and format change."""
    result = translate(
        cipher_for(source, source_key),
        [source],
        bytes.fromhex(block),
        pan,
        cipher_for(target, key),
        target,
        lambda _length: fill,
    )
    assert result == bytes.fromhex(made)


@pytest.mark.parametrize(("source", "target"), list(product(FORMATS, FORMATS)))
def test_only_the_pairs_of_the_requirement_may_be_translated(source: int, target: int) -> None:
    """SR-PIN-01, all pairs: from 0, 3, 4 to 0, 3, 4; from 1 to 0, 3, 4 and 1; else nothing."""
    allowed = target in (0, 3, 4) if source in (0, 3, 4) else source == 1 and target != 2
    assert may_translate(source, target) == allowed
    one, other = cipher_for(source, TDES_KEY), cipher_for(target, AES_KEY)
    fill = fill_for(source, 4, bytes)
    block = encipher(one, source, "1234", PAN, fill)
    if allowed:
        made = translate(
            one, [source], block, PAN, other, target, lambda n: fill_for(target, n, bytes)
        )
        assert decipher(other, target, made, PAN) == "1234"
    else:
        with pytest.raises(
            KeyRefused, match=f"of format {source} may become one of format {target}"
        ):
            translate(
                one, [source], block, PAN, other, target, lambda n: fill_for(target, n, bytes)
            )


def test_a_forbidden_format_is_not_tried_beside_an_allowed_one() -> None:
    """SR-PIN-01, SR-PIN-03: a block of a card does not become one of no card because a format-1
    block would have been welcome.
    """
    tdes = BlockCipher("TDES", TDES_KEY)
    block = encipher(tdes, 0, "1234", PAN)
    with pytest.raises(PinBlockRefused):
        translate(tdes, [0, 1], block, PAN, tdes, 1, lambda n: "0" * (14 - n))


@given(pins, pans, pans)
@settings(max_examples=60)
def test_a_translation_refuses_a_changed_pan_or_changes_the_pin_with_it(
    pin: str, pan: str, other: str
) -> None:
    """SR-PIN-02: what comes out for another card is refused or is another PIN (formats 0 and 3 see
    twelve digits of it), and format 4 always refuses.
    """
    tdes, aes = BlockCipher("TDES", TDES_KEY), BlockCipher("AES", AES_KEY)
    same_card = pan[-13:-1] == other[-13:-1]
    for form, cipher in ((0, tdes), (4, aes)):
        block = encipher(cipher, form, pin, pan, fill_for(form, len(pin), bytes))
        try:
            made = translate(cipher, [form], block, other, tdes, 0, lambda _n: "")
        except PinBlockRefused:
            assert pan != other
            assert form == 4 or not same_card
        else:
            if form == 4:
                assert pan == other
            elif not same_card and pan[-13:-1][: len(pin) - 2] != other[-13:-1][: len(pin) - 2]:
                assert decipher(tdes, 0, made, other) != pin


@given(served, pins, pans, st.binary(min_size=16, max_size=16))
@settings(max_examples=80)
def test_a_block_gives_its_pin_back_under_its_key_alone(
    which: tuple[CipherName, int], pin: str, pan: str, random: bytes
) -> None:
    """All formats and ciphers; a block under another key is refused in the one text."""
    name, form = which
    fill = fill_for(form, len(pin), lambda count: random[:count].ljust(count, b"\0"))
    block = encipher(BlockCipher(name, KEYS[name]), form, pin, pan, fill)
    assert decipher(BlockCipher(name, KEYS[name]), form, block, pan) == pin
    other = BlockCipher(name, KEYS[name][::-1])
    if form == 1:  # any fill is right: about one block in a hundred passes
        with suppress(PinBlockRefused):
            decipher(other, form, block, pan)
    else:
        with pytest.raises(PinBlockRefused, match=f"^{REFUSED}$"):
            decipher(other, form, block, pan)


@pytest.mark.parametrize(("name", "form"), list(product(FORMATS_OF, FORMATS)))
def test_a_format_goes_with_its_cipher_alone(name: CipherName, form: int) -> None:
    """SR-PIN-05: format 4 under AES only, 0 and 3 under TDEA; SM4 as its exception says."""
    cipher = BlockCipher(name, KEYS[name])
    if form in FORMATS_OF[name]:
        encipher(cipher, form, "1234", PAN, fill_for(form, 4, bytes))
        return
    with pytest.raises(KeyRefused, match=f"under {name} keys"):
        encipher(cipher, form, "1234", PAN)
    with pytest.raises(KeyRefused, match=f"under {name} keys"):
        decipher(cipher, form, bytes(cipher.block), PAN)


@pytest.mark.parametrize("name", sorted(KEYS))
@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 15, 16, 17, 24, 32])
def test_a_block_of_another_length_is_refused_like_any_other(name: CipherName, length: int) -> None:
    """SR-PIN-04: length, card and content: one text. pb-d065."""
    cipher = BlockCipher(name, KEYS[name])
    for form in FORMATS_OF[name]:
        for pan in (PAN, "", "12x"):
            with pytest.raises(PinBlockRefused, match=f"^{REFUSED}$"):
                decipher(cipher, form, bytes(length), pan)


def test_a_block_of_another_length_is_refused_although_zeros_would_hold_a_pin() -> None:
    """A block that does not fit is deciphered as zeros, to go on alike. Under one key in some
    hundreds that is a PIN of format 1: nobody gets to know.
    """
    ciphers = (BlockCipher("TDES", number.to_bytes(16, "big")) for number in range(1 << 64, 2**65))
    unlucky = next(each for each in ciphers if _holds_pin(each, bytes(8)))
    for length in (0, 7, 9, 16):
        assert not _holds_pin(unlucky, bytes(length))


def _holds_pin(cipher: BlockCipher, block: bytes) -> bool:
    with suppress(PinBlockRefused):
        return bool(decipher(cipher, 1, block))
    return False


@pytest.mark.parametrize("pan", ["", "12x", "1" * 20])
def test_a_block_of_no_card_does_not_open_for_what_is_no_pan(pan: str) -> None:
    """Format 4, with the PAN field of zeros that stands in where there is no PAN."""
    aes = BlockCipher("AES", AES_KEY)
    block = aes.encrypt(aes.encrypt(encode_pin4("1234", "0" * 16)))
    with pytest.raises(PinBlockRefused, match=f"^{REFUSED}$"):
        decipher(aes, 4, block, pan)


def test_the_steps_of_enciphering_show_the_fields_and_the_block() -> None:
    """Of format 0 and of the wide block."""
    tdes, sm4 = BlockCipher("TDES", TDES_KEY), BlockCipher("SM4", SM4_KEY)
    for cipher, wide in ((tdes, ""), (sm4, "F" * 16)):
        steps = Steps()
        made = encipher(cipher, 0, "1234", PAN, steps=steps)
        pin_field, pan_field, clear, block = [line.value for line in steps.lines]
        assert pin_field == f"041234FFFFFFFFFF{wide}"
        assert pan_field == f"0000{PAN[-13:-1]}".zfill(len(pin_field))
        assert int(clear, 16) == int(pin_field, 16) ^ int(pan_field, 16)
        assert bytes.fromhex(block) == made


def test_a_block_may_have_one_of_several_formats() -> None:
    """Those that the cipher does not serve are passed over; nothing fits in one text."""
    tdes = BlockCipher("TDES", TDES_KEY)
    for form in (0, 1, 3):
        block = encipher(tdes, form, "1234", PAN, fill_for(form, 4, bytes))
        assert decipher_one_of(tdes, (0, 3, 4, 1), block, PAN) == (form, "1234")
    block = encipher(tdes, 2, "1234")
    for formats in ((0, 3, 4, 1), (4,), ()):
        with pytest.raises(PinBlockRefused, match=f"^{REFUSED}$"):
            decipher_one_of(tdes, formats, block, PAN)


def test_the_steps_of_deciphering_show_the_fields() -> None:
    """For calculators; the PIN field of format 4 and the clear block of the others."""
    steps = Steps()
    key, pin, pan, _, _, block_b, block = FORMAT4[0]
    decipher(BlockCipher("AES", bytes.fromhex(key)), 4, bytes.fromhex(block), pan, steps=steps)
    assert [line.value for line in steps.lines] == [
        block_b,
        "71234567890123456789000000000000",
        f"44{pin}AAAAAAAAAAFFFFFFFFFFFFFFFF",
    ]
    steps = Steps()
    tdes = BlockCipher("TDES", TDES_KEY)
    decipher(tdes, 0, encipher(tdes, 0, "1234", PAN), PAN, steps=steps)
    assert [line.value for line in steps.lines] == [encode(0, "1234", PAN).hex().upper()]
