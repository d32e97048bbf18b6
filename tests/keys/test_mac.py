"""switch.keys.mac: MACs by the name of a scheme.

Values are of mac.json and sm.json (the case is named), and of the UnionPay reference (section 7).
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.ciphers import (
    CipherName,
    Key,
    aes_encrypt,
    algorithm,
    des_decrypt,
    des_encrypt,
    tdes_encrypt,
    xor,
)
from switch.keys.mac import SCHEMES, MacKey, Scheme, mac, mac_fits
from switch.keys.mac_iso9797 import Algorithm1, Algorithm3, RetailMac
from switch.keys.mac_library import CipherMac, HashMac
from switch.keys.mac_padding import pad
from switch.keys.mac_unionpay import XOR_RESULT, digits, xor_blocks
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

DOUBLE = "0123456789ABCDEFFEDCBA9876543210"
TIME = "4E6F77206973207468652074696D6520666F7220616C6C20"  # "Now is the time for all "
IT = "4E6F77206973207468652074696D6520666F72206974"  # "... for it"
MAK = "497CE38F6E7AC44A"
MAB = (  # of the UnionPay reference, section 7.2
    "0200202004C020C0981131000000000202100012376216261000000000018D59A1F11BACF5669700313030303030"
    "30313839383434303335343131303030313135369D6256155CD747B42610000000000000001301000101000510"
)
PUBLISHED = [
    ("iso9797-1", DOUBLE[:16], TIME, "70A30640CC76DD8B"),  # mac-d001
    ("iso9797-1/2", DOUBLE[:16], TIME, "10E1F0F108341B6D"),  # mac-d003
    ("iso9797-1/3", DOUBLE[:16], IT, "B1ECD6FC8B37C392"),  # mac-d004
    ("iso9797-3", DOUBLE, IT, "2E2B1428CC78254F"),  # mac-d006
    ("iso9797-3/2", DOUBLE, TIME, "E9086230CA3BE796"),  # mac-d007
    ("iso9797-3/3", DOUBLE, IT, "C59F7EED328DDD69"),  # mac-d008
    ("iso9797-1/2", DOUBLE, "48656C6C6F2C20776F726C6421", "09D0D7B78B4447DC"),  # mac-d015
    ("iso9797-1", "B575B5A132EA37463B7C2FEFCB25AD19", "", "1171B340145E0D8B"),  # mac-d016
    ("x9.9", DOUBLE[:16], TIME, "70A30640"),  # mac-d020
    ("x9.19", DOUBLE, TIME, "A1C72E74"),  # mac-d021
    ("x9.19:8", DOUBLE, TIME, "A1C72E74EA3FA9B6"),  # mac-d021
    (  # mac-d025
        "cmac-aes", "2B7E151628AED2A6ABF7158809CF4F3C", "", "BB1D6929E95937287FA37D129B756746",
    ),
    (  # mac-d036
        "cmac-tdes", "8AA83BF8CBDA10620BC1BF19FBB6CD58BC313D4A371CA8B5", "", "B7A688E122FFAF95",
    ),
    (  # mac-d047
        "hmac-sha384:8", "4A656665", "7768617420646F2079612077616E7420666F72206E6F7468696E673F",
        "AF45D2E376484031",
    ),
    ("unionpay-ecb", "F18C1F54CB29F868", "9B70C87984818DF7", b"8315E6A0".hex()),  # mac-d051
    ("unionpay-sm4", "CEC106958E71C499B135053B1DB76F16", "196753901C5AABB11F61CE4668823636",
     b"719511EC".hex()),  # sm-d020
    ("sm4-cmac:8", DOUBLE, b"This is the test message for mac".hex(), "692C437100F3B5EE"),
    ("sm4-cbc/2:8", DOUBLE, b"This is the test message ".hex(), "421AD1690AA152E2"),  # sm-d008
    ("sm4-iso9797-3:8", f"{DOUBLE}4149D2ADED9456681EC8B511D9E7EE04",
     b"This is the test message ".hex(), "E32D99A689C05259"),  # sm-d011
    ("hmac-sm3:8", "0B" * 32, b"Hi There".hex(), "C0BA18C68B90C88B"),  # sm-d032
    ("unionpay-ecb", MAK, MAB, b"2C7AB4E1".hex()),
    ("unionpay-ecb", f"{MAK}1FC74F62AB708F01", MAB, b"2B1EF3A8".hex()),
    ("x9.9:8", MAK, MAB, "8B61FFD03916CFE6"),
    ("unionpay-cbc", MAK, MAB, b"8B61FFD0".hex()),
    ("x9.19:8", f"{MAK}1FC74F62AB708F01", MAB, "3A9D6E5A2169A194"),
    ("unionpay-x9.19", f"{MAK}1FC74F62AB708F01", MAB, "714713892B36F5FA"),
    ("unionpay-sm4", DOUBLE, MAB, b"28018049".hex()),
]  # fmt: skip
names = st.sampled_from(list(SCHEMES))
data = st.binary(max_size=80)


@st.composite
def schemes(draw: st.DrawFn) -> tuple[str, bytes]:
    """Any scheme as text, and a key that it takes."""
    usual = SCHEMES[draw(names)]
    text = usual.name
    if usual.padding:
        text += draw(st.sampled_from(["", "/1", "/2", "/3"]))
    if usual.method not in ("unionpay", "hex"):
        text += draw(st.sampled_from(["", ":4", f":{usual.full}"]))
    length = draw(st.sampled_from(usual.keys or (16, 100)))
    return text, draw(st.binary(min_size=length, max_size=length))


@pytest.mark.parametrize(("scheme", "key", "covered", "expected"), PUBLISHED)
def test_published_values(scheme: str, key: str, covered: str, expected: str) -> None:
    """Each scheme, once and with a key that is ready; both verify, in whole length only."""
    wanted = bytes.fromhex(expected)
    assert mac(scheme, bytes.fromhex(key), bytes.fromhex(covered)) == wanted
    assert mac_fits(scheme, bytes.fromhex(key), bytes.fromhex(covered), wanted)
    ready = MacKey(scheme, bytearray.fromhex(key))
    for _ in range(3):
        assert ready.mac(bytearray.fromhex(covered)) == wanted
        assert ready.check(bytes.fromhex(covered), wanted)
    assert not ready.check(bytes.fromhex(covered), wanted[:-1])
    assert not ready.check(bytes.fromhex(covered), b"")


@settings(max_examples=150)
@given(schemes(), st.lists(data, min_size=1, max_size=4))
def test_a_ready_key_remembers_nothing(case: tuple[str, bytes], messages: list[bytes]) -> None:
    """Contexts that are used again give what fresh ones give, in any order of messages."""
    scheme, key = case
    ready = MacKey(scheme, key)
    for message in [*messages, *reversed(messages)]:
        made = mac(scheme, key, message)
        assert ready.mac(message) == made
        assert len(made) == Scheme.parse(scheme).length


@settings(max_examples=150)
@given(schemes(), data, st.integers(0), st.integers(0, 7))
def test_a_changed_bit_does_not_verify(
    case: tuple[str, bytes], message: bytes, at: int, bit: int
) -> None:
    """Of the MAC, each one. (Of the message, padding 1 forgives zeros at its end.)"""
    scheme, key = case
    made = bytearray(mac(scheme, key, message))
    made[at % len(made)] ^= 1 << bit
    assert not mac_fits(scheme, key, message, made)


@settings(max_examples=100)
@given(st.binary(min_size=16, max_size=16), data, st.binary(min_size=8, max_size=8))
def test_the_retail_mac_is_its_definition(key: bytes, message: bytes, iv: bytes) -> None:
    """ISO 9797-1 algorithm 3 block by block: e(K, d(K', chain)), whatever the shorter way does."""
    chain = iv
    padded = pad(1, message, 8)
    for start in range(0, len(padded), 8):
        chain = bytes(des_encrypt(key[:8], xor(chain, padded[start : start + 8])))
    assert MacKey("iso9797-1", key[:8]).mac(message, iv=iv) == chain
    made = des_encrypt(key[:8], des_decrypt(key[8:], chain))
    assert mac("iso9797-3", key, message, iv=iv) == made
    assert mac("iso9797-3", key[:8], message, second=key[8:], iv=iv) == made
    assert mac_fits("iso9797-3", key[:8], message, made, second=key[8:], iv=iv)
    assert MacKey("iso9797-3", key).check(message, made, iv=iv)


@given(st.sampled_from((8, 16)), st.binary(min_size=1, max_size=200))
def test_all_blocks_are_folded_into_one(block: int, message: bytes) -> None:
    """The UnionPay way: bit by bit, whatever the machine's order of bytes."""
    padded = pad(1, message, block)
    folded = bytes(block)
    for start in range(0, len(padded), block):
        folded = bytes(xor(folded, padded[start : start + block]))
    assert xor_blocks(padded, block) == folded
    assert digits(folded) == folded.hex().upper().encode()


@given(data, st.sampled_from((8, 16)))
def test_padding_gives_whole_blocks(message: bytes, block: int) -> None:
    """At least one; methods 2 and 3 tell any two messages apart, 1 forgives zeros at the end."""
    for method in (1, 2, 3):
        padded = pad(method, message, block)
        assert padded
        assert len(padded) % block == 0
        assert message in padded
    assert pad(2, message, block).rstrip(b"\0") == message + b"\x80"
    assert pad(3, message, block)[:block] == (len(message) * 8).to_bytes(block, "big")
    assert pad(1, message, block).rstrip(b"\0") == message.rstrip(b"\0")
    assert pad(3, message, block)[block:] == pad(1, message, block)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x9.20", "one of the names iso9797-1"),
        ("X9.19", "is no MAC scheme"),
        ("x9.19/", "is no MAC scheme"),
        ("x9.19/2/2", "is no MAC scheme"),
        ("x9.19:8:8", "is no MAC scheme"),
        ("x9.19\n", "is no MAC scheme"),
        ("", "is no MAC scheme"),
        ("x9.19/4", "1, 2 and 3 are right"),
        ("cmac-aes/2", "leave it out"),
        ("hmac-sha256/1", "leave it out"),
        ("x9.19:9", "4 to 8 bytes are right"),
        ("x9.19:3", "4 to 8 bytes are right"),
        ("unionpay-ecb:4", "8 to 8 bytes are right"),
        ("cmac-aes:17", "4 to 16 bytes are right"),
    ],
)
def test_a_scheme_that_is_none_is_refused(text: str, said: str) -> None:
    """What would be right is said."""
    with pytest.raises(KeyRefused) as refused:
        Scheme.parse(text)
    assert said in str(refused.value)


@given(schemes())
def test_a_scheme_is_written_as_it_is_read(case: tuple[str, bytes]) -> None:
    """The text that names a scheme, in its shortest form, names the same scheme."""
    scheme = Scheme.parse(case[0])
    assert Scheme.parse(scheme.written) == scheme
    assert len(scheme.written) <= len(case[0])
    assert Scheme.parse(case[0]) is scheme  # read once


# Key lengths, method of padding (0 where there is none to choose), bytes handed out, bytes made.
TABLE = {
    "iso9797-1": ((8, 16, 24), 1, 8, 8),
    "iso9797-3": ((16,), 1, 8, 8),
    "x9.9": ((8,), 1, 4, 8),
    "x9.19": ((16,), 1, 4, 8),
    "cmac-aes": ((16, 24, 32), 0, 16, 16),
    "cmac-tdes": ((16, 24), 0, 8, 8),
    "unionpay-ecb": ((8, 16, 24), 1, 8, 8),
    "unionpay-cbc": ((8,), 1, 8, 8),
    "unionpay-x9.19": ((16,), 1, 8, 8),
    "unionpay-sm4": ((16,), 1, 8, 8),
    "sm4-cbc": ((16,), 1, 16, 16),
    "sm4-iso9797-3": ((32,), 1, 16, 16),
    "sm4-cmac": ((16,), 0, 16, 16),
    "hmac-sha1": ((), 0, 20, 20),
    "hmac-sha224": ((), 0, 28, 28),
    "hmac-sha256": ((), 0, 32, 32),
    "hmac-sha384": ((), 0, 48, 48),
    "hmac-sha512": ((), 0, 64, 64),
    "hmac-sm3": ((), 0, 32, 32),
}


def test_what_a_name_says_of_a_scheme_stays() -> None:
    """Dialects and configurations name schemes: what a name means is a promise to them."""
    said = {
        name: (scheme.keys, scheme.padding, scheme.length, scheme.full)
        for name, scheme in SCHEMES.items()
    }
    assert said == TABLE


@pytest.mark.parametrize("name", list(SCHEMES))
def test_a_key_of_a_wrong_length_is_refused(name: str) -> None:
    """Lengths are said, bytes are not; HMAC takes any key but an empty one."""
    scheme = SCHEMES[name]
    for length in set(range(1, 34)) - set(scheme.keys or range(1, 34)) | {0}:
        with pytest.raises(KeyRefused, match="right"):
            MacKey(scheme, b"\xa5" * length)


def test_what_a_scheme_does_not_have_is_refused() -> None:
    """A second key, and a first block, where there is none."""
    with pytest.raises(KeyRefused, match="has 7 bytes: 8 or 16 or 24 are right"):
        mac("unionpay-ecb", bytes(7), b"")
    with pytest.raises(KeyRefused, match="takes one key"):
        mac("cmac-aes", bytes(16), b"", second=bytes(16))
    with pytest.raises(KeyRefused, match="no initial block"):
        mac("cmac-aes", bytes(16), b"", iv=bytes(16))
    with pytest.raises(KeyRefused, match="equal is right"):
        mac("iso9797-3", bytes(8), b"", second=bytes(16))
    with pytest.raises(KeyRefused, match="8 bytes cannot be combined"):
        mac("iso9797-1", bytes(8), b"", iv=bytes(7))
    with pytest.raises(KeyRefused, match="1, 2 and 3"):
        pad(4, b"", 8)


def test_a_refused_first_block_does_not_spoil_the_key() -> None:
    """The chain stays where it was."""
    ready = MacKey("iso9797-1", bytes.fromhex(DOUBLE))
    right = ready.mac(b"abc")
    with pytest.raises(KeyRefused):
        ready.mac(b"abc", iv=bytes(7))
    assert ready.mac(b"abc") == right


@pytest.mark.parametrize("name", list(SCHEMES))
def test_a_wiped_key_makes_no_more_macs(name: str) -> None:
    """SR-KEY-13, and it says so."""
    scheme = SCHEMES[name]
    ready = MacKey(scheme, bytes(range(1, 1 + (scheme.keys or (16,))[-1])))
    ready.mac(b"abc")
    ready.wipe()
    with pytest.raises(KeyRefused, match="wiped"):
        ready.mac(b"abc")
    ready.wipe()
    assert repr(ready) == f"MacKey({name})"


def test_a_wiped_chain_leaves_no_key_in_its_primitive(monkeypatch: pytest.MonkeyPatch) -> None:
    """SR-KEY-13: the copy that the library holds is overwritten."""
    held: list[bytearray] = []

    def watched(cipher: CipherName, key: Key) -> object:
        made = algorithm(cipher, key)
        key_held = getattr(made, "key", None)
        assert isinstance(key_held, bytearray)
        held.append(key_held)
        return made

    monkeypatch.setattr("switch.keys.mac_iso9797.algorithm", watched)
    key = bytes.fromhex(DOUBLE)
    for made in (Algorithm1("TDES", key), Algorithm3("TDES", key), RetailMac(key)):
        made.full(bytes(16))
        assert any(held[-1])
        made.wipe()
    assert [set(each) for each in held] == [{0}] * 3


def made_of(key: bytes) -> list[Algorithm1 | Algorithm3 | RetailMac | CipherMac | HashMac]:
    """What keys of schemes are made of."""
    return [
        Algorithm1("TDES", key),
        Algorithm3("TDES", key),
        RetailMac(key),
        CipherMac("AES", key),
        HashMac("SHA-256", key),
    ]


@pytest.mark.parametrize("number", range(len(made_of(bytes(range(16))))))
@pytest.mark.parametrize("used", [False, True])
def test_nothing_works_on_under_an_overwritten_key(number: int, used: bool) -> None:
    """SR-KEY-13: a key of zeros would be one that everybody knows."""
    ready = made_of(bytes(range(16)))[number]
    if used:
        ready.full(bytes(16))
    ready.wipe()
    ready.wipe()
    for blocks in (bytes(16), bytes(8)):
        with pytest.raises(KeyRefused, match="wiped"):
            ready.full(blocks)


@settings(max_examples=60)
@given(schemes(), data)
def test_steps_change_nothing(case: tuple[str, bytes], message: bytes) -> None:
    """A calculation that is shown is the one that is used; its last line begins with the MAC."""
    scheme, key = case
    steps = Steps()
    made = mac(scheme, key, message, steps=steps)
    assert made == mac(scheme, key, message)
    assert steps.find("MAC in full").startswith(made.hex().upper())


@pytest.mark.parametrize("scheme", ["iso9797-1", "iso9797-3", "x9.19"])
@pytest.mark.parametrize("iv", [None, bytes.fromhex("0011223344556677")])
def test_the_steps_of_a_chain_are_its_blocks(scheme: str, iv: bytes | None) -> None:
    """Block by block from the first, as CBC defines them, from the initial block that was given."""
    key, steps = bytes.fromhex(DOUBLE), Steps()
    mac(scheme, key, bytes.fromhex(TIME), iv=iv, steps=steps)
    step, chaining = (tdes_encrypt, key) if scheme == "iso9797-1" else (des_encrypt, key[:8])
    block, expected = iv or bytes(8), []
    for at in range(0, 24, 8):
        mixed = xor(bytes.fromhex(TIME)[at : at + 8], block)
        block = bytes(step(chaining, mixed))
        expected.append((f"chained block {at // 8 + 1}", block.hex().upper()))
    shown = [(line.name, line.value) for line in steps.lines if line.name.startswith("chained")]
    assert shown == expected


def test_the_steps_of_hex_and_folded_macs_are_those_of_their_chains() -> None:
    """X9.9 block by block, whose last one is written in hex; one block of all, and X9.19 of it."""
    steps, message = Steps(), bytes.fromhex(TIME)
    made = mac("unionpay-cbc", bytes.fromhex(MAK), message, steps=steps)
    last = steps.find(f"chained block {len(message) // 8}")
    assert made == last[:8].encode()
    assert steps.find("MAC in full") == made.hex().upper()
    assert last == mac("x9.9:8", bytes.fromhex(MAK), message).hex().upper()
    steps = Steps()
    made = mac("unionpay-x9.19", bytes.fromhex(DOUBLE), message, steps=steps)
    folded = xor_blocks(message, 8)
    assert steps.find(XOR_RESULT) == folded.hex().upper()
    assert (
        steps.find("chained block 1")
        == des_encrypt(bytes.fromhex(DOUBLE)[:8], folded).hex().upper()
    )
    assert made == mac("x9.19:8", bytes.fromhex(DOUBLE), folded)
    steps = Steps()
    made = mac("unionpay-ecb", bytes.fromhex(DOUBLE), message, steps=steps)
    assert steps.find("MAC in full") == made.hex().upper()


def test_the_steps_of_cmac_lead_to_it() -> None:
    """NIST SP 800-38B, D.1: L, K1, K2; the last block with its subkey, enciphered, is the MAC."""
    key, steps = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"), Steps()
    made = mac("cmac-aes", key, b"\x6b\xc1", steps=steps)
    assert steps.find("zero block enciphered") == "7DF76B0C1AB899B33E42F047B91B546F"
    assert steps.find("subkey 1, for a whole last block") == "FBEED618357133667C85E08F7236A8DE"
    assert steps.find("subkey 2, for a part") == "F7DDAC306AE266CCF90BC11EE46D513B"
    assert aes_encrypt(key, bytes.fromhex(steps.find("last block with its subkey"))) == made
    whole = Steps()
    made = mac("cmac-aes", key, bytes(16), steps=whole)
    assert aes_encrypt(key, bytes.fromhex(whole.find("last block with its subkey"))) == made
