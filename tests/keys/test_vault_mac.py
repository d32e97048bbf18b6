"""MACs that the vault makes and checks: under a MAC key, and under keys of DUKPT transactions."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.mac import SCHEMES, mac
from switch.keys.permissions import SM4_ALGORITHM, USAGES, mac_usage
from switch.keys.port import KeyMisused, KeyRefused, KeySpec, MacVault
from switch.model.ksn import parse
from switch.model.security import KeyUse
from tests.keys.vault_kit import AES_BDK, AES_KSN, BDK, KSN, all_specs, made, new_vault, sealed

VAULT = new_vault()
KEEPER: MacVault = VAULT
TDES_BDK_KEY = sealed(VAULT, "B0", BDK)
AES_BDK_KEY = sealed(VAULT, "B0", AES_BDK, "A")
SESSION_SCHEMES = [name for name in SCHEMES if name != "sm4-iso9797-3"]
KEY_TYPES = {"cmac-aes": "AES128", "x9.19": "TDES2", "hmac-sha256": "HMAC128"}
ALGORITHMS = {"TDES": "T", "AES": "A", "SM4": SM4_ALGORITHM}
# X9.24-1, annex A: the MAC request of the standard's example, first transaction.
X9_24_DATA = b"4012345678909D987"
X9_24_MAC = "9CCC78173FC4FB64"
WAYS = ("request", "response")


def key_for(scheme: str) -> KeyUse:
    """A MAC key of the usage, cipher and length that the scheme takes."""
    row = SCHEMES[scheme]
    algorithm = ALGORITHMS.get(row.cipher, "H")
    usage = mac_usage(scheme)
    length = 8 if scheme in ("x9.9", "unionpay-cbc") else 0
    return made(VAULT, usage, "D" if length else algorithm, length=length)


@pytest.mark.parametrize("scheme", SESSION_SCHEMES)
def test_a_mac_is_checked_under_the_key_that_made_it(scheme: str) -> None:
    """Every scheme that one key can make; another key, other data, another MAC are bad (M-10)."""
    key, other = key_for(scheme), key_for(scheme)
    data = b"0200 a message"
    made_mac = VAULT.make_mac(key, scheme, data)
    assert VAULT.check_mac(key, scheme, data, made_mac).outcome == "good"
    assert VAULT.check_mac(other, scheme, data, made_mac).outcome == "bad"
    for at in range(8 * len(data)):
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        assert VAULT.check_mac(key, scheme, bytes(changed), made_mac).outcome == "bad"
    for at in range(8 * len(made_mac)):
        wrong = bytearray(made_mac)
        wrong[at // 8] ^= 1 << at % 8
        assert VAULT.check_mac(key, scheme, data, bytes(wrong)).outcome == "bad"
    for cut in (b"", made_mac[:-1], made_mac + b"\0"):
        assert VAULT.check_mac(key, scheme, data, cut).outcome == "bad"


@given(st.binary(max_size=300), st.binary(min_size=16, max_size=16))
@settings(max_examples=40)
def test_the_mac_is_that_of_the_calculation(data: bytes, value: bytes) -> None:
    """No second implementation: ``switch.keys.mac`` with the same key."""
    try:
        key = sealed(VAULT, "M3", value)
    except KeyRefused:
        return  # two equal halves, say
    for scheme in ("x9.19", "x9.19/2", "x9.19:8", "iso9797-3/3"):
        assert VAULT.make_mac(key, scheme, data) == mac(scheme, value, data)


def test_the_standards_example_under_dukpt() -> None:
    """X9.24-1 annex A.4: the request's MAC, checked; the response has another key."""
    whole = bytes.fromhex(X9_24_MAC)
    check = VAULT.check_mac
    for scheme, request in (("x9.19:8", whole), ("x9.19", whole[:4])):
        assert check(TDES_BDK_KEY, scheme, X9_24_DATA, request, KSN).outcome == "good"
        answer = VAULT.make_mac(TDES_BDK_KEY, scheme, X9_24_DATA, KSN)
        assert answer != request
        assert check(TDES_BDK_KEY, scheme, X9_24_DATA, answer, KSN).outcome == "bad"


@given(st.integers(1, 0x1FF800))
@settings(max_examples=30)
def test_tdes_dukpt_derives_as_the_calculation(counter: int) -> None:
    """Requests are checked and responses made, each under its own key and no other; whatever order
    counters come in, the kept way of a device changes nothing.
    """
    ksn = parse(KSN).at(counter)
    if ksn.worth.value != "good":
        said = VAULT.check_mac(TDES_BDK_KEY, "x9.19", b"data", bytes(4), str(ksn))
        assert said.outcome == "bad"
        assert str(ksn) in said.said
        with pytest.raises(KeyRefused, match=str(ksn)):
            VAULT.make_mac(TDES_BDK_KEY, "x9.19", b"data", str(ksn))
        return
    ik = dukpt_tdes.initial_key(BDK, ksn)
    request, response = (dukpt_tdes.working_key(ik, ksn, f"mac_{way}") for way in WAYS)
    for scheme in ("x9.19", "cmac-tdes"):
        theirs = mac(scheme, request, b"data")
        assert VAULT.check_mac(TDES_BDK_KEY, scheme, b"data", theirs, str(ksn)).outcome == "good"
        ours = VAULT.make_mac(TDES_BDK_KEY, scheme, b"data", str(ksn))
        assert ours == mac(scheme, response, b"data") != theirs


@given(st.integers(1, 0xFFFF))
@settings(max_examples=30)
def test_aes_dukpt_derives_by_the_cipher_of_the_scheme(counter: int) -> None:
    """X9.24-3: AES of the base key's own length, TDES2 and HMAC keys of that strength at most."""
    ksn = parse(AES_KSN).at(counter)
    ik = dukpt_aes.initial_key(AES_BDK, ksn)
    for scheme, key_type in KEY_TYPES.items():
        request, response = (dukpt_aes.working_key(ik, ksn, f"mac_{way}", key_type) for way in WAYS)
        theirs = mac(scheme, request, b"data")
        assert VAULT.check_mac(AES_BDK_KEY, scheme, b"data", theirs, str(ksn)).outcome == "good"
        ours = VAULT.make_mac(AES_BDK_KEY, scheme, b"data", str(ksn))
        assert ours == mac(scheme, response, b"data") != theirs


@pytest.mark.parametrize(
    "ksn", ["FFFF", "FFFF9876543210E00000", "FFFF9876543210FFF801", "X" * 20, "\u0661" * 20]
)
def test_a_key_serial_number_that_cannot_be_makes_no_mac_good(ksn: str) -> None:
    """M-15: bad, with what is wrong with it; no exception, whatever a message brings."""
    verdict = VAULT.check_mac(TDES_BDK_KEY, "x9.19", b"", bytes(4), ksn)
    assert verdict.outcome == "bad"
    assert verdict.said


@pytest.mark.parametrize("spec", all_specs(), ids=str)
def test_no_other_key_makes_or_checks_a_mac(spec: KeySpec) -> None:
    """SR-KEY-03: usage, mode and scheme, for every kind of key that there is. A key of the right
    usage whose cipher or length the scheme does not take is refused as well.
    """
    key = KeyUse("a.key", VAULT.make_key(spec).block)
    for scheme in SESSION_SCHEMES:
        row = SCHEMES[scheme]
        takes = ALGORITHMS.get(row.cipher, "H") == spec.algorithm.replace("D", "T")
        make = partial(VAULT.make_mac, key, scheme, b"data")
        check = partial(VAULT.check_mac, key, scheme, b"data", b"\0\0\0\0")
        for name, modes, ask in (("make", "GCN", make), ("check", "VCN", check)):
            if scheme not in USAGES[spec.usage].schemes or spec.mode not in modes:
                with pytest.raises(KeyMisused, match=rf"a\.key is a .* must not {name} a MAC"):
                    ask()
            elif not takes:
                with pytest.raises(KeyMisused, match=f"MAC by {scheme}"):
                    ask()
            elif spec.length in (row.keys or (spec.length,)):
                assert ask() is not None
            else:
                with pytest.raises(KeyRefused, match="bytes"):
                    ask()


def test_dukpt_keys_are_refused_for_what_they_are_not() -> None:
    """Another key than a base key, the other kind of DUKPT, a cipher that none is for."""
    other = made(VAULT, "M3")
    with pytest.raises(KeyMisused, match="must not derive a transaction key"):
        VAULT.check_mac(other, "x9.19", b"", bytes(4), KSN)
    for key, ksn in ((TDES_BDK_KEY, AES_KSN), (AES_BDK_KEY, KSN)):
        with pytest.raises(KeyMisused, match="must not derive for a key serial number"):
            VAULT.check_mac(key, "x9.19", b"", bytes(4), ksn)
    for key, scheme, ksn in (
        (TDES_BDK_KEY, "cmac-aes", KSN),
        (TDES_BDK_KEY, "hmac-sha256", KSN),
        (TDES_BDK_KEY, "sm4-cmac", KSN),
        (AES_BDK_KEY, "sm4-cmac", AES_KSN),
    ):
        with pytest.raises(KeyMisused, match="must not derive a key of algorithm"):
            VAULT.make_mac(key, scheme, b"", ksn)
    with pytest.raises(KeyRefused, match="no MAC scheme"):
        VAULT.make_mac(TDES_BDK_KEY, "x9.99", b"", KSN)
    with pytest.raises(KeyRefused, match="no MAC scheme"):
        VAULT.make_mac(made(VAULT, "M3"), "x9.99", b"")
