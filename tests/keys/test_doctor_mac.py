"""The MAC doctor: each mistake of a terminal, made on purpose, and the sentence for it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.doctor_keys import KnownKey, static_keys, transaction_keys
from switch.keys.doctor_mac import COVERINGS, mac_doctor
from switch.keys.dukpt_aes import AesDevice
from switch.keys.dukpt_aes import initial_key as aes_initial_key
from switch.keys.dukpt_tdes import TdesDevice, initial_key, purpose_key
from switch.keys.mac import SCHEMES, mac
from switch.model.ksn import parse

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
OTHER = bytes.fromhex("B0F2C1DCF4A76E0B92C4D37A0E15621F")
AES = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
KSN = parse("FFFF9876543210E00005")
AES_KSN = parse("123456789012345600000005")
DATA = b"0200 what this message says: 13 blocks and a bit of text to pad"
BARE = DATA[5:]
COVERED = [("", DATA), ("with the bit of field 64 cleared", DATA[:-1]), ("from x on", BARE)]
DES = "as ANSI X9.9, DES (x9.9:8)"
OTHERWISE = {
    "padding": "the terminal pads otherwise than this switch expects",
    "scheme": "the terminal makes its MACs otherwise than this switch expects",
    "cut": "the terminal hands out other bytes of its MACs than this switch expects",
    "covered": "the terminal covers other bytes of the message than this switch expects",
    "key": "the terminal takes another key than this switch expects",
}


def asked(made: bytes, scheme: str = "x9.19:8") -> str:
    """What is said of a MAC that was to be of the static key."""
    known = [KnownKey("terminal.T1.tpk", "TDES", OTHER)]
    return mac_doctor(static_keys("TDES", KEY, known), COVERED, made, scheme)


def full(scheme: str, key: bytes | bytearray, data: bytes = DATA) -> bytes:
    """The first eight bytes of a MAC."""
    return mac(SCHEMES[scheme]._replace(length=SCHEMES[scheme].full), key, data)[:8]


@pytest.mark.parametrize(
    ("made", "said", "of"),
    [
        (
            mac("x9.19/2:8", KEY, DATA),
            "with padding 2 of ISO 9797-1 (x9.19/2:8)",
            "padding",
        ),
        (
            mac("x9.19/3:8", KEY, DATA),
            "with padding 3 of ISO 9797-1 (x9.19/3:8)",
            "padding",
        ),
        (
            full("cmac-tdes", KEY),
            "as NIST SP 800-38B, TDES (cmac-tdes)",
            "scheme",
        ),
        (
            full("iso9797-1", KEY),
            "as ISO 9797-1 algorithm 1, (T)DES (iso9797-1)",
            "scheme",
        ),
        (
            full("unionpay-ecb", KEY),
            "as UnionPay POS, (T)DES, hex (unionpay-ecb)",
            "scheme",
        ),
        (full("x9.19", KEY)[:4] + bytes(4), "in its first 4 bytes, zeros behind them", "cut"),
        (bytes(4) + full("x9.19", KEY)[:4], "in its first 4 bytes, zeros in front of them", "cut"),
        (full("x9.19", KEY)[-4:] + bytes(4), "in its last 4 bytes, zeros behind them", "cut"),
        (bytes(4) + full("x9.19", KEY)[-4:], "in its last 4 bytes, zeros in front of them", "cut"),
        (full("x9.19", KEY)[:4], "in its first 4 bytes instead of 8", "cut"),
        (full("x9.19", KEY)[-4:], "in its last 4 bytes", "cut"),
        (
            full("x9.19", KEY).hex().upper()[:8].encode(),
            "in its first 8 hex digits as characters",
            "cut",
        ),
        (
            full("x9.19", KEY).hex()[:8].encode(),
            "in its first 8 hex digits as small characters",
            "cut",
        ),
        (full("x9.19", KEY)[::-1], "with its bytes in reverse order", "cut"),
        (full("x9.19", KEY, DATA[:-1]), "with the bit of field 64 cleared", "covered"),
        (full("x9.19", KEY, BARE), "from x on", "covered"),
        (full("x9.19", OTHER), "under terminal.T1.tpk", "key"),
        (full("x9.9", KEY[:8]), f"under the left half of the key alone, {DES}", "key"),
        (full("x9.9", KEY[8:]), f"under the right half of the key alone, {DES}", "key"),
        (full("x9.19", KEY[8:] + KEY[:8]), "under the key with its halves swapped", "key"),
    ],
)
def test_a_mistake_is_named(made: bytes, said: str, of: str) -> None:
    """One mistake, one sentence, under a key that is used as it is."""
    assert asked(made) == f"it would fit {said}: {OTHERWISE[of]}"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            mac("x9.19/2:8", KEY, BARE),
            "with padding 2 of ISO 9797-1 (x9.19/2:8), from x on: " + OTHERWISE["padding"],
        ),
        (
            full("cmac-tdes", KEY, BARE),
            "as NIST SP 800-38B, TDES (cmac-tdes), from x on: " + OTHERWISE["scheme"],
        ),
        (
            mac("x9.19/2:8", OTHER, DATA),
            "under terminal.T1.tpk, with padding 2 of ISO 9797-1 (x9.19/2:8): " + OTHERWISE["key"],
        ),
        (
            full("x9.19", KEY, BARE)[:4] + bytes(4),
            "from x on, in its first 4 bytes, zeros behind them: " + OTHERWISE["covered"],
        ),
    ],
)
def test_two_mistakes_at_once_are_named_both(made: bytes, said: str) -> None:
    """The first of them in the order of thought is what the sentence ends with."""
    assert asked(made) == f"it would fit {said}"


@pytest.mark.parametrize(
    ("purpose", "counter", "said"),
    [
        ("mac_response", 5, "under the transaction's key for MACs of responses"),
        ("pin", 5, "under the transaction's key for PINs"),
        ("data_request", 5, "under the transaction's key for data of requests"),
        ("mac_request", 6, "under the key of counter 6, 1 ahead"),
        ("mac_request", 4, "under the key of counter 4, 1 behind"),
        ("mac_request", 8, "under the key of counter 8, 3 ahead"),
        ("mac_request", 2, "under the key of counter 2, 3 behind"),
    ],
)
def test_another_key_of_a_tdes_device_is_named(purpose: str, counter: int, said: str) -> None:
    """Another purpose, or a counter that is off."""
    device = TdesDevice(initial_key(KEY, KSN), KSN)
    made = mac("x9.19:8", device.key(counter, purpose), DATA)
    keys = transaction_keys(KEY, KSN, "mac_request")
    found = mac_doctor(keys, COVERED, made, "x9.19:8")
    assert found == f"it would fit {said}: {OTHERWISE['key']}"


def test_the_wrong_form_of_a_tdes_transaction_key_is_named() -> None:
    """No variant, halves swapped, the initial key, another key set, the base derivation key."""
    device = TdesDevice(initial_key(KEY, KSN), KSN)
    right = device.key(5, "mac_request")
    other = TdesDevice(initial_key(OTHER, KSN), KSN).key(5, "mac_request")
    for key, said in (
        (device.transaction_key(5), "under the transaction key without a variant"),
        (right[8:] + right[:8], "under its transaction key with its halves swapped"),
        (
            purpose_key(initial_key(KEY, KSN), "mac_request"),
            "under the initial key with the variant",
        ),
        (other, "under a key of bdk.FFFF000001"),
        (bytearray(KEY), "under the base derivation key itself"),
    ):
        known = [KnownKey("bdk.FFFF000001", "TDES", OTHER)]
        keys = transaction_keys(KEY, KSN, "mac_request", "", known)
        found = mac_doctor(keys, COVERED, mac("x9.19:8", key, DATA), "x9.19:8")
        assert found == f"it would fit {said}: {OTHERWISE['key']}"


@pytest.mark.parametrize(
    ("usage", "key_type", "scheme", "counter", "said"),
    [
        ("mac_verify", "", "cmac-aes:8", 5, "under the transaction's key for MACs of responses"),
        (
            "mac_both",
            "",
            "cmac-aes:8",
            5,
            "under the transaction's key for MACs of both directions",
        ),
        ("mac_generate", "", "cmac-aes:8", 7, "under the key of counter 7, 2 ahead"),
        (
            "mac_generate",
            "TDES2",
            "x9.19:8",
            5,
            "under the transaction's key of type TDES2, as ANSI X9.19, DES (retail MAC) (x9.19:8)",
        ),
        (
            "mac_generate",
            "HMAC128",
            "hmac-sha256:8",
            5,
            "under the transaction's key of type HMAC128, as HMAC, SHA-256 (hmac-sha256:8)",
        ),
    ],
)
def test_another_key_of_an_aes_device_is_named(
    usage: str, key_type: str, scheme: str, counter: int, said: str
) -> None:
    """Another usage, type or counter, with the MAC that such a key is for."""
    device = AesDevice(aes_initial_key(AES, AES_KSN), AES_KSN)
    made = mac(scheme, device.key(counter, usage, key_type), DATA)
    keys = transaction_keys(AES, AES_KSN, "mac_request", "AES128")
    found = mac_doctor(keys, COVERED, made, "cmac-aes:8")
    assert found == f"it would fit {said}: {OTHERWISE['key']}"


def test_the_wrong_form_of_an_aes_transaction_key_is_named() -> None:
    """The derivation key, another key set, the base derivation key itself."""
    device = AesDevice(aes_initial_key(AES, AES_KSN), AES_KSN)
    second = bytes(range(16))
    other = AesDevice(aes_initial_key(second, AES_KSN), AES_KSN)
    for key, said in (
        (device.derivation_key(5), "under the transaction's derivation key itself"),
        (other.key(5, "mac_request"), "under a key of bdk.00000001"),
        (bytearray(AES), "under the base derivation key itself"),
    ):
        known = [KnownKey("bdk.00000001", "AES", second)]
        keys = transaction_keys(AES, AES_KSN, "mac_request", "AES128", known)
        found = mac_doctor(keys, COVERED, mac("cmac-aes:8", key, DATA), "cmac-aes:8")
        assert found == f"it would fit {said}: {OTHERWISE['key']}"


def test_nothing_is_said_where_nothing_fits() -> None:
    """Or where the MAC is right after all."""
    assert asked(b"no MAC!!") == ""
    assert asked(mac("x9.19:8", KEY, DATA)) == ""
    assert mac_doctor(iter(()), COVERED, b"no MAC!!", "x9.19") == ""


def test_a_mac_that_is_none_is_told() -> None:
    """Empty where its dialect reads hex digits; too short."""
    assert "holds no hex digits" in asked(b"")
    assert asked(b"abc") == "a MAC of 3 bytes is too short to be one"


def test_the_work_is_bounded() -> None:
    """However many coverings there are, so many are tried; and each key is overwritten after it was
    looked at.
    """
    many = [("", DATA), *((f"number {number}", DATA[number:]) for number in range(1, 40))]
    for number, said in ((COVERINGS, f"number {COVERINGS}"), (COVERINGS + 1, "")):
        made = full("x9.19", KEY, DATA[number:])
        found = mac_doctor(static_keys("TDES", KEY), many, made, "x9.19:8")
        assert said in found if said else not found
    seen = list(transaction_keys(KEY, KSN, "mac_request", "", [KnownKey("x", "TDES", OTHER)] * 9))
    assert len(seen) < 30
    assert {byte for key in seen for byte in key.value} == {0}
    assert KEY.hex().upper() == "0123456789ABCDEFFEDCBA9876543210"


@settings(max_examples=40)
@given(st.binary(min_size=4, max_size=16), st.sampled_from(sorted(SCHEMES)))
def test_whatever_came_a_sentence_or_nothing_comes_out(received: bytes, scheme: str) -> None:
    """And nothing of what came is in it."""
    said = mac_doctor(static_keys("TDES", KEY), COVERED, received, scheme)
    assert received.hex().upper() not in said.upper()
